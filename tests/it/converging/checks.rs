//! What holds at every step, and what holds in the end. A check reads the outside systems as they are, and the store.

use std::collections::{BTreeMap, BTreeSet};

use crossdock::domain::OrderRef;
use crossdock::domain::copy::{OrderCopy, Stage};
use crossdock::domain::mirror::Desired;
use crossdock::domain::record::OrderRecord;
use crossdock::engine::desired::{desired, key};
use crossdock::simulator::shiphero::{Account, Request};
use crossdock::simulator::shopify;
use crossdock::simulator::shopify::order::FulfillmentStatus;
use crossdock::simulator::shopify::order::totals::FinancialStatus;
use crossdock::store::{ExceptionQuery, ExceptionRow, OrderRow};
use serde_json::Value;

use super::floor::{is_cancelled, list, number};
use super::house::{left, shipped, text};
use super::outside::{RECHECK, THEIRS};
use super::world::World;

/// What the API may do to an order only while it is held, so that no packer meets it at work.
pub(super) const HELD_FIRST: [&str; 4] =
    ["order_add_line_items", "order_update_line_items", "order_remove_line_items", "order_cancel"];

/// What is in the key of a negative order, after that of the order it is taken out of.
pub(super) const REFUND: &str = "-R";

/// Whether an order of the shop may not leave: cancelled, not paid, or held by people.
fn is_stopped(order: &shopify::Order) -> bool {
    let paid = matches!(order.financial_status(), FinancialStatus::Paid | FinancialStatus::PartiallyRefunded);
    let held = order.fulfillment_orders.iter().flat_map(|work| &work.holds).any(|hold| !hold.by_app);
    order.cancelled_at.is_some() || !paid || held
}

/// The holds that a request of the warehouse sets or lifts, one for each order: what is named again has a number.
fn holds_of(request: &Request) -> impl Iterator<Item = &Value> {
    let variables = request.variables.as_object().into_iter().flatten();
    variables.filter(|(name, _)| name.starts_with("order_update_holds")).map(|(_, holds)| holds)
}

/// The orders a request of the warehouse lets leave: by the shop's id, or by the id there.
fn released(request: &Request) -> Vec<&str> {
    let created = &request.variables["order_create"];
    let entered = created.is_object() && created["holds"]["operator_hold"] != true;
    let entered = entered.then(|| created["partner_order_id"].as_str()).flatten();
    let lifted = holds_of(request).filter(|holds| holds["operator_hold"] == false);
    entered.into_iter().chain(lifted.filter_map(|holds| holds["order_id"].as_str())).collect()
}

impl World {
    pub(super) fn house_requests(&self) -> usize {
        self.winery.house.as_ref().map_or(0, Account::request_count)
    }

    /// Orders that may not leave, where everything about that was heard and sorted.
    pub(super) async fn stopped(&self) -> BTreeSet<String> {
        if self.winery.server.app.engine.store().counts().await.unwrap().unsorted > 0 {
            return BTreeSet::new();
        }
        let deliveries = self.winery.shop.deliveries();
        let on_their_way: BTreeSet<i64> =
            deliveries.iter().filter(|delivery| !delivery.is_finished()).map(|d| d.order_id).collect();
        let stopped = self.winery.shop.orders().into_iter().filter(is_stopped);
        let stopped = stopped.filter(|order| !on_their_way.contains(&order.id));
        stopped.map(|order| order.id.to_string()).collect()
    }

    /// P5: a pass that was at a call while an order was stopped lets nothing of it leave. The call itself may (`own`: it is the
    /// first of the requests): it was decided upon before.
    pub(super) fn check_gates(&self, stopped: &BTreeSet<String>, own: bool, from: usize) {
        let Some(house) = &self.winery.house else { return };
        let orders = house.orders();
        let partner = |id: &str| -> Option<String> {
            let found = orders.iter().find(|order| order["id"] == id || order["partner_order_id"] == id)?;
            found["partner_order_id"].as_str().map(str::to_owned)
        };
        let requests = house.requests_from(from);
        // Where its token was refused, the same call goes once more.
        let own = match requests.first() {
            Some(first) if own => 1 + usize::from(first.status == 401),
            _ => 0,
        };
        for id in requests.iter().skip(own).flat_map(released).filter_map(partner) {
            assert!(!stopped.contains(&id), "order {id} was released, though it was known to be stopped");
        }
    }

