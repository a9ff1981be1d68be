//! An order as the warehouse has it.
//!
//! What a client wrote and the vendor hands back unchanged is kept as it was spelled, in `fields`; what the vendor
//! works with (quantities, holds, allocations, picks) has a place of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The holds that a client or a person can set.
pub const HOLDS: [&str; 5] = ["payment_hold", "operator_hold", "fraud_hold", "address_hold", "client_hold"];
/// The hold that only a known carrier and method take away.
pub(super) const METHOD_HOLD: &str = "shipping_method_hold";

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) id: i64,
    /// Whose order it is: the account's own, or one of those it packs for.
    pub(super) owner: i64,
    pub(super) fields: Map<String, Value>,
    pub(super) lines: Vec<Line>,
    /// The holds in force.
    pub(super) holds: BTreeMap<&'static str, bool>,
    pub(super) allocations: Vec<Allocation>,
    /// Where it is to be packed, if somebody said so.
    pub(super) warehouse: Option<i64>,
    /// Whether somebody took its stock away and it is not to be allocated by itself.
    pub(super) unallocated_by_hand: bool,
    /// Whether picking or packing has begun.
    pub(super) is_locked: bool,
    pub(super) notes: Vec<Note>,
    /// The other orders it was merged with, and which of them is the one that ships.
    pub(super) merged: Vec<(i64, bool)>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) fields: Map<String, Value>,
    pub(super) quantity: i64,
    pub(super) pending: i64,
    pub(super) shipped: i64,
    pub(super) picks: Vec<Pick>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Units taken from a shelf into a tote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) id: i64,
    pub(super) tote: i64,
    pub(super) quantity: i64,
    /// Whether they are in the tote now.
    pub(super) current: bool,
    pub(super) at: Timestamp,
}

/// Stock set aside for an order in one warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allocation {
    pub(super) warehouse: i64,
    pub(super) reference: String,
    pub(super) at: Timestamp,
    /// Line and units.
    pub(super) units: BTreeMap<i64, i64>,
}

/// An entry of an order's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) id: i64,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) at: Timestamp,
}

/// A text among fields; empty if there is none.
pub(super) fn text<'f>(fields: &'f Map<String, Value>, name: &str) -> &'f str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Line {
    pub(super) fn sku(&self) -> &str {
        text(&self.fields, "sku")
    }

    /// Units in a tote now.
    pub(super) fn in_tote(&self) -> i64 {
        self.picks.iter().filter(|pick| pick.current).map(|pick| pick.quantity).sum()
    }
}

impl Order {
    pub(super) fn number(&self) -> &str {
        text(&self.fields, "order_number")
    }

    pub(super) fn status(&self) -> &str {
        text(&self.fields, "fulfillment_status")
    }

    pub(super) fn set_status(&mut self, status: &str) {
        self.fields.insert("fulfillment_status".to_owned(), status.into());
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.status().to_ascii_lowercase().starts_with("cancel")
    }

    /// Whether the warehouse still has something to do with it.
    pub(super) fn is_open(&self) -> bool {
        !self.is_cancelled() && !self.status().eq_ignore_ascii_case("fulfilled")
    }

    pub(super) fn is_held(&self) -> bool {
        self.holds.values().any(|held| *held)
    }

    pub(super) fn is_held_by(&self, hold: &str) -> bool {
        self.holds.get(hold).copied().unwrap_or_default()
    }

    pub(super) fn line(&self, id: i64) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    pub(super) fn line_mut(&mut self, id: i64) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.id == id)
    }

    /// Units of a line set aside anywhere.
    pub(super) fn allocated(&self, line: i64) -> i64 {
        self.allocations.iter().filter_map(|a| a.units.get(&line)).sum()
    }

    /// Whether a packer who scans it now may go on.
    pub(super) fn ready_to_ship(&self, allocation: &Allocation, now: &str) -> bool {
        let may_part = self.fields.get("allow_partial").and_then(Value::as_bool).unwrap_or_default();
        let all = self.lines.iter().all(|line| self.allocated(line.id) >= line.pending);
        let day = text(&self.fields, "hold_until_date");
        self.is_open()
            && !self.is_held()
            && !allocation.units.is_empty()
            && (all || may_part)
            && (day.is_empty() || day <= now)
    }
}
