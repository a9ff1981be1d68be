//! What the API shows of an order, in the domain's terms.
//!
//! Everything is read leniently: numbers as numbers or text, lists that may be missing, statuses in any case. What the token
//! may not see comes as null, and null is never taken for something that a person removed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use super::Settings;
use super::api::whole;
use super::parcels::{has_arrived, labels_of};
use crate::domain::RemoteId;
use crate::domain::address::Address;
use crate::domain::copy::{Field, Item, OrderCopy, Stage};
use crate::domain::customs::Customs;
use crate::domain::mirror::{Observed, Part, Rearranged, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::Differences;

/// What is not part of an order's content: it moves by itself, and is followed apart.
const MOVING: &[&str] = &["updated_at", "allocations"];

/// Nodes of a connection.
pub(super) fn nodes(connection: &Value) -> impl Iterator<Item = &Value> {
    connection["edges"].as_array().into_iter().flatten().map(|edge| &edge["node"])
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim()
}

fn amount(value: &Value) -> Decimal {
    text(value).parse::<Decimal>().unwrap_or_default().normalize()
}

pub(super) fn is_set(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// Whether a status means cancelled, as webhooks and the schema spell it.
pub(super) fn is_cancelled(order: &Value) -> bool {
    text(&order["fulfillment_status"]).to_ascii_lowercase().starts_with("cancel")
}

/// Whether a page cut the order short, or one of its shipments: those have a line for each label that units are in.
pub(super) fn is_cut(order: &Value) -> bool {
    [order]
        .into_iter()
        .chain(list(&order["shipments"]))
        .any(|of| is_set(&of["line_items"]["pageInfo"]["hasNextPage"]))
}

/// Whether a label counts: neither voided nor to be.
pub(super) fn is_valid(label: &Value) -> bool {
    let status = text(&label["status"]).to_ascii_lowercase();
    let voided = ["void", "cancel", "refund"].iter().any(|word| status.starts_with(word));
    !voided && !is_set(&label["refunded"]) && !is_set(&label["needs_refund"])
}

/// Whether another order there ships for it.
pub(super) fn is_merged(order: &Value) -> bool {
    list(&order["merged_orders"]).any(|other| is_set(&other["is_master"]))
}

/// Whether it was taken back before anything of it left. What left stays on its way, whatever became of the rest.
pub(super) fn is_taken_back(order: &Value) -> bool {
    is_cancelled(order) && !left_in_part(order)
}

/// Whether anything of it left.
fn left_in_part(order: &Value) -> bool {
    nodes(&order["line_items"]).any(|line| whole(&line["quantity_shipped"]).unwrap_or_default() > 0)
        || list(&order["shipments"]).any(|shipment| labels_of(shipment).any(is_valid))
}

/// Whether it has left, all of it that ever will.
pub(super) fn has_left(order: &Value) -> bool {
    stage(order, false) >= Stage::Shipped
}

/// How far one order there is.
fn stage(order: &Value, held: bool) -> Stage {
    let lines = || nodes(&order["line_items"]).filter(|line| !is_cancelled(line));
    let pending = lines().any(|line| whole(&line["quantity_pending_fulfillment"]).unwrap_or_default() > 0);
    let in_hand = list(&order["allocations"]).any(|allocation| is_set(&allocation["is_locked"]))
        || lines().any(|line| list(&line["tote_picks"]).any(|pick| whole(&pick["current"]) == Some(1)));
    let fulfilled = text(&order["fulfillment_status"]).eq_ignore_ascii_case("fulfilled");
    // What is left of an order that was shipped in part can be edited like any other, once no tote holds it.
    if fulfilled || is_cancelled(order) || (left_in_part(order) && !pending) {
        if has_arrived(order) { Stage::Delivered } else { Stage::Shipped }
    } else if in_hand {
        Stage::Packing
    } else if held {
        Stage::Held
    } else {
        Stage::Released
    }
}

fn part(order: &Value, settings: &Settings) -> Part {
    let held = is_set(&order["holds"][settings.hold.flag()]);
    Part { id: text(&order["id"]).into(), stage: stage(order, held), held, content: content(order) }
}

/// The order as it stands, with the other orders that units of it were moved to.
pub(super) fn observed(order: &Value, others: &[&Value], settings: &Settings, at: Timestamp) -> Observed {
    let merged = is_merged(order);
    if order.is_null() || (is_taken_back(order) && !merged) {
        return Observed::Absent;
    }
    let shown = part(order, settings);
    let (remote, content) = (shown.id.clone(), shown.content.clone());
    let mut parts = vec![shown];
    parts.extend(others.iter().map(|other| part(other, settings)));
    let (stage, held) = Part::together(&parts);
    if others.is_empty() {
        parts.clear();
    }
    Observed::Present(Seen {
        committed: true,
        stage,
        held,
        remote: Some(remote),
        numbers: BTreeSet::new(),
        content,
        rearranged: Rearranged { merged, parts },
        verdict: None,
        version: Some(text(&order["updated_at"]).to_owned()).filter(|version| !version.is_empty()),
        at,
    })
}

/// What an order says, without what moves by itself.
fn content(order: &Value) -> Value {
    let mut content = order.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.retain(|name, _| !MOVING.contains(&name.as_str()));
    }
    for edge in content["line_items"]["edges"].as_array_mut().into_iter().flatten() {
        if let Some(line) = edge["node"].as_object_mut() {
            line.remove("tote_picks");
        }
    }
    content
}

/// The number of the line there that stands for an item: the line's id, with a count behind it where a bundle has several.
pub(super) fn partner_ids(copy: &OrderCopy) -> Vec<String> {
    let mut seen = BTreeMap::<&RemoteId, u32>::new();
    copy.items
        .iter()
        .map(|item| {
            let nth = seen.entry(&item.line).or_default();
            *nth += 1;
            if *nth == 1 { item.line.to_string() } else { format!("{}-{nth}", item.line) }
        })
        .collect()
}

/// Which line there stands for each item of a copy: by its number, else the only one with that SKU.
pub(super) fn lines_of<'s>(copy: &OrderCopy, content: &'s Value) -> Vec<Option<&'s Value>> {
    let open: Vec<&Value> = nodes(&content["line_items"]).filter(|line| !is_cancelled(line)).collect();
    let partners = partner_ids(copy);
    let by_number: Vec<Option<&Value>> = partners
        .iter()
        .map(|partner| {
            // One that was cancelled keeps its number, and comes back by it.
            nodes(&content["line_items"]).find(|line| text(&line["partner_line_item_id"]) == partner)
        })
        .collect();
    let taken: BTreeSet<&str> = by_number.iter().flatten().map(|line| text(&line["id"])).collect();
    let items = copy.items.iter().zip(by_number);
    items
        .map(|(item, found)| {
            found.or_else(|| {
                let same = |line: &&&Value| is_of(line, item) && !taken.contains(text(&line["id"]));
                let alone = copy.items.iter().filter(|other| other.product == item.product).count() == 1;
                let mut same = open.iter().filter(same);
                match (same.next(), same.next()) {
                    (Some(line), None) if alone => Some(*line),
                    _ => None,
                }
            })
        })
        .collect()
}