    /// Where the warehouse waits for a judgement, what was released stands committed; `from` counts the requests before.
    pub(super) fn check_judged(&self, from: usize) {
        let Some(house) = &self.winery.house else { return };
        if self.warehouse.as_ref().is_none_or(|route| route.cleared_by.is_empty()) {
            return;
        }
        let orders = house.orders();
        for id in house.requests_from(from).iter().flat_map(released) {
            let found = orders.iter().find(|order| order["id"] == id || order["partner_order_id"] == id);
            let Some(order) = found.filter(|order| !is_cancelled(order)) else { continue };
            let name = order["order_number"].as_str().unwrap_or_default().trim_start_matches('#');
            // A part goes by the order's number, with what the warehouse puts behind it.
            let key = name.trim_end_matches("-S");
            let committed = self.winery.account.order(key).is_some_and(|live| live["committed"] == true);
            assert!(committed, "order {key} was released, and is not committed");
        }
    }

    /// What holds at every step.
    pub(super) fn check_always(&mut self) {
        let commits = self.winery.account.summary()["most_live_commits_of_a_key"].as_u64();
        assert!(commits.unwrap() <= 1, "an order was committed twice");
        let Some(house) = self.winery.house.clone() else { return };
        let requests = house.requests_from(self.checked);
        self.checked += requests.len();
        let orders = house.orders();
        self.check_parcels(&orders);
        self.check_units(&orders);
        for request in requests {
            let parts = holds_of(&request).count() > 1;
            *self.done.entry("hold or release parts").or_default() += u64::from(parts);
            for holds in holds_of(&request).filter(|holds| holds["operator_hold"] == true) {
                if let Some(order) = orders.iter().find(|order| order["id"] == holds["order_id"]) {
                    // Two holds in one: whoever lifts it, lifts both.
                    self.held_by_people.remove(&(number(order), "operator_hold"));
                }
            }
        }
        let mut live: BTreeMap<&str, u32> = BTreeMap::new();
        for order in &orders {
            let id = number(order);
            if is_cancelled(order) {
                continue;
            }
            for hold in ["operator_hold", "payment_hold", "fraud_hold", "address_hold"] {
                let theirs = self.held_by_people.contains(&(id, hold));
                assert!(!theirs || order["holds"][hold] == true, "{hold} of people was lifted");
            }
            if !order["order_number"].as_str().unwrap_or_default().ends_with("-S") {
                *live.entry(order["partner_order_id"].as_str().unwrap_or_default()).or_default() += 1;
            }
            let shop_order = order["partner_order_id"].as_str().and_then(|id| id.parse().ok());
            let shop_order = shop_order.and_then(|id| self.winery.shop.order(id));
            for line in list(&order["line_items"]).filter(|_| !self.by_hand.contains_key(&id)) {
                let partner = line["partner_line_item_id"].as_str().and_then(|id| id.parse().ok());
                let Some(ordered) = shop_order.as_ref().zip(partner).and_then(|(o, id)| o.line(id)) else {
                    continue;
                };
                assert!(
                    line["quantity"].as_u64() <= Some(ordered.quantity.into()),
                    "more than was ordered: {line}"
                );
            }
        }
        for (id, live) in live {
            assert!(live <= 1, "order {id} is at the warehouse {live} times");
        }
    }

