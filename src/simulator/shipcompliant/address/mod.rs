//! The address check: which ZIP codes lie in which state, what a carrier cannot deliver to, and how a street would be
//! spelled.
//!
//! It knows ZIP prefixes and spelling rules, not real streets, so its street-level findings are about form: no house
//! number, a number out of range. It decides what is the matter with an address, never whether a request is refused.

mod states;

use serde_json::{Value, json};

use states::{STATES, prefix};
pub(super) use states::{State, state, state_of_zip};

/// The parts of an address that matter to the check.
pub(super) struct Postal<'a> {
    pub(super) street1: &'a str,
    pub(super) street2: Option<&'a str>,
    pub(super) city: &'a str,
    pub(super) state: &'a str,
    pub(super) zip1: &'a str,
    pub(super) country: Option<&'a str>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// Nothing is wrong.
    Fine,
    /// It would be spelled otherwise.
    Suggestion,
    /// The street is doubtful; a request may ask to ignore that.
    Street,
    /// Cannot be accepted at all.
    Fatal,
}

/// What the check says of an address.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) status: &'static str,
    pub(super) severity: Severity,
    pub(super) message: &'static str,
    pub(super) street: Street,
}

/// A street as the check spells it, and its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Street {
    pub(super) street1: String,
    pub(super) street2: String,
    number: String,
    before: String,
    name: String,
    suffix: String,
    after: String,
    unit: String,
    unit_number: String,
}

/// Checks one address.
pub(super) fn examine(address: &Postal<'_>) -> Finding {
    let street = Street::spell(address.street1, address.street2.unwrap_or_default());
    let finding =
        |status, severity, message| Finding { status, severity, message, street: Street::default() };
    let abroad = address
        .country
        .is_some_and(|c| !matches!(c.trim(), "") && !US.iter().any(|us| us.eq_ignore_ascii_case(c.trim())));
    if abroad {
        let message = "Shipping Country is not served.";
        return finding("NonDeliverableAddress", Severity::Fatal, message);
    }
    let Some(prefix) = prefix(address.zip1.trim()) else {
        return finding("ZipCodeDoesNotExist", Severity::Fatal, "Shipping Zip1 must be five digits.");
    };
    if !STATES.iter().any(|state| state.has(prefix)) {
        return finding("ZipCodeDoesNotExist", Severity::Fatal, "Shipping Zip1 does not exist.");
    }
    if !state(address.state).is_some_and(|state| state.has(prefix)) {
        let message = "Shipping Zip1 does not match city/state.";
        return finding("ZipCodeDoesNotMatchCityState", Severity::Fatal, message);
    }
    if is_post_office_box(address.street1) || address.street2.is_some_and(is_post_office_box) {
        let message = "Shipping address is a post office box; carriers cannot deliver to it.";
        return finding("NonDeliverableAddress", Severity::Fatal, message);
    }
    let (status, severity, message) = if !address.street1.bytes().any(|b| b.is_ascii_digit()) {
        ("UnknownStreet", Severity::Street, "Shipping Street1 was not found in this ZIP code.")
    } else if street.number.bytes().filter(u8::is_ascii_digit).count() > 5 {
        ("AddressOutOfRange", Severity::Street, "Shipping Street1 has a house number out of range.")
    } else if !same(&street.street1, address.street1)
        || !same(&street.street2, address.street2.unwrap_or_default())
    {
        ("AddressSuggested", Severity::Suggestion, "Shipping address has a suggested correction.")
    } else {
        ("Validated", Severity::Fine, "")
    };
    Finding { status, severity, message, street }
}

/// The same address in the state where its ZIP code lies, where that is another than it says.
pub(super) fn elsewhere(address: &Postal<'_>) -> Option<Value> {
    let there = state_of_zip(address.zip1.trim()).filter(|state| !same(state.code, address.state))?;
    let street = Street::spell(address.street1, address.street2.unwrap_or_default());
    Some(street.suggestion(&Postal { state: there.code, ..*address }))
}

fn same(spelled: &str, given: &str) -> bool {
    spelled.eq_ignore_ascii_case(given.trim())
}

fn is_post_office_box(line: &str) -> bool {
    let plain: String = line.chars().filter(|c| *c != '.').map(|c| c.to_ascii_uppercase()).collect();
    let words: Vec<&str> =
        plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.iter().any(|word| word.strip_prefix("POBOX").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())))
        || words.windows(2).any(|pair| pair == ["PO", "BOX"])
        || words.windows(3).any(|three| matches!(three, ["P", "O", "BOX"] | ["POST", "OFFICE", "BOX"]))
}

