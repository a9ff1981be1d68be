//! The bodies of ShipCompliant Connect v1, and their translation from and to the domain.
//!
//! Requests are camelCase and carry nothing the definition does not name (it forbids more). Answers are read leniently:
//! enumerations in any case, dates with and without offset, bodies that may be missing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Settings;
use crate::domain::RemoteId;
use crate::domain::address::Address;
use crate::domain::copy::{Batch, OrderCopy, Party, PaymentMethod, Stage};
use crate::domain::fulfillment::{Rank, Shipment};
use crate::domain::mirror::{LineVerdict, Observed, Rearranged, Seen, Verdict};
use crate::domain::reason::{Reason, ReasonCode};

/// The key of the one shipment that an order has.
pub(super) const SHIPMENT: &str = "1";
/// The longest gift note that integrators are known to send.
const LONGEST_GIFT_NOTE: usize = 1950;

/// An exact amount as a JSON number.
#[derive(Clone, Copy, Debug)]
struct Number(Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// A calendar day, written as midnight so that no time zone moves it.
#[derive(Clone, Copy, Debug)]
struct Midnight(Date);

impl Serialize for Midnight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}T00:00:00Z", self.0))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckAndCommit<'a> {
    commit_option: &'static str,
    persist_option: &'static str,
    address_option: AddressOption,
    sales_order: SalesOrder<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quote<'a> {
    address_option: AddressOption,
    sales_order: SalesOrder<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressOption {
    ignore_street_level_errors: bool,
    reject_if_address_suggested: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SalesOrder<'a> {
    sales_order_key: &'a str,
    customer_key: &'a str,
    order_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_type: Option<&'a str>,
    purchase_date: Midnight,
    sales_tax_collected: Number,
    bill_to: WireAddress<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payments: Vec<WirePayment>,
    shipments: Vec<WireShipment<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireShipment<'a> {
    shipment_key: String,
    shipment_status: &'static str,
    ship_date: Midnight,
    shipping_service: &'a str,
    license_relationship: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_house: Option<&'a str>,
    shipping: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_note: Option<String>,
    ship_to: WireAddress<'a>,
    shipment_items: Vec<ShipmentItem<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShipmentItem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_key: Option<&'a str>,
    product_key: &'a str,
    product_quantity: i64,
    product_unit_price: Number,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discounts: Vec<Discount>,
}

#[derive(Debug, Serialize)]
struct Discount {
    amount: Number,
}

#[derive(Debug, Serialize)]
struct Tag<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct WirePayment {
    amount: Number,
    r#type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAddress<'a> {
    first_name: &'a str,
    last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<&'a str>,
    street1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Option<&'a str>,
    city: &'a str,
    state: &'a str,
    zip1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<Midnight>,
}

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

/// As other integrators do for orders that no person is there to correct: streets are not judged, and a suggestion alone is no
/// reason to refuse.
const LENIENT: AddressOption =
    AddressOption { ignore_street_level_errors: true, reject_if_address_suggested: false };

/// The request that enters an order, or what it lacks for one. A key used before is overridden: it was refused, or voided
/// by us; a key used for the first time is not, so that an order somebody else entered under it is never overwritten.
pub(super) fn check_and_commit<'a>(
    copy: &'a OrderCopy,
    again: bool,
    settings: &'a Settings,
) -> Result<CheckAndCommit<'a>, Reason> {
    Ok(CheckAndCommit {
        // Goods that come back have to be in the books, whatever the rules for sending them say by now.
        commit_option: if copy.negative { "AllShipments" } else { "CompliantShipments" },
        persist_option: if again { "OverrideExisting" } else { "Null" },
        address_option: LENIENT,
        sales_order: sales_order(copy, vec![(SHIPMENT.to_owned(), copy.batches())], settings)?,
    })
}

/// The request that has an order judged and saves nothing: as the one shipment it is, or each of its lines by itself.
pub(super) fn quote<'a>(
    copy: &'a OrderCopy,
    by_line: bool,
    settings: &'a Settings,
) -> Result<Quote<'a>, Reason> {
    let shipments = if by_line {
        let batches =
            |(at, line): (usize, &RemoteId)| (shipment_key(at), copy.batches_of(|item| item.line == *line));
        lines(copy).into_iter().enumerate().map(batches).collect()
    } else {
        vec![(SHIPMENT.to_owned(), copy.batches())]
    };
    Ok(Quote { address_option: LENIENT, sales_order: sales_order(copy, shipments, settings)? })
}

/// The order's lines that a copy holds goods of, each once.
pub(super) fn lines(copy: &OrderCopy) -> Vec<&RemoteId> {
    let mut lines: Vec<&RemoteId> = copy.items.iter().map(|item| &item.line).collect();
    lines.dedup();
    lines
}

/// The key of the shipment that stands for a line in a [`quote`] by lines.
fn shipment_key(at: usize) -> String {
    (at + 1).to_string()
}

