//! What the shop is told of carriers and tracking: each carrier by its exact name, with a page that is right, one update for
//! one change, and what is questionable before a person.

mod progress;
mod warehouse;

use std::collections::BTreeSet;

use crossdock::domain::fulfillment::{Rank, Shipment};
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::order::{Fulfillment, FulfillmentStatus};
use crossdock::simulator::shopify::{self, NewFulfillment, NewOrder, Shop, Tracking};
use serde_json::Value;

use self::warehouse::Shipped;
use crate::carriers::rows;

const RIGHT: &str = "1Z999AA10123456784";
const WRONG: &str = "1Z999AA10123456785";

fn shipment(carrier: &str, numbers: &[&str]) -> Shipment {
    Shipment {
        id: "P-1".into(),
        warehouse: Vec::new(),
        lines: None,
        carrier: Some(carrier.to_owned()),
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        urls: Vec::new(),
        rank: Rank::Shipped,
        undone: false,
        told: false,
    }
}

/// Pages that the shop makes up by itself for a company and a number.
fn own_pages(shop: &Shop, company: &str, number: &str) -> Vec<String> {
    let id = shop.place_order(&NewOrder::default()).unwrap();
    let tracking = Tracking { company: Some(company.into()), numbers: vec![number.into()], urls: Vec::new() };
    shop.fulfill(id, &NewFulfillment { tracking, ..NewFulfillment::default() }).unwrap();
    shop.order(id).unwrap().fulfillments[0].urls.clone()
}

impl Shipped {
    /// The one fulfilment of an order.
    fn only_fulfillment(&self, id: i64) -> Fulfillment {
        let made = self.shop.order(id).unwrap().fulfillments;
        assert_eq!(made.len(), 1, "{made:#?}");
        made[0].clone()
    }

    /// How often the shop told of a fulfilment's change.
    fn changes(&self) -> usize {
        self.shop.deliveries().iter().filter(|delivery| delivery.topic == "fulfillments/update").count()
    }

    /// Updates of tracking that the shop was asked for, as whether its customer is told.
    fn updates(&self) -> Vec<Value> {
        let asked = self.shop.requests().into_iter();
        let asked = asked.filter(|asked| asked.document.contains("fulfillmentTrackingInfoUpdate"));
        asked.map(|asked| asked.variables["notify"].clone()).collect()
    }
}

/// Company, numbers and pages.
fn told(made: &Fulfillment) -> (Option<&str>, Vec<&str>, Vec<&str>) {
    (
        made.company.as_deref(),
        made.numbers.iter().map(String::as_str).collect(),
        made.urls.iter().map(String::as_str).collect(),
    )
}

#[tokio::test]
async fn complaint_23_every_carrier_has_its_exact_company_and_page_at_the_shop() {
    let shipped = Shipped::open("").await;
    let by_hand = Shop::new(shopify::Options::default(), shipped.clock.clone());
    let mut companies = BTreeSet::new();
    let placed: Vec<_> =
        rows().map(|row| (shipped.shop.place_order(&NewOrder::default()).unwrap(), row)).collect();
    shipped.sync().await;
    for (id, row) in &placed {
        shipped.say(*id, vec![shipment(row.written, &[row.number])]);
    }
    shipped.poll().await;
    for (id, row) in placed {
        let made = shipped.only_fulfillment(id);
        let pages = match (row.listed.1, row.page) {
            (true, _) => own_pages(&by_hand, row.company, row.number),
            (false, page) => page.map(str::to_owned).into_iter().collect(),
        };
        assert_eq!((made.company.as_deref(), made.urls), (Some(row.company), pages), "{}", row.written);
        assert_eq!(made.numbers, [row.number], "{}", row.written);
        companies.insert(row.company);
    }
    assert!(companies.len() >= 40, "{}", companies.len());
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
    assert_eq!(shipped.updates(), [] as [Value; 0]);
}

