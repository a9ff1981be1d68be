//! What happens at the warehouse: packers go on with orders, people interfere, orders come in by other ways.

use crossdock::domain::copy::Stage;
use crossdock::domain::mirror::{Desired, MirrorState};
use crossdock::engine::desired::desired;
use crossdock::simulator::shiphero::{Account, NewPackage, NewShipment, Refused, Units, Way};
use crossdock::simulator::shopify::order::LineKind;
use crossdock::simulator::shopify::{self, FulfillUnits, NewFulfillment, Tracking};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::world::World;

/// Holds that people at the warehouse place and lift.
const HOLDS: [&str; 6] =
    ["operator_hold", "operator_hold", "operator_hold", "payment_hold", "fraud_hold", "address_hold"];

/// What a carrier says of a parcel; the last is a word that says nothing.
const WORDS: [&str; 4] = ["out_for_delivery", "attempted_delivery", "return_to_sender", "see_remarks"];

/// The number of a thing at the warehouse.
pub(super) fn number(thing: &Value) -> i64 {
    thing["legacy_id"].as_i64().unwrap()
}

pub(super) fn is_cancelled(order: &Value) -> bool {
    order["fulfillment_status"] == "canceled"
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

impl World {
    /// Any order at the warehouse, the newest more often.
    fn any_packed(&self, rng: &mut StdRng) -> Option<Value> {
        let mut orders = self.winery.house.as_ref()?.orders();
        let at = if rng.random_bool(0.5) {
            orders.len().checked_sub(1)?
        } else {
            rng.random_range(0..orders.len().max(1))
        };
        (at < orders.len()).then(|| orders.swap_remove(at))
    }

    /// A packer's next move, whether it fits or not: the warehouse says so.
    pub(super) async fn pack(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let order = self.any_packed(rng)?;
        let (id, house) = (number(&order), self.winery.house.clone()?);
        if self.splits
            && rng.random_bool(0.5)
            && let Some(done) = self.split(rng, &order)
        {
            return Some(done);
        }
        let shipments: Vec<i64> =
            list(&order["shipments"]).filter_map(|shipment| shipment["legacy_id"].as_i64()).collect();
        let shipment = shipments.get(rng.random_range(0..shipments.len().max(1))).copied();
        match rng.random_range(0..14) {
            0 => done("lock", house.lock(id)),
            1 | 2 => done("pick", house.pick(id, 1, &[])),
            3 => done("clear", house.clear(id)),
            4 => done("pack", house.pack(id)),
            5 => done("void a label", house.void_label(shipment?, None)),
            6 => done("complete", house.complete(shipment?)),
            7 => done("put into a container", house.add_package(shipment?)),
            8 => {
                let units = some_units(rng, &order);
                self.leave(&house, &order, "ship a part", NewShipment { units, ..NewShipment::default() })
                    .await
            }
            9 => {
                let packages = vec![
                    NewPackage { units: some_units(rng, &order), ..NewPackage::default() },
                    NewPackage { units: some_units(rng, &order), ..NewPackage::default() },
                ];
                let new = NewShipment { packages, ..NewShipment::default() };
                self.leave(&house, &order, "ship in parcels", new).await
            }
            10 => {
                let new = NewShipment { bulk: true, ..NewShipment::default() };
                self.leave(&house, &order, "ship in bulk", new).await
            }
            _ => self.leave(&house, &order, "ship", NewShipment::default()).await,
        }
    }

    /// Goods leave, if nothing at the warehouse stops them; what has come to stop them must have been made to.
    async fn leave(
        &mut self,
        house: &Account,
        order: &Value,
        name: &'static str,
        new: NewShipment,
    ) -> Option<&'static str> {
        let stopped = self.is_stopped_and_settled(order).await;
        let shipment = house.ship(number(order), &new).await.ok()?;
        assert!(
            !stopped,
            "order {} left, though it was stopped and its copy was in step",
            order["order_number"]
        );
        if self.native {
            self.tell_the_shop(house, number(order), shipment);
        }
        Some(name)
    }

    /// Whether this order may not leave, by all that was heard of it, and the copy at the warehouse says it does not.
    async fn is_stopped_and_settled(&self, order: &Value) -> bool {
        if self.is_caught() {
            // What it found out may be kept already, and not yet what it makes of it.
            return false;
        }
        let store = self.winery.server.app.engine.store();
        let id = order["partner_order_id"].as_str().unwrap_or_default();
        let Some((row, record)) = store.find_order(id).await.unwrap() else { return false };
        let at = crossdock::domain::OrderRef { connection: row.channel, id: id.into() };
        let mirrors = store.load(&at).await.unwrap().mirrors;
        let Some(mirror) = mirrors.iter().find(|mirror| mirror.destination == "warehouse") else {
            return false;
        };
        // One that somebody else entered too is not ours to stop.
        let ours = mirror.applied.is_some() && mirror.state == MirrorState::InStep && !record.needs_reading();
        let wanted = desired(&record, self.warehouse.as_ref().unwrap());
        let held = matches!(&wanted, Some(Desired::Present(copy)) if copy.stage == Stage::Held);
        ours && (held || matches!(wanted, Some(Desired::Absent(_))))
    }

    /// The integration of a native account tells the shop what left.
    fn tell_the_shop(&self, house: &Account, id: i64, shipment: i64) {
        let Some(order) = house.order(id) else { return };
        let Some(shop_id) = order["partner_order_id"].as_str().and_then(|id| id.parse().ok()) else { return };
        let Some(shipment) = list(&order["shipments"]).find(|one| one["legacy_id"] == shipment) else {
            return;
        };
        for label in list(&shipment["shipping_labels"]) {
            let inside =
                list(&shipment["line_items"]).filter(|line| line["shipping_label_id"] == label["id"]);
            let lines = inside.filter_map(|line| {
                let there = list(&order["line_items"]).find(|one| one["id"] == line["line_item_id"])?;
                let line_id = there["partner_line_item_id"].as_str()?.parse().ok()?;
                Some(FulfillUnits { line_id, quantity: u32::try_from(line["quantity"].as_i64()?).ok()? })
            });
            let lines: Vec<FulfillUnits> = lines.collect();
            if lines.is_empty() {
                // The shop would take it for everything.
                continue;
            }
            let numbers = label["tracking_number"].as_str().map(str::to_owned).into_iter().collect();
            let tracking = Tracking { company: Some("UPS".into()), numbers, urls: Vec::new() };
            // What the shop does not take, it does not take.
            let new = NewFulfillment { lines, tracking, ..NewFulfillment::default() };
            let _ = self.winery.shop.fulfill(shop_id, &new);
        }
    }

    /// A carrier scans a parcel of the warehouse, of which nobody is told.
    pub(super) fn scan(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let house = self.winery.house.as_ref()?;
        let orders = house.orders();
        let left: Vec<&Value> = orders.iter().flat_map(|order| list(&order["shipments"])).collect();
        let shipment = number(left.get(rng.random_range(0..left.len().max(1)))?);
        done("scan", house.scan(shipment, None, &some_way(rng)))
    }

    /// What has left goes on: every parcel is scanned once more.
    pub(super) fn scan_the_rest(&mut self, rng: &mut StdRng) {
        let Some(house) = &self.winery.house else { return };
        for shipment in house.orders().iter().flat_map(|order| list(&order["shipments"])) {
            for label in list(&shipment["shipping_labels"]).filter(|label| label["status"] == "valid") {
                house.scan(number(shipment), Some(number(label)), &some_way(rng)).unwrap();
                *self.done.entry("scan").or_default() += 1;
            }
        }
    }

    /// What no packer does, done by hand.
    pub(super) fn interfere(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let order = self.any_packed(rng)?;
        let (id, house) = (number(&order), self.winery.house.clone()?);
        match rng.random_range(0..22) {
            0..=8 => {
                let hold = HOLDS[rng.random_range(0..HOLDS.len())];
                let on = order["holds"][hold] == true;
                let theirs = self.held_by_people.contains(&(id, hold));
                if on && hold == "operator_hold" && (!theirs || self.is_caught()) {
                    // It may be ours, and people leave it alone then.
                    return None;
                }
                house.hold(id, hold, !on).ok()?;
                if on {
                    self.held_by_people.remove(&(id, hold));
                } else {
                    self.held_by_people.insert((id, hold));
                }
                Some(if on { "lift a hold there" } else { "hold there" })
            }
            9 | 10 => {
                let note = json!({ "packing_note": format!("Shelf {}", rng.random_range(0..90)) });
                self.edit(&house, id, &note, "note", "edit the note there")
            }
            12 => {
                let mut address = order["shipping_address"].clone();
                address["address1"] = format!("{} Oak Street", rng.random_range(1..99)).into();
                let address = json!({ "shipping_address": address });
                self.edit(&house, id, &address, "address", "edit the address there")
            }
            14 | 15 => {
                let lines: Vec<&Value> = list(&order["line_items"]).collect();
                let line = lines.get(rng.random_range(0..lines.len().max(1)))?;
                let quantity = rng.random_range(0..5);
                let line = json!({ "id": line["id"], "quantity": quantity, "quantity_pending_fulfillment": quantity });
                self.edit(&house, id, &json!({ "line_items": [line] }), "items", "edit a line there")
            }
            16 | 17 => done("cancel there", house.cancel(id, "By hand")),
            18 => done("put the stock back", house.deallocate(id)),
            19 => done("set stock aside", house.allocate(id)),
            11 | 13 | 20 => self.split(rng, &order),
            _ => {
                let other = self.any_packed(rng)?;
                self.by_hand.entry(id).or_default().insert("items");
                done("merge", house.merge(id, number(&other)))
            }
        }
    }

    /// Some units of an order become an order of their own.
    fn split(&mut self, rng: &mut StdRng, order: &Value) -> Option<&'static str> {
        let house = self.winery.house.as_ref()?;
        let other = house.split(number(order), &some_units(rng, order)).ok()?;
        for id in [number(order), other] {
            self.by_hand.entry(id).or_default().extend(["items", "note", "address"]);
        }
        Some("split")
    }

    fn edit(
        &mut self,
        house: &Account,
        id: i64,
        changes: &Value,
        field: &'static str,
        name: &'static str,
    ) -> Option<&'static str> {
        house.edit(id, changes).ok()?;
        self.by_hand.entry(id).or_default().insert(field);
        Some(name)
    }

    /// Somebody enters an order at the warehouse that is not there yet: by hand, or by the account's own integration.
    pub(super) fn enter(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let id = self.ids[rng.random_range(0..self.ids.len())];
        if !self.native && (self.is_caught() || rng.random_bool(0.6)) {
            // Between a look of ours and the entering, nobody could tell.
            return None;
        }
        self.enter_by_hand(id)
    }

    fn enter_by_hand(&mut self, id: i64) -> Option<&'static str> {
        let house = self.winery.house.as_ref()?;
        let (partner, order) = (id.to_string(), self.winery.shop.order(id)?);
        if order.cancelled_at.is_some()
            || house.orders().iter().any(|one| one["partner_order_id"] == *partner)
        {
            return None;
        }
        let ships = |line: &&shopify::order::Line| line.requires_shipping && line.kind != LineKind::Tip;
        let lines: Vec<Value> = order
            .lines
            .iter()
            .filter(ships)
            .filter(|line| line.current_quantity() > 0)
            .filter_map(|line| {
                Some(json!({
                    "sku": line.sku.as_ref()?, "partner_line_item_id": line.id.to_string(),
                    "quantity": line.current_quantity(), "price": line.price.shop.to_string(),
                }))
            })
            .collect();
        let address = order.shipping_address.as_ref()?;
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let entered = json!({
            "order_number": order.name, "partner_order_id": partner,
            "shipping_address": {
                "first_name": part(&address.first_name), "last_name": part(&address.last_name),
                "company": part(&address.company), "address1": part(&address.address1),
                "address2": part(&address.address2), "city": part(&address.city),
                "state": part(&address.province_code), "zip": part(&address.zip),
                "country": part(&address.country_code), "phone": part(&address.phone),
            },
            "shipping_lines": { "title": "By hand", "price": "0.00", "carrier": "UPS", "method": "Ground" },
            "line_items": lines,
        });
        house.place(&entered).ok()?;
        Some(if self.native { "come by itself" } else { "enter by hand" })
    }

    /// In the end every order has come to an account that takes them by itself.
    pub(super) fn enter_the_rest(&mut self) {
        if self.native {
            for id in self.ids.clone() {
                self.enter_by_hand(id);
            }
        }
    }
}

fn done(name: &'static str, outcome: Result<(), Refused>) -> Option<&'static str> {
    outcome.ok().map(|()| name)
}

/// Some units of some line.
fn some_units(rng: &mut StdRng, order: &Value) -> Vec<Units> {
    let lines: Vec<(i64, i64)> = list(&order["line_items"])
        .filter_map(|line| {
            Some((line["legacy_id"].as_i64()?, line["quantity_pending_fulfillment"].as_i64()?))
        })
        .filter(|(_, pending)| *pending > 0)
        .collect();
    let Some((line_item, pending)) = lines.get(rng.random_range(0..lines.len().max(1))) else {
        return Vec::new();
    };
    vec![Units { line_item: *line_item, quantity: rng.random_range(1..=*pending) }]
}

/// How far a carrier says that a parcel came.
fn some_way(rng: &mut StdRng) -> Way {
    let tracking_status = Some(WORDS[rng.random_range(0..WORDS.len())].to_owned());
    Way { picked_up: true, delivered: rng.random_bool(0.3), tracking_status }
}