    /// P2: what left is never entered again: with what is still to be packed it is no more than was ordered.
    fn check_units(&self, orders: &[Value]) {
        for order in self.winery.shop.orders() {
            let id = order.id.to_string();
            let there = || orders.iter().filter(|there| there["partner_order_id"] == *id);
            // What people entered or wrote there is theirs.
            if there().any(|there| self.by_hand.contains_key(&number(there)) || !self.is_ours(there)) {
                continue;
            }
            let mut units = left(orders, &id);
            for line in
                there().filter(|there| !is_cancelled(there)).flat_map(|there| list(&there["line_items"]))
            {
                *units.entry(text(&line["partner_line_item_id"])).or_default() +=
                    line["quantity_pending_fulfillment"].as_u64().unwrap_or_default();
            }
            for (line, units) in units {
                let Some(ordered) = line.parse().ok().and_then(|line| order.line(line)) else { continue };
                assert!(
                    units <= ordered.quantity.into(),
                    "{}: {units} units of line {line} left or will, of {}",
                    order.name,
                    ordered.quantity
                );
            }
        }
    }

    /// P2: what stands at the shop under a parcel's number is never more than what is in the parcel. It may be several
    /// fulfilments, for the shop plans work by location.
    fn check_parcels(&self, orders: &[Value]) {
        let mut inside: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (label, line, units) in orders.iter().flat_map(shipped) {
            *inside
                .entry((text(&label["tracking_number"]), text(&line["partner_line_item_id"])))
                .or_default() += units;
        }
        let numbers: BTreeSet<&str> = inside.keys().map(|(number, _)| *number).collect();
        for order in self.winery.shop.orders() {
            let mut told: BTreeMap<(&str, i64), u64> = BTreeMap::new();
            let stands = order.fulfillments.iter().filter(|f| f.status == FulfillmentStatus::Success);
            for fulfillment in stands {
                for number in fulfillment.numbers.iter().filter(|number| numbers.contains(number.as_str())) {
                    for line in &fulfillment.lines {
                        *told.entry((number, line.line_id)).or_default() += u64::from(line.quantity);
                    }
                }
            }
            for ((number, line), units) in told {
                let most = inside.get(&(number, &*line.to_string())).copied().unwrap_or_default();
                assert!(
                    units <= most,
                    "{}: {units} units of line {line} fulfilled, {most} in the parcel",
                    order.name
                );
            }
        }
    }

