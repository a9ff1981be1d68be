//! What the shop is told: shipments made elsewhere, as fulfilments, and how far they have come, as events of these; and that an
//! order may not ship, as a hold and a tag.
//!
//! A fulfilment is made of the open work of one location at a time, which `work.rs` picks; the loop asks again for what is
//! left at others. None of these mutations has an idempotency key, so an answer that is lost is `Unknown`, and the order is read
//! before anything else. Events are looked for before each, for the shop takes the same one twice, and takes one on a cancelled
//! fulfilment too.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Shopify;
use super::admin::{Query, mutation};
use super::company::{company, pages};
use super::documents;
use super::shapes::graph::GraphFulfillment;
use super::work::{Held, Work, held_units, pick};
use crate::domain::RemoteId;
use crate::domain::fulfillment::Fulfillment;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::{Progress, Shipping, Telling};
use crate::transport::{Effect, Fault, Log};

const FULFILLMENT: Query = Query {
    operation: "fulfillment",
    document: documents::FULFILLMENT,
    effect: Effect::Read,
    root: "fulfillment",
    expected_cost: 20,
    urgent: false,
};
const SHIP: Query = mutation("fulfillmentCreate", documents::SHIP, 20);
const RETRACK: Query = mutation("fulfillmentTrackingInfoUpdate", documents::RETRACK, 50);
const UNSHIP: Query = mutation("fulfillmentCancel", documents::UNSHIP, 10);
const PROGRESS: Query = mutation("fulfillmentEventCreate", documents::PROGRESS, 10);
const HOLD: Query = Query { urgent: true, ..mutation("fulfillmentOrderHold", documents::HOLD, 10) };
const UNHOLD: Query = mutation("fulfillmentOrderReleaseHold", documents::UNHOLD, 10);
const TAG: Query = mutation("tagsAdd", documents::TAG, 10);
const UNTAG: Query = mutation("tagsRemove", documents::UNTAG, 10);

/// The name of our hold; one app can have only one of a name on the same work.
const HANDLE: &str = "crossdock-compliance";
/// What the shop says of a second one.
const HELD_ALREADY: &str = "DUPLICATE_FULFILLMENT_HOLD_HANDLE";

/// Lines of a fulfilment, and its latest events, that one answer shows.
const LINES: u32 = 250;
const EVENTS: u32 = 50;

#[derive(Deserialize)]
struct Answer {
    done: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    fulfillment: Option<GraphFulfillment>,
    #[serde(default)]
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct UserError {
    message: String,
    /// Only some mutations give one.
    #[serde(default)]
    code: Option<String>,
}

#[derive(Deserialize)]
struct OneFulfillment {
    fulfillment: Option<GraphFulfillment>,
}

impl Shopify {
    pub(super) async fn say(&self, telling: &Telling, log: &Log) -> Result<Option<Fulfillment>, Fault> {
        match telling {
            Telling::Ship(shipping) => self.ship(shipping, log).await.map(Some),
            Telling::Retrack(shipping) => {
                let notify = self.settings.notify_customer;
                let variables = json!({
                    "id": fulfillment_id(shipping), "tracking": tracking(shipping), "notify": notify, "lines": LINES,
                });
                self.mutate(RETRACK, variables, log).await.map(Some)
            }
            Telling::Unship(shipping) => {
                let variables = json!({ "id": fulfillment_id(shipping), "lines": LINES });
                self.mutate(UNSHIP, variables, log).await.map(Some)
            }
            Telling::Progress(progress) => self.progress(progress, log).await.map(Some),
            Telling::Hold(holding) => {
                let mut hold = json!({
                    "reason": "OTHER", "reasonNotes": holding.notes, "handle": HANDLE, "notifyMerchant": false,
                });
                if let Some(lines) = &holding.lines {
                    let work = self.work(&holding.order, log).await?;
                    match held_units(&work, &work_id(&holding.work), lines) {
                        Held::Nothing => return Ok(None),
                        Held::Part(units) => hold["fulfillmentOrderLineItems"] = json!(units),
                        Held::Whole => {}
                    }
                }
                self.change(HOLD, json!({ "id": work_id(&holding.work), "hold": hold }), log).await
            }
            Telling::Unhold(holding) => {
                let hold = holding.hold.as_ref().map(|hold| format!("gid://shopify/FulfillmentHold/{hold}"));
                self.change(UNHOLD, json!({ "id": work_id(&holding.work), "holds": [hold] }), log).await
            }
            Telling::Tag(tagging) | Telling::Untag(tagging) => {
                let query = if matches!(telling, Telling::Tag(_)) { TAG } else { UNTAG };
                let id = format!("gid://shopify/Order/{}", tagging.order);
                self.change(query, json!({ "id": id, "tags": [tagging.tag] }), log).await
            }
            Telling::Note(noting) => self.note(noting, log).await,
            Telling::State(stating) => self.state(stating, log).await,
        }
    }

