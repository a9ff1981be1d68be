//! Shipments: what left the house, in which parcels, under which labels.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What left the house at one time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shipment {
    pub(super) id: i64,
    pub(super) order: i64,
    pub(super) warehouse: i64,
    pub(super) lines: Vec<ShippedLine>,
    pub(super) labels: Vec<Label>,
    /// `Address` of the schema.
    pub(super) address: Value,
    pub(super) profile: String,
    pub(super) shipped_off_shiphero: bool,
    /// Whether the shop was told; a bulk shipment is not, until somebody completes it.
    pub(super) completed: bool,
    pub(super) created_at: Timestamp,
}

/// Units of a line of the order in a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShippedLine {
    pub(super) id: i64,
    pub(super) line: i64,
    pub(super) label: Option<i64>,
    pub(super) quantity: i64,
}

/// A label on one parcel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) id: i64,
    pub(super) carrier: String,
    pub(super) method: String,
    pub(super) name: String,
    pub(super) cost: String,
    pub(super) tracking_number: Option<String>,
    pub(super) tracking_url: Option<String>,
    /// `LabelResource` of the schema.
    pub(super) resource: Value,
    /// `Dimensions` of the schema.
    pub(super) dimensions: Value,
    pub(super) is_void: bool,
    pub(super) created_at: Timestamp,
    pub(super) way: Way,
}

/// What is known of a parcel's way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Way {
    /// Its carrier has it.
    pub picked_up: bool,
    /// It arrived.
    pub delivered: bool,
    /// What its carrier says last; the words are not published.
    pub tracking_status: Option<String>,
}

impl Shipment {
    /// Whether every label it had was voided.
    pub(super) fn is_void(&self) -> bool {
        !self.labels.is_empty() && self.labels.iter().all(|label| label.is_void)
    }

    /// Whether all that is valid of it came so far.
    pub(super) fn all(&self, came: impl Fn(&Way) -> bool) -> bool {
        let mut valid = self.labels.iter().filter(|label| !label.is_void).peekable();
        valid.peek().is_some() && valid.all(|label| came(&label.way))
    }

    pub(super) fn has_valid_label(&self) -> bool {
        self.labels.iter().any(|label| !label.is_void)
    }
}