/// Carrier and method of a service code, as `carrier/method`.
pub(super) fn carrier_and_method(service: &str) -> (&str, &str) {
    let (carrier, method) = service.split_once('/').unwrap_or((service, ""));
    (carrier.trim(), method.trim())
}

/// In what the order there is not what the copy says.
pub(super) fn differences(
    copy: &OrderCopy,
    was: Option<&OrderCopy>,
    seen: &Seen,
    settings: &Settings,
) -> Differences {
    let content = &seen.content;
    let mut differences = Differences::default();
    if was.is_some_and(|was| goods_strayed(was, copy, content)) {
        differences.strayed.insert(Field::Items);
    }
    for (field, party, shown) in [
        (Field::ShipTo, &copy.ship_to, &content["shipping_address"]),
        (Field::BillTo, &copy.bill_to, &content["billing_address"]),
    ] {
        if is_blank(shown) {
            differences.hidden.insert(field);
        } else if !same_address(&party.address, shown) {
            differences.known.insert(field);
        }
    }
    let mut differ = |field, differs: bool| {
        if differs {
            differences.known.insert(field);
        }
    };
    let shipping = &content["shipping_lines"];
    let (carrier, method) = carrier_and_method(&copy.service);
    differ(
        Field::Service,
        !text(&shipping["carrier"]).eq_ignore_ascii_case(carrier)
            || !text(&shipping["method"]).eq_ignore_ascii_case(method),
    );
    differ(Field::Items, !same_items(copy, content, settings));
    differ(Field::Customs, !same_customs(copy, was, content));
    let note = |of: &Option<String>| of.clone().unwrap_or_default();
    differ(
        Field::Notes,
        text(&content["packing_note"]) != note(&copy.note).trim()
            || (!content["gift_note"].is_null()
                && text(&content["gift_note"]) != note(&copy.gift_note).trim())
            || (content["gift_note"].is_null() && copy.gift_note.is_some()),
    );
    let tags: BTreeSet<String> = list(&content["tags"]).map(|tag| text(tag).to_owned()).collect();
    differ(Field::Tags, tags != copy.tags);
    if settings.native {
        // The account's own integration keeps these; two writers would fight.
        return differences;
    }
    let day = text(&content["required_ship_date"]);
    differ(Field::ShipOn, day.get(..10) != Some(copy.ship_on.to_string().as_str()));
    differ(
        Field::Amounts,
        amount(&content["total_tax"]) != copy.tax.normalize()
            || amount(&shipping["price"]) != copy.shipping.normalize()
            || amount(&content["total_discounts"]) != copy.discounts(),
    );
    differences
}

