//! A route's customs data: when it is sent, on which terms, and what is told of products that the shop does not tell.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::reader::nearest;
use super::section::Section;
use super::services::countries;
use crate::domain::customs::{CustomsRule, Declaration, INCOTERMS};
use crate::domain::places;

/// Digits that a tariff code has, as Shopify takes them.
const TARIFF_DIGITS: std::ops::RangeInclusive<usize> = 6..=13;

/// Reads the table where there is one; `takes` says whether the route's destination has a place for it.
pub(super) fn read(route: &mut Section<'_>, to: &str, takes: bool) -> Option<CustomsRule> {
    let given = route.has("customs");
    let rule = route.sub("customs", |mut section| {
        let rule = given.then(|| rule(&mut section));
        section.finish();
        rule
    });
    if given && !takes && !to.is_empty() {
        route.wrong_at(
            "customs",
            format!("is of no use: «{to}» takes no customs data"),
            "give it to the route to the warehouse that ships",
        );
    }
    rule
}

fn rule(section: &mut Section<'_>) -> CustomsRule {
    if !section.has("home") {
        section.missing("home", "name the countries that no customs lie before, as [\"US\"]");
    }
    let home = countries(section, "home");
    if !section.has("incoterms") {
        section.missing("incoterms", &format!("choose one of {}", INCOTERMS.join(", ")));
    }
    let incoterms = section.parsed("incoterms", terms).unwrap_or_default();
    let incoterms_when_paid = section.parsed("incoterms_when_paid", terms);
    let keep_products = section.boolean("keep_products").unwrap_or_default();
    CustomsRule {
        home,
        incoterms,
        incoterms_when_paid,
        tax_id: section.text("tax_id"),
        keep_products,
        products: products(section, keep_products),
    }
}

fn terms(text: &str) -> Result<String, (String, String)> {
    let word = text.trim().to_uppercase();
    if INCOTERMS.contains(&word.as_str()) {
        return Ok(word);
    }
    let mend = nearest(&word, INCOTERMS).map_or_else(
        || format!("choose one of {}", INCOTERMS.join(", ")),
        |meant| format!("did you mean «{meant}»?"),
    );
    Err((format!("«{text}» is none of the Incoterms"), mend))
}

fn products(section: &mut Section<'_>, kept: bool) -> BTreeMap<String, Declaration> {
    let mut products = BTreeMap::new();
    section.each("products", |sku, mut product| {
        let declaration = Declaration {
            tariff_code: product.parsed("tariff_code", tariff_code),
            origin: product.parsed("origin", origin),
            description: product.text("description"),
            value: product.parsed("value", value),
        };
        for key in ["tariff_code", "origin", "description"] {
            if !kept && product.was_given(key) {
                product.wrong_at(
                    key,
                    "is told nobody: it lies with the product at the warehouse, which is not kept",
                    "set keep_products = true, or enter it there and remove it here",
                );
            }
        }
        product.finish();
        products.insert(sku.to_owned(), declaration);
    });
    products
}

fn tariff_code(text: &str) -> Result<String, (String, String)> {
    let code = text.trim();
    let digits = code.chars().filter(char::is_ascii_digit).count();
    if TARIFF_DIGITS.contains(&digits) && code.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Ok(code.to_owned());
    }
    Err((format!("«{text}» is no tariff code"), "write its 6 to 13 digits, as \"2204.21\"".to_owned()))
}

fn origin(text: &str) -> Result<String, (String, String)> {
    places::country(text).map(|(code, _)| code.to_owned()).ok_or_else(|| {
        (format!("«{text}» is no country"), "write the two letters of ISO 3166, as \"US\"".into())
    })
}

fn value(text: &str) -> Result<Decimal, (String, String)> {
    text.trim()
        .parse::<Decimal>()
        .ok()
        .filter(|value| *value > Decimal::ZERO)
        .map(|value| value.normalize())
        .ok_or_else(|| {
            (
                format!("«{text}» is no value"),
                "write what one unit is worth, as \"18.50\", in the shop's currency".into(),
            )
        })
}
