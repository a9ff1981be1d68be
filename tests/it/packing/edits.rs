//! What can happen to an order at the shop, and how it is seen at the warehouse whether it was made so there.

use crossdock::domain::reason::ReasonCode;
use crossdock::simulator::shiphero::{Options, Units};
use crossdock::simulator::shopify;
use crossdock::simulator::shopify::order::RestockType;
use crossdock::simulator::shopify::{
    Attribute, CancelOrder, EditOrder, NewHold, NewLine, NewOrder, NewRefund, NewShipping, Payment,
    RefundUnits, SetQuantity,
};
use serde_json::{Value, json};

use crate::support::winery::{House, Setup, Winery};
use Edit::{
    Abroad, Address, Cancel, Fewer, GiftNote, Hold, LineAdded, LineRemoved, Method, More, Note, Paid, Refund,
    TagAdded, TagRemoved, Variant,
};

/// What happens at the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Address,
    Abroad,
    Method,
    More,
    Fewer,
    LineAdded,
    LineRemoved,
    Variant,
    Note,
    GiftNote,
    TagAdded,
    TagRemoved,
    Cancel,
    Refund,
    Paid,
    Hold,
}

/// Every kind of edit.
pub(crate) const EDITS: [Edit; 16] = [
    Address,
    Abroad,
    Method,
    More,
    Fewer,
    LineAdded,
    LineRemoved,
    Variant,
    Note,
    GiftNote,
    TagAdded,
    TagRemoved,
    Cancel,
    Refund,
    Paid,
    Hold,
];

/// A line of this wine.
pub(crate) fn line(sku: &str, quantity: u32) -> NewLine {
    NewLine { sku: Some(sku.into()), title: sku.into(), quantity, ..NewLine::default() }
}

/// An order of two wines with a tag.
pub(crate) fn order_of_two(payment: Payment) -> NewOrder {
    NewOrder {
        lines: vec![line("PN-2022-750", 6), line("CH-2023-750", 2)],
        tags: vec!["club".into()],
        payment,
        ..NewOrder::default()
    }
}

/// Units of the first wine.
pub(crate) fn units(packed: &Value, quantity: i64) -> Vec<Units> {
    let lines = packed["line_items"].as_array().unwrap();
    let line = lines.iter().find(|line| line["sku"] == "PN-2022-750").unwrap();
    vec![Units { line_item: line["legacy_id"].as_i64().unwrap(), quantity }]
}

/// Does it at the shop; an error where the shop itself does not allow it.
pub(crate) async fn act(winery: &Winery, id: i64, edit: Edit) -> Result<(), String> {
    let shop = &winery.shop;
    let order = shop.order(id).unwrap();
    let (first, second) = (order.lines[0].id, order.lines[1].id);
    let set = |quantity| EditOrder {
        set_quantity: vec![SetQuantity { line_id: first, quantity }],
        ..EditOrder::default()
    };
    let done = match edit {
        Address => {
            let mut address = order.shipping_address.clone().unwrap();
            address.address1 = Some("7 Elm Street".into());
            shop.set_shipping_address(id, Some(address))
        }
        Abroad => shop.set_shipping_address(id, Some(toronto())),
        Method => shop
            .change_shipping_line(
                id,
                &NewShipping { title: "UPS 2nd Day Air".into(), code: None, ..NewShipping::default() },
            )
            .map(|_| ()),
        More => shop.edit_order(id, &set(8)).map(|_| ()),
        Fewer => shop.edit_order(id, &set(4)).map(|_| ()),
        LineAdded => {
            let edit = EditOrder { add: vec![line("CORK-1", 1)], ..EditOrder::default() };
            shop.edit_order(id, &edit).map(|_| ())
        }
        LineRemoved => {
            shop.edit_order(id, &EditOrder { remove: vec![second], ..EditOrder::default() }).map(|_| ())
        }
        Variant => {
            let edit =
                EditOrder { remove: vec![second], add: vec![line("CORK-1", 2)], ..EditOrder::default() };
            shop.edit_order(id, &edit).map(|_| ())
        }
        Note => shop.set_note(id, Some("Leave at the bar".into())),
        GiftNote => {
            let said = Attribute { name: "Gift Message".into(), value: "Cheers".into() };
            shop.set_attributes(id, vec![said])
        }
        TagAdded => shop.set_tags(id, &["club".into(), "vip".into()]),
        TagRemoved => shop.set_tags(id, &[]),
        Cancel => shop.cancel_order(id, &CancelOrder::default()),
        Refund => {
            let line = |line: &crossdock::simulator::shopify::order::Line| RefundUnits {
                line_id: line.id,
                quantity: line.quantity,
                restock: RestockType::NoRestock,
                location_id: None,
            };
            let lines = order.lines.iter().map(line).collect();
            shop.refund(id, &NewRefund { lines, all_shipping: true, ..NewRefund::default() }).map(|_| ())
        }
        Paid => shop.mark_paid(id, None),
        Hold => {
            let held = shop.hold(id, &NewHold::default()).map(|_| ());
            // The hold's own webhooks name no order; a bare hint has it read.
            winery.deliver("orders/updated", &format!("hold of {id}"), json!({ "id": id }).to_string()).await;
            held
        }
    };
    done.map_err(|refused| format!("{refused:?}"))
}

