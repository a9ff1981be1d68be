//! Routes: which channel's orders go to which destination, and how.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;

use super::roles::{Names, Role};
use super::section::Section;
use super::{customs, services};
use crate::connectors::shopify;
use crate::domain::order::{PaymentState, Recommendation};
use crate::domain::route::{BundlePart, Filter, Judge, KeyBy, Pattern, ProductRef, Refunds, Route};

/// The longest edit window: a week.
const MOST_EDIT_MINUTES: i64 = 7 * 24 * 60;

pub(super) fn read(root: &mut Section<'_>, names: &Names) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    root.each_of_list("routes", |at, mut section| {
        let from = end(&mut section, "from", Role::Channel, names);
        let to = end(&mut section, "to", Role::Destination, names);
        let packs = to.as_ref().is_some_and(|to| names.get(to) == Some(&Some(Role::Warehouse)));
        let mut route = route(&mut section, from.unwrap_or_default(), to.unwrap_or_default());
        route.packs = packs;
        route.customs = customs::read(&mut section, &route.to, packs);
        if packs && route.refunds != Refunds::ByHand {
            section.wrong_at(
                "refunds",
                "is for a compliance service's books, and this route leads to a warehouse",
                "set it in the route to the compliance service",
            );
        }
        if route.ship_in_part && route.packs {
            section.wrong_at(
                "ship_in_part",
                "is for whoever judges orders, and this route leads to a warehouse",
                "set it in the route to the compliance service; name that in cleared_by here",
            );
        }
        if !route.from.is_empty() && !route.to.is_empty() {
            contradictions(&mut section, at, &route, &routes);
        }
        routes.push(route);
        section.finish();
    });
    judges(root, &mut routes, names);
    routes
}

/// One end of a route: a connection that is there and can play that role.
fn end(section: &mut Section<'_>, key: &'static str, role: Role, names: &Names) -> Option<String> {
    let known = || names.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    if !section.has(key) {
        section.needed_text(key, &format!("name a connection: {}", known()));
        return None;
    }
    section.parsed(key, |name| match names.get(name) {
        None if names.is_empty() => {
            Err((format!("«{name}» is no connection"), format!("add a table [connections.{name}]")))
        }
        None => Err((format!("«{name}» is no connection"), format!("name one of: {}", known()))),
        Some(Some(other)) if (*other == Role::Channel) != (role == Role::Channel) => Err(match role {
            Role::Channel => (
                format!("«{name}» is not a channel: no orders are born there"),
                "name the shop here".to_owned(),
            ),
            Role::Destination | Role::Warehouse => (
                format!("«{name}» is not a destination: orders cannot be sent there"),
                "name the system here that orders are sent to".to_owned(),
            ),
        }),
        Some(_) => Ok(name.to_owned()),
    })
}

/// Whoever is to clear a route's orders must be sent them, and must judge; what it is sent is said in its own route.
fn judges(root: &mut Section<'_>, routes: &mut [Route], names: &Names) {
    for at in 0..routes.len() {
        let (from, to) = (routes[at].from.clone(), routes[at].to.clone());
        for nth in 0..routes[at].cleared_by.len() {
            let name = routes[at].cleared_by[nth].name.clone();
            let own = routes.iter().find(|other| other.from == from && other.to == name);
            let judges = names.get(&name) == Some(&Some(Role::Destination));
            match own.filter(|_| judges && name != to) {
                Some(own) => {
                    let (filter, not_goods) = (own.filter.clone(), own.not_goods.clone());
                    routes[at].cleared_by[nth] = Judge { name, filter, not_goods };
                }
                None => root.wrong_at(
                    "routes",
                    format!(
                        "[{at}] waits for «{name}» to clear its orders, which is not sent them or judges none"
                    ),
                    format!("name a compliance service that a route sends the orders of «{from}» to"),
                ),
            }
        }
    }
}

/// What two routes cannot both mean.
fn contradictions(section: &mut Section<'_>, at: usize, route: &Route, earlier: &[Route]) {
    for (other_at, other) in earlier.iter().enumerate().filter(|(_, other)| other.to == route.to) {
        if other.from == route.from {
            section.wrong(
                format!("contradicts routes[{other_at}]: both send «{}» to «{}»", route.from, route.to),
                format!(
                    "keep one of routes[{other_at}] and routes[{at}]: an order has one copy at a destination"
                ),
            );
        } else if other.key_prefix == route.key_prefix
            && (other.key_by, route.key_by) == (KeyBy::Name, KeyBy::Name)
        {
            section.wrong(
                format!(
                    "contradicts routes[{other_at}]: orders of «{}» and «{}» with one name get one key at «{}»",
                    other.from, route.from, route.to
                ),
                "give each a key_prefix of its own, or set order_key = \"id\"",
            );
        }
    }
}

