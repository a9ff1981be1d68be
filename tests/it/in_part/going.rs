//! Where the route says so, what may ship of an order goes and the rest stays back: at the account, at the warehouse and at the
//! shop, until it is taken off or found fit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crossdock::domain::carrier::Carriers;
use crossdock::domain::copy::OrderCopy;
use crossdock::domain::fulfillment::{Rank, Shipment, TellShipments};
use crossdock::domain::record::OrderRecord;
use crossdock::domain::step::Telling;
use crossdock::domain::verdict::{LineVerdict, Verdict, Withheld};
use crossdock::engine::channel::next_shipping;
use crossdock::engine::desired::desired;
use crossdock::engine::judging::withheld;
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shipcompliant::Product;
use crossdock::simulator::shiphero::{self, NewShipment};
use crossdock::simulator::shopify::{EditOrder, NewHold, NewOrder, Order, Release, SetQuantity};
use rust_decimal::Decimal;
use serde_json::Value;

use super::wine_and_shirt;
use crate::support::winery::{House, ROUTE, Setup, Winery};
use crate::support::{document, line, record, route};

/// A winery of which orders go in part, with a warehouse that waits for the judgement.
async fn parting() -> Winery {
    let route = format!("{ROUTE}ship_in_part = true\n");
    let stocked = |sku: &str| (sku.to_owned(), sku.to_owned(), 100);
    let options = shiphero::Options {
        products: ["22PN750", "SHIRT"].map(stocked).to_vec(),
        ..shiphero::Options::default()
    };
    let house = House { options, route: "cleared_by = [\"compliance\"]\n", ..House::default() };
    let winery = Winery::with(Setup {
        shop_keys: "refused_tag = \"not-compliant\"\nrecheck_tag = \"recheck\"\n",
        route: Some(&route),
        house: Some(house),
        ..Setup::default()
    })
    .await;
    let shirt = Product { brand: "NINE".into(), key: "SHIRT".into() };
    winery.account.add_product(&shirt, "MerchandiseTaxable");
    winery
}

/// Goods that are there, with units.
type Goods = BTreeMap<String, i64>;

fn goods(list: &[(&str, i64)]) -> Goods {
    list.iter().map(|(sku, units)| ((*sku).to_owned(), *units)).collect()
}

impl Winery {
    /// Goods committed at the account, and at the warehouse, where they may be packed.
    fn going(&self, id: i64) -> (Goods, Goods) {
        let live = self.account.order("1001").filter(|live| live["committed"] == true).unwrap_or_default();
        let units = |value: &Value| value.to_string().trim_end_matches(".0").parse::<i64>().unwrap();
        let items = live["shipments"][0]["shipmentItems"].as_array().cloned().unwrap_or_default();
        let committed = items
            .iter()
            .map(|item| (item["productKey"].as_str().unwrap().to_owned(), units(&item["productQuantity"])));
        let packed = self.packed(id);
        let lines = packed["line_items"].as_array().cloned().unwrap_or_default();
        let open =
            lines.iter().filter(|line| packed["holds"]["operator_hold"] == false && line["quantity"] != 0);
        let packed =
            open.map(|line| (line["sku"].as_str().unwrap().to_owned(), line["quantity"].as_i64().unwrap()));
        (committed.collect(), packed.collect())
    }

    /// Lines that are held at the shop, and lines that are open there, by SKU.
    fn held_and_open(&self, id: i64) -> (BTreeSet<String>, BTreeSet<String>) {
        let order = self.shop.order(id).unwrap();
        let lines = |held: bool| {
            let work = order.fulfillment_orders.iter().filter(|work| work.holds.is_empty() != held);
            let lines = work.flat_map(|work| &work.lines).filter(|line| line.remaining > 0);
            lines.map(|line| order.line(line.line_id).unwrap().sku.clone().unwrap()).collect()
        };
        (lines(true), lines(false))
    }

    /// A person asks to have the order judged anew.
    async fn recheck(&self, id: i64) {
        let mut tags = self.shop.order(id).unwrap().tags;
        tags.push("recheck".to_owned());
        self.shop.set_tags(id, &tags).unwrap();
        self.sync().await;
    }

    fn line_of(&self, id: i64, sku: &str) -> i64 {
        let order: Order = self.shop.order(id).unwrap();
        order.lines.iter().find(|line| line.sku.as_deref() == Some(sku)).unwrap().id
    }
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|sku| (*sku).to_owned()).collect()
}

