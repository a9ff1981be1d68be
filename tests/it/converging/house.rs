//! What holds at the warehouse in the end, what the log of the calls must show, and that nothing more is owed.

use std::collections::BTreeMap;

use crossdock::domain::OrderRef;
use crossdock::domain::copy::{OrderCopy, Stage};
use crossdock::simulator::shopify::order::{Fulfillment, FulfillmentStatus, ShipmentStatus};
use crossdock::store::{DeliveryQuery, DeliveryState};
use serde_json::Value;

use super::checks::HELD_FIRST;
use super::floor::{is_cancelled, list, number};
use super::world::World;

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether anything of an order there is still to be packed.
fn is_pending(order: &Value) -> bool {
    list(&order["line_items"]).any(|line| line["quantity_pending_fulfillment"] != 0)
}

/// What is in an order's parcels: the label, the line and its units.
pub(super) fn shipped(there: &Value) -> impl Iterator<Item = (&Value, &Value, u64)> {
    list(&there["shipments"]).flat_map(move |shipment| {
        list(&shipment["line_items"]).filter_map(move |shipped| {
            let label = |label: &&Value| label["id"] == shipped["shipping_label_id"];
            let line = |line: &&Value| line["id"] == shipped["line_item_id"];
            let label = list(&shipment["shipping_labels"]).find(label)?;
            Some((label, list(&there["line_items"]).find(line)?, shipped["quantity"].as_u64()?))
        })
    })
}

/// How many units of each of an order's lines left the warehouse, in cancelled orders too.
pub(super) fn left<'a>(orders: &'a [Value], order: &str) -> BTreeMap<&'a str, u64> {
    let mut left = BTreeMap::new();
    let ours = orders.iter().filter(|there| there["partner_order_id"] == order);
    for (_, line, units) in ours.flat_map(shipped).filter(|(label, ..)| label["status"] == "valid") {
        *left.entry(text(&line["partner_line_item_id"])).or_default() += units;
    }
    left
}

/// How far along a parcel is by what the shop is told of it.
fn place(status: ShipmentStatus) -> Option<usize> {
    use ShipmentStatus::{AttemptedDelivery, Delivered, Failure, InTransit, OutForDelivery};
    [InTransit, OutForDelivery, AttemptedDelivery, Failure, Delivered].iter().position(|one| *one == status)
}

/// How far a label at the warehouse says that its parcel came.
fn way(label: &Value) -> Option<ShipmentStatus> {
    let word = match text(&label["tracking_status"]) {
        "out_for_delivery" => Some(ShipmentStatus::OutForDelivery),
        "attempted_delivery" => Some(ShipmentStatus::AttemptedDelivery),
        "return_to_sender" => Some(ShipmentStatus::Failure),
        _ => (label["picked_up"] == true).then_some(ShipmentStatus::InTransit),
    };
    if label["delivered"] == true { Some(ShipmentStatus::Delivered) } else { word }
}

impl World {
    /// Whether we entered an order at the warehouse, not its people.
    pub(super) fn is_ours(&self, there: &Value) -> bool {
        self.winery.house().history(number(there)).first().is_some_and(|first| first.who == "api")
    }

    /// Nothing of ours is there to be packed. What somebody else entered stays, and what has left has left.
    pub(super) fn check_gone(&self, order: &str, at: &str) {
        let house = self.winery.house();
        for there in house.orders() {
            if there["partner_order_id"] == order && self.is_ours(&there) {
                assert!(
                    is_cancelled(&there),
                    "{at}: it should not be there: {}",
                    there["fulfillment_status"]
                );
            }
        }
    }

    /// What may not leave is on hold in every part, though a person has to decide; what another order ships for is out of reach.
    pub(super) fn check_held(&self, order: &str, at: &str) {
        let orders = self.winery.house().orders();
        let ours = orders.iter().filter(|there| there["partner_order_id"] == order && !is_cancelled(there));
        for part in ours.filter(|part| is_pending(part)) {
            assert_eq!(part["holds"]["operator_hold"], true, "{at}: held in {}", part["order_number"]);
        }
    }