fn route(section: &mut Section<'_>, from: String, to: String) -> Route {
    let release = section.texts("release").map(|words| {
        let mut states = Vec::new();
        for word in words {
            match PaymentState::parse(&word) {
                PaymentState::Other(_) => section.wrong_at(
                    "release",
                    format!("«{word}» is no payment state"),
                    format!("choose from {}", PaymentState::KNOWN.join(", ")),
                ),
                state => states.push(state),
            }
        }
        states
    });
    let fraud_hold = section.texts("fraud_hold").map(|words| {
        let mut held = Vec::new();
        for word in words {
            match Recommendation::parse(&word) {
                Recommendation::Other(_) | Recommendation::Accept => section.wrong_at(
                    "fraud_hold",
                    format!("«{word}» is no recommendation that an order could be held for"),
                    "choose from cancel, investigate, none",
                ),
                recommendation => held.push(recommendation),
            }
        }
        held
    });
    let edit_window = section.integer("edit_window_minutes", 0..=MOST_EDIT_MINUTES).unwrap_or_default();
    let patterns = |words: Option<Vec<String>>| words.map(|words| words.into_iter().map(Pattern).collect());
    let skip_sources = patterns(section.texts("skip_sources"));
    let filter = Filter {
        skip_sources: skip_sources
            .unwrap_or_else(|| shopify::SKIPPED_SOURCES.iter().map(|word| Pattern((*word).into())).collect()),
        only_tags: patterns(section.texts("only_tags")).unwrap_or_default(),
        skip_tags: patterns(section.texts("skip_tags")).unwrap_or_default(),
        skip_test: section.boolean("skip_test").unwrap_or_default(),
        placed_since: day(section, "placed_since"),
    };
    let key_by = section.parsed("order_key", |word| match word {
        "name" => Ok(KeyBy::Name),
        "id" => Ok(KeyBy::Id),
        other => Err((format!("«{other}» is not known"), "choose \"name\" or \"id\"".into())),
    });
    let methods: Vec<(Pattern, String)> = section
        .text_map("methods")
        .unwrap_or_default()
        .into_iter()
        .map(|(name, code)| (Pattern(name), code))
        .collect();
    for (at, (name, code)) in methods.iter().enumerate() {
        if code.trim().is_empty() {
            section.wrong_at(
                "methods",
                format!("«{}» maps to nothing", name.0),
                "give it the destination's service code",
            );
        }
        let twin = methods[..at].iter().find(|(other, _)| other.0.trim().eq_ignore_ascii_case(name.0.trim()));
        if let Some((twin, other_code)) = twin.filter(|(_, other_code)| other_code != code) {
            section.wrong_at(
                "methods",
                format!("contradicts itself: «{}» is {other_code} and «{}» is {code}", twin.0, name.0),
                "keep one of them",
            );
        }
    }
    let method_when_missing = section.text("method_when_missing");
    let codes = methods.iter().map(|(_, code)| code).chain(&method_when_missing).map(String::as_str);
    let services = services::read(section, &codes.collect::<Vec<_>>());
    let judges = section.texts("cleared_by").unwrap_or_default();
    Route {
        cleared_by: judges.into_iter().map(|name| Judge { name, ..Judge::default() }).collect(),
        packs: false,
        from,
        to,
        filter,
        release: release.unwrap_or_else(|| vec![PaymentState::Paid]),
        fraud_hold: fraud_hold.unwrap_or_else(|| vec![Recommendation::Cancel]),
        edit_window: SignedDuration::from_mins(edit_window),
        key_by: key_by.unwrap_or_default(),
        key_prefix: section.text("key_prefix").unwrap_or_default(),
        methods,
        method_when_missing,
        services,
        check_address: section.boolean("check_address").unwrap_or(true),
        skus: skus(section),
        brand: section.text("brand"),
        bundles: bundles(section),
        customs: None,
        not_goods: patterns(section.texts("not_goods")).unwrap_or_default(),
        birth_date: section.text("birth_date"),
        ship_date: section.text("ship_date"),
        gift_note: section.text("gift_note"),
        lead_days: section
            .integer("lead_days", 0..=365)
            .and_then(|days| i32::try_from(days).ok())
            .unwrap_or(1),
        ship_in_part: section.boolean("ship_in_part").unwrap_or_default(),
        refunds: refunds(section),
    }
}

fn refunds(section: &mut Section<'_>) -> Refunds {
    let negative = section.parsed("refunds", |word| match word {
        "by_hand" => Ok(false),
        "negative_order" => Ok(true),
        other => Err((format!("«{other}» is not known"), "choose \"by_hand\" or \"negative_order\"".into())),
    });
    let since = day(section, "refunds_since");
    match (negative, since) {
        (Some(true), since) => Refunds::Negative { since },
        (Some(false) | None, None) => Refunds::ByHand,
        (_, Some(_)) => {
            section.wrong_at(
                "refunds_since",
                "is a day from which no refund is entered",
                "add refunds = \"negative_order\", or leave it out",
            );
            Refunds::ByHand
        }
    }
}

/// A calendar day.
fn day(section: &mut Section<'_>, key: &'static str) -> Option<Date> {
    section.parsed(key, |text| {
        text.parse().map_err(|_| (format!("«{text}» is no day"), "write it as \"2026-12-01\"".into()))
    })
}

fn skus(section: &mut Section<'_>) -> BTreeMap<String, ProductRef> {
    let mut skus = BTreeMap::new();
    section.each("skus", |sku, mut product| {
        let key = product
            .needed_text("product", "write { brand = \"…\", product = \"…\" } as the destination has them");
        let brand = product.text("brand");
        if let Some(key) = key {
            skus.insert(sku.to_owned(), ProductRef { brand, product: key });
        }
        product.finish();
    });
    skus
}

fn bundles(section: &mut Section<'_>) -> BTreeMap<String, Vec<BundlePart>> {
    let mut bundles: BTreeMap<String, Vec<BundlePart>> = BTreeMap::new();
    section.each_list("bundles", |bundle, mut part| {
        let sku = part.needed_text("sku", "write { sku = \"…\", quantity = 2 }");
        let quantity = part.integer("quantity", 1..=1000).and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        if let Some(sku) = sku {
            bundles.entry(bundle.to_owned()).or_default().push(BundlePart { sku, quantity });
        }
        part.finish();
    });
    bundles
}
