//! Which addresses certainly cannot be. What exists is never refused.

mod boxes;

use crossdock::domain::address::Address;
use crossdock::domain::places::{Place, countries, country, flaws, province, provinces_of};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::address;
use crate::support::server::specs;

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn to(country: &str, province: &str, postal_code: &str) -> Address {
    let (country, province, postal_code) = (filled(country), filled(province), filled(postal_code));
    Address { country, province, postal_code, ..address() }
}

fn told(address: &Address) -> Vec<String> {
    flaws(address).iter().map(ToString::to_string).collect()
}

/// Addresses of real places: country, province, postal code, each as some shop or buyer writes it.
const REAL: &[(&str, &str, &str)] = &[
    ("US", "NY", "10007"),
    ("US", "CA", "95814-1234"),
    ("US", "CA", "958141234"),
    ("US", "New York", "10007"),
    ("us", "ny", " 10007 "),
    ("US", "US-DC", "20500"),
    ("US", "MA", "02108"),
    ("US", "NJ", "07030"),
    ("US", "AK", "99501"),
    ("US", "HI", "96815"),
    ("US", "PR", "00901"),
    ("US", "VI", "00802"),
    ("US", "GU", "96910"),
    ("US", "AS", "96799"),
    ("US", "MP", "96950"),
    ("US", "AE", "09021"),
    ("US", "AP", "96301"),
    ("US", "AA", "34002"),
    // Delivered from another state than the one they lie in, or with a prefix of their own.
    ("US", "NY", "06390"),
    ("US", "NY", "00501"),
    ("US", "MA", "05501"),
    ("US", "TX", "73301"),
    ("US", "TX", "88510"),
    ("US", "GA", "39901"),
    ("US", "WY", "83414"),
    ("US", "VA", "20041"),
    ("US", "TN", "42223"),
    ("PR", "", "00901"),
    ("GU", "", "96910"),
    ("CA", "ON", "K1A 0B1"),
    ("CA", "QC", "K1A 0N4"),
    ("CA", "QC", "H2X1Y4"),
    ("CA", "BC", "v5k-0a1"),
    ("CA", "NL", "A1A 1A1"),
    ("CA", "NU", "X0A 0H0"),
    ("CA", "NT", "X1A 2P7"),
    ("CA", "YT", "Y1A 1A1"),
    ("CA", "SK", "R8A 1N2"),
    ("CA", "AB", "S9V 0Y2"),
    ("CA", "Québec", "H2X 1Y4"),
    ("AU", "NSW", "2000"),
    ("AU", "N.S.W.", "2000"),
    ("AU", "ACT", "2601"),
    ("AU", "ACT", "0200"),
    ("AU", "ACT", "2620"),
    ("AU", "NSW", "2620"),
    ("AU", "NT", "0800"),
    ("AU", "SA", "0872"),
    ("AU", "VIC", "8001"),
    ("AU", "QLD", "9726"),
    ("AU", "NSW", "4383"),
    ("AU", "TAS", "7000"),
    ("AU", "WA", "6798"),
    ("MX", "DF", "06082"),
    ("MX", "CMX", "06082"),
    ("MX", "Q ROO", "77520"),
    ("MX", "TAMPS", "87000"),
    ("MX", "Nuevo León", "64000"),
    ("BR", "SP", "01310-100"),
    ("BR", "DF", "70002900"),
    ("IN", "WB", "700025"),
    ("IN", "DL", "110 001"),
    ("IN", "TS", "500001"),
    ("IN", "TG", "500001"),
    ("IN", "OD", "751001"),
    ("JP", "JP-13", "100-0001"),
    ("JP", "13", "1000001"),
    ("JP", "Tokyo", "〒100-0001"),
    ("JP", "東京都", "１００－０００１"),
    ("JP", "JP-01", "060‐0001"),
    ("IT", "RM", "00144"),
    ("IT", "SU", "09013"),
    ("IT", "OT", "07026"),
    ("IT", "Lazio", "00144"),
    ("ES", "M", "28039"),
    ("ES", "PM", "07001"),
    ("ES", "CT", "08001"),
    ("ES", "GC", "E-35001"),
    ("DE", "", "10115"),
    ("DE", "", "D-10115"),
    ("DE", "BE", "10115"),
    ("AT", "", "A-1010"),
    ("CH", "", "CH-8001"),
    ("LI", "", "9490"),
    ("FR", "", "75001"),
    ("FR", "", "F-75001"),
    ("FR", "", "20 000"),
    ("MQ", "", "97200"),
    ("MC", "", "98000"),
    ("BE", "", "B-1000"),
    ("LU", "", "L-1111"),
    ("NL", "", "1012 AB"),
    ("NL", "", "NL-1012AB"),
    ("NL", "", "1012"),
    ("GB", "ENG", "SW1A 1AA"),
    ("GB", "SCT", "eh1 1yz"),
    ("GB", "", "M1 1AE"),
    ("GB", "", "CR2 6XH"),
    ("GB", "", "W1A0AX"),
    ("GB", "", "EC1Y 8SY"),
    ("GB", "", "BFPO 57"),
    ("GB", "", "JE2 3AB"),
    ("JE", "", "JE2 3AB"),
    ("IM", "", "IM99 1PS"),
    ("IE", "D", "D04 AB12"),
    ("IE", "D", "Dublin 4"),
    ("IE", "D", ""),
    ("PT", "", "1250-096"),
    ("PT", "", "1250"),
    ("DK", "", "DK-1566"),
    ("SE", "", "SE-114 55"),
    ("NO", "", "0025"),
    ("FI", "", "FI-00550"),
    ("PL", "", "00-950"),
    ("CZ", "", "110 00"),
    ("SK", "", "811 01"),
    ("HU", "", "H-1037"),
    ("RO", "", "060274"),
    ("BG", "", "1000"),
    ("GR", "", "151 24"),
    ("LV", "", "LV-1010"),
    ("LT", "", "LT-04340"),
    ("EE", "", "10111"),
    ("SI", "", "SI-1000"),
    ("HR", "", "10000"),
    ("UA", "", "01001"),
    ("RU", "MOW", "103375"),
    ("TR", "", "34000"),
    ("IL", "", "9614303"),
    ("IL", "", "96143"),
    ("ZA", "GT", "0083"),
    ("AE", "DU", ""),
    ("HK", "KL", ""),
    ("SG", "", "546080"),
    ("CN", "BJ", "100096"),
    ("TW", "", "106"),
    ("TW", "", "10603"),
    ("KR", "", "03051"),
    ("KR", "", "135-080"),
    ("MY", "", "50670"),
    ("TH", "", "10150"),
    ("PH", "", "1008"),
    ("NZ", "AUK", "6001"),
    ("AR", "B", "C1070AAM"),
    ("AR", "B", "1070"),
    ("CL", "RM", "8340457"),
    ("CO", "DC", "111221"),
    ("PE", "", "LIMA 23"),
    ("KE", "", ""),
    ("NG", "LA", "100001"),
    ("EG", "C", "11511"),
    ("SA", "", "11564-1234"),
    ("IR", "", "۱۱۹۳۶"),
    ("XK", "", "10000"),
    ("ZZ", "ZZ", "ZZ"),
    ("", "", ""),
];

