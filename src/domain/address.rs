//! Postal addresses as an order carries them.
//!
//! Every part may be missing: for lack of the data, or for lack of the permission to see it. Blank is missing. Nothing
//! here fills a gap; an address is never invented.

use serde::{Deserialize, Serialize};

/// A postal address; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street1: Option<String>,
    /// Flat, suite, floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street2: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or province, as its code (`CA`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Postal code as written, with any suffix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166 code of the country (`US`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Telephone as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Text trimmed, or nothing where nothing is left.
pub fn filled(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

impl Address {
    /// The address with given and family name taken from a full name where both are missing: the last word is the
    /// family name. A single word stays a family name.
    #[must_use]
    pub fn with_full_name(mut self, name: Option<&str>) -> Self {
        if self.first_name.is_none()
            && self.last_name.is_none()
            && let Some(name) = filled(name)
        {
            match name.rsplit_once(char::is_whitespace) {
                Some((first, last)) => {
                    self.first_name = filled(Some(first));
                    self.last_name = filled(Some(last));
                }
                None => self.last_name = Some(name),
            }
        }
        self
    }

    /// Whether nothing at all is known of it.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// The address, or nothing where all its parts are missing (as when personal data is withheld).
    pub fn unless_blank(self) -> Option<Self> {
        if self.is_blank() { None } else { Some(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_fills_only_missing_names() {
        let from = |name| Address::default().with_full_name(Some(name));
        assert_eq!(from("Ana María Soto").first_name.as_deref(), Some("Ana María"));
        assert_eq!(from("Ana María Soto").last_name.as_deref(), Some("Soto"));
        assert_eq!(from("Cher").last_name.as_deref(), Some("Cher"));
        let named = Address { first_name: Some("Jo".into()), ..Address::default() };
        assert_eq!(named.clone().with_full_name(Some("Someone Else")), named);
    }

    #[test]
    fn blank_is_missing() {
        assert_eq!(filled(Some("  ")), None);
        assert!(Address::default().unless_blank().is_none());
    }
}
