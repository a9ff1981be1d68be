//! What left the warehouse, in the domain's terms: each valid label is a parcel of its own.
//!
//! Which of the order's lines a parcel holds follows from the lines of the order there, and where an order was split, from
//! those of each part. Nothing is decided here of what the shop is told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Settings;
use super::api::whole;
use super::order::{is_set, is_valid, lines_of, list, nodes, text};
use crate::domain::RemoteId;
use crate::domain::copy::OrderCopy;
use crate::domain::fulfillment::{Rank, Shipment};
use crate::domain::mirror::Seen;

/// What a label says instead of a number where the buyer collects, and of a carrier where there is none.
const NONE: [&str; 2] = ["Pickup", "genericlabel"];

/// What left of an order, and of its parts where it was split.
pub(super) fn shipments(seen: &Seen, copy: &OrderCopy, settings: &Settings) -> Vec<Shipment> {
    let orders = std::iter::once(&seen.content).chain(&seen.rearranged.parts);
    orders.flat_map(|order| of_order(order, copy, settings)).collect()
}

/// A label that was made again, with what the voided one was on, is the same parcel under another number.
fn of_order(content: &Value, copy: &OrderCopy, settings: &Settings) -> Vec<Shipment> {
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
            // What stands for «none» where the vendor wants something is no number and no carrier.
            let filled = |value: &Value| {
                let said = Some(text(value)).filter(|text| !text.is_empty());
                said.filter(|said| !NONE.iter().any(|none| none.eq_ignore_ascii_case(said)))
                    .map(str::to_owned)
            };
            let number = filled(&label["tracking_number"]);
            Shipment {
                id: text(&labels[first_of[at]].label["id"]).into(),
                lines: Some(order_lines(copy, &line_of, &parcel.units)),
                carrier: filled(&label["carrier"]),
                urls: filled(&label["tracking_url"]).filter(|_| number.is_some()).into_iter().collect(),
                numbers: number.into_iter().collect(),
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