#[tokio::test]
async fn what_may_ship_goes_and_the_rest_stays_back_everywhere() {
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let shirt = goods(&[("SHIRT", 2)]);
    assert_eq!(winery.going(id), (shirt.clone(), shirt.clone()));
    assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])));
    let order = winery.shop.order(id).unwrap();
    assert_eq!(order.tags, ["not-compliant"]);
    let notes = order.fulfillment_orders.iter().flat_map(|work| &work.holds).next().unwrap().notes.clone();
    assert!(notes.unwrap().starts_with("22PN750: "));
    let told = winery.only_exception("compliant_in_part").await;
    assert!(
        told["message"].as_str().unwrap().contains("finds SHIRT compliant and 22PN750 not, which stays back"),
        "{told}"
    );
    // Nothing goes on by itself.
    let (asked, packed) = (winery.written(), winery.house_writes());
    for _ in 0..3 {
        winery.poll_house().await;
    }
    assert_eq!((winery.written(), winery.house_writes()), (asked, packed));

    // What went leaves, and is told for what it is.
    winery.house().ship(winery.number(id), &NewShipment::default()).await.unwrap();
    winery.sync().await;
    let order = winery.shop.order(id).unwrap();
    let shipped: Vec<_> =
        order.fulfillments.iter().flat_map(|f| &f.lines).map(|l| (l.line_id, l.quantity)).collect();
    assert_eq!(shipped, [(winery.line_of(id, "SHIRT"), 2)]);
    assert_eq!(winery.copy(id).await["observed"]["stage"], "shipped");
    assert_eq!(winery.held_and_open(id).0, names(&["22PN750"]));
}

#[tokio::test]
async fn what_left_by_the_accounts_own_word_is_told_for_what_went_only() {
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let story = winery.server.api("orders/1001").await["timeline"].as_array().unwrap().len();
    winery.clock.advance(Duration::from_secs(301));
    winery.sync().await;
    let told = winery.server.api("orders/1001").await["timeline"].as_array().unwrap().len();
    assert_eq!(told, story, "a look that shows nothing new is nobody's story");
    winery.account.set_status("1001", "1", "Shipped").unwrap();
    winery.clock.advance(Duration::from_secs(330));
    winery.sync().await;
    let order = winery.shop.order(id).unwrap();
    let shipped: Vec<_> = order.fulfillments.iter().flat_map(|f| &f.lines).map(|l| l.line_id).collect();
    assert_eq!(shipped, [winery.line_of(id, "SHIRT")]);
}

#[tokio::test]
async fn what_went_has_its_own_tax_and_payment_to_the_cent() {
    let winery = parting().await;
    let taxed = NewOrder { tax_rate: "0.0825".parse().unwrap(), ..wine_and_shirt() };
    let id = winery.place(taxed).await;
    let order = winery.shop.order(id).unwrap();
    let wine = order.lines.iter().find(|line| line.sku.as_deref() == Some("22PN750")).unwrap();
    let tax: Decimal = wine.taxes.iter().map(|tax| tax.amount.shop).sum();
    let body = winery.shop.rest_order(id).unwrap();
    let told = |key: &str| body[key].as_str().unwrap().parse::<Decimal>().unwrap();
    let live = winery.account.order("1001").unwrap();
    let number = |value: &Value| value.to_string().parse::<Decimal>().unwrap().normalize();
    assert!(tax > Decimal::ZERO);
    assert_eq!(number(&live["salesTaxCollected"]), (told("current_total_tax") - tax).normalize());
    let back = wine.price.shop * Decimal::from(2) + tax;
    assert_eq!(number(&live["payments"][0]["amount"]), (told("current_total_price") - back).normalize());
}

#[tokio::test]
async fn what_stayed_back_goes_once_it_is_found_fit() {
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let californian = NewOrder::default().shipping_address.unwrap();
    let before = winery.written();
    winery.shop.set_shipping_address(id, Some(californian)).unwrap();
    winery.sync().await;
    assert_eq!(
        winery.written()[before.len()..],
        ["DELETE /api/v1/salesOrders/1001", "POST /api/v1/salesOrders/check-commit"]
    );
    let both = goods(&[("22PN750", 2), ("SHIRT", 2)]);
    assert_eq!(winery.going(id), (both.clone(), both));
    assert_eq!(winery.held_and_open(id), (names(&[]), names(&["22PN750", "SHIRT"])));
    assert_eq!(winery.shop.order(id).unwrap().tags, [""; 0]);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn what_is_taken_off_needs_nobody_any_more_and_what_went_stays_as_it_is() {
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let remove = vec![winery.line_of(id, "22PN750")];
    winery.shop.edit_order(id, &EditOrder { remove, ..EditOrder::default() }).unwrap();
    winery.sync().await;
    let shirt = goods(&[("SHIRT", 2)]);
    assert_eq!(winery.going(id), (shirt.clone(), shirt));
    assert!(winery.written().iter().all(|call| !call.starts_with("DELETE")), "{:?}", winery.written());
    assert_eq!(winery.shop.order(id).unwrap().tags, [""; 0]);
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn an_edit_has_the_order_judged_whole_and_what_may_not_ship_of_it_stays_back() {
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let lines = ["22PN750", "SHIRT"].map(|sku| winery.line_of(id, sku));
    let set_quantity =
        vec![SetQuantity { line_id: lines[0], quantity: 1 }, SetQuantity { line_id: lines[1], quantity: 1 }];
    winery.shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() }).unwrap();
    winery.sync().await;
    let shirts = goods(&[("SHIRT", 1)]);
    assert_eq!(winery.going(id), (shirts.clone(), shirts));
    assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])));
    winery.only_exception("compliant_in_part").await;

    // More of what stays back, where the other work may take it up.
    let set_quantity = vec![SetQuantity { line_id: lines[0], quantity: 3 }];
    winery.shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])));
}