    /// The live order at the warehouse is the copy, but for what people did to it there.
    pub(super) fn check_packed(&self, copy: &OrderCopy, at: &str) {
        let orders = self.winery.house().orders();
        let ours = |order: &&Value| order["partner_order_id"] == *copy.order.as_str() && !is_cancelled(order);
        let Some(live) = orders.iter().find(ours) else {
            // Cancelled there by hand, and nobody is asked: then all of it had left before.
            let left = left(&orders, copy.order.as_str());
            for item in &copy.items {
                let gone = left.get(item.line.as_str()).copied().unwrap_or_default();
                assert!(gone >= item.quantity.into(), "{at}: it is not at the warehouse, and should be");
            }
            return;
        };
        let by_hand =
            |field: &str| self.by_hand.get(&number(live)).is_some_and(|fields| fields.contains(field));
        let pending = is_pending(live);
        // In every part where it was split. Where nothing is left to pack, a hold stops nothing.
        for part in orders.iter().filter(ours).filter(|part| is_pending(part)) {
            let held = part["holds"]["operator_hold"] == true;
            let theirs = self.held_by_people.contains(&(number(part), "operator_hold"));
            assert_eq!(held, copy.stage == Stage::Held || theirs, "{at}: held in {}", part["order_number"]);
        }
        if !by_hand("address") {
            let (there, wanted) = (&live["shipping_address"], &copy.ship_to.address);
            let parts = [
                (&there["address1"], &wanted.street1),
                (&there["city"], &wanted.city),
                (&there["zip"], &wanted.postal_code),
                (&there["last_name"], &wanted.last_name),
            ];
            for (there, wanted) in parts {
                assert_eq!(text(there), wanted.as_deref().unwrap_or_default(), "{at}: address");
            }
        }
        let method = format!(
            "{}/{}",
            text(&live["shipping_lines"]["carrier"]),
            text(&live["shipping_lines"]["method"])
        );
        if !by_hand("items") {
            assert_eq!(method, copy.service, "{at}: method");
        }
        // Notes and tags are for those who pack.
        if pending {
            if !by_hand("note") {
                let note = copy.note.as_deref().unwrap_or_default();
                assert_eq!(text(&live["packing_note"]), note, "{at}: note");
            }
            let gift_note = copy.gift_note.as_deref().unwrap_or_default();
            assert_eq!(text(&live["gift_note"]), gift_note, "{at}: gift note");
            for tag in &copy.tags {
                let there = list(&live["tags"]).any(|there| there == tag.as_str());
                assert!(there, "{at}: the tag {tag} is missing");
            }
        }
        if !by_hand("items") {
            let open = list(&live["line_items"]).filter(|line| {
                line["quantity"] != 0 && !text(&line["fulfillment_status"]).starts_with("cancel")
            });
            let mut there: Vec<(&str, u64)> =
                open.map(|line| (text(&line["sku"]), line["quantity"].as_u64().unwrap())).collect();
            let mut wanted: Vec<(&str, u64)> =
                copy.items.iter().map(|item| (item.product.as_str(), item.quantity.into())).collect();
            there.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(there, wanted, "{at}: items");
        }
    }

    /// What left is told to the shop, where the shop still has it open: every parcel that is handed over, by its number.
    pub(super) async fn check_told(&self) {
        // A native account tells the shop by itself, as well as it can.
        let Some(house) = self.winery.house.as_ref().filter(|_| !self.native) else { return };
        let store = self.winery.server.app.engine.store();
        for there in house.orders() {
            let entered = text(&there["partner_order_id"]);
            let Some(order) = entered.parse().ok().and_then(|id| self.winery.shop.order(id)) else {
                continue;
            };
            let (row, record) = store.find_order(entered).await.unwrap().unwrap();
            let asked = row
                .mirrors
                .iter()
                .any(|mirror| mirror.destination != "compliance" && mirror.state != "in_step");
            // What a person undid at the shop, or moved about at the warehouse, is theirs to settle.
            let undone = record.links.keys().any(|id| !record.fulfillments[id].stands());
            let moved = self.by_hand.get(&number(&there)).is_some_and(|fields| fields.contains("items"));
            // What somebody else entered for an order that does not go there is none of ours.
            let ours =
                row.mirrors.iter().any(|mirror| mirror.destination == "warehouse" && mirror.key.is_some());
            if !ours || asked || undone || moved || order.cancelled_at.is_some() || is_cancelled(&there) {
                continue;
            }
            let stands = order.fulfillments.iter().filter(|f| f.status == FulfillmentStatus::Success);
            let told: Vec<&String> = stands.flat_map(|fulfillment| &fulfillment.numbers).collect();
            for shipment in list(&there["shipments"]).filter(|shipment| shipment["completed"] == true) {
                for label in list(&shipment["shipping_labels"]).filter(|label| label["status"] == "valid") {
                    let shipped =
                        list(&shipment["line_items"]).filter(|one| one["shipping_label_id"] == label["id"]);
                    let lines = shipped.filter_map(|one| {
                        list(&there["line_items"]).find(|line| line["id"] == one["line_item_id"])
                    });
                    let open = lines.filter_map(|line| text(&line["partner_line_item_id"]).parse().ok());
                    let open: u32 = open.map(|line| order.unfulfilled(line)).sum();
                    let known = told.iter().any(|number| **number == text(&label["tracking_number"]));
                    assert!(known || open == 0, "order {}: the shop was not told of a parcel", order.name);
                    let ours = |f: &&Fulfillment| {
                        record.links.contains_key(&f.id.into())
                            && f.numbers == [text(&label["tracking_number"])]
                    };
                    for made in order.fulfillments.iter().filter(ours) {
                        let known = made.events.iter().filter_map(|event| place(event.status)).max();
                        let came = way(label).and_then(place);
                        assert!(
                            known >= came,
                            "order {}: the shop was not told how far a parcel came",
                            order.name
                        );
                    }
                }
            }
        }
    }