#[tokio::test]
async fn complaint_23_a_carrier_nobody_knows_is_fulfilled_without_and_told_until_the_map_is_mended() {
    const PAGE: &str = "tracking_urls = { \"Joe's Vans\" = \"https://joe.example/?n={number}\" }\n";
    let page = "https://joe.example/?n=JV-10017";
    for (keys, company, pages) in [
        ("carriers = { \"joes vans\" = \"Other\" }\n".to_owned(), "Other", vec![]),
        (format!("carriers = {{ \"Joe's Vans\" = \"Other\" }}\n{PAGE}"), "Other", vec![page]),
        (PAGE.to_owned(), "Joe's Vans", vec![page]),
        (
            "carriers = { \"Joe's Vans\" = \"spee-dee\" }\n".to_owned(),
            "Spee-Dee",
            vec!["https://speedeedelivery.com/track-a-shipment/?barcodes=JV-10017"],
        ),
    ] {
        let mut shipped = Shipped::open("").await;
        let id = shipped.place().await;
        shipped.ship(id, vec![shipment("Joe's Vans", &["JV-10017"])]).await;
        let made = shipped.only_fulfillment(id);
        assert_eq!(
            (made.status, told(&made)),
            (FulfillmentStatus::Success, (None, vec!["JV-10017"], vec![]))
        );
        let open = shipped.only_exception("unknown_carrier").await;
        assert_eq!(open["destination"], "cellar");
        assert!(open["message"].as_str().unwrap().contains("«Joe's Vans»"), "{open}");
        assert!(
            open["mend"].as_str().unwrap().contains("carriers = { \"Joe's Vans\" = \"Other\" }"),
            "{open}"
        );
        for _ in 0..3 {
            shipped.poll().await;
        }
        assert_eq!(shipped.only_exception("unknown_carrier").await["id"], open["id"], "opened once");
        assert_eq!(shipped.updates(), [] as [Value; 0]);

        shipped.restart_with(&keys);
        shipped.retry(&open).await;
        let made = shipped.only_fulfillment(id);
        assert_eq!(told(&made), (Some(company), vec!["JV-10017"], pages), "{keys}");
        assert_eq!(shipped.updates(), [true], "{keys}");
        assert_eq!(shipped.exceptions().await, [] as [Value; 0], "{keys}");
    }
}

#[tokio::test]
async fn complaint_23_a_number_that_is_none_of_its_carriers_is_told_and_closes_when_it_is_mended() {
    let by = ["a new label", "a person at the shop", "the merchant's word"];
    for mended in by {
        let mut shipped = Shipped::open("").await;
        let id = shipped.place().await;
        shipped.ship(id, vec![shipment("UPS Ground", &[WRONG])]).await;
        let made = shipped.only_fulfillment(id);
        assert_eq!(
            (made.company.as_deref(), made.numbers.as_slice()),
            (Some("UPS"), &[WRONG.to_owned()][..])
        );
        let open = shipped.only_exception("tracking_number_shape").await;
        let message = open["message"].as_str().unwrap();
        assert!(
            message.contains("by UPS") && message.contains("«6785»") && !message.contains(WRONG),
            "{message}"
        );
        let expected = match mended {
            "a new label" => {
                shipped.ship(id, vec![shipment("UPS Ground", &[RIGHT])]).await;
                (vec![RIGHT], 1)
            }
            "a person at the shop" => {
                let numbers = vec![RIGHT.to_owned()];
                let tracking = Tracking { company: Some("UPS".into()), numbers, urls: Vec::new() };
                shipped.shop.update_tracking(id, made.id, &tracking).unwrap();
                shipped.sync().await;
                shipped.poll().await;
                (vec![RIGHT], 0)
            }
            _ => {
                shipped.restart_with("tracking_urls = { UPS = \"https://ups.example/{number}\" }\n");
                shipped.retry(&open).await;
                (vec![WRONG], 1)
            }
        };
        let made = shipped.only_fulfillment(id);
        assert_eq!((told(&made).1, shipped.updates().len()), expected, "{mended}");
        assert_eq!(shipped.exceptions().await, [] as [Value; 0], "{mended}");
    }
}