impl Street {
    fn spell(street1: &str, street2: &str) -> Self {
        let mut words: Vec<String> = split(street1);
        let mut street = Self::default();
        if words.first().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) && words.len() > 1
        {
            street.number = words.remove(0);
        }
        if let Some(at) = words.iter().position(|word| abbreviate(UNITS, word).is_some()).filter(|at| *at > 0)
        {
            let unit: Vec<String> = words.split_off(at);
            abbreviate(UNITS, &unit[0]).unwrap_or_default().clone_into(&mut street.unit);
            street.unit_number = unit[1..].join(" ");
        }
        if words.len() > 2
            && let Some(short) = words.last().and_then(|word| abbreviate(DIRECTIONS, word))
        {
            short.clone_into(&mut street.after);
            words.pop();
        }
        if words.len() > 1
            && let Some(short) = words.last().and_then(|word| abbreviate(SUFFIXES, word))
        {
            short.clone_into(&mut street.suffix);
            words.pop();
        }
        if words.len() > 1
            && let Some(short) = abbreviate(DIRECTIONS, &words[0])
        {
            short.clone_into(&mut street.before);
            words.remove(0);
        }
        street.name = words.join(" ");
        street.street1 = join(&[
            &street.number,
            &street.before,
            &street.name,
            &street.suffix,
            &street.after,
            &street.unit,
        ]) + &street.unit_number_after_unit();
        let mut second = split(street2);
        if let Some(short) = second.first().and_then(|word| abbreviate(UNITS, word)) {
            short.clone_into(&mut second[0]);
            if street.unit.is_empty() {
                second[0].clone_into(&mut street.unit);
                street.unit_number = second[1..].join(" ");
            }
        }
        street.street2 = second.join(" ");
        street
    }

    fn unit_number_after_unit(&self) -> String {
        if self.unit_number.is_empty() { String::new() } else { format!(" {}", self.unit_number) }
    }

    /// The address as answers suggest it.
    pub(super) fn suggestion(&self, address: &Postal<'_>) -> Value {
        json!({
            "street1": self.street1,
            "street2": self.street2,
            "city": address.city.trim(),
            "county": null,
            "state": address.state.trim().to_ascii_uppercase(),
            "zip1": address.zip1.trim(),
            "zip2": null,
            "parts": {
                "company": "",
                "mailBoxName": "",
                "mailBoxNumber": "",
                "streetNumber": self.number,
                "preDirection": self.before,
                "streetName": self.name,
                "streetSuffix": self.suffix,
                "postDirection": self.after,
                "suiteName": self.unit,
                "suiteNumber": self.unit_number,
            },
        })
    }
}

/// Words without trailing points and commas.
fn split(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.trim_end_matches(['.', ',']).to_owned()).collect()
}

