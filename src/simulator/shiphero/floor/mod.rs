//! What people do in the warehouse, with no API in between.
//!
//! A held order can be picked, but whoever packs it is stopped; what is picked locks the order. Shipping takes from
//! the shelf, and what then remains is set aside anew.

mod later;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::edit::take;
use super::order::{Order, Pick, text};
use super::refused::Refused;
use super::shipment::{Label, Shipment, ShippedLine, Way};
use super::state::{By, State};
use super::webhook;
pub(super) use later::{add_package, complete, merge, scan, split, void_label};

const WHO: &str = "Packer";

/// Units of one line of an order, by the line's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// `legacy_id` of the line.
    pub line_item: i64,
    /// How many.
    pub quantity: i64,
}

/// What goes into one parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPackage {
    /// As the order says if absent, else UPS.
    pub carrier: Option<String>,
    /// As the order says if absent, else Ground.
    pub method: Option<String>,
    /// Made up if absent.
    pub tracking_number: Option<String>,
    /// Made from the number if absent.
    pub tracking_url: Option<String>,
    /// All the units of the shipment if empty; with several parcels each names its own.
    pub units: Vec<Units>,
}

/// A shipment to be labelled. By default everything set aside, or what is in the tote, in one parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewShipment {
    /// What leaves.
    pub units: Vec<Units>,
    /// In which parcels.
    pub packages: Vec<NewPackage>,
    /// Whether it is one of many shipped in bulk: `completed` is then false.
    pub bulk: bool,
    /// Whether it is marked as shipped elsewhere, without a label.
    pub unlabelled: bool,
}

fn counted(units: &[Units]) -> BTreeMap<i64, i64> {
    let mut counted = BTreeMap::new();
    for unit in units {
        *counted.entry(unit.line_item).or_default() += unit.quantity;
    }
    counted
}

/// Sets stock aside, or puts it back and leaves it there.
pub(super) fn allocate(state: &mut State, id: i64, wanted: bool) -> Result<(), Refused> {
    state.change(id, By::Person, if wanted { "allocate" } else { "deallocate" }, |_, order| {
        if order.is_locked {
            return Err(Refused::state("Order is locked"));
        }
        order.unallocated_by_hand = !wanted;
        Ok(())
    })
}

/// Begins to pick: the order is locked.
pub(super) fn lock(state: &mut State, id: i64) -> Result<(), Refused> {
    state.change(id, By::Person, "lock", |_, order| {
        if order.allocations.is_empty() || !order.is_open() {
            return Err(Refused::state("Nothing is set aside for the order"));
        }
        order.is_locked = true;
        Ok(())
    })
}

/// Picks units into a tote, all that is set aside if none are named.
pub(super) fn pick(state: &mut State, id: i64, tote: i64, units: &[Units]) -> Result<(), Refused> {
    state.change(id, By::Person, "pick", |state, order| {
        if order.allocations.is_empty() || !order.is_open() {
            return Err(Refused::state("Nothing is set aside for the order"));
        }
        let mut wanted = counted(units);
        if wanted.is_empty() {
            wanted = order.lines.iter().map(|l| (l.id, order.allocated(l.id) - l.in_tote())).collect();
        }
        for (line, quantity) in wanted.into_iter().filter(|(_, quantity)| *quantity != 0) {
            let most = order.allocated(line);
            let (pick, at) = (state.next_id(), state.now);
            let line = order.line_mut(line).ok_or_else(|| Refused::missing("Line item"))?;
            if quantity < 0 || line.in_tote() + quantity > most {
                return Err(Refused::invalid(format!("{most} units of {} are set aside", line.sku())));
            }
            line.picks.push(Pick { id: pick, tote, quantity, current: true, at });
        }
        order.is_locked = true;
        if order.lines.iter().all(|line| line.in_tote() == order.allocated(line.id)) {
            state.outgoing.push(webhook::tote_complete(order, tote));
        }
        Ok(())
    })
}