#[test]
fn no_real_address_is_refused() {
    for (country, province, postal_code) in REAL {
        let found = told(&to(country, province, postal_code));
        assert!(found.is_empty(), "{country} {province} {postal_code}: {found:?}");
    }
    let singapore = Address { city: None, ..to("SG", "", "546080") };
    assert!(flaws(&singapore).is_empty(), "a city that is a country");
}

#[test]
fn what_cannot_be_is_found_and_named_without_what_was_written() {
    let table: &[(&str, &str, &str, &[&str])] = &[
        ("US", "NY", "", &["it lacks its postal code"]),
        ("US", "", "10007", &["it lacks its province"]),
        ("US", "", "", &["it lacks its province", "it lacks its postal code"]),
        ("US", "NV", "95814", &["the postal code lies in CA, not in NV"]),
        ("US", "Nevada", "95814", &["the postal code lies in CA, not in NV"]),
        ("US", "CA", "00101", &["no postal code of CA begins like this one"]),
        ("US", "KY", "K2P0B0", &["the postal code is of no form that United States has"]),
        ("US", "MA", "2108", &["the postal code is of no form that United States has"]),
        ("US", "ON", "10007", &["«ON» is no province of United States"]),
        ("CA", "ON", "V7Y 1G5", &["the postal code lies in BC, not in ON"]),
        ("CA", "ON", "123 ABC", &["the postal code is of no form that Canada has"]),
        (
            "CA",
            "NY",
            "10007",
            &["«NY» is no province of Canada", "the postal code is of no form that Canada has"],
        ),
        ("CA", "ON", "D1A 1A1", &["no postal code of ON begins like this one"]),
        ("AU", "NSW", "3000", &["the postal code lies in VIC, not in NSW"]),
        ("AU", "VIC", "0800", &["the postal code lies in NT, not in VIC"]),
        ("AU", "ZZ", "2000", &["«ZZ» is no province of Australia"]),
        ("MX", "TX", "06082", &["«TX» is no province of Mexico"]),
        ("BR", "XX", "01310-100", &["«XX» is no province of Brazil"]),
        ("JP", "JP-48", "100-0001", &["«48» is no province of Japan"]),
        ("IT", "", "00144", &["it lacks its province"]),
        ("ES", "M", "2803", &["the postal code is of no form that Spain has"]),
        (
            "IN",
            "ZZ",
            "7000",
            &["«ZZ» is no province of India", "the postal code is of no form that India has"],
        ),
        ("DE", "", "1011", &["the postal code is of no form that Germany has"]),
        ("DE", "", "", &["it lacks its postal code"]),
        ("GB", "", "12345", &["the postal code is of no form that United Kingdom has"]),
    ];
    for (country, province, postal_code, expected) in table {
        assert_eq!(
            told(&to(country, province, postal_code)),
            *expected,
            "{country} {province} {postal_code}"
        );
    }
    assert_eq!(told(&Address { street1: None, ..address() }), ["it lacks its street"]);
    assert_eq!(told(&Address { city: None, ..address() }), ["it lacks its city"]);
    assert_eq!(told(&Address::default()), ["it lacks its street"], "nothing is known of no country");
}