/// What a line there is worth to the customs.
pub(super) fn value_of(line: &Value) -> Option<Decimal> {
    text(&line["customs_value"]).parse::<Decimal>().ok().map(|value| value.normalize())
}

/// Whether the order there tells the customs what it should. Of one that needs nothing only what we had it tell counts. What
/// its products tell is not seen with it, so that counts as it was last made.
fn same_customs(copy: &OrderCopy, was: Option<&OrderCopy>, content: &Value) -> bool {
    let made = was.and_then(|was| was.customs.as_ref());
    let kept = |customs: &Customs| made.is_some_and(|made| made.tells_products(customs));
    let told = (text(&content["incoterms"]), text(&content["tax_id"]));
    let same_order = match &copy.customs {
        Some(customs) => {
            told == (customs.incoterms.as_str(), customs.tax_id.as_deref().unwrap_or_default())
                && (was.is_none() || kept(customs))
        }
        None if made.is_some() => told == ("", ""),
        None => return true,
    };
    let lines = copy.items.iter().zip(lines_of(copy, content));
    same_order
        && lines
            .into_iter()
            .all(|(item, line)| line.is_none_or(|line| value_of(line) == copy.customs_value(item)))
}

/// Whether an object holds nothing that can be read.
fn is_blank(value: &Value) -> bool {
    value.as_object().is_none_or(|fields| fields.values().all(Value::is_null))
}

fn same_items(copy: &OrderCopy, content: &Value, settings: &Settings) -> bool {
    let found = lines_of(copy, content);
    let same = |(item, line): (&Item, Option<&Value>)| {
        line.is_some_and(|line| {
            whole(&line["quantity"]) == Some(item.quantity)
                && is_of(line, item)
                && (settings.native || amount(&line["price"]) == item.unit_price.normalize())
        })
    };
    let open = nodes(&content["line_items"])
        .filter(|line| !is_cancelled(line) && whole(&line["quantity"]).unwrap_or_default() > 0);
    copy.items.iter().zip(found).all(same) && open.count() == copy.items.len()
}

/// Whether a line that changed on our side holds, there, units that are neither as we last made them nor as they should be.
fn goods_strayed(was: &OrderCopy, copy: &OrderCopy, content: &Value) -> bool {
    let made: BTreeMap<String, &Item> = partner_ids(was).into_iter().zip(&was.items).collect();
    let wanted = copy.items.iter().zip(partner_ids(copy)).zip(lines_of(copy, content));
    // Nothing is known to have been made: what is there is made as it should be.
    !made.is_empty()
        && wanted.into_iter().any(|((item, partner), line)| {
            let there = line.and_then(|line| whole(&line["quantity"])).unwrap_or_default();
            match made.get(&partner).filter(|made| made.product == item.product) {
                Some(made) => {
                    made.quantity != item.quantity && there != made.quantity && there != item.quantity
                }
                None => there != 0 && there != item.quantity && line.is_some_and(|line| is_of(line, item)),
            }
        })
}