/// Puts what was picked back and opens the lock.
pub(super) fn clear(state: &mut State, id: i64) -> Result<(), Refused> {
    state.change(id, By::Person, "clear", |state, order| {
        order.is_locked = false;
        for line in &mut order.lines {
            line.picks.iter_mut().for_each(|pick| pick.current = false);
        }
        state.note(order, WHO, "Tote was cleared");
        Ok(())
    })
}

/// Packs from the tote.
pub(super) fn pack(state: &mut State, id: i64) -> Result<(), Refused> {
    state.change(id, By::Person, "pack", |state, order| {
        stopped(order)?;
        let tote = order.lines.iter().flat_map(|l| &l.picks).find(|pick| pick.current);
        let tote = tote.ok_or_else(|| Refused::state("Nothing of the order is in a tote"))?.tote;
        order.is_locked = true;
        state.outgoing.push(webhook::packed_out(order, tote));
        Ok(())
    })
}

/// What stops a packer.
fn stopped(order: &Order) -> Result<(), Refused> {
    if !order.is_open() {
        return Err(Refused::state(format!("Order is {}", order.status())));
    }
    if order.is_held() {
        return Err(Refused::state("Order is on hold"));
    }
    Ok(())
}

/// What would leave now, if nothing stops the packer.
pub(super) fn leaving(order: &Order, new: &NewShipment) -> Result<BTreeMap<i64, i64>, Refused> {
    stopped(order)?;
    let mut units = counted(&new.units);
    if units.is_empty() {
        units = new.packages.iter().flat_map(|package| counted(&package.units)).fold(
            BTreeMap::new(),
            |mut all, (line, count)| {
                *all.entry(line).or_default() += count;
                all
            },
        );
    }
    if units.is_empty() {
        let in_tote = order.lines.iter().any(|line| line.in_tote() > 0);
        let count = |line: &super::order::Line| {
            if in_tote { line.in_tote().min(line.pending) } else { order.allocated(line.id) }
        };
        units = order.lines.iter().map(|line| (line.id, count(line))).filter(|(_, n)| *n > 0).collect();
    }
    take(&mut order.clone(), &units)?;
    Ok(units)
}

/// Labels what leaves; returns the shipment's number.
pub(super) fn ship(state: &mut State, id: i64, new: &NewShipment) -> Result<i64, Refused> {
    state.change(id, By::Person, "ship", |state, order| {
        let units = leaving(order, new)?;
        take(order, &units)?;
        let warehouse = order
            .allocations
            .first()
            .map(|a| a.warehouse)
            .or(order.warehouse)
            .unwrap_or(state.first_warehouse());
        // What left is no longer set aside, and what remains is set aside anew when the order is kept.
        for allocation in std::mem::take(&mut order.allocations) {
            state.release(order, &allocation);
        }
        for (line, count) in &units {
            let sku = order.line(*line).map(|line| line.sku().to_owned()).unwrap_or_default();
            state.move_stock(&sku, warehouse, |on_hand| (on_hand - count).max(0));
        }
        order.is_locked = false;
        for line in &mut order.lines {
            line.picks.iter_mut().for_each(|pick| pick.current = false);
        }
        if order.lines.iter().all(|line| line.pending == 0) {
            order.set_status("fulfilled");
        }
        let shipment = shipment(state, order, warehouse, &units, new);
        state.outgoing.push(webhook::shipped(state, order, &shipment));
        state.note(order, WHO, format!("Shipment {} was created", shipment.id));
        let id = shipment.id;
        state.shipments.insert(id, shipment);
        Ok(id)
    })
}

