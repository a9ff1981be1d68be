//! Every collected body of Shopify's through a real server: stored byte for byte, then understood or told why not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crossdock::simulator::shopify::Options;
use crossdock::store::{DeliveryState, ExceptionQuery};
use serde_json::Value;

use crate::support::read_shop::ReadShop;
use crate::support::server::specs;
use crate::support::winery::Winery;

/// The topic of each folder. Resources of the REST API are posted where their shape is that of a webhook.
const FOLDERS: [(&str, &str); 14] = [
    ("orders-create", "orders/create"),
    ("orders-updated", "orders/updated"),
    ("orders-paid", "orders/paid"),
    ("orders-cancelled", "orders/cancelled"),
    ("orders-fulfilled", "orders/fulfilled"),
    ("orders-edited", "orders/edited"),
    ("orders-delete", "orders/delete"),
    ("orders-risk-assessment-changed", "orders/risk_assessment_changed"),
    ("orders-rest", "orders/updated"),
    ("fulfillments-create", "fulfillments/create"),
    ("fulfillments-update", "fulfillments/update"),
    ("fulfillments-rest", "fulfillments/update"),
    ("refunds-create", "refunds/create"),
    ("refunds-rest", "refunds/create"),
];

/// Bodies that say too little, and what is said of each. Every other body is understood.
const REFUSED: [(&str, &str); 9] = [
    // Their collector put "example string" in place of every amount.
    ("orders-updated/1.json", "expected a decimal amount"),
    ("orders-updated/2.json", "expected a decimal amount"),
    ("orders-updated/3.json", "expected a decimal amount"),
    ("orders-updated/4.json", "expected a decimal amount"),
    // An old page's mistake: each set stands once more within itself.
    ("orders-rest/13.json", "current_total_price_set: `shop_money` is missing"),
    // Samples that leave the order out, or write null for it.
    ("orders-risk-assessment-changed/1.json", "order_id: missing"),
    ("orders-risk-assessment-changed/2.json", "order_id: missing"),
    // Fixtures whose authors cut out the ids, or wrote words for them.
    ("orders-rest/8.json", "line_items[0]: `id` is missing"),
    ("fulfillments-rest/4.json", "order_id: expected a 64-bit integer id"),
];

struct Sample {
    name: String,
    topic: &'static str,
    body: Vec<u8>,
}

fn samples(payloads: &Path) -> Vec<Sample> {
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(payloads).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        if !["orders-", "fulfillments-", "refunds-"].iter().any(|kind| name.starts_with(kind)) {
            continue;
        }
        let topic = FOLDERS.iter().find(|(known, _)| *known == name);
        let topic = topic.unwrap_or_else(|| panic!("no topic for {name}")).1;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let name = format!("{name}/{}", file.file_name().to_string_lossy());
            samples.push(Sample { name, topic, body: std::fs::read(file.path()).unwrap() });
        }
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

/// The body as Shopify's encoder writes it: compact, with its escapes.
fn as_on_the_wire(body: &[u8]) -> Vec<u8> {
    let mut wire = String::with_capacity(body.len());
    let mut quoted = false;
    let mut characters = std::str::from_utf8(body).unwrap().chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                wire.push('\\');
                wire.extend(characters.next());
            }
            '"' => {
                quoted = !quoted;
                wire.push('"');
            }
            '/' => wire.push_str("\\/"),
            '&' => wire.push_str("\\u0026"),
            other if quoted || !other.is_ascii_whitespace() => wire.push(other),
            _ => {}
        }
    }
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    assert_eq!(read(wire.as_bytes()), read(body));
    wire.into_bytes()
}

#[tokio::test]
async fn every_collected_body_is_kept_and_understood_or_told_why_not() {
    let Some(specs) = specs("the collected bodies") else { return };
    let samples = samples(&specs.join("shopify/payloads"));
    assert!(samples.len() >= 85, "{} bodies", samples.len());
    let winery = Winery::open().await;
    let mut sent = BTreeMap::new();
    for sample in &samples {
        let wire = as_on_the_wire(&sample.body);
        for (form, body) in [("stored", &sample.body), ("wire", &wire), ("again", &wire)] {
            let id = format!("{} {form}", sample.name);
            assert_eq!(winery.server.deliver(sample.topic, &id, body).await, 200, "{id}");
            sent.insert(id, (sample.name.as_str(), body.clone()));
        }
    }
    winery.server.settle().await;

    let store = winery.server.app.engine.store();
    let counts = store.counts().await.unwrap();
    assert_eq!(usize::try_from(counts.deliveries).unwrap(), sent.len(), "what is answered is stored");
    assert_eq!((counts.unsorted, counts.due), (0, 0), "nothing waits");
    let query = ExceptionQuery { closed: true, limit: Some(1000), ..ExceptionQuery::default() };
    let exceptions = store.exceptions(query).await.unwrap();
    for told in &exceptions {
        let said = [&told.code, &told.message, &told.mend];
        assert!(said.iter().all(|text| !text.trim().is_empty()), "{told:?}");
    }

    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused: BTreeMap<&str, &str> = BTreeMap::new();
    for id in 1..=counts.deliveries {
        let (row, body) = store.delivery(id).await.unwrap().unwrap();
        let (name, delivered) = &sent[&row.webhook_id];
        assert_eq!(body, *delivered, "{}: byte for byte", row.webhook_id);
        *states.entry(row.state.as_str()).or_default() += 1;
        if row.state == DeliveryState::Exception {
            let told: Vec<_> = exceptions.iter().filter(|told| told.delivery_id == Some(id)).collect();
            assert_eq!(told.len(), 1, "{}", row.webhook_id);
            refused.insert(name, &told[0].message);
        }
    }
    // Three deliveries of each body: the same words on the wire again are one only where they carry a version.
    let finals = ["applied", "duplicate", "exception", "no_change", "stale"];
    assert_eq!(states.keys().copied().collect::<Vec<_>>(), finals, "every end is met, and nothing else");
    assert_eq!(states["exception"], REFUSED.len() * 3);
    let names = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(
        names(refused.keys().copied().collect()),
        names(REFUSED.iter().map(|(name, _)| *name).collect()),
        "{refused:#?}"
    );
    for (name, words) in REFUSED {
        assert!(refused[name].contains(words), "{name}: {}", refused[name]);
    }
}

/// Those about fulfilment orders and their holds name no order; each names a part of one, whatever its form.
#[tokio::test]
async fn every_collected_body_about_a_part_of_an_order_names_the_part() {
    let Some(specs) = specs("the collected bodies") else { return };
    let reading = ReadShop::start(Options::default()).await;
    let mut heard = 0;
    for entry in std::fs::read_dir(specs.join("shopify/payloads")).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let Some((kind, rest)) = ["fulfillment-orders-", "fulfillment-holds-"]
            .iter()
            .find_map(|kind| Some((kind.trim_end_matches('-').replace('-', "_"), name.strip_prefix(kind)?)))
        else {
            continue;
        };
        let topic = format!("{kind}/{}", rest.replace('-', "_"));
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let body = std::fs::read(file.unwrap().path()).unwrap();
            assert_eq!(reading.part(&topic, &body), Some("1".into()), "{topic}");
            heard += 1;
        }
    }
    assert!(heard >= 20, "{heard} bodies");
}
