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
use crate::domain::RemoteId;
use crate::domain::address::Address;
use crate::domain::copy::{Field, Item, OrderCopy, Stage};
use crate::domain::fulfillment::{Rank, Shipment};
use crate::domain::mirror::{Observed, Seen};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::step::Differences;

/// What is not part of an order's content: it moves by itself, and is followed apart.
const MOVING: &[&str] = &["updated_at", "allocations"];

/// Nodes of a connection.
pub(super) fn nodes(connection: &Value) -> impl Iterator<Item = &Value> {
    connection["edges"].as_array().into_iter().flatten().map(|edge| &edge["node"])
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim()
}

fn amount(value: &Value) -> Decimal {
    text(value).parse::<Decimal>().unwrap_or_default().normalize()
}

fn is_set(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// Whether a status means cancelled, as webhooks and the schema spell it.
pub(super) fn is_cancelled(order: &Value) -> bool {
    text(&order["fulfillment_status"]).to_ascii_lowercase().starts_with("cancel")
}

/// Whether a page cut the order short.
pub(super) fn is_cut(order: &Value) -> bool {
    is_set(&order["line_items"]["pageInfo"]["hasNextPage"])
}

/// Whether a label counts: neither voided nor to be.
fn is_valid(label: &Value) -> bool {
    let status = text(&label["status"]).to_ascii_lowercase();
    !status.starts_with("void") && !status.starts_with("cancel") && !status.starts_with("refund")
}

/// The order as it stands.
pub(super) fn observed(order: &Value, settings: &Settings, at: Timestamp) -> Observed {
    if order.is_null() || is_cancelled(order) {
        return Observed::Absent;
    }
    let held = is_set(&order["holds"][settings.hold.flag()]);
    let lines = || nodes(&order["line_items"]).filter(|line| !is_cancelled(line));
    let pending = lines().any(|line| whole(&line["quantity_pending_fulfillment"]).unwrap_or_default() > 0);
    let left = lines().any(|line| whole(&line["quantity_shipped"]).unwrap_or_default() > 0)
        || list(&order["shipments"]).any(|shipment| list(&shipment["shipping_labels"]).any(is_valid));
    let in_hand = list(&order["allocations"]).any(|allocation| is_set(&allocation["is_locked"]))
        || lines().any(|line| list(&line["tote_picks"]).any(|pick| whole(&pick["current"]) == Some(1)));
    let fulfilled = text(&order["fulfillment_status"]).eq_ignore_ascii_case("fulfilled");
    let stage = if fulfilled || (left && !pending) {
        Stage::Shipped
    } else if left || in_hand {
        Stage::Packing
    } else if held {
        Stage::Held
    } else {
        Stage::Released
    };
    let mut content = order.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.retain(|name, _| !MOVING.contains(&name.as_str()));
    }
    for edge in content["line_items"]["edges"].as_array_mut().into_iter().flatten() {
        if let Some(line) = edge["node"].as_object_mut() {
            line.remove("tote_picks");
        }
    }
    Observed::Present(Seen {
        committed: true,
        stage,
        held,
        remote: Some(text(&order["id"]).into()),
        numbers: BTreeSet::new(),
        content,
        version: Some(text(&order["updated_at"]).to_owned()).filter(|version| !version.is_empty()),
        at,
    })
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
                let same = |line: &&&Value| {
                    text(&line["sku"]).eq_ignore_ascii_case(&item.product)
                        && !taken.contains(text(&line["id"]))
                };
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

/// All discounts together.
pub(super) fn discounts(copy: &OrderCopy) -> Decimal {
    copy.items.iter().map(|item| item.discount).sum::<Decimal>().normalize()
}

/// In what the order there is not what the copy says.
pub(super) fn differences(copy: &OrderCopy, seen: &Seen, settings: &Settings) -> Differences {
    let content = &seen.content;
    let mut differences = Differences::default();
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
            || amount(&content["total_discounts"]) != discounts(copy),
    );
    differences
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
                && text(&line["sku"]).eq_ignore_ascii_case(&item.product)
                && (settings.native || amount(&line["price"]) == item.unit_price.normalize())
        })
    };
    let open = nodes(&content["line_items"])
        .filter(|line| !is_cancelled(line) && whole(&line["quantity"]).unwrap_or_default() > 0);
    copy.items.iter().zip(found).all(same) && open.count() == copy.items.len()
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
    let merged = list(&content["merged_orders"]).any(|other| is_set(&other["is_master"]));
    if merged {
        return Some(Reason::new(
            ReasonCode::RearrangedAtDestination,
            format!("order {} was merged into another one at ShipHero, which ships for it", copy.name),
            "see to edits and to tracking by hand, or take the orders apart there",
        ));
    }
    if seen.stage >= Stage::Shipped {
        return None;
    }
    let found = lines_of(copy, content);
    let lacks = copy.items.iter().zip(found).any(|(item, line)| {
        line.and_then(|line| whole(&line["quantity"])).unwrap_or_default() < item.quantity
    });
    if lacks && !content.is_null() {
        return Some(Reason::new(
            ReasonCode::RearrangedAtDestination,
            format!(
                "order {} holds fewer units at ShipHero than it should: it was split or edited there",
                copy.name
            ),
            "put the units back there, or edit the order at the channel; nothing that a person did is undone by itself",
        ));
    }
    let (hold, mend) = if is_set(&content["holds"]["address_hold"]) {
        (
            "address",
            "correct the address at the channel, or take the hold off at ShipHero if the address is right",
        )
    } else if is_set(&content["holds"]["shipping_method_hold"]) {
        (
            "shipping method",
            "map the rate in the route's methods to a carrier/method that the account has; nothing else takes this hold off",
        )
    } else {
        return None;
    };
    Some(Reason::new(
        ReasonCode::HeldAtDestination,
        format!("ShipHero put order {} on {hold} hold", copy.name),
        mend,
    ))
}