fn shipment(
    state: &mut State,
    order: &Order,
    warehouse: i64,
    units: &BTreeMap<i64, i64>,
    new: &NewShipment,
) -> Shipment {
    let id = state.next_id();
    let whole = [NewPackage::default()];
    let packages = match new.packages.as_slice() {
        _ if new.unlabelled => &[],
        [] => whole.as_slice(),
        packages => packages,
    };
    let mut left = units.clone();
    let (mut lines, mut labels) = (Vec::new(), Vec::new());
    for package in packages {
        let label = label(state, order, package);
        let inside = if package.units.is_empty() { left.clone() } else { counted(&package.units) };
        for (line, quantity) in inside {
            let there = left.entry(line).or_default();
            let quantity = quantity.min(*there);
            if quantity > 0 {
                *there -= quantity;
                let id = state.next_id();
                lines.push(ShippedLine { id, line, label: Some(label.id), quantity });
            }
        }
        labels.push(label);
    }
    for (line, quantity) in left.into_iter().filter(|(_, quantity)| *quantity > 0) {
        let id = state.next_id();
        lines.push(ShippedLine { id, line, label: labels.first().map(|label| label.id), quantity });
    }
    Shipment {
        id,
        order: order.id,
        warehouse,
        lines,
        labels,
        address: address(order),
        profile: text(&order.fields, "profile").to_owned(),
        shipped_off_shiphero: new.unlabelled,
        completed: !new.bulk,
        created_at: state.now,
    }
}

fn label(state: &mut State, order: &Order, package: &NewPackage) -> Label {
    let id = state.next_id();
    let ordered = order.fields.get("shipping_lines");
    let said = |name: &str, otherwise: &str| {
        let said = ordered.and_then(|lines| lines[name].as_str()).filter(|said| !said.is_empty());
        said.unwrap_or(otherwise).to_owned()
    };
    let carrier = package.carrier.clone().unwrap_or_else(|| said("carrier", "UPS"));
    let number = package.tracking_number.clone().unwrap_or_else(|| tracking_number(&carrier, id));
    let url = package.tracking_url.clone();
    let url = url.unwrap_or_else(|| format!("https://tracking.example/{number}"));
    let method = package.method.clone().unwrap_or_else(|| said("method", "Ground"));
    Label {
        id,
        carrier,
        name: method.clone(),
        method,
        cost: "9.50".to_owned(),
        tracking_number: Some(number),
        tracking_url: Some(url),
        resource: json!({}),
        dimensions: json!({ "weight": "33", "height": "1", "width": "1", "length": "1" }),
        is_void: false,
        created_at: state.now,
        way: Way::default(),
    }
}

/// A number of the form that the carrier gives: UPS and the postal service end theirs with a check digit.
fn tracking_number(carrier: &str, id: i64) -> String {
    let weighed = |digits: &str, weights: [i64; 2]| -> i64 {
        let digits = digits.bytes().map(|digit| i64::from(digit - b'0'));
        let sum: i64 = digits.zip(weights.iter().cycle()).map(|(digit, weight)| digit * weight).sum();
        (10 - sum % 10) % 10
    };
    match carrier.to_ascii_lowercase().as_str() {
        "ups" => {
            let digits = format!("{id:015}");
            format!("1Z{digits}{}", weighed(&digits, [1, 2]))
        }
        "usps" => {
            let digits = format!("9400{id:017}");
            format!("{digits}{}", weighed(&digits, [3, 1]))
        }
        _ => format!("{id:012}"),
    }
}

/// An order's address in the plainer form that shipments have.
fn address(order: &Order) -> Value {
    let given = order.fields.get("shipping_address").cloned().unwrap_or_default();
    let part = |name: &str| given[name].as_str().unwrap_or_default();
    let state = if part("state").is_empty() { part("state_code") } else { part("state") };
    let country = if part("country").is_empty() { part("country_code") } else { part("country") };
    json!({
        "name": format!("{} {}", part("first_name"), part("last_name")).trim(),
        "address1": part("address1"), "address2": part("address2"), "city": part("city"), "state": state,
        "country": country, "zip": part("zip"), "phone": part("phone"),
    })
}
