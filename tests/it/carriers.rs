//! Carriers as facts: how others write them, which numbers can be theirs, their pages, and their names at the shop.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use crossdock::connectors::shopify::company;
use crossdock::domain::carrier::{Carriers, Doubt, all, named};
use crossdock::domain::fulfillment::{Rank, Shipment, Tracking};
use proptest::prelude::*;

use self::rows::Row;
pub(crate) use self::rows::rows;
use crate::support::server::specs;

fn shipment(carrier: &str, numbers: &[&str], urls: &[&str]) -> Shipment {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Shipment {
        id: "1".into(),
        warehouse: Vec::new(),
        lines: None,
        carrier: Some(carrier.to_owned()),
        numbers: texts(numbers),
        urls: texts(urls),
        rank: Rank::Shipped,
        undone: false,
        told: false,
    }
}

fn carriers(names: &[(&str, &str)], pages: &[(&str, &str)]) -> Carriers {
    let texts = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect::<Vec<_>>()
    };
    Carriers::new(texts(names), texts(pages))
}

fn tracking(carrier: Option<&str>, numbers: &[&str], urls: &[&str]) -> Tracking {
    let Shipment { numbers, urls, .. } = shipment("", numbers, urls);
    Tracking { carrier: carrier.map(str::to_owned), numbers, urls }
}

#[test]
fn every_carrier_is_known_by_its_names_its_numbers_its_page_and_its_company() {
    let mut unseen: BTreeSet<&str> = all().map(|carrier| carrier.name).collect();
    assert!(unseen.len() >= 40, "{}", unseen.len());
    for Row { name, written, number, wrong, page, company: at_shop, listed } in rows() {
        let carrier = named(written).unwrap_or_else(|| panic!("nobody is called «{written}»"));
        assert_eq!(carrier.name, name, "«{written}»");
        assert!(carrier.fits(number), "{name}: {number}");
        assert!(!carrier.fits(wrong), "{name}: {wrong}");
        assert_eq!(carrier.page(number).as_deref(), page, "{name}");
        assert_eq!(carrier.page(wrong), None, "{name}");
        assert_eq!(company(name), (at_shop, listed.1), "{name}");
        assert!(unseen.remove(name), "{name} twice");
    }
    assert_eq!(unseen, BTreeSet::new(), "not in the table");
}

#[test]
fn no_name_is_two_carriers_and_case_blanks_and_punctuation_make_no_difference() {
    let mut owners = BTreeMap::<String, &str>::new();
    for carrier in all() {
        for name in carrier.aliases.iter().chain([&carrier.name]) {
            let plain: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
            if let Some(other) = owners.insert(plain.clone(), carrier.name) {
                assert_eq!(other, carrier.name, "«{name}»");
            }
            for text in [name.to_uppercase(), name.replace(' ', "_"), format!(" {name}®"), plain] {
                assert_eq!(named(&text).map(|carrier| carrier.name), Some(carrier.name), "«{text}»");
            }
        }
    }
}