    /// What holds in the end.
    pub(super) async fn check_in_the_end(&mut self) {
        let store = self.winery.server.app.engine.store().clone();
        for order in self.winery.shop.orders() {
            let at = format!("order {}", order.name);
            let (row, record) = store.find_order(&order.id.to_string()).await.unwrap().expect(&at);
            let document = record.document.as_ref().expect(&at);
            assert_eq!(document.updated_at, order.updated_at, "{at}: the record is not the shop's last word");
            let state = |name: &str| state_of(&row, name);
            let held = order.fulfillment_orders.iter().flat_map(|work| &work.holds).any(|hold| hold.by_app);
            assert!(
                record.stays_back() || !held || state("cellar").is_some_and(|own| own != "in_step"),
                "{at}: held, though it may ship"
            );
            let this = OrderRef { connection: row.channel.clone(), id: row.order_id.as_str().into() };
            let query = ExceptionQuery { order: Some(this), ..ExceptionQuery::default() };
            let open = store.exceptions(query).await.unwrap();
            if state("cellar").is_none_or(|own| own == "in_step") {
                let at_a_copy =
                    |e: &ExceptionRow| e.destination.as_ref().is_some_and(|at| *at != row.channel);
                let noted = order.note.as_ref().is_some_and(|note| note.contains("[Crossdock]"));
                assert_eq!(noted, open.iter().any(at_a_copy), "{at}: note {:?}", order.note);
            }
            for mirror in &row.mirrors {
                let told = open.iter().any(|e| e.destination.as_ref() == Some(&mirror.destination));
                match mirror.state.as_str() {
                    "in_step" => {
                        assert!(!told, "{at}: in step at {}, and a person is asked", mirror.destination);
                    }
                    "retrying" if open.iter().any(|e| e.code == "not_imported") => {}
                    "exception" => assert!(told, "{at}: {} asks nobody", mirror.destination),
                    state => panic!("{at}: {state} at {}", mirror.destination),
                }
            }
            let wanted = desired(&record, &self.compliance).expect(&at);
            let in_part = open.iter().any(|e| e.code == "compliant_in_part") && !record.withheld.is_empty();
            let goes = in_part && record.is_cleared_by("compliance") && !record.is_cancelled();
            if goes && state("cellar").is_none_or(|own| own == "in_step") {
                *self.done.entry("go in part").or_default() += 1;
                check_held_back(&order, &record, &at);
            }
            if goes || state("compliance").expect(&at) == "in_step" {
                let live = self.winery.account.order(&key(document, &self.compliance));
                match &wanted {
                    Desired::Absent(_) => assert_eq!(live, None, "{at}"),
                    Desired::Present(_) if record.shipments.contains_key("compliance") => {
                        let undone = record.links.keys().any(|id| !record.fulfillments[id].stands());
                        let back = record.withheld_lines();
                        let gone = state("cellar") == Some("in_step") && !undone;
                        for line in document.goods().filter(|line| gone && !back.contains(&line.id)) {
                            assert!(record.shipped_units(&line.id) >= line.current, "{at}: {line:?}");
                        }
                    }
                    Desired::Present(copy) => {
                        holds(copy, live.as_ref(), &at);
                        assert!(
                            record.is_cleared_by("compliance"),
                            "{at}: committed, and waited for for ever"
                        );
                    }
                    Desired::Undecided(_) => panic!("{at}: in step, and undecided: {wanted:?}"),
                }
            }
            self.check_given_back(&row, &wanted, &order);
            let asked = order.tags.iter().any(|tag| tag == RECHECK);
            assert!(!asked || state("cellar") == Some("exception"), "{at}: nobody answered the tag");
            if let Some(route) = &self.warehouse
                && open.iter().any(|e| e.code == "rearranged_at_destination")
                && matches!(desired(&record, route), Some(Desired::Present(copy)) if copy.stage == Stage::Held)
            {
                self.check_held(&row.order_id, &at);
            }
            if let Some(route) = &self.warehouse
                && state("warehouse").expect(&at) == "in_step"
            {
                match desired(&record, route).expect(&at) {
                    Desired::Absent(_) => self.check_gone(&row.order_id, &at),
                    Desired::Present(copy) => self.check_packed(&copy, &at),
                    Desired::Undecided(reason) => panic!("{at}: in step, and undecided: {reason}"),
                }
            }
        }
        self.check_told().await;
        self.check_ways();
        self.check_the_log();
        self.check_deliveries().await;
        self.check_nothing_more().await;
    }
}

impl World {
    /// What was taken out of an order again is no more than was refunded; and where all is in step and it left, what was
    /// entered and what was taken out come to what the shop still has sold.
    fn check_given_back(&mut self, row: &OrderRow, wanted: &Desired, order: &shopify::Order) {
        let Desired::Present(copy) = wanted else { return };
        let at = &order.name;
        let units = |order: &Value| {
            let mut units: BTreeMap<String, i64> = BTreeMap::new();
            for item in list(&order["shipments"][0]["shipmentItems"]) {
                let quantity: i64 =
                    item["productQuantity"].to_string().trim_end_matches(".0").parse().unwrap();
                *units.entry(item["productKey"].as_str().unwrap().to_owned()).or_default() += quantity;
            }
            units
        };
        let start = format!("{}{REFUND}", copy.key);
        let all = self.winery.account.orders();
        let mut taken: BTreeMap<String, i64> = BTreeMap::new();
        for (_, negative) in all.iter().filter(|(key, _)| key.starts_with(&start)) {
            assert_eq!(negative["committed"], true, "{at}");
            for (product, units) in units(negative) {
                *taken.entry(product).or_default() -= units;
            }
        }
        let refunded = |product: &str| {
            let lines = order.refunds.iter().flat_map(|refund| &refund.lines);
            let of = |id: i64| order.line(id).and_then(|line| line.sku.as_deref()) == Some(product);
            lines.filter(|line| of(line.line_id)).map(|line| i64::from(line.quantity)).sum::<i64>()
        };
        *self.done.entry("enter a refund").or_default() += u64::from(!taken.is_empty());
        for (product, units) in &taken {
            assert!((1..=refunded(product)).contains(units), "{at}: {units} of {product} were given back");
        }
        let ours = row.mirrors.iter().filter(|mirror| mirror.destination.starts_with("compliance"));
        let left = copy.stage >= Stage::Shipped && ours.into_iter().all(|mirror| mirror.state == "in_step");
        for (product, sold) in all.get(&copy.key).filter(|_| left).map(units).unwrap_or_default() {
            let lines = order.lines.iter().filter(|line| line.sku.as_deref() == Some(&product));
            let still: i64 = lines.map(|line| i64::from(line.current_quantity())).sum();
            let taken = taken.get(&product).copied().unwrap_or_default();
            assert_eq!(
                sold - taken,
                still,
                "{at}: {product}, of which {sold} were sold and {taken} taken out"
            );
        }
    }
}

