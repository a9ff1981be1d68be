//! What the customs are told of products, which ShipHero keeps with the product and not with the order: `tariff_code`,
//! `country_of_manufacture` and `customs_description` of its schema.
//!
//! Before an order that goes abroad is entered, and before its goods change, its products are read, all in one call, and
//! those that were seen within the hour not at all. Where they are kept, what is missing or other than ours is written, and
//! nothing else of the product. Otherwise nothing is written, and a product that lacks code or origin is a person's to see to.
//! Writing the same twice does no harm, so an answer that was lost is no question.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api::Request;
use super::documents::{self, MOST_PRODUCTS};
use super::order::{nodes, text};
use super::{ShipHero, refusal, write};
use crate::domain::address::filled;
use crate::domain::copy::OrderCopy;
use crate::domain::customs::{Customs, Declaration};
use crate::domain::places;
use crate::domain::reason::{Reason, ReasonCode};
use crate::transport::{self, Fault, Log};

/// For how long what was seen of a product is taken to be so.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Products as they were last seen or made, by SKU.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<BTreeMap<String, (Declaration, Timestamp)>>);

impl Shelf {
    fn get(&self, sku: &str, now: Timestamp) -> Option<Declaration> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (declared, at) = known.get(sku)?;
        (now.duration_since(*at) < KNOWN_FOR).then(|| declared.clone())
    }

    fn put(&self, sku: &str, declared: Declaration, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sku.to_owned(), (declared, now));
    }
}

impl ShipHero {
    /// Sees to it that the products of a copy that goes abroad say what the customs ask.
    pub(super) async fn ready_products(&self, copy: &OrderCopy, log: &Log) -> Result<(), Fault> {
        let Some(customs) = &copy.customs else { return Ok(()) };
        let now = self.now();
        let owed =
            |sku: &&String| self.shelf.get(sku, now).is_none_or(|there| !is_ready(customs, sku, &there));
        let owed: Vec<&String> = customs.products.keys().filter(owed).collect();
        for skus in owed.chunks(MOST_PRODUCTS) {
            self.ready(skus, customs, log).await?;
        }
        Ok(())
    }

    async fn ready(&self, skus: &[&String], customs: &Customs, log: &Log) -> Result<(), Fault> {
        let there = self.products(skus, log).await?;
        let mut writes = Vec::new();
        for (sku, there) in skus.iter().zip(there) {
            let there = there.ok_or_else(|| Fault::Refused(unknown(sku)))?;
            if is_ready(customs, sku, &there) {
                self.shelf.put(sku, there, self.now());
            } else if let Some(wanted) = customs.products.get(*sku).filter(|_| customs.keep_products) {
                writes.push((sku.as_str(), wanted, there));
            } else {
                return Err(Fault::Refused(lacking(sku)));
            }
        }
        if writes.is_empty() { Ok(()) } else { self.write_products(writes, log).await }
    }

    /// What these products say, in one call; nothing for one that is not there.
    async fn products(&self, skus: &[&String], log: &Log) -> Result<Vec<Option<Declaration>>, Fault> {
        let account = self.settings.customer_account.as_deref();
        let mut variables = json!({});
        if let Some(account) = account {
            variables["account"] = account.into();
        }
        for (at, sku) in skus.iter().enumerate() {
            variables[format!("p{at}")] = sku.as_str().into();
        }
        let request = Request {
            operation: "products",
            document: &documents::products(skus.len(), account.is_some()),
            variables,
            effect: transport::Effect::Read,
            urgent: false,
            may_cost: documents::cost_of_products(skus.len()),
        };
        let told = self.api.run(request, log).await?;
        let all = skus.iter().enumerate().map(|(at, sku)| {
            let listed = &told.data[format!("p{at}")]["data"];
            if listed.is_null() {
                return Err(Fault::Refused(refusal(&told.errors, "products", &format!("product {sku}"))));
            }
            Ok(nodes(listed).find(|found| text(&found["sku"]).eq_ignore_ascii_case(sku)).map(declared))
        });
        all.collect()
    }

    /// Writes what is ours, in one call.
    async fn write_products(
        &self,
        writes: Vec<(&str, &Declaration, Declaration)>,
        log: &Log,
    ) -> Result<(), Fault> {
        let mut variables = json!({});
        for (at, (sku, wanted, there)) in writes.iter().enumerate() {
            let mut data = json!({ "sku": sku });
            for (name, value) in changes(wanted, there) {
                data[name] = value.into();
            }
            write::own(&mut data, &self.settings);
            variables[format!("p{at}")] = data;
        }
        let request = Request {
            operation: "product_update",
            document: &documents::update_products(writes.len()),
            variables,
            effect: transport::Effect::Write,
            urgent: false,
            may_cost: documents::cost_of_product_updates(writes.len()),
        };
        let told = self.api.run(request, log).await?;
        for (at, (sku, wanted, there)) in writes.into_iter().enumerate() {
            // Some are performed and answered with an error all the same.
            if told.data[format!("p{at}")]["request_id"].is_null() {
                return Err(Fault::Refused(refusal(
                    &told.errors,
                    "product_update",
                    &format!("product {sku}"),
                )));
            }
            self.shelf.put(sku, wanted.clone().or(&there), self.now());
        }
        Ok(())
    }
}

fn declared(product: &Value) -> Declaration {
    let said = |name: &str| filled(product[name].as_str());
    Declaration {
        tariff_code: said("tariff_code"),
        origin: said("country_of_manufacture"),
        description: said("customs_description"),
        value: None,
    }
}

/// Whether a product says what it should: ours where it is kept, else code and origin of whatever kind.
fn is_ready(customs: &Customs, sku: &str, there: &Declaration) -> bool {
    match customs.products.get(sku).filter(|_| customs.keep_products) {
        Some(wanted) => changes(wanted, there).is_empty(),
        None => there.tariff_code.is_some() && there.origin.is_some(),
    }
}

/// What of a product is missing or other than ours, as members of `UpdateProductInput`. Codes are compared by their digits,
/// and countries by code or name.
fn changes(wanted: &Declaration, there: &Declaration) -> Vec<(&'static str, String)> {
    let plain = |of: &Declaration| {
        let digits = |code: &String| code.chars().filter(char::is_ascii_digit).collect();
        let country =
            |text: &String| places::country(text).map_or_else(|| text.clone(), |(code, _)| code.to_owned());
        let words = |text: &String| text.trim().to_owned();
        [
            of.tariff_code.as_ref().map(digits),
            of.origin.as_ref().map(country),
            of.description.as_ref().map(words),
        ]
    };
    let members = [
        ("tariff_code", &wanted.tariff_code),
        ("country_of_manufacture", &wanted.origin),
        ("customs_description", &wanted.description),
    ];
    let both = plain(wanted).into_iter().zip(plain(there));
    let differs =
        members.into_iter().zip(both).filter(|(_, (ours, theirs))| ours.is_some() && ours != theirs);
    differs.filter_map(|((name, value), _)| Some((name, value.clone()?))).collect()
}

fn unknown(sku: &str) -> Reason {
    Reason::new(
        ReasonCode::UnknownProduct,
        format!("ShipHero has no product «{sku}», so that nothing could be told to the customs"),
        "enter the product at ShipHero, or map its SKU in the route's skus; then retry",
    )
}

fn lacking(sku: &str) -> Reason {
    Reason::new(
        ReasonCode::CustomsIncomplete,
        format!(
            "the order goes abroad, and product «{sku}» at ShipHero has no tariff code or no country of manufacture"
        ),
        "enter both there and retry; or set keep_products = true in the route's customs, restart and retry",
    )
}
