//! A refusal as the vendor words it: a number and a sentence.
//!
//! Known are the codes 5, 7 and 30 and the sentences for them. The other numbers and sentences are ours: a client
//! that goes by more than "it was refused, and this is why in words" goes by something nobody has published.

/// Why an operation was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The vendor's number.
    pub code: i64,
    /// In words.
    pub message: String,
}

impl Refused {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// There is no such thing, code 5.
    pub(super) fn missing(what: &str) -> Self {
        Self::new(5, format!("{what} not found"))
    }

    /// The token may not do this, code 7.
    pub(super) fn scope(scope: &str) -> Self {
        Self::new(7, format!("Missing required scope(s): {scope}"))
    }

    /// Another account may, code 7.
    pub(super) fn not_allowed(why: &str) -> Self {
        Self::new(7, why)
    }

    /// The input makes no sense. The number is ours.
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Self::new(3, why)
    }

    /// It is there already. The number is ours.
    pub(super) fn exists(what: &str) -> Self {
        Self::new(6, format!("{what} already exists"))
    }

    /// As things are it cannot be done. The number is ours.
    pub(super) fn state(why: impl Into<String>) -> Self {
        Self::new(9, why)
    }
}
