//! An order that is compliant in part is shown so: which lines may ship and which may not, by SKU and rule.

mod going;

use crossdock::domain::record::{Fact, OrderRecord, Origin, merge};
use crossdock::domain::verdict::{LineVerdict, Verdict};
use crossdock::engine::judging::refusal;
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shipcompliant::Product;
use crossdock::simulator::shopify::{EditOrder, NewLine, NewOrder};
use serde_json::json;

use crate::flagging::to_utah;
use crate::support::contract::contract_or_skip;
use crate::support::winery::{Setup, Winery};
use crate::support::{document, line, record, second};

/// An order of three lines of which these fail, each for these findings; the whole is refused for all of them.
fn judged(failing: &[(&str, &[&str])]) -> OrderRecord {
    let mut order = document();
    order.lines = ["1", "2", "3"].iter().map(|id| line(id, &format!("SKU-{id}"), 1, "10")).collect();
    order.lines[2].sku = None;
    let owned = |findings: &[&str]| findings.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let of_line = |id: &&str| {
        let findings = failing.iter().find(|(line, _)| line == id).map_or(&[][..], |(_, findings)| findings);
        ((*id).into(), LineVerdict { passed: findings.is_empty(), findings: owned(findings) })
    };
    let verdict = Verdict {
        passed: false,
        word: "NotCompliant".into(),
        findings: vec!["No licence".into()],
        lines: ["1", "2", "3"].iter().map(of_line).collect(),
    };
    let mut record = record(order);
    merge(&mut record, Fact::Verdict("compliance".into(), verdict), Origin::Read(second(1)));
    record
}

#[test]
fn a_refusal_names_lines_by_sku_and_rule_where_some_pass() {
    type Failing<'f> = &'f [(&'f str, &'f [&'f str])];
    let table: &[(Failing<'_>, &str, &str, &str)] = &[
        (
            &[("1", &["A"]), ("2", &["A"]), ("3", &["A"])],
            "not_compliant",
            "finds it not compliant",
            "No licence",
        ),
        (&[], "not_compliant", "finds it not compliant", "No licence"),
        (
            &[("1", &["A"])],
            "compliant_in_part",
            "finds SKU-2, Wine SKU-3 compliant and SKU-1 not",
            "SKU-1: A",
        ),
        (
            &[("1", &["A", "B"]), ("3", &["B"])],
            "compliant_in_part",
            "finds SKU-2 compliant and SKU-1, Wine SKU-3 not",
            "SKU-1: A · SKU-1, Wine SKU-3: B",
        ),
    ];
    for (failing, code, message, vendor) in table {
        let reason = refusal(&judged(failing), "compliance").unwrap();
        assert_eq!((reason.code.as_str(), reason.vendor.as_deref()), (*code, Some(*vendor)));
        assert!(reason.message.contains(message), "{reason}");
    }
}

/// Wine, and a shirt, to where wine may not go.
pub(crate) fn wine_and_shirt() -> NewOrder {
    let text = |text: &str| Some(text.to_owned());
    let line = |sku: &str| NewLine { sku: text(sku), quantity: 2, ..NewLine::default() };
    NewOrder {
        lines: vec![line("22PN750"), line("SHIRT")],
        shipping_address: Some(to_utah()),
        ..NewOrder::default()
    }
}

async fn tagged() -> Winery {
    let winery =
        Winery::with(Setup { shop_keys: "refused_tag = \"not-compliant\"\n", ..Setup::default() }).await;
    let shirt = Product { brand: "NINE".into(), key: "SHIRT".into() };
    winery.account.add_product(&shirt, "MerchandiseTaxable");
    winery
}

#[tokio::test]
async fn an_order_of_which_a_line_may_ship_says_so_everywhere_and_nothing_is_committed() {
    let winery = tagged().await;
    let id = winery.place(wine_and_shirt()).await;
    let told = winery.only_exception("compliant_in_part").await;
    assert!(told["message"].as_str().unwrap().contains("finds SHIRT compliant and 22PN750 not"), "{told}");
    assert!(told["vendor"].as_str().unwrap().starts_with("22PN750: "), "{told}");
    assert_eq!(winery.account.order("1001").unwrap()["committed"], false);
    let order = winery.shop.order(id).unwrap();
    let notes = order.fulfillment_orders[0].holds[0].notes.clone().unwrap();
    assert!(notes.starts_with("22PN750: ") && !notes.contains("Ada"), "{notes}");
    let record = winery.server.api("orders/1001").await["record"].clone();
    let lines = &record["verdicts"]["compliance"]["lines"];
    let passed = |at: usize| lines[order.lines[at].id.to_string()]["passed"].clone();
    assert_eq!((passed(0), passed(1)), (json!(false), json!(true)), "{lines}");
    if let Some(contract) = contract_or_skip("quotes by lines") {
        let quote =
            winery.writes().into_iter().find(|call| call.path.ends_with("/quote/compliance")).unwrap();
        assert_eq!(contract.request("POST", &quote.path, quote.body.as_ref().unwrap()), Vec::<String>::new());
    }

    // What may not ship is taken off, and the rest goes by itself.
    let line_id = order.lines[0].id;
    winery.shop.edit_order(id, &EditOrder { remove: vec![line_id], ..EditOrder::default() }).unwrap();
    winery.sync().await;
    assert_eq!(winery.exceptions().await, []);
    assert_eq!(winery.account.order("1001").unwrap()["committed"], true);
    let record = winery.server.api("orders/1001").await["record"].clone();
    assert_eq!(record["verdicts"]["compliance"]["lines"], json!(null));
}

#[tokio::test]
async fn what_cannot_be_asked_of_lines_leaves_the_judgement_as_it_is() {
    let winery = tagged().await;
    let path = Some("/api/v1/salesOrders/quote".to_owned());
    winery.account.faults().script(Script { fault: Fault::Error(503), method: None, path, times: 0 });
    winery.place(wine_and_shirt()).await;
    winery.only_exception("not_compliant").await;
}

#[tokio::test]
async fn an_order_of_one_line_or_one_that_may_ship_asks_no_more() {
    let winery = tagged().await;
    let shirt = wine_and_shirt().lines.pop().unwrap();
    winery.place(NewOrder { lines: vec![NewLine::default(), shirt], ..NewOrder::default() }).await;
    let mut wine = wine_and_shirt();
    wine.lines.truncate(1);
    winery.place(wine).await;
    winery.only_exception("not_compliant").await;
    assert!(winery.written().iter().all(|call| !call.contains("quote")), "{:?}", winery.written());
}