fn sales_order<'a>(
    copy: &'a OrderCopy,
    shipments: Vec<(String, Vec<Batch<'a>>)>,
    settings: &'a Settings,
) -> Result<SalesOrder<'a>, Reason> {
    let gift_note: Option<String> =
        copy.gift_note.as_deref().map(|note| note.chars().take(LONGEST_GIFT_NOTE).collect());
    let signed = |amount: Decimal| Number(if copy.negative { Decimal::ZERO - amount } else { amount });
    let shipment = |(at, (key, goods)): (usize, (String, Vec<Batch<'a>>))| {
        Ok(WireShipment {
            shipment_key: key,
            shipment_status: status(copy.stage),
            ship_date: Midnight(copy.ship_on),
            shipping_service: &copy.service,
            license_relationship: &settings.license_relationship,
            // No house is to see what only comes back.
            fulfillment_house: settings.fulfillment_house.as_deref().filter(|_| !copy.negative),
            // The buyer paid for it once.
            shipping: Number(if at == 0 { copy.shipping } else { Decimal::ZERO }),
            gift_note: gift_note.clone(),
            ship_to: address(&copy.ship_to, "ship-to", &copy.key)?,
            shipment_items: goods.into_iter().map(|goods| item(goods, copy.negative)).collect(),
        })
    };
    Ok(SalesOrder {
        sales_order_key: &copy.key,
        customer_key: &copy.customer,
        order_type: &settings.order_type,
        fulfillment_type: settings.fulfillment_type.as_deref(),
        purchase_date: Midnight(copy.placed_on),
        sales_tax_collected: signed(copy.tax),
        bill_to: address(&copy.bill_to, "bill-to", &copy.key)?,
        payments: copy
            .payments
            .iter()
            .map(|p| WirePayment { amount: Number(p.amount), r#type: paid_by(&p.method) })
            .collect(),
        shipments: shipments.into_iter().enumerate().map(shipment).collect::<Result<_, _>>()?,
        tags: settings.tags.iter().map(|name| Tag { name }).collect(),
    })
}

/// Goods at a price that is never negative; where they are taken back out, their quantity is (Sovos, "Enter customer
/// refunds").
fn item(goods: Batch<'_>, negative: bool) -> ShipmentItem<'_> {
    let quantity = i64::from(goods.quantity);
    ShipmentItem {
        brand_key: goods.brand,
        product_key: goods.product,
        product_quantity: if negative { -quantity } else { quantity },
        product_unit_price: Number(goods.unit_price),
        discounts: if goods.discount.is_zero() {
            Vec::new()
        } else {
            vec![Discount { amount: Number(goods.discount) }]
        },
    }
}

/// An address with everything the definition requires; what is missing is named, never what is there.
fn address<'a>(party: &'a Party, which: &str, key: &str) -> Result<WireAddress<'a>, Reason> {
    let Address {
        first_name,
        last_name,
        company,
        street1,
        street2,
        city,
        province,
        postal_code,
        country,
        phone,
    } = &party.address;
    let mut missing = Vec::new();
    let mut need = |part: &'a Option<String>, name: &'static str| {
        if part.is_none() {
            missing.push(name);
        }
        part.as_deref().unwrap_or_default()
    };
    let (first_name, last_name) = (need(first_name, "first name"), need(last_name, "last name"));
    let (street1, city) = (need(street1, "street"), need(city, "city"));
    let (state, postal_code) = (need(province, "state"), need(postal_code, "postal code"));
    if !missing.is_empty() {
        return Err(Reason::new(
            ReasonCode::AddressIncomplete,
            format!("the {which} address of order {key} lacks {}", missing.join(", ")),
            "complete the address at the channel; the order is checked again by itself",
        ));
    }
    let (zip1, zip2) = match postal_code.split_once('-') {
        Some((zip1, zip2)) if country.as_deref().is_none_or(|country| country == "US") => {
            (zip1.trim(), Some(zip2.trim()).filter(|zip2| !zip2.is_empty()))
        }
        _ => (postal_code, None),
    };
    Ok(WireAddress {
        first_name,
        last_name,
        company: company.as_deref(),
        street1,
        street2: street2.as_deref(),
        city,
        state,
        zip1,
        zip2,
        country: country.as_deref(),
        email: party.email.as_deref(),
        phone: phone.as_deref(),
        date_of_birth: party.birth_date.map(Midnight),
    })
}

const fn paid_by(method: &PaymentMethod) -> &'static str {
    match method {
        PaymentMethod::Card => "CreditCard",
        PaymentMethod::GiftCard => "GiftCard",
        PaymentMethod::Cash => "Cash",
        PaymentMethod::Check => "Check",
        PaymentMethod::Invoice => "Invoice",
        PaymentMethod::Other(_) => "Other",
    }
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
    pub(super) errors: Option<Vec<WireError>>,
    sales_order: Value,
    compliance_results: Option<Compliance>,
}

impl AnswerBody {
    /// Whether the body says that the call failed, whatever the HTTP status.
    pub(super) fn is_failure(&self) -> bool {
        self.response_status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("failure"))
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
        let passed = self.compliance_results.as_ref().and_then(Compliance::verdict).is_none_or(|v| v.passed);
        Ok(Observed::Present(Seen {
            // What has left was committed, whoever forced it.
            committed: passed || stage >= Stage::Shipped,
            stage,
            held: stage == Stage::Held,
            remote: None,
            numbers: numbers.filter(|number| !number.is_empty()).map(str::to_owned).collect(),
            content: content(&self.sales_order),
            rearranged: Rearranged::default(),
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
    let service = seen.content["shipments"][SHIPMENT]["shippingService"].as_str();
    vec![Shipment {
        id: SHIPMENT.into(),
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

/// Whether a status stops the order. One that the winery bypassed does not.
fn stops(status: Option<&str>) -> bool {
    status.is_some_and(|status| status.eq_ignore_ascii_case("notcompliant"))
}

impl ShipmentCompliance {
    fn findings(&self) -> impl Iterator<Item = String> {
        let rules = self.rules.iter().flatten();
        rules.filter(|rule| stops(rule.compliance_status.as_deref())).map(Rule::in_words)
    }

    fn verdict(&self) -> Option<LineVerdict> {
        let passed = !stops(Some(self.compliance_status.as_deref()?));
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
        let passed = !stops(Some(&word));
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