#[tokio::test]
async fn complaint_10_a_number_that_comes_two_hours_later_is_one_update_of_the_one_fulfilment() {
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    for numbers in [&[][..], &["Pickup"], &[""]] {
        shipped.ship(id, vec![shipment("ups", numbers)]).await;
        assert_eq!(told(&shipped.only_fulfillment(id)), (Some("UPS"), vec![], vec![]));
    }
    shipped.clock.advance(std::time::Duration::from_hours(2));
    shipped.ship(id, vec![shipment("ups", &[RIGHT])]).await;
    for _ in 0..3 {
        shipped.poll().await;
    }
    let made = shipped.only_fulfillment(id);
    assert_eq!((made.company.as_deref(), made.numbers.as_slice()), (Some("UPS"), &[RIGHT.to_owned()][..]));
    assert_eq!(shipped.updates(), [true]);
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
}

#[tokio::test]
async fn complaint_11_a_label_voided_and_made_anew_replaces_the_number_by_one_update_that_tells_the_customer()
{
    for lost in [None, Some(Fault::ResetAfter), Some(Fault::ErrorAfter(502)), Some(Fault::Truncated)] {
        let shipped = Shipped::open("").await;
        let id = shipped.place().await;
        shipped.ship(id, vec![shipment("FedEx", &["748900000012"])]).await;
        if let Some(fault) = lost {
            let script = Script { fault, method: None, path: Some("/admin/api".into()), times: 1 };
            shipped.shop.faults().script(script);
        }
        // The void is told before the new label is: the old number is not taken from the customer meanwhile.
        shipped.ship(id, vec![shipment("FedEx", &[])]).await;
        assert_eq!(shipped.only_fulfillment(id).numbers, ["748900000012"], "{lost:?}");
        shipped.ship(id, vec![shipment("FedEx", &["749000000012"])]).await;
        for _ in 0..3 {
            shipped.poll().await;
        }
        let made = shipped.only_fulfillment(id);
        assert_eq!(
            (made.company.as_deref(), made.numbers.as_slice()),
            (Some("FedEx"), &["749000000012".to_owned()][..])
        );
        assert_eq!(made.urls, ["https://www.fedex.com/fedextrack/?trknbr=749000000012"], "{lost:?}");
        assert_eq!((shipped.updates(), shipped.changes()), (vec![Value::Bool(true)], 1), "{lost:?}");
        assert_eq!(shipped.exceptions().await, [] as [Value; 0], "{lost:?}");
    }
}

#[tokio::test]
async fn a_page_that_the_warehouse_gives_goes_to_the_shop_and_a_generic_label_names_nobody() {
    let shipped = Shipped::open("notify_customer = false\n").await;
    let id = shipped.place().await;
    let urls = vec!["https://warehouse.example/t/1".to_owned()];
    shipped.ship(id, vec![Shipment { urls, ..shipment("genericlabel", &["X-17"]) }]).await;
    let made = shipped.only_fulfillment(id);
    assert_eq!(told(&made), (None, vec!["X-17"], vec!["https://warehouse.example/t/1"]));
    assert_eq!(shipped.exceptions().await, [] as [Value; 0]);
    // Another page alone is an update too; the same once more is none.
    for _ in 0..2 {
        let urls = vec!["https://warehouse.example/t/2".to_owned()];
        shipped.ship(id, vec![Shipment { urls, ..shipment("UPS", &[RIGHT]) }]).await;
    }
    assert_eq!(
        told(&shipped.only_fulfillment(id)),
        (Some("UPS"), vec![RIGHT], vec!["https://warehouse.example/t/2"])
    );
    assert_eq!(shipped.updates(), [false]);
}

#[tokio::test]
async fn what_a_person_corrects_at_the_shop_stays() {
    let shipped = Shipped::open("").await;
    let id = shipped.place().await;
    shipped.ship(id, vec![shipment("UPS", &[RIGHT])]).await;
    let by_hand = Tracking {
        company: Some("FedEx".into()),
        numbers: vec!["748900000012".into()],
        urls: vec!["https://fedex.example/1".into()],
    };
    shipped.shop.update_tracking(id, shipped.only_fulfillment(id).id, &by_hand).unwrap();
    for _ in 0..3 {
        shipped.poll().await;
    }
    let made = shipped.only_fulfillment(id);
    assert_eq!(told(&made), (Some("FedEx"), vec!["748900000012"], vec!["https://fedex.example/1"]));
    assert_eq!(shipped.updates(), [] as [Value; 0]);
}
