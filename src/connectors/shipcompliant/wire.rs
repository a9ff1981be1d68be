//! The bodies of ShipCompliant Connect v1, and their translation from and to the domain.
//!
//! Requests are camelCase and carry nothing the definition does not name (it forbids more). Answers are read leniently:
//! enumerations in any case, dates with and without offset, bodies that may be missing.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sales_order::{lines, shipment_key};
use crate::domain::RemoteId;
use crate::domain::copy::{OrderCopy, Stage};
use crate::domain::fulfillment::{Rank, Shipment};
use crate::domain::mirror::{Observed, Rearranged, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::verdict::{LineVerdict, Verdict};

/// The key of the one shipment that an order has.
pub(super) const SHIPMENT: &str = "1";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusUpdate<'a> {
    pub(super) sales_order_key: &'a str,
    pub(super) shipment_key: &'static str,
    pub(super) shipment_status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrackingInput<'a> {
    pub(super) shipment_key: &'static str,
    pub(super) tracking_numbers: &'a std::collections::BTreeSet<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitStatus<'a> {
    pub(super) commit_option: &'static str,
    pub(super) sales_order_key: &'a str,
}

/// The shipment status for a stage. Only `SentToFulfillment` shows an order to the fulfilment house, so a closed gate is
/// `PaymentAccepted`.
pub(super) const fn status(stage: Stage) -> &'static str {
    match stage {
        Stage::Held => "PaymentAccepted",
        Stage::Released | Stage::Packing => "SentToFulfillment",
        Stage::Shipped => "Shipped",
        Stage::Delivered => "Delivered",
    }
}

/// The stage of a shipment status; nothing for one that is voided.
fn stage(status: &str) -> Option<Stage> {
    match status.to_ascii_lowercase().as_str() {
        "voided" => None,
        "senttofulfillment" => Some(Stage::Released),
        "shipped" => Some(Stage::Shipped),
        "delivered" => Some(Stage::Delivered),
        // InProcess, PaymentAccepted, and whatever comes: not on its way.
        _ => Some(Stage::Held),
    }
}

/// What every answer may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AnswerBody {
    response_status: Option<String>,
    status_code: Value,
    pub(super) errors: Option<Vec<WireError>>,
    sales_order: Value,
    compliance_results: Option<Compliance>,
    shipments: Value,
}

impl AnswerBody {
    /// The status of a call that failed by its body's word, whatever the HTTP status.
    pub(super) fn failure(&self) -> Option<StatusCode> {
        let failed = self.response_status.as_deref()?.eq_ignore_ascii_case("failure");
        let code = self.status_code.as_u64().and_then(|code| u16::try_from(code).ok());
        let status = code.and_then(|code| StatusCode::from_u16(code).ok());
        failed.then(|| status.filter(|status| !status.is_success()).unwrap_or(StatusCode::BAD_REQUEST))
    }

    /// Whether the answer to a commit says that anything of the order is committed.
    pub(super) fn is_committed(&self) -> bool {
        self.shipments.as_array().into_iter().flatten().any(|shipment| shipment["isCommitted"] == true)
    }

    /// The judgement in the answer to check-commit.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        serde_json::from_value::<Compliance>(self.sales_order.clone()).ok()?.verdict()
    }

    /// The judgement in the answer to a quote.
    pub(super) fn quoted(&self) -> Option<Verdict> {
        self.compliance_results.as_ref()?.verdict()
    }

    /// The judgement of each line in the answer to a quote by lines; of none where one is missing.
    pub(super) fn lines(&self, copy: &OrderCopy) -> BTreeMap<RemoteId, LineVerdict> {
        let shipments = self.compliance_results.as_ref().and_then(|results| results.shipments.as_ref());
        let judged = |(at, line): (usize, &RemoteId)| {
            let key = shipment_key(at);
            let shipment = shipments?.iter().find(|shipment| shipment.key.as_deref() == Some(&key))?;
            Some((line.clone(), shipment.verdict()?))
        };
        lines(copy).into_iter().enumerate().map(judged).collect::<Option<_>>().unwrap_or_default()
    }

    /// The copy in the answer to a reading.
    pub(super) fn observed(&self, at: Timestamp) -> Result<Observed, String> {
        let shipments = self.sales_order["shipments"].as_array().ok_or("the order has no shipments")?;
        let shipment =
            shipments.iter().find(|shipment| shipment["shipmentKey"] == SHIPMENT).or(shipments.first());
        let shipment = shipment.ok_or("the order has no shipment")?;
        let status = shipment["shipmentStatus"].as_str().ok_or("the shipment has no status")?;
        // A voided key behaves as if it did not exist.
        let Some(stage) = stage(status) else { return Ok(Observed::Absent) };
        let numbers = shipment["packages"].as_array().into_iter().flatten();
        let numbers = numbers.filter_map(|package| package["trackingNumber"].as_str());
        let verdict = self.compliance_results.as_ref().and_then(Compliance::verdict);
        let passed = verdict.as_ref().is_none_or(|verdict| verdict.passed);
        Ok(Observed::Present(Seen {
            // What has left was committed, whoever forced it.
            committed: passed || stage >= Stage::Shipped,
            stage,
            held: stage == Stage::Held,
            remote: None,
            numbers: numbers.filter(|number| !number.is_empty()).map(str::to_owned).collect(),
            content: content(&self.sales_order),
            rearranged: Rearranged::default(),
            verdict: verdict.map(Box::new),
            version: None,
            at,
        }))
    }
}