/// Whether a line there is of an item's product.
pub(super) fn is_of(line: &Value, item: &Item) -> bool {
    text(&line["sku"]).eq_ignore_ascii_case(&item.product)
}

fn same_address(ours: &Address, shown: &Value) -> bool {
    let same = |ours: &Option<String>, shown: &Value| {
        ours.as_deref().unwrap_or_default().trim().eq_ignore_ascii_case(text(shown))
    };
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
    };
    // The vendor completes ZIP codes, and writes names of countries and states where it was given codes.
    let zip = (letters(ours.postal_code.as_deref().unwrap_or_default()), letters(text(&shown["zip"])));
    let same_zip = zip.0 == zip.1
        || (ours.country.as_deref().is_none_or(|country| country == "US")
            && zip.0.len() >= 5
            && zip.1.len() >= 5
            && zip.0.get(..5) == zip.1.get(..5));
    let code = |ours: &Option<String>, shown: &Value| text(shown).chars().count() > 3 || same(ours, shown);
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    same(&ours.first_name, &shown["first_name"])
        && same(&ours.last_name, &shown["last_name"])
        && same(&ours.company, &shown["company"])
        && same(&ours.street1, &shown["address1"])
        && same(&ours.street2, &shown["address2"])
        && same(&ours.city, &shown["city"])
        && code(&ours.province, &shown["state"])
        && same_zip
        && code(&ours.country, &shown["country"])
        && digits(ours.phone.as_deref().unwrap_or_default()) == digits(text(&shown["phone"]))
}

/// What a person must see to there, though nothing is owed.
pub(super) fn obstacle(copy: &OrderCopy, seen: &Seen) -> Option<Reason> {
    let content = &seen.content;
    let ended = seen.contents().any(is_cancelled);
    if seen.stage >= Stage::Shipped && !ended {
        return None;
    }
    // Where it was split, all parts together hold what one should; one that was cancelled holds what left of it.
    let mut there = vec![0_u32; copy.items.len()];
    for order in seen.contents() {
        let held = if is_cancelled(order) { "quantity_shipped" } else { "quantity" };
        for (units, line) in there.iter_mut().zip(lines_of(copy, order)) {
            *units += line.and_then(|line| whole(&line[held])).unwrap_or_default();
        }
    }
    let lacks = copy.items.iter().zip(there).any(|(item, units)| units < item.quantity);
    if lacks && ended {
        return Some(Reason::new(
            ReasonCode::RearrangedAtDestination,
            format!("order {} was cancelled at ShipHero after a part of it had left", copy.name),
            "what left is told to the channel; take the rest off the order there, or enter it at ShipHero again under the same partner \
             order id, then accept the copy as it is",
        ));
    }
    if lacks && !content.is_null() {
        return Some(Reason::new(
            ReasonCode::RearrangedAtDestination,
            format!("order {} holds fewer units at ShipHero than it should: it was edited there", copy.name),
            "put the units back there, or edit the order at the channel; nothing that a person did is undone by itself",
        ));
    }
    let on = |hold: &str| seen.contents().any(|part| !has_left(part) && is_set(&part["holds"][hold]));
    let (hold, mend) = if on("address_hold") {
        (
            "address",
            "correct the address at the channel, or take the hold off at ShipHero if the address is right",
        )
    } else if on("shipping_method_hold") {
        (
            "shipping method",
            "map the rate in the route's methods to a carrier/method that the account has; nothing else takes this hold off",
        )
    } else if on("payment_hold") && copy.stage == Stage::Released {
        // ShipHero itself puts it on when Capture Payment is refused, and takes it off by no word of ours.
        ("payment", "the order may ship now: take the hold off at ShipHero")
    } else {
        return None;
    };
    Some(Reason::new(
        ReasonCode::HeldAtDestination,
        format!("ShipHero put order {} on {hold} hold", copy.name),
        mend,
    ))
}