fn join(words: &[&String]) -> String {
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn abbreviate(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let known = |(long, short): &&(&str, &'static str)| {
        long.eq_ignore_ascii_case(word) || short.eq_ignore_ascii_case(word)
    };
    table.iter().find(known).map(|(_, short)| *short)
}

const US: [&str; 5] = ["US", "USA", "U.S.", "United States", "United States of America"];

const DIRECTIONS: &[(&str, &str)] = &[
    ("North", "N"),
    ("South", "S"),
    ("East", "E"),
    ("West", "W"),
    ("Northeast", "NE"),
    ("Northwest", "NW"),
    ("Southeast", "SE"),
    ("Southwest", "SW"),
];

const SUFFIXES: &[(&str, &str)] = &[
    ("Street", "St"),
    ("Avenue", "Ave"),
    ("Boulevard", "Blvd"),
    ("Road", "Rd"),
    ("Drive", "Dr"),
    ("Lane", "Ln"),
    ("Court", "Ct"),
    ("Place", "Pl"),
    ("Circle", "Cir"),
    ("Terrace", "Ter"),
    ("Parkway", "Pkwy"),
    ("Highway", "Hwy"),
    ("Square", "Sq"),
    ("Trail", "Trl"),
];

const UNITS: &[(&str, &str)] = &[
    ("Apartment", "Apt"),
    ("Suite", "Ste"),
    ("Floor", "Fl"),
    ("Building", "Bldg"),
    ("Room", "Rm"),
    ("Unit", "Unit"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(street1: &str, street2: &str, state: &str, zip1: &str) -> Finding {
        let street2 = (!street2.is_empty()).then_some(street2);
        examine(&Postal { street1, street2, city: "Town", state, zip1, country: Some("US") })
    }

    #[test]
    fn zip_must_lie_in_the_state() {
        let pairs = [
            ("NY", "10007"),
            ("NY", "06390"),
            ("CA", "94558"),
            ("CO", "80304"),
            ("TX", "73301"),
            ("TX", "88510"),
            ("MA", "02108"),
            ("PR", "00901"),
            ("VA", "20101"),
            ("DC", "20001"),
            ("WY", "83414"),
            ("ID", "83642"),
            ("ny", "10007"),
        ];
        for (state, zip) in pairs {
            assert_eq!(check("1 Main St", "", state, zip).status, "Validated", "{state} {zip}");
        }
        let wrong = check("1 Main St", "", "NY", "94558");
        assert_eq!((wrong.status, wrong.severity), ("ZipCodeDoesNotMatchCityState", Severity::Fatal));
        assert_eq!(check("1 Main St", "", "XX", "94558").status, "ZipCodeDoesNotMatchCityState");
        for zip in ["9455", "94558-1234", "00000", "ABCDE", ""] {
            assert_eq!(check("1 Main St", "", "CA", zip).status, "ZipCodeDoesNotExist", "{zip}");
        }
    }

    #[test]
    fn every_state_of_the_union_is_there_once_and_overlaps_only_where_the_post_does() {
        assert_eq!(STATES.len(), 51 + 5 + 3);
        for (index, state) in STATES.iter().enumerate() {
            assert!(STATES[index + 1..].iter().all(|other| other.code != state.code), "{}", state.code);
        }
        let shared: Vec<u16> =
            (0..=999).filter(|prefix| STATES.iter().filter(|state| state.has(*prefix)).count() > 1).collect();
        // Connecticut and New York, Idaho and Wyoming, Hawaii and Samoa, Guam and the Marianas.
        assert_eq!(shared, [63, 834, 967, 969]);
        assert_eq!(state_of_zip("80304").map(|s| s.code), Some("CO"));
    }

    #[test]
    fn post_office_boxes_are_never_delivered_to() {
        let boxes = ["PO Box 12", "P.O. Box 12", "p o box 12", "POBox 12", "pobox12", "Post Office Box 3"];
        for street in boxes {
            let finding = check(street, "", "CA", "94558");
            assert_eq!(
                (finding.status, finding.severity),
                ("NonDeliverableAddress", Severity::Fatal),
                "{street}"
            );
        }
        assert_eq!(check("1 Main St", "PO Box 9", "CA", "94558").status, "NonDeliverableAddress");
        for street in ["12 Boxwood Ln", "1 Depot Box Rd", "5 Pobo St"] {
            assert_eq!(check(street, "", "CA", "94558").status, "Validated", "{street}");
        }
    }

    #[test]
    fn spelling_is_suggested() {
        let cases = [
            ("88 Vesey", "Floor 9", "88 Vesey", "Fl 9"),
            ("31 East Orchard Avenue", "", "31 E Orchard Ave", ""),
            ("640 Cellar Street.", "Suite 703", "640 Cellar St", "Ste 703"),
            ("12 North Street", "", "12 North St", ""),
            ("9 Elm Road Northwest", "", "9 Elm Rd NW", ""),
            ("9 Elm Road Apartment 4", "", "9 Elm Rd Apt 4", ""),
        ];
        for (street1, street2, spelled1, spelled2) in cases {
            let finding = check(street1, street2, "NY", "10007");
            assert_eq!(
                (finding.status, finding.severity),
                ("AddressSuggested", Severity::Suggestion),
                "{street1}"
            );
            assert_eq!(
                (finding.street.street1.as_str(), finding.street.street2.as_str()),
                (spelled1, spelled2)
            );
            assert_eq!(check(spelled1, spelled2, "NY", "10007").status, "Validated", "{spelled1}");
        }
    }

    #[test]
    fn doubtful_streets_are_street_level() {
        assert_eq!(check("Vesey", "", "NY", "10007").severity, Severity::Street);
        assert_eq!(check("1234567 Vesey", "", "NY", "10007").status, "AddressOutOfRange");
        let abroad = examine(&Postal {
            street1: "1 Main St",
            street2: None,
            city: "Toronto",
            state: "NY",
            zip1: "10007",
            country: Some("CA"),
        });
        assert_eq!(abroad.severity, Severity::Fatal);
    }
}