#[test]
fn every_province_is_known_by_code_and_by_name_and_lies_somewhere() {
    for (code, name) in countries() {
        assert_eq!(country(code), Some((code, name)));
        assert!(code.len() == 2 && !name.is_empty());
        for (of, (province_code, province_name)) in provinces_of(code).map(|row| (code, row)) {
            assert_eq!(province(of, province_code).as_deref(), Some(province_code));
            assert_eq!(province(of, &format!("{of}-{province_code}")).as_deref(), Some(province_code));
            assert!(province(of, province_name).is_some(), "{of} {province_name}");
        }
        let codes: Vec<&str> = provinces_of(code).map(|(code, _)| code).collect();
        let distinct: std::collections::BTreeSet<&&str> = codes.iter().collect();
        assert_eq!(codes.len(), distinct.len(), "{code}: a code is given twice");
    }
    assert_eq!(countries().count(), 250);
    let with_lists = countries().filter(|(code, _)| provinces_of(code).next().is_some());
    assert_eq!(
        with_lists.map(|(code, _)| code).collect::<Vec<_>>(),
        ["AU", "BR", "CA", "ES", "IN", "IT", "JP", "MX", "US"]
    );
    // In each province whose postal codes are known some code lies.
    let lies = |country, province, code: String| flaws(&to(country, province, &code)).is_empty();
    for (state, _) in provinces_of("US") {
        assert!((0..1000).any(|prefix| lies("US", state, format!("{prefix:03}99"))), "{state}");
    }
    for (state, _) in provinces_of("AU") {
        assert!((0..10_000).any(|code| lies("AU", state, format!("{code:04}"))), "{state}");
    }
    for (province, _) in provinces_of("CA") {
        assert!(('A'..='Z').any(|letter| lies("CA", province, format!("{letter}1A 1A1"))), "{province}");
    }
}