/// What left by the account's own word: the order's one shipment, whole, for the API tells no lines of it.
pub(super) fn shipments(seen: &Seen) -> Vec<Shipment> {
    let rank = match seen.stage {
        Stage::Shipped => Rank::Shipped,
        Stage::Delivered => Rank::Delivered,
        Stage::Held | Stage::Released | Stage::Packing => return Vec::new(),
    };
    let shipment = &seen.content["shipments"][SHIPMENT];
    let service = shipment["shippingService"].as_str();
    let house = shipment["fulfillmentHouse"].as_str().filter(|house| !house.trim().is_empty());
    vec![Shipment {
        id: SHIPMENT.into(),
        warehouse: house.map(str::to_owned).into_iter().collect(),
        lines: None,
        carrier: service.and_then(carrier).map(str::to_owned),
        numbers: seen.numbers.iter().cloned().collect(),
        urls: Vec::new(),
        rank,
        undone: false,
        told: false,
    }]
}

/// The carrier of a service code. Codes of the account's own (`CST…`) name none.
fn carrier(service: &str) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| service.starts_with(prefix));
    if starts(&["FX", "FE", "FGH"]) {
        Some("FedEx")
    } else if starts(&["UP", "2DM", "FTS", "FTX"]) {
        Some("UPS")
    } else {
        None
    }
}

/// An order's content to compare with what was seen before: each shipment under its key, without status and packages,
/// which are followed apart.
fn content(order: &Value) -> Value {
    let mut content = order.clone();
    let mut shipments = serde_json::Map::new();
    for (at, shipment) in order["shipments"].as_array().into_iter().flatten().enumerate() {
        let mut shipment = shipment.clone();
        if let Some(fields) = shipment.as_object_mut() {
            fields.remove("shipmentStatus");
            fields.remove("packages");
        }
        let key = shipment["shipmentKey"].as_str().map_or_else(|| at.to_string(), str::to_owned);
        shipments.insert(key, shipment);
    }
    content["shipments"] = Value::Object(shipments);
    content
}

