//! A route's table of services: what each takes, and where to. Codes of countries and provinces are those of ISO 3166;
//! one that is not known is a problem, with the one that may be meant.

use rust_decimal::Decimal;

use super::reader::nearest;
use super::section::Section;
use crate::domain::places::{self, Place};
use crate::domain::route::Pattern;
use crate::domain::service::ServiceRule;

/// Reads the table; `codes` are the services that orders of the route can get.
pub(super) fn read(route: &mut Section<'_>, codes: &[&str]) -> Vec<ServiceRule> {
    let mut rules = Vec::new();
    route.each_of_list("services", |_, mut section| {
        rules.push(rule(&mut section, codes));
        section.finish();
    });
    rules
}

fn rule(section: &mut Section<'_>, codes: &[&str]) -> ServiceRule {
    let service = section.needed_text("service", "name a service code of methods, or a pattern as \"FX*\"");
    let service = Pattern(service.unwrap_or_else(|| "*".into()));
    if section.was_given("service") && !codes.iter().any(|code| service.matches(code)) {
        let mend = nearest(&service.0, codes.iter().copied()).map_or_else(
            || "map a rate to it in methods".to_owned(),
            |code| format!("did you mean «{code}»?"),
        );
        let what = format!("«{}» is no service that methods lead to", service.0);
        section.wrong_at("service", what, mend);
    }
    let countries = countries(section, "countries");
    let only_provinces = provinces(section, "provinces", &countries);
    let except_provinces = provinces(section, "except_provinces", &countries);
    let amount = |text: &str| {
        text.trim().parse::<Decimal>().map_err(|_| {
            (
                format!("«{text}» is no amount"),
                "write it as \"5000\" or \"99.50\", in the shop's currency".to_owned(),
            )
        })
    };
    let (min_value, max_value) = (section.parsed("min_value", amount), section.parsed("max_value", amount));
    if min_value.zip(max_value).is_some_and(|(min, max)| min > max) {
        section.wrong_at("min_value", "is more than max_value", "make it less, or give the service two rows");
    }
    ServiceRule {
        service,
        countries,
        provinces: only_provinces,
        except_provinces,
        po_boxes: section.boolean("po_boxes").unwrap_or(true),
        max_weight_grams: section.integer("max_weight_grams", 1..=100_000_000).map(i64::unsigned_abs),
        min_value,
        max_value,
    }
}

/// Codes of the countries that a key names.
pub(super) fn countries(section: &mut Section<'_>, key: &'static str) -> Vec<String> {
    let mut known = Vec::new();
    for text in section.texts(key).unwrap_or_default() {
        match places::country(&text) {
            Some((code, _)) => known.push(code.to_owned()),
            None => {
                let meant =
                    nearest(&text, places::countries().map(|(_, name)| name)).and_then(places::country);
                let mend = meant.map_or_else(
                    || "write the two letters of ISO 3166, as \"US\"".to_owned(),
                    |(code, name)| format!("did you mean «{code}» ({name})?"),
                );
                section.wrong_at(key, format!("«{text}» is no country"), mend);
            }
        }
    }
    known
}

/// Provinces of the row's countries: `AK`, or `US-AK` where several have one of that code.
fn provinces(section: &mut Section<'_>, key: &'static str, countries: &[String]) -> Vec<Place> {
    let mut known = Vec::new();
    for text in section.texts(key).unwrap_or_default() {
        let named = |country: &String| text.to_uppercase().starts_with(&format!("{country}-"));
        let of: Vec<&String> = match countries.iter().find(|country| named(country)) {
            Some(country) => vec![country],
            None => countries.iter().collect(),
        };
        let mut found = of.iter().filter_map(|country| {
            let province = Some(places::province(country, &text)?);
            Some(Place { country: (*country).clone(), province })
        });
        match (found.next(), found.next()) {
            (Some(place), None) => known.push(place),
            (Some(one), Some(other)) => section.wrong_at(
                key,
                format!("«{text}» is a province of {} and of {}", one.country, other.country),
                format!("write «{}-{text}» or «{}-{text}»", one.country, other.country),
            ),
            (None, _) if countries.is_empty() => section.wrong_at(
                key,
                format!("«{text}» is a province of no country named here"),
                "name its country in countries",
            ),
            (None, _) => {
                let all = || of.iter().flat_map(|country| places::provinces_of(country));
                // By its name: of codes nearly every one is near.
                let meant = nearest(&text, all().map(|(_, name)| name))
                    .and_then(|meant| all().find(|(_, name)| *name == meant));
                let mend = meant.map_or_else(
                    || "write its code of ISO 3166, as \"AK\"".to_owned(),
                    |(code, name)| format!("did you mean «{code}» ({name})?"),
                );
                let list = of.iter().map(|country| country.as_str()).collect::<Vec<_>>().join(", ");
                section.wrong_at(key, format!("«{text}» is no province of {list}"), mend);
            }
        }
    }
    known
}
