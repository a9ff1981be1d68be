//! The sample configuration: it is sound, what it says of defaults is true, and it shows every key there is.

use std::collections::{BTreeMap, BTreeSet};

use crossdock::config::{Config, Problem};
use crossdock::domain::route::Refunds;
use secrecy::ExposeSecret;

use super::{SOUND, read, told, with_secret};

const SAMPLE: &str = include_str!("../../../fixtures/config/winery.toml");

/// The sample with its secrets where a test can put them.
fn sample(text: &str) -> Result<Config, Vec<Problem>> {
    let is_reference = |part: &&str| part.starts_with("env:") || part.starts_with("file:/run");
    let references: BTreeSet<&str> = text.split('"').filter(is_reference).collect();
    let quoted = |reference: &str| format!("\"{reference}\"");
    let text = references
        .into_iter()
        .fold(text.to_owned(), |text, reference| text.replace(&quoted(reference), &quoted("file:SECRET")));
    let (_folder, text) = with_secret(&text);
    Config::read("winery.toml", &text, &[]).map_err(|found| found.problems)
}

#[test]
fn the_sample_is_sound_and_says_what_it_means() {
    let config = sample(SAMPLE).map_err(|problems| told(&problems)).unwrap();
    assert_eq!((config.connections.len(), config.routes.len()), (4, 3));
    // Keys that are said to have the value shown when left out do have it.
    let defaults = read(SOUND, &[]).unwrap();
    assert_eq!((config.workers, config.retention), (defaults.workers, defaults.retention));
    assert_eq!(
        (config.server.body_limit, config.server.body_deadline),
        (defaults.server.body_limit, defaults.server.body_deadline)
    );
    let bare = read(&SOUND.replace("url =", "# url ="), &[]).unwrap();
    assert_eq!(config.store_url.expose_secret(), bare.store_url.expose_secret());
    for name in ["cellar", "compliance"] {
        assert_eq!(config.connections[name].limits, defaults.connections[name].limits, "{name}");
    }
    let (route, default) = (&config.routes[0], &defaults.routes[0]);
    assert_eq!(route.filter.skip_sources, default.filter.skip_sources);
    assert_eq!(route.filter.only_tags, default.filter.only_tags);
    assert_eq!((route.lead_days, &route.release), (default.lead_days, &default.release));
    assert_eq!((&route.key_by, &route.key_prefix), (&default.key_by, &default.key_prefix));
    assert_eq!((&default.refunds, default.ship_in_part), (&Refunds::ByHand, false));
    assert_eq!((route.check_address, route.services[0].provinces.len()), (default.check_address, 0));
    assert_eq!(route.bundles["TASTING-SET"].iter().map(|part| part.quantity).collect::<Vec<_>>(), [2, 1]);
}

/// Every key that the readers know stands in the sample. What they know they tell themselves, asked with a key that
/// they do not.
#[test]
fn the_sample_shows_every_key() {
    const STRANGE: &str = "no_such_key_anywhere = 1";
    let mut probed = format!("{STRANGE}\n");
    for line in SAMPLE.lines() {
        let line = line.replace("{ sku", &format!("{{ {STRANGE}, sku"));
        let line = line.replace("{ tariff_code", &format!("{{ {STRANGE}, tariff_code"));
        probed.push_str(&line.replace("{ brand", &format!("{{ {STRANGE}, brand")));
        probed.push('\n');
        if line.starts_with('[') {
            probed.push_str(STRANGE);
            probed.push('\n');
        }
    }
    let shown = places(&SAMPLE.parse().unwrap());
    let mut known: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let problems = sample(&probed).unwrap_err();
    for Problem { place, mend, .. } in &problems {
        // Tables whose names are the merchant's own have no keys of ours.
        let Some(list) = mend.strip_prefix("remove it; known here: ") else { continue };
        let place = place.trim_end_matches("no_such_key_anywhere").trim_end_matches('.').replace('"', "");
        known.entry(list.to_owned()).or_default().extend(shown[&place].iter().map(String::as_str));
    }
    assert_eq!(known.len(), 18, "every kind of table was asked: {known:#?}");
    for (list, shown) in known {
        let missing: Vec<&str> = list.split(", ").filter(|key| !shown.contains(key)).collect();
        assert!(missing.is_empty(), "the sample does not show {missing:?}, which stand beside {shown:?}");
    }
}

/// The keys of each table of a document, by its place.
fn places(document: &toml::Table) -> BTreeMap<String, BTreeSet<String>> {
    fn walk(place: &str, value: &toml::Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    found.entry(place.to_owned()).or_default().insert(key.clone());
                    walk(format!("{place}.{key}").trim_start_matches('.'), value, found);
                }
            }
            toml::Value::Array(list) => {
                for (at, value) in list.iter().enumerate() {
                    walk(&format!("{place}[{at}]"), value, found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    walk("", &toml::Value::Table(document.clone()), &mut found);
    found
}