#[tokio::test]
async fn a_re_check_that_finds_the_same_voids_nothing_and_one_that_finds_all_fit_lets_all_go() {
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let entered = |winery: &Winery| {
        let calls = winery.written();
        calls.iter().filter(|call| call.ends_with("check-commit") || call.starts_with("DELETE")).count()
    };
    let before = entered(&winery);
    winery.recheck(id).await;
    let shirt = goods(&[("SHIRT", 2)]);
    assert_eq!((entered(&winery), winery.going(id)), (before, (shirt.clone(), shirt)));
    assert_eq!(winery.shop.order(id).unwrap().tags, ["not-compliant"]);
    let told = winery.only_exception("compliant_in_part").await;

    winery.account.allow("UT");
    winery.retry(&told).await;
    let both = goods(&[("22PN750", 2), ("SHIRT", 2)]);
    assert_eq!(winery.going(id), (both.clone(), both));
    assert_eq!(winery.exceptions().await, []);
}

#[tokio::test]
async fn a_hold_of_a_part_that_was_lost_is_placed_once_and_one_that_people_lift_is_placed_again() {
    for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::ErrorAfter(502), Fault::Error(503)] {
        let winery = parting().await;
        // The reading of the order, the tag and whatever else is asked of the shop before, and then the hold.
        for skipped in 0..4 {
            let script = Script { fault, method: None, path: Some("/admin/api".into()), times: 1 };
            winery.shop.faults().script_after(skipped, script);
        }
        let id = winery.place(wine_and_shirt()).await;
        for _ in 0..6 {
            winery.sync().await;
        }
        assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])), "{fault:?}");
        winery.only_exception("compliant_in_part").await;
    }
    let winery = parting().await;
    let id = winery.place(wine_and_shirt()).await;
    let order = winery.shop.order(id).unwrap();
    let held = order.fulfillment_orders.iter().find(|work| !work.holds.is_empty()).unwrap();
    let release = Release { fulfillment_order_id: Some(held.id), ..Release::default() };
    winery.shop.release(id, &release).unwrap();
    winery.sync().await;
    assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])));
    // A hold of people is theirs, and stops what goes.
    let open = winery.shop.order(id).unwrap();
    let open = open.fulfillment_orders.iter().find(|work| work.holds.is_empty()).unwrap().id;
    winery.shop.hold(id, &NewHold { fulfillment_order_id: Some(open), ..NewHold::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.going(id).1, goods(&[]));
}

/// What people hold cannot be parted, and nothing of it leaves.
#[tokio::test]
async fn work_that_people_hold_is_parted_once_they_let_go_of_it() {
    let winery = parting().await;
    let id = winery.shop.place_order(&wine_and_shirt()).unwrap();
    winery.shop.hold(id, &NewHold::default()).unwrap();
    winery.sync().await;
    winery.only_exception("compliant_in_part").await;
    assert_eq!(winery.going(id).1, goods(&[]));
    assert_eq!(winery.shop.order(id).unwrap().fulfillment_orders.len(), 1);

    winery.shop.release(id, &Release::default()).unwrap();
    winery.sync().await;
    assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])));
    assert_eq!(winery.going(id).1, goods(&[("SHIRT", 2)]));
    winery.only_exception("compliant_in_part").await;
}