/// Planned work is held by us where it has units of lines that stay back, and only there. What others hold cannot be parted.
fn check_held_back(order: &shopify::Order, record: &OrderRecord, at: &str) {
    let back = record.withheld_lines();
    for work in order.fulfillment_orders.iter().filter(|work| work.lines.iter().any(|l| l.remaining > 0)) {
        let mut left = work.lines.iter().filter(|line| line.remaining > 0);
        let stays = left.any(|line| back.contains(&line.line_id.to_string().as_str().into()));
        let (ours, theirs): (Vec<_>, Vec<_>) = work.holds.iter().partition(|hold| hold.by_app);
        let held = !ours.is_empty() || (stays && !theirs.is_empty());
        assert_eq!(held, stays, "{at}: {work:?}, of which {back:?} stay back");
    }
}

fn state_of<'r>(row: &'r OrderRow, name: &str) -> Option<&'r str> {
    row.mirrors.iter().find(|mirror| mirror.destination == name).map(|mirror| mirror.state.as_str())
}

/// The live order at the compliance service is the copy.
fn holds(copy: &OrderCopy, live: Option<&Value>, at: &str) {
    let live = live.unwrap_or_else(|| panic!("{at}: nothing is there, and should be {copy:?}"));
    assert_eq!(live["committed"], true, "{at}");
    assert_eq!(live["customerKey"], *copy.customer, "{at}");
    // Once goods left, what a refund changes is no reason to void the order.
    if copy.stage < Stage::Shipped {
        assert_eq!(live["salesTaxCollected"].to_string().parse(), Ok(copy.tax), "{at}");
    }
    let shipment = &live["shipments"][0];
    let status = match copy.stage {
        Stage::Held => "PaymentAccepted",
        Stage::Released | Stage::Packing => "SentToFulfillment",
        Stage::Shipped => "Shipped",
        Stage::Delivered => "Delivered",
    };
    // The fulfilment house may have handed over what the shop only knows to have left.
    let handed_over = copy.stage == Stage::Shipped && shipment["shipmentStatus"] == "Delivered";
    assert!(handed_over || shipment["shipmentStatus"] == status, "{at}: {}", shipment["shipmentStatus"]);
    assert_eq!(shipment["shippingService"], *copy.service, "{at}");
    let numbers = shipment["packages"].as_array().into_iter().flatten();
    let mut numbers: BTreeSet<String> =
        numbers.map(|package| package["trackingNumber"].as_str().unwrap().to_owned()).collect();
    // Those that people put there are theirs.
    numbers.retain(|number| !number.starts_with(THEIRS));
    assert_eq!(copy.numbers, numbers, "{at}");
    let part = |name: &str| shipment["shipTo"][name].as_str();
    let address = &copy.ship_to.address;
    assert_eq!(part("street1"), address.street1.as_deref(), "{at}");
    assert_eq!((part("city"), part("state")), (address.city.as_deref(), address.province.as_deref()), "{at}");
    let items = |list: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.to_string().trim_end_matches(".0").to_owned();
        let item = |item: &Value| (text(&item["productKey"]), text(&item["productQuantity"]));
        list.as_array().unwrap().iter().map(item).collect()
    };
    let wanted: Vec<_> =
        copy.batches().iter().map(|b| (format!("\"{}\"", b.product), b.quantity.to_string())).collect();
    assert_eq!(items(&shipment["shipmentItems"]), wanted, "{at}");
}
