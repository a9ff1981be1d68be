//! What left the warehouse, in the domain's terms: each valid label is a parcel of its own.
//!
//! Which of the order's lines a parcel holds follows from the lines of the order there, and where an order was split, from
//! those of each part. Nothing is decided here of what the shop is told.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::Settings;
use super::api::whole;
use super::order::{is_set, is_valid, lines_of, list, nodes, text};
use crate::domain::RemoteId;
use crate::domain::copy::{Item, OrderCopy};
use crate::domain::fulfillment::{Rank, Shipment};
use crate::domain::mirror::Seen;

/// What a label says instead of a number where the buyer collects, and of a carrier where there is none.
const NONE: [&str; 2] = ["Pickup", "genericlabel"];

/// What left of an order, and of its parts where it was split. A label that was made again, with what the voided one was on, is
/// the same parcel under another number.
pub(super) fn shipments(seen: &Seen, copy: &OrderCopy, settings: &Settings) -> Vec<Shipment> {
    let mut line_of = BTreeMap::<&str, usize>::new();
    let mut labels: Vec<Parcel<'_>> = Vec::new();
    for content in seen.contents() {
        let lines = lines_of(copy, content).into_iter().enumerate();
        line_of.extend(lines.filter_map(|(at, line)| Some((text(&line?["id"]), at))));
    }
    for shipment in seen.contents().flat_map(|content| list(&content["shipments"])) {
        let ready = settings.at_label || shipment["completed"].as_bool().unwrap_or(true);
        let all: Vec<&Value> = labels_of(shipment).collect();
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
            labels.push(Parcel { label, units, ready, warehouse: warehouse(label, shipment) });
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
    let mut valid: Vec<_> = labels.iter().enumerate().filter(|(_, parcel)| is_valid(parcel.label)).collect();
    // A bundle is in the parcel that makes it whole, and those that count as shipped come first.
    valid.sort_by_key(|(_, parcel)| !parcel.ready);
    let mut bundles = Bundles::of(copy);
    valid
        .into_iter()
        .map(|(at, parcel)| {
            let label = parcel.label;
            // What stands for «none» where the vendor wants something is no number and no carrier.
            let filled = |value: &Value| {
                let said = Some(text(value)).filter(|text| !text.is_empty());
                said.filter(|said| !NONE.iter().any(|none| none.eq_ignore_ascii_case(said)))
                    .map(str::to_owned)
            };
            let number = filled(&label["tracking_number"]);
            Shipment {
                id: text(&labels[first_of[at]].label["id"]).into(),
                warehouse: parcel.warehouse.clone(),
                lines: Some(bundles.order_lines(&line_of, &parcel.units)),
                carrier: filled(&label["carrier"]),
                urls: filled(&label["tracking_url"]).filter(|_| number.is_some()).into_iter().collect(),
                numbers: number.into_iter().collect(),
                rank: rank(label, parcel.ready),
                undone: false,
                told: settings.native,
            }
        })
        .collect()
}

/// The labels of a shipment. What was marked as shipped without one is a parcel without a number, and says itself how far it
/// has come.
pub(super) fn labels_of(shipment: &Value) -> impl Iterator<Item = &Value> {
    let labels = &shipment["shipping_labels"];
    let none = labels.as_array().is_some_and(Vec::is_empty);
    list(labels).chain(none.then_some(shipment))
}

/// How far the parcel of a label has come; `ready` says whether it counts as shipped.
fn rank(label: &Value, ready: bool) -> Rank {
    let handed_over = if ready { Rank::Shipped } else { Rank::Labelled };
    let said = [
        is_set(&label["picked_up"]).then_some(Rank::InTransit),
        by_word(text(&label["tracking_status"])),
        is_set(&label["delivered"]).then_some(Rank::Delivered),
    ];
    said.into_iter().flatten().fold(handed_over, Rank::max)
}

/// Whether all labels of an order that count say that their parcels arrived.
pub(super) fn has_arrived(order: &Value) -> bool {
    let labels = list(&order["shipments"]).flat_map(labels_of);
    let mut valid = labels.filter(|label| is_valid(label)).peekable();
    valid.peek().is_some() && valid.all(|label| rank(label, true) == Rank::Delivered)
}

/// How far a parcel has come by its `tracking_status`. The schema has it as plain text and no page lists its words, so only
/// those count that carriers' trackers share and that mean one thing however they are spelled; others say nothing.
fn by_word(status: &str) -> Option<Rank> {
    let letters = status.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    Some(match letters.collect::<String>().as_str() {
        "pickedup" | "accepted" | "intransit" | "transit" | "delayed" => Rank::InTransit,
        "outfordelivery" => Rank::OutForDelivery,
        "attempteddelivery" | "deliveryattempted" | "attemptfail" | "availableforpickup" => Rank::Attempted,
        "failure" | "failed" | "deliveryfailed" | "undeliverable" | "returntosender" | "returned" => {
            Rank::Failed
        }
        "delivered" => Rank::Delivered,
        _ => return None,
    })
}

struct Parcel<'s> {
    label: &'s Value,
    /// Units by the id of the line there.
    units: BTreeMap<String, u32>,
    ready: bool,
    /// What the warehouse that it left from is called.
    warehouse: Vec<String>,
}