/// Both lines were refused as one; then the shirt turns out to be no wine, and somebody asks.
#[tokio::test]
async fn work_that_was_held_as_one_is_parted_once_a_part_may_go() {
    let winery = parting().await;
    winery.account.add_product(&Product { brand: "NINE".into(), key: "SHIRT".into() }, "Wine");
    let id = winery.place(wine_and_shirt()).await;
    winery.only_exception("not_compliant").await;
    assert_eq!(winery.held_and_open(id), (names(&["22PN750", "SHIRT"]), names(&[])));
    winery.account.add_product(&Product { brand: "NINE".into(), key: "SHIRT".into() }, "MerchandiseTaxable");
    winery.recheck(id).await;
    winery.only_exception("compliant_in_part").await;
    assert_eq!(winery.held_and_open(id), (names(&["22PN750"]), names(&["SHIRT"])));
    let shirt = goods(&[("SHIRT", 2)]);
    assert_eq!(winery.going(id), (shirt.clone(), shirt));

    // Now it is the other way round: what was found before is forgotten.
    winery.account.add_product(&Product { brand: "NINE".into(), key: "SHIRT".into() }, "Wine");
    winery
        .account
        .add_product(&Product { brand: "NINE".into(), key: "22PN750".into() }, "MerchandiseTaxable");
    winery.recheck(id).await;
    let wine = goods(&[("22PN750", 2)]);
    assert_eq!(winery.going(id), (wine.clone(), wine));
    assert_eq!(winery.held_and_open(id), (names(&["SHIRT"]), names(&["22PN750"])));
}

/// Wine of three lines, of which only the first was told to be fit.
fn whole() -> OrderCopy {
    let mut order = document();
    order.lines = ["1", "2", "3"].iter().map(|id| line(id, &format!("SKU-{id}"), 1, "10")).collect();
    match desired(&record(order), &route()) {
        Some(crossdock::domain::mirror::Desired::Present(copy)) => *copy,
        other => panic!("{other:?}"),
    }
}

fn without(lines: &[&str]) -> OrderCopy {
    let mut copy = whole();
    copy.items.retain(|item| !lines.contains(&item.line.as_str()));
    copy
}

/// Where its origin says only that the order left, what left is what went; and that is all that was to leave.
#[test]
fn what_stays_back_is_told_of_no_shipment_and_waited_for_by_nobody() {
    let mut order = document();
    order.lines = ["1", "2"].iter().map(|id| line(id, &format!("SKU-{id}"), 1, "10")).collect();
    let mut record = record(order);
    let back = LineVerdict { passed: false, findings: Vec::new() };
    let kept = Withheld { of: Box::new(without(&["3"])), lines: [("2".into(), back)].into() };
    let shipment = Shipment {
        id: "1".into(),
        lines: None,
        carrier: None,
        numbers: vec!["794".into()],
        urls: Vec::new(),
        rank: Rank::Shipped,
        undone: false,
        told: false,
        warehouse: Vec::new(),
    };
    record.shipments.insert("compliance".into(), [("1".into(), shipment)].into());
    let told =
        |record: &OrderRecord| match next_shipping(record, &Carriers::default(), TellShipments::Complete) {
            Some(Telling::Ship(shipping)) => shipping.lines.keys().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        };
    let all: Vec<String> = told(&record);
    record.withheld.insert("compliance".into(), kept);
    assert_eq!((all, told(&record)), (vec!["1".to_owned(), "2".to_owned()], vec!["1".to_owned()]));
}

#[test]
fn what_stays_back_only_grows_until_the_whole_is_judged_anew() {
    let verdict = |passed: bool, failing: &[&str]| {
        let found = |id: &&str| {
            let passed = !failing.contains(id);
            ((*id).into(), LineVerdict { passed, findings: Vec::new() })
        };
        let lines =
            if failing.is_empty() { BTreeMap::new() } else { ["1", "2", "3"].iter().map(found).collect() };
        Verdict { passed, word: "x".into(), findings: Vec::new(), lines }
    };
    let stays = |found: Option<&Withheld>| {
        found.map(|found| found.lines.keys().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    let (all, some) = (whole(), without(&["3"]));
    // What is judged, what is found, what stays back.
    let table = [
        (&all, verdict(false, &["3"]), Some("3")),
        (&some, verdict(true, &[]), Some("3")),
        (&some, verdict(false, &["2"]), Some("2 3")),
        // Line by line they pass, and together they do not.
        (&some, verdict(false, &[]), Some("1 2 3")),
        (&all, verdict(false, &["3"]), Some("1 2 3")),
        (&all, verdict(true, &[]), None),
        (&all, verdict(false, &["1", "2", "3"]), None),
        (&all, verdict(false, &[]), None),
    ];
    let mut known = None;
    for (judged, verdict, expected) in table {
        known = withheld(known.as_ref(), &all, judged, &verdict);
        assert_eq!(stays(known.as_ref()).as_deref(), expected, "{verdict:?}");
    }
    // Of another order nothing is known.
    let known = withheld(None, &all, &all, &verdict(false, &["3"]));
    assert!(known.as_ref().is_some_and(Withheld::spares));
    let mut other = whole();
    other.items[0].quantity = 2;
    assert_eq!(withheld(known.as_ref(), &other, &other, &verdict(true, &[])), None);
    assert_eq!(
        stays(withheld(known.as_ref(), &other, &other, &verdict(false, &["1"])).as_ref()).as_deref(),
        Some("1")
    );
}
