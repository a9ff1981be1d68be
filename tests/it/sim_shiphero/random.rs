//! Whatever happens in the warehouse, the numbers add up.

use std::collections::BTreeMap;

use crossdock::clock::Clock;
use crossdock::simulator::shiphero::{Account, NewShipment, Options, Refused, Units};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::{new_order, number};

const ACTIONS: &[&str] = &[
    "place",
    "place",
    "place",
    "quantity",
    "quantity",
    "pending",
    "pending",
    "add",
    "remove",
    "hold",
    "release",
    "cancel",
    "allocate",
    "deallocate",
    "lock",
    "pick",
    "pick",
    "clear",
    "pack",
    "pack",
    "ship",
    "ship",
    "ship part",
    "void",
    "split",
    "merge",
    "stock",
    "note",
];

async fn act(account: &Account, rng: &mut StdRng, action: &str, order: &Value) -> Result<(), Refused> {
    let id = number(order);
    let lines = order["line_items"].as_array().unwrap();
    let Some(line) = lines.get(rng.random_range(0..lines.len().max(1))) else {
        return Err(account.pack(i64::MAX).unwrap_err());
    };
    let one = Units { line_item: line["legacy_id"].as_i64().unwrap(), quantity: rng.random_range(1..3) };
    let shipment = order["shipments"].as_array().unwrap().last().and_then(|s| s["legacy_id"].as_i64());
    let count = rng.random_range(0..5);
    match action {
        "place" => {
            let holds = json!({ "operator_hold": rng.random_bool(0.2) });
            let mut new = new_order(&format!("#{id}"));
            new["holds"] = holds;
            account.place(&new).map(|_| ())
        }
        "quantity" => account.edit(
            id,
            &json!({ "line_items": [{ "id": line["id"], "quantity": count, "quantity_pending_fulfillment": count }] }),
        ),
        "pending" => account
            .edit(id, &json!({ "line_items": [{ "id": line["id"], "quantity_pending_fulfillment": count }] })),
        "add" => {
            let partner = rng.random_range(0..1_000_000).to_string();
            let new = json!({ "sku": "CH-2023-750", "partner_line_item_id": partner, "quantity": count, "price": "1" });
            account.edit(id, &json!({ "add_line_items": [new] }))
        }
        "remove" => account.edit(id, &json!({ "remove_line_items": [line["id"]] })),
        "hold" => account.hold(id, "operator_hold", true),
        "release" => account.hold(id, "operator_hold", false),
        "cancel" => account.cancel(id, "chance"),
        "allocate" => account.allocate(id),
        "deallocate" => account.deallocate(id),
        "lock" => account.lock(id),
        "pick" => account.pick(id, 1, &[]),
        "clear" => account.clear(id),
        "pack" => account.pack(id),
        "ship" => account.ship(id, &NewShipment::default()).await.map(|_| ()),
        "ship part" => {
            let new = NewShipment { units: vec![one], ..NewShipment::default() };
            account.ship(id, &new).await.map(|_| ())
        }
        "void" => account.void_label(shipment.unwrap_or_default(), None),
        "split" => account.split(id, &[one]).map(|_| ()),
        "merge" => {
            let orders = account.orders();
            let open = |order: &&Value| order["fulfillment_status"] == "pending" && number(order) != id;
            account.merge(id, orders.iter().rev().find(open).map_or(0, number))
        }
        "note" => account.edit(id, &json!({ "packing_note": "chance" })),
        _ => {
            account.set_stock("PN-2022-750", rng.random_range(0..40));
            Ok(())
        }
    }
}

fn check(account: &Account, context: &str) {
    let mut set_aside = BTreeMap::<String, i64>::new();
    for order in account.orders() {
        let mut by_line = BTreeMap::<String, i64>::new();
        for units in
            order["allocations"].as_array().unwrap().iter().flat_map(|a| a["line_items"].as_array().unwrap())
        {
            let count = units["quantity_allocated"].as_i64().unwrap();
            assert!(count > 0, "{context}: {units}");
            *by_line.entry(units["line_item_id"].to_string()).or_default() += count;
            *set_aside.entry(units["sku"].as_str().unwrap().to_owned()).or_default() += count;
        }
        for line in order["line_items"].as_array().unwrap() {
            let of = |name: &str| line[name].as_i64().unwrap();
            let (quantity, pending, shipped) =
                (of("quantity"), of("quantity_pending_fulfillment"), of("quantity_shipped"));
            assert!(shipped >= 0 && pending >= 0 && shipped + pending <= quantity, "{context}: {line}");
            assert_eq!(
                of("quantity_allocated"),
                by_line.remove(&line["id"].to_string()).unwrap_or(0),
                "{context}"
            );
            assert!(of("quantity_allocated") <= pending, "{context}: {line}");
        }
        assert!(by_line.is_empty(), "{context}: {by_line:?} is set aside for no line");
        if order["fulfillment_status"] == "canceled" {
            assert_eq!(order["allocations"], json!([]), "{context}");
        }
    }
    for (sku, allocated) in account.stock() {
        assert_eq!(allocated, set_aside.remove(&sku).unwrap_or(0), "{context}: {sku}");
    }
    assert!(set_aside.is_empty(), "{context}: {set_aside:?}");
}

#[tokio::test]
async fn orders_and_stock_add_up_whatever_happens() {
    let mut accepted = std::collections::BTreeSet::new();
    for seed in 0..8 {
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().unwrap());
        let account = Account::new(
            Options { refuses_edits_when_locked: seed % 2 == 0, ..Options::default() },
            clock.clone(),
        );
        account.set_stock("PN-2022-750", 12);
        let mut rng = StdRng::seed_from_u64(seed);
        account.place(&new_order("#0")).unwrap();
        for step in 0..150 {
            clock.advance(std::time::Duration::from_millis(700));
            let orders = account.orders();
            let order = &orders[orders.len() - 1 - rng.random_range(0..orders.len().min(6))];
            let action = ACTIONS[rng.random_range(0..ACTIONS.len())];
            let done = act(&account, &mut rng, action, order).await;
            let context = format!("seed {seed}, step {step}, {action}: {done:?}");
            check(&account, &context);
            match done {
                Ok(()) => drop(accepted.insert(action)),
                Err(_) => assert_eq!(account.orders(), orders, "{context} and yet changed something"),
            }
        }
    }
    let all: std::collections::BTreeSet<_> = ACTIONS.iter().copied().collect();
    assert_eq!(accepted, all, "every action should have been accepted at least once");
}