#[test]
fn a_service_may_follow_a_name_and_anything_else_names_nobody() {
    let table = [
        ("FedEx Home Delivery", Some("FedEx")),
        ("fedex_2day_one_rate", Some("FedEx")),
        ("UPS 2nd Day Air A.M.", Some("UPS")),
        ("UPS® Ground (3-5 days)", Some("UPS")),
        ("USPS First-Class Package International Service", Some("USPS")),
        ("UPS Mail Innovations Expedited", Some("UPS")),
        ("DHL Express Worldwide", Some("DHL Express")),
        ("DHL eCommerce", Some("DHL eCommerce")),
        ("DPD UK Next Day", Some("DPD UK")),
        ("GLS US Ground", Some("GLS US")),
        // Others than those whose name they begin with.
        ("Correos Express", Some("Correos Express")),
        ("APC Overnight", Some("APC Overnight")),
        ("UPS Freight", None),
        ("Passport Photos", None),
        ("UP", None),
        ("Ground", None),
        ("Joe's Vans", None),
        ("®", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(named(text).map(|carrier| carrier.name), expected, "«{text}»");
    }
}

#[test]
fn every_company_is_one_that_shopify_lists() {
    let Some(specs) = specs("every_company_is_one_that_shopify_lists") else { return };
    let text = std::fs::read_to_string(specs.join("shopify/tracking_companies.tsv")).unwrap();
    let companies: Vec<(&str, &str)> =
        text.lines().skip(1).filter_map(|line| line.split_once('\t')).collect();
    assert!(companies.len() > 100, "{}", companies.len());
    for Row { name, company, listed, .. } in rows() {
        let same =
            |other: &str| if listed.0 { other == company } else { other.eq_ignore_ascii_case(company) };
        let mut countries = companies.iter().filter(|(other, _)| same(other)).map(|(_, country)| *country);
        if listed.0 {
            assert!(countries.any(|country| (country == "*") == listed.1), "{name}: «{company}»");
        } else {
            assert_eq!(countries.next(), None, "{name}: known to shops");
        }
    }
}

/// Numbers with a check digit, where changing any digit must show.
const CHECKED: [(&str, &str); 8] = [
    ("UPS", "1Z999AA10123456784"),
    ("USPS", "9400111202555842332669"),
    ("USPS", "420947019400111202555842332669"),
    ("USPS", "RB123456785US"),
    ("DHL Express", "1234567891"),
    ("Canada Post", "0073938000549297"),
    ("Royal Mail", "RB123456785GB"),
    ("Sagawa Express", "398765432100"),
];

proptest! {
    #[test]
    fn a_changed_check_digit_is_refused(at in 0..CHECKED.len(), by in 1_u32..10) {
        let (name, number) = CHECKED[at];
        let last = number.rfind(|c: char| c.is_ascii_digit()).unwrap();
        let digit = number[last..=last].parse::<u32>().unwrap();
        let changed = format!("{}{}{}", &number[..last], (digit + by) % 10, &number[last + 1..]);
        let carrier = named(name).unwrap();
        prop_assert!(carrier.fits(number));
        prop_assert!(!carrier.fits(&changed), "{changed}");
        prop_assert_eq!(carrier.page(&changed), None);
    }

    #[test]
    fn blanks_and_case_in_numbers_are_forgiven(at in 0..CHECKED.len(), blanks in proptest::collection::vec(0_usize..30, 0..5), lower in any::<bool>()) {
        let (name, number) = CHECKED[at];
        let carrier = named(name).unwrap();
        let mut written = if lower { number.to_lowercase() } else { number.to_owned() };
        for blank in blanks {
            written.insert(blank % (written.len() + 1), ' ');
        }
        prop_assert!(carrier.fits(&written), "{written}");
        prop_assert_eq!(carrier.page(&written), carrier.page(number));
    }

    #[test]
    fn any_text_at_all_is_judged(carrier in ".*", number in ".*") {
        let told = shipment(&carrier, &[&number], &[]);
        let _ = Carriers::default().doubt(&told);
        for known in all() {
            let page = known.page(&number);
            prop_assert!(page.is_none_or(|page| page.is_ascii() && !page.contains(char::is_whitespace)));
        }
    }
}

#[test]
fn what_is_no_number_and_names_no_carrier_is_not_told() {
    let nobody = Carriers::default();
    for (carrier, numbers, expected) in [
        ("ups", &["Pickup"][..], tracking(Some("UPS"), &[], &[])),
        (
            "ups",
            &["PICKUP", "", "  ", "1Z999AA10123456784"],
            tracking(Some("UPS"), &["1Z999AA10123456784"], &[]),
        ),
        ("genericlabel", &["1Z999AA10123456784"], tracking(None, &["1Z999AA10123456784"], &[])),
        ("Generic Label", &["pick-up"], tracking(None, &[], &[])),
        ("", &["17"], tracking(None, &["17"], &[])),
        (
            "FedEx Ground",
            &[" 748900000012 ", "748900000012"],
            tracking(Some("FedEx"), &["748900000012"], &[]),
        ),
    ] {
        let told = shipment(carrier, numbers, &[]);
        assert_eq!(nobody.tracking(&told), expected, "{told:?}");
        assert_eq!(nobody.doubt(&told), None, "{told:?}");
    }
    let nameless = Shipment { carrier: None, ..shipment("", &["17"], &[]) };
    assert_eq!((nobody.tracking(&nameless).carrier, nobody.doubt(&nameless)), (None, None));
}

#[test]
fn pages_of_the_origin_are_told_for_every_number_or_not_at_all() {
    let nobody = Carriers::default();
    let (one, two) = ("1Z999AA10123456784", "1Z999AA1012345678");
    let table: [(&[&str], &[&str], &[&str]); 6] = [
        (&[one], &["https://x.example/1"], &["https://x.example/1"]),
        (&[one], &[""], &[]),
        (&[one], &["see mail"], &[]),
        // The carrier's own page fills the gap; of a number that is none of its it has no page.
        (
            &[one, "1Z1"],
            &["", "https://x.example/2"],
            &["https://www.ups.com/track?tracknum=1Z999AA10123456784", "https://x.example/2"],
        ),
        (&[one, two], &["https://x.example/1"], &[]),
        // What is left out takes its page along.
        (&["Pickup", one], &["https://x.example/0", "https://x.example/1"], &["https://x.example/1"]),
    ];
    for (numbers, urls, expected) in table {
        assert_eq!(nobody.tracking(&shipment("UPS", numbers, urls)).urls, expected, "{numbers:?} {urls:?}");
    }
}

#[test]
fn what_is_questionable_is_told_with_less_and_named() {
    let nobody = Carriers::default();
    let strange = shipment("Joe's Vans", &["17"], &[]);
    assert_eq!(nobody.tracking(&strange), tracking(None, &["17"], &[]));
    assert_eq!(nobody.doubt(&strange), Some(Doubt::Carrier("Joe's Vans".into())));
    let wrong = shipment("UPS Ground", &["1Z999AA10123456784", "1Z999AA10123456785"], &[]);
    assert_eq!(
        nobody.tracking(&wrong),
        tracking(Some("UPS"), &["1Z999AA10123456784", "1Z999AA10123456785"], &[])
    );
    let expected = Doubt::Number { carrier: "UPS", number: "1Z999AA10123456785".into() };
    assert_eq!(nobody.doubt(&wrong), Some(expected));
}

#[test]
fn the_merchants_word_goes_before_the_table() {
    let page = "https://joe.example/?n={number}";
    for (names, pages, carrier, expected) in [
        (&[("Joe's Vans", "Other")][..], &[][..], "JOES VANS", (Some("Other"), None)),
        (
            &[("Joe's Vans", "Other")],
            &[("Joe's Vans", page)],
            "joe's vans",
            (Some("Other"), Some("https://joe.example/?n=1%2F7")),
        ),
        (
            &[],
            &[("Joe's Vans", page)],
            "Joe's Vans",
            (Some("Joe's Vans"), Some("https://joe.example/?n=1%2F7")),
        ),
        (&[("Joe's Vans", "on trac")], &[], "Joe's Vans", (Some("OnTrac"), None)),
        (&[("genericlabel", "LSO")], &[], "GenericLabel", (Some("Lone Star Overnight"), None)),
        (&[("GSO", "Other")], &[("GSO", page)], "gso", (Some("Other"), Some("https://joe.example/?n=1%2F7"))),
        // A carrier that everybody knows, whatever it is called.
        (
            &[],
            &[("federal express", page)],
            "FedEx Ground",
            (Some("FedEx"), Some("https://joe.example/?n=1%2F7")),
        ),
        (&[], &[("UPS", page)], "FedEx Ground", (Some("FedEx"), None)),
    ] {
        let carriers = carriers(names, pages);
        let told = carriers.tracking(&shipment(carrier, &["1/7"], &[]));
        assert_eq!(
            (told.carrier.as_deref(), told.urls.first().map(String::as_str)),
            expected,
            "{names:?} {pages:?}"
        );
    }
    // Whoever gives a carrier a page answers for its numbers.
    let wrong = shipment("UPS", &["17"], &[]);
    assert!(carriers(&[], &[]).doubt(&wrong).is_some());
    assert_eq!(carriers(&[], &[("UPS", page)]).doubt(&wrong), None);
    assert_eq!(carriers(&[("Joe's Vans", "Other")], &[]).doubt(&shipment("Joe's Vans", &["17"], &[])), None);
}