/// Whether an order read back is the one of this copy: the same customer and the same goods.
pub(super) fn is_same_order(copy: &OrderCopy, content: &Value) -> bool {
    let mut ours = BTreeMap::<&str, i64>::new();
    for item in &copy.items {
        let quantity = i64::from(item.quantity);
        *ours.entry(&item.product).or_default() += if copy.negative { -quantity } else { quantity };
    }
    let mut theirs = BTreeMap::<&str, i64>::new();
    for shipment in content["shipments"].as_object().into_iter().flat_map(serde_json::Map::values) {
        for item in shipment["shipmentItems"].as_array().into_iter().flatten() {
            // Quantities are written as doubles, and whole for all that.
            let units = item["productQuantity"]
                .as_f64()
                .and_then(|units| units.round().to_string().parse::<i64>().ok());
            *theirs.entry(item["productKey"].as_str().unwrap_or_default()).or_default() +=
                units.unwrap_or_default();
        }
    }
    content["customerKey"].as_str() == Some(&copy.customer) && ours == theirs
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Compliance {
    compliance_status: Option<String>,
    shipments: Option<Vec<ShipmentCompliance>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ShipmentCompliance {
    key: Option<String>,
    compliance_status: Option<String>,
    rules: Option<Vec<Rule>>,
}

/// Whether a status lets goods go; one that the winery bypassed does. A word that is not known lets nothing go.
fn clears(status: &str) -> bool {
    status.eq_ignore_ascii_case("compliant") || status.eq_ignore_ascii_case("bypassed")
}

impl ShipmentCompliance {
    fn findings(&self) -> impl Iterator<Item = String> {
        let rules = self.rules.iter().flatten();
        let stops = |rule: &&Rule| rule.compliance_status.as_deref().is_some_and(|status| !clears(status));
        rules.filter(stops).map(Rule::in_words)
    }

    fn verdict(&self) -> Option<LineVerdict> {
        let passed = clears(self.compliance_status.as_deref()?);
        Some(LineVerdict { passed, findings: self.findings().collect() })
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    compliance_status: Option<String>,
    rule_type: Option<String>,
    rule_description: Option<String>,
    compliance_description: Option<String>,
    compliance_details: Option<Vec<Detail>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    r#type: Option<String>,
    value: Option<String>,
}

impl Compliance {
    fn verdict(&self) -> Option<Verdict> {
        let word = self.compliance_status.clone()?;
        let passed = clears(&word);
        let findings = self.shipments.iter().flatten().flat_map(ShipmentCompliance::findings).collect();
        Some(Verdict { passed, word, findings, lines: BTreeMap::new() })
    }
}

impl Rule {
    fn in_words(&self) -> String {
        let said = [&self.rule_description, &self.compliance_description];
        let mut words: Vec<&str> =
            said.into_iter().flatten().map(|text| text.trim()).filter(|t| !t.is_empty()).collect();
        if words.is_empty() {
            words.extend(self.rule_type.as_deref());
        }
        let mut words = words.join(" – ");
        for detail in self.compliance_details.iter().flatten() {
            words.push_str(" (");
            words.push_str(
                &[&detail.r#type, &detail.value]
                    .into_iter()
                    .flatten()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(": "),
            );
            words.push(')');
        }
        words
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireError {
    #[serde(deserialize_with = "digits")]
    pub(super) code: Option<String>,
    target: Option<String>,
    message: Option<String>,
    data: Option<ErrorBody>,
}

/// A code: digits in a string, as defined, or a number.
fn digits<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(code) => Some(code),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorBody {
    address_suggestion: Option<Suggestion>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Suggestion {
    street1: Option<String>,
    street2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip1: Option<String>,
    zip2: Option<String>,
}

impl Suggestion {
    fn in_words(&self) -> String {
        let filled = |part: &Option<String>| part.clone().filter(|text| !text.trim().is_empty());
        let zip =
            [filled(&self.zip1), filled(&self.zip2)].into_iter().flatten().collect::<Vec<_>>().join("-");
        let parts = [
            filled(&self.street1),
            filled(&self.street2),
            filled(&self.city),
            filled(&self.state),
            Some(zip),
        ];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

/// What a refusal means, in our codes and the vendor's words.
pub(super) fn refusal(errors: &[WireError], what: &str) -> Reason {
    let words: Vec<String> = errors
        .iter()
        .map(|error| {
            let message = error.message.clone().unwrap_or_else(|| "no message".into());
            error.code.as_ref().map_or_else(|| message.clone(), |code| format!("{message} [code {code}]"))
        })
        .collect();
    let has_code = |code: &str| errors.iter().any(|error| error.code.as_deref() == Some(code));
    let at = |target: &str| {
        errors.iter().any(|error| error.target.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(target)))
    };
    let suggestion = errors.iter().find_map(|error| error.data.as_ref()?.address_suggestion.as_ref());
    let (code, message, mend) = if has_code("201") || at("Product") || at("Brand") || has_code("100") {
        (
            ReasonCode::UnknownProduct,
            format!("{what}: ShipCompliant does not know a product of it"),
            "enter the product in ShipCompliant, or map its SKU in the route's skus; then retry".to_owned(),
        )
    } else if at("Address") || suggestion.is_some() {
        let mend = match suggestion.map(Suggestion::in_words).filter(|words| !words.is_empty()) {
            Some(words) => format!("correct the address at the channel; suggested: {words}"),
            None => "correct the address at the channel; the order is checked again by itself".to_owned(),
        };
        (ReasonCode::AddressRejected, format!("{what}: the address was refused"), mend)
    } else {
        (
            ReasonCode::Refused,
            format!("{what} was refused"),
            "see the vendor's words; correct the order at the channel or the account at ShipCompliant, then retry".to_owned(),
        )
    };
    let reason = Reason::new(code, message, mend);
    if words.is_empty() { reason } else { reason.quoting(words.join(" · ")) }
}