#[test]
fn a_territory_is_known_as_a_country_and_as_a_state() {
    let named = |country, province| {
        let places = Place::of(&to(country, province, ""));
        places.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(named("US", "PR"), ["PR, US", "PR"]);
    assert_eq!(named("PR", ""), ["PR", "PR, US"]);
    assert_eq!(named("US", "alaska"), ["AK, US"]);
    assert_eq!(named("MX", "DF"), ["CMX, MX"]);
    assert_eq!(named("BR", "PR"), ["PR, BR"]);
    assert_eq!(named("DE", "BE"), ["BE, DE"]);
    assert!(named("", "CA").is_empty());
}

/// Addresses in the collected bodies that are made up so that they cannot be: (province, postal code).
const MADE_UP: &[(&str, &str)] = &[("ON", "123 ABC"), ("ON", "V7Y 1G5"), ("KY", "K2P0B0"), ("KY", "K2P0S0")];

#[test]
fn addresses_of_the_collected_bodies_pass_but_for_those_that_are_made_up() {
    let Some(specs) = specs("the addresses of the collected bodies") else { return };
    let mut found = Vec::new();
    let mut waiting = vec![specs.join("shopify/payloads")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            gather(&serde_json::from_str(&text).unwrap_or_default(), &mut found);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for address in &found {
        let wrong = (
            address.province.as_deref().unwrap_or_default(),
            address.postal_code.as_deref().unwrap_or_default(),
        );
        let made_up = MADE_UP.contains(&wrong);
        assert_eq!(!flaws(address).is_empty(), made_up, "{wrong:?}: {:?}", flaws(address));
        seen.extend(made_up.then_some(wrong));
    }
    assert!(found.len() > 100, "{}", found.len());
    assert_eq!(seen.len(), MADE_UP.len());
}

/// Every address in a body that says country and postal code.
fn gather(value: &Value, found: &mut Vec<Address>) {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    if let (Some(country), Some(postal_code), Some(_)) = (text("country_code"), text("zip"), text("address1"))
        && country.len() == 2
    {
        let (street1, city, province) = (text("address1"), text("city"), text("province_code"));
        let (country, postal_code) = (Some(country), Some(postal_code));
        found.push(Address { street1, city, province, country, postal_code, ..Address::default() });
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| gather(member, found)),
        Value::Array(list) => list.iter().for_each(|member| gather(member, found)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn nothing_a_person_wrote_is_in_a_flaw(street in "[a-z]{6,12}", city in "[a-z]{6,12}", code in "[0-9]{4,6}", at in 0usize..9) {
        let province = ["CA", "NY", "ZZ", "ON", "NSW", "", "Texas", "RM", "13"][at];
        for (country, _) in countries() {
            let address = Address {
                street1: Some(street.clone()), city: Some(city.clone()), ..to(country, province, &code)
            };
            for told in told(&address) {
                prop_assert!(![&street, &city, &code].iter().any(|word| told.contains(*word)), "{told}");
            }
        }
    }

    /// Case, blanks and hyphens make no other address, and no text makes it fail.
    #[test]
    fn spelling_makes_no_other_address(province in "\\PC{0,6}", code in "\\PC{0,10}", at in 0usize..250) {
        let country = countries().nth(at).unwrap().0;
        let plain = flaws(&to(country, &province, &code));
        let spelled = flaws(&to(&country.to_lowercase(), &format!(" {province} "), &format!(" {code}-")));
        if !province.trim().is_empty() && !code.trim().is_empty() {
            prop_assert_eq!(plain, spelled);
        }
        let street = Address { street1: Some(code), street2: Some(province), ..address() };
        street.is_po_box();
    }

    /// Of all ZIP codes each lies in a state, or in none; never in one that the check then refuses.
    #[test]
    fn a_zip_code_passes_in_the_state_it_is_said_to_lie_in(zip in 0u32..100_000) {
        let zip = format!("{zip:05}");
        let told = told(&to("US", "UM", &zip));
        if let Some(there) = told.first().and_then(|told| told.strip_prefix("the postal code lies in ")) {
            for state in there.strip_suffix(", not in UM").unwrap().split(" or ") {
                prop_assert!(flaws(&to("US", state, &zip)).is_empty(), "{zip} {state}");
            }
        }
    }
}