/// What left: each valid label is a parcel of its own. A label that was made again, with what the voided one was on, is
/// the same parcel under another number.
pub(super) fn shipments(seen: &Seen, copy: &OrderCopy, settings: &Settings) -> Vec<Shipment> {
    let content = &seen.content;
    let line_of: BTreeMap<&str, usize> = lines_of(copy, content)
        .into_iter()
        .enumerate()
        .filter_map(|(at, line)| Some((text(&line?["id"]), at)))
        .collect();
    let mut labels: Vec<Parcel<'_>> = Vec::new();
    for shipment in list(&content["shipments"]) {
        let ready = settings.at_label || shipment["completed"].as_bool().unwrap_or(true);
        let all: Vec<&Value> = list(&shipment["shipping_labels"]).collect();
        for label in &all {
            let mut units = BTreeMap::<String, u32>::new();
            for line in nodes(&shipment["line_items"]) {
                let named = text(&line["shipping_label_id"]);
                // A shipment with one label need not say which lines are in it.
                if named == text(&label["id"]) || (named.is_empty() && all.len() == 1) {
                    *units.entry(text(&line["line_item_id"]).to_owned()).or_default() +=
                        whole(&line["quantity"]).unwrap_or_default();
                }
            }
            labels.push(Parcel { label, units, ready });
        }
    }
    labels.sort_by_key(|parcel| {
        (text(&parcel.label["created_date"]), RemoteId::from(text(&parcel.label["id"])))
    });
    // Chains of labels: each voided one is followed by the next one made for the same units.
    let mut first_of: Vec<usize> = (0..labels.len()).collect();
    let mut followed = vec![false; labels.len()];
    for later in 0..labels.len() {
        let before = (0..later).find(|earlier| {
            !followed[*earlier]
                && !is_valid(labels[*earlier].label)
                && labels[*earlier].units == labels[later].units
        });
        if let Some(before) = before {
            followed[before] = true;
            first_of[later] = first_of[before];
        }
    }
    let valid = labels.iter().enumerate().filter(|(_, parcel)| is_valid(parcel.label));
    valid
        .map(|(at, parcel)| {
            let label = parcel.label;
            let rank = if is_set(&label["delivered"]) {
                Rank::Delivered
            } else if parcel.ready {
                Rank::Shipped
            } else {
                Rank::Labelled
            };
            let filled = |value: &Value| Some(text(value).to_owned()).filter(|text| !text.is_empty());
            Shipment {
                id: text(&labels[first_of[at]].label["id"]).into(),
                lines: Some(order_lines(copy, &line_of, &parcel.units)),
                carrier: filled(&label["carrier"]),
                numbers: filled(&label["tracking_number"]).into_iter().collect(),
                urls: filled(&label["tracking_url"]).into_iter().collect(),
                rank,
                undone: false,
                told: settings.native,
            }
        })
        .collect()
}

struct Parcel<'s> {
    label: &'s Value,
    /// Units by the id of the line there.
    units: BTreeMap<String, u32>,
    ready: bool,
}

/// Units of the order's lines, from units of the lines there. A bundle has left where all its parts have.
fn order_lines(
    copy: &OrderCopy,
    line_of: &BTreeMap<&str, usize>,
    units: &BTreeMap<String, u32>,
) -> BTreeMap<RemoteId, u32> {
    let mut told = BTreeMap::new();
    for (there, count) in units {
        match line_of.get(there.as_str()).map(|at| &copy.items[*at]) {
            Some(item) if item.quantity == item.of_line => {
                *told.entry(item.line.clone()).or_insert(0) += *count;
            }
            Some(_) => {}
            // Not a line of the order: told all the same, so that it is not lost.
            None => {
                told.insert(RemoteId::from(there.as_str()), *count);
            }
        }
    }
    let bundled = copy.items.iter().filter(|item| item.quantity != item.of_line);
    for line in bundled.map(|item| &item.line).collect::<BTreeSet<_>>() {
        let parts = copy.items.iter().enumerate().filter(|(_, item)| item.line == *line);
        let whole_bundles = parts.map(|(at, item)| {
            let there = line_of.iter().find(|(_, index)| **index == at).map(|(id, _)| *id);
            let left = there.and_then(|id| units.get(id)).copied().unwrap_or_default();
            // Units of a part in one bundle.
            let each = item.quantity.checked_div(item.of_line).unwrap_or(1).max(1);
            left / each
        });
        if let Some(bundles) = whole_bundles.min().filter(|bundles| *bundles > 0) {
            told.insert(line.clone(), bundles);
        }
    }
    told
}