    /// P2: of what we told the shop of a fulfilment's parcel each is further than the one before.
    pub(super) fn check_ways(&self) {
        for order in self.winery.shop.orders() {
            for made in &order.fulfillments {
                let ours = made.events.iter().filter(|event| !self.told_by_others.contains(&event.id));
                let ours: Vec<_> =
                    ours.map(|event| place(event.status).expect("a step that is told")).collect();
                let forward = ours.is_sorted_by(|one, next| one < next);
                assert!(forward, "order {}: told twice, or a step back: {:?}", order.name, made.events);
            }
        }
    }

    /// What was done by the API was done to held orders where it had to be, and within the budget.
    pub(super) fn check_the_log(&self) {
        let Some(house) = &self.winery.house else { return };
        for order in house.orders() {
            for happening in house.history(number(&order)) {
                let first = HELD_FIRST.contains(&happening.what.as_str()) && happening.who == "api";
                assert!(!first || happening.held, "{} while packers could go on with it", happening.what);
            }
        }
        let drained = self.done.contains_key("use up credits");
        for request in house.requests() {
            assert_ne!(request.status, 429, "a call was sent that the budget forbids");
            let short = list(&request.answer["errors"]).any(|error| error["code"] == 30);
            assert!(drained || !short, "a call was sent that the credits did not cover");
        }
    }

    /// P8: every delivery has come to an end that can be seen.
    pub(super) async fn check_deliveries(&self) {
        let store = self.winery.server.app.engine.store();
        let kept =
            store.deliveries(&DeliveryQuery { limit: Some(1000), ..DeliveryQuery::default() }).await.unwrap();
        for delivery in &kept {
            let open = matches!(delivery.state, DeliveryState::Stored | DeliveryState::Sorted);
            assert!(!open, "delivery {} is {}", delivery.id, delivery.state);
        }
        let shop = self.winery.shop.deliveries().iter().filter(|d| d.acknowledged_at.is_some()).count();
        assert!(store.counts().await.unwrap().deliveries >= i64::try_from(shop).unwrap());
    }

    /// P4: with nothing new, nothing more is written anywhere, however often the orders come up.
    pub(super) async fn check_nothing_more(&self) {
        let before = self.writes();
        let engine = &self.winery.server.app.engine;
        for id in &self.ids {
            let order = OrderRef { connection: "cellar".into(), id: id.to_string().as_str().into() };
            engine.store().touch(order, engine.clock().now()).await.unwrap();
        }
        engine.settle().await.unwrap();
        assert_eq!(self.writes(), before, "with nothing new, something was written");
    }

    /// Writes so far, at each system.
    fn writes(&self) -> [usize; 3] {
        let house = self.winery.house.as_ref();
        let changes = |house: &crossdock::simulator::shiphero::Account| {
            house.requests().iter().filter(|r| r.document.starts_with("mutation")).count()
        };
        let told = self
            .winery
            .shop
            .requests()
            .iter()
            // A comment stands before it.
            .filter(|r| r.document.lines().any(|line| line.starts_with("mutation")))
            .count();
        [self.winery.writes().len(), house.map_or(0, changes), told]
    }
}
