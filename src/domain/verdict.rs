//! Judgements: whether an order may ship, and where a part of it may, what stays back. A judgement is of the order as it was
//! judged; it says nothing of what the order became since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RemoteId;
use super::copy::OrderCopy;

/// A destination's judgement of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it may ship.
    pub passed: bool,
    /// The vendor's word for it.
    pub word: String,
    /// What speaks against it, in the vendor's words.
    pub findings: Vec<String>,
    /// Of an order that may not ship as it is: what was found of each of its lines.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<RemoteId, LineVerdict>,
}

/// A destination's judgement of one line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineVerdict {
    /// Whether it may ship.
    pub passed: bool,
    /// What speaks against it, in the vendor's words.
    pub findings: Vec<String>,
}

impl Verdict {
    /// Whether the order may not ship, and some of its lines may.
    pub fn is_partial(&self) -> bool {
        let passes = |passed: bool| self.lines.values().any(|line| line.passed == passed);
        !self.passed && passes(true) && passes(false)
    }
}

/// What of an order stays back while the rest goes, where its route lets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// The order as it was judged, whole. Of any other, nothing is known yet.
    pub of: Box<OrderCopy>,
    /// The lines that may not ship, and what was found of them.
    pub lines: BTreeMap<RemoteId, LineVerdict>,
}

impl Withheld {
    /// Whether anything goes at all.
    pub fn spares(&self) -> bool {
        self.of.items.iter().any(|item| !self.lines.contains_key(&item.line))
    }
}