    /// Books how far a parcel has come, unless as much or more is booked already or the fulfilment was cancelled; when it came
    /// so far is left to the shop, which takes the present.
    async fn progress(&self, progress: &Progress, log: &Log) -> Result<Fulfillment, Fault> {
        let id = format!("gid://shopify/Fulfillment/{}", progress.fulfillment);
        let variables = json!({ "id": id, "lines": LINES, "events": EVENTS });
        let seen: OneFulfillment = self.admin()?.run(FULFILLMENT, variables, log).await?;
        let mut fulfillment = made(FULFILLMENT, seen.fulfillment)?;
        if fulfillment.advance(&progress.status) {
            let event =
                json!({ "fulfillmentId": id, "status": progress.status.as_str().to_ascii_uppercase() });
            self.change(PROGRESS, json!({ "event": event }), log).await?;
        }
        Ok(fulfillment)
    }

    /// A mutation that gives no fulfilment back.
    pub(super) async fn change(
        &self,
        query: Query,
        variables: Value,
        log: &Log,
    ) -> Result<Option<Fulfillment>, Fault> {
        let answer: Answer = self.admin()?.run(query, variables, log).await?;
        // Our hold is there already: by an earlier try.
        if answer.done.user_errors.iter().any(|error| error.code.as_deref() == Some(HELD_ALREADY)) {
            return Ok(None);
        }
        refused(query, &answer.done)?;
        Ok(None)
    }

    async fn ship(&self, shipping: &Shipping, log: &Log) -> Result<Fulfillment, Fault> {
        let work = self.work(&shipping.order, log).await?;
        let left_from = self.settings.locations.of(&shipping.shipment.origin, &shipping.warehouse);
        let picked = pick(&work, &shipping.lines, left_from);
        if picked.is_empty() {
            return Err(Fault::Refused(blocked(&work, shipping)));
        }
        let mut fulfillment = json!({
            "lineItemsByFulfillmentOrder": picked, "notifyCustomer": self.settings.notify_customer,
        });
        if !shipping.tracking.numbers.is_empty() || shipping.tracking.carrier.is_some() {
            fulfillment["trackingInfo"] = tracking(shipping);
        }
        self.mutate(SHIP, json!({ "fulfillment": fulfillment, "lines": LINES }), log).await
    }

    async fn mutate(&self, query: Query, variables: Value, log: &Log) -> Result<Fulfillment, Fault> {
        let answer: Answer = self.admin()?.run(query, variables, log).await?;
        refused(query, &answer.done)?;
        made(query, answer.done.fulfillment)
    }
}

fn blocked(work: &[Work], shipping: &Shipping) -> Reason {
    let held = work.iter().any(|work| work.status == "ON_HOLD");
    let why = if held { "it is on hold there" } else { "nothing of it is open there" };
    Reason::new(
        ReasonCode::FulfillmentBlocked,
        format!(
            "«{}» shipped the order, and the shop cannot take that as a fulfilment: {why}",
            shipping.shipment.origin
        ),
        if held {
            "release the hold at the shop, and it is told by itself; the goods have left already"
        } else {
            "compare the order at both ends; fulfil it at the shop by hand, or retry"
        },
    )
}

fn work_id(work: &RemoteId) -> String {
    format!("gid://shopify/FulfillmentOrder/{work}")
}

fn fulfillment_id(shipping: &Shipping) -> String {
    let id = shipping.fulfillment.as_ref().map(RemoteId::as_str).unwrap_or_default();
    format!("gid://shopify/Fulfillment/{id}")
}

fn tracking(shipping: &Shipping) -> Value {
    let mut tracking = json!({ "numbers": shipping.tracking.numbers });
    if let Some(carrier) = &shipping.tracking.carrier {
        tracking["company"] = json!(company(carrier).0);
    }
    let pages = pages(&shipping.tracking);
    if !pages.is_empty() {
        tracking["urls"] = json!(pages);
    }
    tracking
}

fn refused(query: Query, payload: &Payload) -> Result<(), Fault> {
    if payload.user_errors.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = payload.user_errors.iter().map(|error| error.message.as_str()).collect();
    let reason = Reason::new(
        ReasonCode::Refused,
        format!("the shop refused {}", query.operation),
        "see the vendor's words; compare the order at both ends, then retry",
    );
    Err(Fault::Refused(reason.quoting(words.join(" · "))))
}

/// A mutation that names no error and gives nothing back has done who knows what.
fn made(query: Query, fulfillment: Option<GraphFulfillment>) -> Result<Fulfillment, Fault> {
    let fulfillment = fulfillment
        .ok_or_else(|| Fault::Unknown(format!("the answer to {} holds no fulfilment", query.operation)))?;
    Ok(fulfillment.fulfillment())
}