/// The order there, and not the part that was split off it.
pub(crate) fn there(winery: &Winery, id: i64) -> Value {
    let all = winery.house().orders();
    let id = id.to_string();
    all.into_iter().find(|one| one["partner_order_id"] == id).unwrap()
}

/// Whether the warehouse's order says what the edit asked for.
pub(crate) fn shows(winery: &Winery, id: i64, edit: Edit) -> bool {
    let packed = there(winery, id);
    let line = |sku: &str| {
        let lines = packed["line_items"].as_array().unwrap().iter();
        lines.filter(|line| line["fulfillment_status"] != "canceled").find(|line| line["sku"] == sku)
    };
    let counts = |units: i64| {
        line("PN-2022-750").is_some_and(|line| {
            let shipped = line["quantity_shipped"].as_i64().unwrap();
            line["quantity"] == units && line["quantity_pending_fulfillment"] == units - shipped
        })
    };
    let tagged = |tag: &str| packed["tags"].as_array().unwrap().iter().any(|one| one == tag);
    match edit {
        Address => packed["shipping_address"]["address1"] == "7 Elm Street",
        Abroad => {
            let lines = packed["line_items"].as_array().unwrap();
            packed["shipping_address"]["country"] == "CA"
                && packed["incoterms"] == "DAP"
                && lines.iter().all(|line| line["customs_value"] == "36")
        }
        Method => packed["shipping_lines"]["method"] == "2nd Day Air",
        More => counts(8),
        Fewer => counts(4),
        LineAdded => line("CORK-1").is_some(),
        LineRemoved => line("CH-2023-750").is_none(),
        Variant => line("CH-2023-750").is_none() && line("CORK-1").is_some_and(|line| line["quantity"] == 2),
        Note => packed["packing_note"] == "Leave at the bar",
        GiftNote => packed["gift_note"] == "Cheers",
        TagAdded => tagged("vip") && tagged("club"),
        TagRemoved => !tagged("club"),
        Cancel | Refund => {
            let all = winery.house().orders();
            let id = id.to_string();
            let mut ours = all.iter().filter(|one| one["partner_order_id"] == id);
            ours.all(|one| {
                let mut lines = one["line_items"].as_array().unwrap().iter();
                lines.all(|line| line["quantity_pending_fulfillment"] == 0)
            })
        }
        Paid => packed["holds"]["operator_hold"] == false,
        Hold => packed["holds"]["operator_hold"] == true,
    }
}

/// What was written at the warehouse since, in short.
pub(crate) fn written(winery: &Winery, since: usize) -> String {
    let mut all = Vec::new();
    for request in winery.house().requests().into_iter().skip(since) {
        for name in request.operations.iter().filter_map(|name| name.strip_prefix("order_")) {
            let on = &request.variables["order_update_holds"]["operator_hold"];
            all.push(match (name, on.as_bool()) {
                ("update_holds", Some(true)) => "hold".to_owned(),
                ("update_holds", Some(false)) => "unhold".to_owned(),
                (name, _) => name.to_owned(),
            });
        }
    }
    all.join(" ")
}

/// An address beyond customs.
pub(crate) fn toronto() -> shopify::Address {
    let text = |text: &str| Some(text.to_owned());
    shopify::Address {
        first_name: text("Margaret"),
        last_name: text("Leaf"),
        address1: text("100 Queen Street West"),
        city: text("Toronto"),
        province: text("Ontario"),
        province_code: text("ON"),
        country: text("Canada"),
        country_code: text("CA"),
        zip: text("M5H 2N2"),
        ..shopify::Address::default()
    }
}

/// What the customs are told of orders that go abroad.
pub(crate) const CUSTOMS: &str = r#"customs = { home = ["US"], incoterms = "DAP", keep_products = true, products = { PN-2022-750 = { tariff_code = "2204.21", origin = "US" }, CH-2023-750 = { tariff_code = "2204.21", origin = "US" } } }"#;

/// Open exceptions of the order at the warehouse.
pub(crate) async fn told(winery: &Winery, id: i64) -> Vec<&'static str> {
    let id = id.to_string();
    let open = winery.exceptions().await.into_iter().filter(|(_, row)| row["order_id"] == id);
    let known = |code: String| ReasonCode::KNOWN.iter().copied().find(|known| *known == code).unwrap();
    open.map(|(code, _)| known(code)).collect()
}

/// A winery whose compliance service is left out, and whose warehouse has credits for all of it.
pub(crate) async fn winery() -> Winery {
    let options = Options { credits: 1_000_000, credits_a_second: 100_000, ..Options::default() };
    winery_with(House { options, route: CUSTOMS, ..House::default() }).await
}

/// The same with a shop that is known by its webhooks alone: what a test delivers by hand is no order of the played one.
pub(crate) async fn winery_unasked() -> Winery {
    let options = Options { credits: 1_000_000, credits_a_second: 100_000, ..Options::default() };
    let (house, route) = (House { options, ..House::default() }, r#"only_tags = ["for compliance"]"#);
    Winery::with(Setup { house: Some(house), route: Some(route), unasked: true, ..Setup::default() }).await
}

/// A winery whose compliance service is left out.
pub(crate) async fn winery_with(house: House<'_>) -> Winery {
    let route = r#"only_tags = ["for compliance"]"#;
    Winery::with(Setup { house: Some(house), route: Some(route), ..Setup::default() }).await
}
