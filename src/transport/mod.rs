//! The one way out: every call to an outside system goes through a [`Client`] here.
//!
//! A client keeps its connection's budget, circuit breaker and share of concurrent calls, writes down every try, and says
//! of each failure whether anything can have happened at the other end. It knows HTTP and nothing of any vendor: what a
//! status or body means beyond that is the connector's to say.

mod breaker;
mod budget;
mod client;
mod share;

pub use breaker::Breaker;
pub use budget::{Budget, Reported, Short};
pub use client::{Answer, Body, Call, Client, Effect, Limits, Log, Term, Try};
pub use share::Share;

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::reason::Reason;

/// Why a call to an outside system did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was sent: the budget or the breaker does not allow it before this instant.
    Deferred(Timestamp),
    /// Nothing happened there; try again, not before so long where the vendor said so.
    Retry {
        /// What the vendor asked to wait.
        after: Option<Duration>,
        /// What went wrong, with nothing personal or secret in it.
        why: String,
    },
    /// It may have happened: the answer was lost. Look before anything else.
    Unknown(String),
    /// The vendor said no, for this reason.
    Refused(Reason),
    /// The credentials are not accepted.
    Unauthorized(String),
}

impl Fault {
    /// A failure after which nothing has happened.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { after: None, why: why.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deferred(until) => {
                write!(f, "not sent: the connection is at its limit or resting until {until}")
            }
            Self::Retry { why, .. } => write!(f, "failed, nothing happened there: {why}"),
            Self::Unknown(why) => write!(f, "the answer was lost: {why}"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Unauthorized(why) => write!(f, "not authorised: {why}"),
        }
    }
}

/// Text as one segment of a URL's path, percent-encoded.
pub fn segment(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