/// What the warehouse of a label is called there: its number, as people and webhooks have it; its id, which the API makes of
/// that number; its name. A label that names none left from where its shipment did.
fn warehouse(label: &Value, shipment: &Value) -> Vec<String> {
    let id = [label, shipment].map(|of| text(&of["warehouse_id"])).into_iter().find(|id| !id.is_empty());
    let plain = id.and_then(|id| String::from_utf8(BASE64.decode(id).ok()?).ok());
    let number = plain.as_deref().and_then(|plain| plain.strip_prefix("Warehouse:"));
    let name = Some(text(&label["warehouse"])).filter(|name| !name.is_empty());
    [number, id, name].into_iter().flatten().map(str::to_owned).collect()
}

/// What became of bundles, parcel by parcel: one has left where all its parts have, in whatever parcels.
struct Bundles<'c> {
    copy: &'c OrderCopy,
    /// Units of each item that left so far.
    left: Vec<u32>,
    /// Bundles that are told of, by line.
    told: BTreeMap<&'c RemoteId, u32>,
}

impl<'c> Bundles<'c> {
    fn of(copy: &'c OrderCopy) -> Self {
        Self { copy, left: vec![0; copy.items.len()], told: BTreeMap::new() }
    }

    fn parts(&self, line: &RemoteId) -> impl Iterator<Item = (usize, &'c Item)> {
        self.copy.items.iter().enumerate().filter(move |(_, item)| item.line == *line)
    }

    fn is_bundle(&self, item: &Item) -> bool {
        item.quantity != item.of_line || self.parts(&item.line).nth(1).is_some()
    }

    /// Units of the order's lines that one more parcel holds, from units of the lines there.
    fn order_lines(
        &mut self,
        line_of: &BTreeMap<&str, usize>,
        units: &BTreeMap<String, u32>,
    ) -> BTreeMap<RemoteId, u32> {
        let (mut told, mut begun) = (BTreeMap::new(), BTreeSet::new());
        for (there, count) in units {
            let Some(at) = line_of.get(there.as_str()).copied() else {
                // Not a line of the order: told all the same, so that it is not lost.
                told.insert(RemoteId::from(there.as_str()), *count);
                continue;
            };
            let item = &self.copy.items[at];
            if self.is_bundle(item) {
                self.left[at] = self.left[at].saturating_add(*count);
                begun.insert(&item.line);
            } else {
                *told.entry(item.line.clone()).or_insert(0) += *count;
            }
        }
        for line in begun {
            let whole = self.parts(line).map(|(at, item)| {
                // Units of a part in one bundle.
                let each = item.quantity.checked_div(item.of_line).unwrap_or(1).max(1);
                self.left[at] / each
            });
            let whole = whole.min().unwrap_or_default();
            let before = self.told.insert(line, whole).unwrap_or_default();
            if whole > before {
                told.insert(line.clone(), whole - before);
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_label_says_how_far_its_parcel_has_come_and_a_word_nobody_knows_says_nothing() {
        let table = [
            (json!({}), Rank::Shipped),
            (json!({ "picked_up": false, "delivered": null, "tracking_status": null }), Rank::Shipped),
            (json!({ "picked_up": true }), Rank::InTransit),
            (json!({ "tracking_status": "In Transit" }), Rank::InTransit),
            (json!({ "tracking_status": "OUT_FOR_DELIVERY", "picked_up": true }), Rank::OutForDelivery),
            (json!({ "tracking_status": "attempted_delivery" }), Rank::Attempted),
            (json!({ "tracking_status": "return-to-sender" }), Rank::Failed),
            (json!({ "tracking_status": "delivered" }), Rank::Delivered),
            (json!({ "tracking_status": "in_transit", "delivered": true }), Rank::Delivered),
            (json!({ "tracking_status": "not delivered" }), Rank::Shipped),
            (json!({ "tracking_status": "exception" }), Rank::Shipped),
        ];
        for (label, expected) in table {
            assert_eq!(rank(&label, true), expected, "{label}");
            let labelled = rank(&label, false);
            assert_eq!(
                labelled,
                if expected == Rank::Shipped { Rank::Labelled } else { expected },
                "{label}"
            );
        }
    }

    #[test]
    fn a_label_counts_until_it_is_voided_or_given_back() {
        let table = [
            (json!({ "status": "valid", "refunded": false, "needs_refund": null }), true),
            (json!({}), true),
            (json!({ "status": "VOID" }), false),
            (json!({ "status": "voided" }), false),
            (json!({ "status": "cancelled" }), false),
            (json!({ "status": "valid", "refunded": true }), false),
            (json!({ "status": "valid", "needs_refund": true }), false),
        ];
        for (label, expected) in table {
            assert_eq!(is_valid(&label), expected, "{label}");
        }
    }

    #[test]
    fn the_warehouse_is_the_labels_or_its_shipments_with_its_number_before_its_name() {
        let id = "V2FyZWhvdXNlOjc2NzMz";
        let table = [
            (json!({ "warehouse_id": id, "warehouse": "Primary" }), json!({}), vec!["76733", id, "Primary"]),
            (
                json!({ "warehouse_id": id }),
                json!({ "warehouse_id": "V2FyZWhvdXNlOjc2NzM0" }),
                vec!["76733", id],
            ),
            (json!({ "warehouse": null }), json!({ "warehouse_id": id }), vec!["76733", id]),
            // An id of another form, and of another kind of thing, is told as it is.
            (json!({ "warehouse_id": "76733" }), json!({}), vec!["76733"]),
            (json!({ "warehouse_id": "T3JkZXI6MQ==", "warehouse": " " }), json!({}), vec!["T3JkZXI6MQ=="]),
            (json!({}), json!({}), vec![]),
        ];
        for (label, shipment, expected) in table {
            assert_eq!(warehouse(&label, &shipment), expected, "{label} {shipment}");
        }
    }
}
