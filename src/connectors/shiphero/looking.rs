//! What is asked of ShipHero before anything is done there: one order, whatever goes by its id or its number, and which
//! orders changed. Nothing here changes anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::{NOT_FOUND, Request};
use super::documents::PAGES;
use super::{ShipHero, documents, order, refusal};
use crate::connectors::Changed;
use crate::domain::copy::OrderCopy;
use crate::domain::mirror::Observed;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::CopyRef;
use crate::transport::{self, Fault, Log};

impl ShipHero {
    /// Looks at an order and at whatever else there goes by its id at the channel: it may have been cancelled and entered
    /// again (perhaps by a lost answer of ours), or split.
    pub(super) async fn look(&self, at: &CopyRef, log: &Log) -> Result<Observed, Fault> {
        let listed = self.listed(at, log).await?;
        let same = |found: &&Value| found["partner_order_id"].as_str() == Some(at.order.as_str());
        let all: Vec<&Value> = listed.iter().filter(same).collect();
        let ours = |found: &&&Value| at.remote.as_ref().is_some_and(|id| found["id"] == id.as_str());
        // One that goes by that id no more is known by its own.
        let mut alone = Value::Null;
        if let Some(id) = at.remote.as_ref().filter(|_| !all.iter().any(|found| ours(&found))) {
            alone = self.read(&documents::order(), "order", json!({ "id": id.as_str() }), log).await?;
        }
        let stands =
            |found: &&&Value| !found.is_null() && !order::is_taken_back(found) && !order::is_merged(found);
        let known: Vec<&Value> = all.into_iter().chain([&alone]).collect();
        let live = || known.iter().filter(stands);
        // What is done to it is done where that can still be.
        let open = || live().filter(|found| !order::has_left(found));
        let shown = open().find(ours).or_else(|| open().next());
        let shown = shown.or_else(|| live().find(ours)).or_else(|| live().next());
        let shown = shown.or_else(|| known.iter().find(|found| order::is_merged(found)));
        let Some(shown) = shown else { return Ok(Observed::Absent) };
        let others: Vec<&Value> = live().copied().filter(|other| other["id"] != shown["id"]).collect();
        Ok(order::observed(shown, &others, &self.settings, self.now()))
    }

    /// Names the brand's account, where we act for one: another's orders may have the same numbers.
    fn of_account(&self, mut variables: Value) -> Value {
        if let Some(account) = &self.settings.customer_account {
            variables["account"] = account.as_str().into();
        }
        variables
    }

    /// Whatever goes by the order's id at the channel, page by page: a part that is not seen would go on unheld.
    async fn listed(&self, at: &CopyRef, log: &Log) -> Result<Vec<Value>, Fault> {
        let (mut listed, mut after) = (Vec::new(), Value::Null);
        loop {
            let about = self.of_account(json!({ "partner": at.order.as_str(), "after": after }));
            let data = self.read(&documents::by_partner(), "orders", about, log).await?;
            listed.extend(order::nodes(&data).cloned());
            let page = &data["pageInfo"];
            if !order::is_set(&page["hasNextPage"]) || page["endCursor"] == after {
                return Ok(listed);
            }
            after = page["endCursor"].clone();
        }
    }

    /// Refuses to enter an order beside one that a person entered under the same number.
    pub(super) async fn refuse_twin(&self, copy: &OrderCopy, log: &Log) -> Result<(), Fault> {
        let request = Request {
            operation: "orders(order_number)",
            document: documents::BY_NUMBER,
            variables: self.of_account(json!({ "number": copy.name })),
            effect: transport::Effect::Read,
            urgent: false,
            may_cost: 6,
        };
        let told = self.api.run(request, log).await?;
        let listed = &told.data["orders"]["data"];
        if listed.is_null() {
            return Err(Fault::Refused(refusal(&told.errors, "orders", "this number")));
        }
        let theirs = |found: &Value| {
            let shop = found["shop_name"].as_str().map(str::trim).filter(|shop| !shop.is_empty());
            found["order_number"].as_str() == Some(copy.name.as_str())
                && found["partner_order_id"].as_str().is_none_or(|id| id.trim().is_empty())
                && !order::is_cancelled(found)
                && shop.is_none_or(|shop| self.settings.shop_name.as_deref().is_none_or(|ours| ours == shop))
        };
        if !order::nodes(listed).any(theirs) {
            return Ok(());
        }
        Err(Fault::Refused(Reason::new(
            ReasonCode::AlreadyCommitted,
            format!("an order {} was entered at ShipHero by hand", copy.name),
            format!(
                "cancel it there, or give it the partner order id {} and it is taken for this order; then retry",
                copy.order
            ),
        )))
    }

    /// Reads one order, or orders, with as large a page of lines as it takes; null where there is none.
    async fn read(
        &self,
        document: &str,
        operation: &'static str,
        mut variables: Value,
        log: &Log,
    ) -> Result<Value, Fault> {
        for page in PAGES {
            variables["lines"] = page.into();
            let request = Request {
                operation,
                document,
                variables: variables.clone(),
                effect: transport::Effect::Read,
                urgent: false,
                may_cost: documents::cost_of_reading(operation == "orders", page),
            };
            let told = self.api.run(request, log).await?;
            if told.errors.iter().any(|error| error.code() == NOT_FOUND) {
                return Ok(Value::Null);
            }
            if !told.errors.is_empty() && told.data[operation].is_null() {
                return Err(Fault::Refused(refusal(&told.errors, operation, "an order")));
            }
            let data = &told.data[operation]["data"];
            if !order::is_cut(data) && !order::nodes(data).any(order::is_cut) {
                return Ok(data.clone());
            }
        }
        Err(Fault::Refused(Reason::new(
            ReasonCode::TooMuchAsked,
            "the order has more lines at ShipHero than one answer shows",
            "see to this order by hand; every other order goes on",
        )))
    }

    /// Orders that changed since an instant, by the channel's id, page by page; smaller pages where credits are too few.
    pub(super) async fn changed(&self, since: Timestamp, log: &Log) -> Result<Vec<Changed>, Fault> {
        let mut changed = Vec::new();
        let (mut after, mut first) = (Value::Null, 50_u32);
        loop {
            let from = since.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            let request = Request {
                operation: "orders(updated_from)",
                document: documents::CHANGED,
                variables: self.of_account(json!({ "from": from, "first": first, "after": after })),
                effect: transport::Effect::Read,
                urgent: false,
                may_cost: first + 1,
            };
            let told = match self.api.run(request, log).await {
                Err(Fault::Refused(reason)) if reason.code == ReasonCode::TooMuchAsked && first > 5 => {
                    first /= 2;
                    continue;
                }
                told => told?,
            };
            let data = &told.data["orders"]["data"];
            if data.is_null() {
                return Err(Fault::Refused(refusal(&told.errors, "orders", "what changed")));
            }
            for node in order::nodes(data) {
                if let Some(order) = node["partner_order_id"].as_str().filter(|id| !id.trim().is_empty()) {
                    let version = node["updated_at"].as_str().unwrap_or_default().to_owned();
                    changed.push(Changed { order: order.trim().into(), version });
                }
            }
            let page = &data["pageInfo"];
            if !page["hasNextPage"].as_bool().unwrap_or_default() || page["endCursor"] == after {
                return Ok(changed);
            }
            after = page["endCursor"].clone();
        }
    }
}
