//! The account's brands and products, and the operations on them.
//!
//! A product is known by its own key and its brand's; the same product key may exist in several brands, and then only
//! both keys together name one. Keys match exactly. Taking a product away does not touch orders that already hold it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Account;
use super::options::Product;
use super::order::Class;
use super::reading;
use super::shapes;
use super::wire::{Problem, Problems, Reply, amount, amount_if_any};

/// Brands and products.
#[derive(Default)]
pub(super) struct Catalogue {
    brands: BTreeMap<String, Brand>,
    /// By product key, then by brand key; a product without brand has an empty one.
    products: BTreeMap<String, BTreeMap<String, ProductRecord>>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Brand {
    #[serde(default)]
    key: String,
    ttb_brand_key: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Value>,
    this_brand_is_bottled_by_a_third_party: Option<bool>,
    this_brand_is_produced_by_a_third_party: Option<bool>,
    this_brand_operates_under_a_trade_name: Option<bool>,
    this_brand_was_acquired_from_a_third_party: Option<bool>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductRecord {
    age: Option<i32>,
    #[serde(rename = "bottleSizeML", skip_serializing)]
    bottle_size_ml: Option<i32>,
    brand_key: Option<String>,
    default_case: Option<String>,
    #[serde(default, with = "amount_if_any")]
    default_retail_unit_price: Option<Decimal>,
    #[serde(default, with = "amount_if_any")]
    default_wholesale_case_price: Option<Decimal>,
    description: String,
    flavor: Option<String>,
    gtin: Option<String>,
    #[serde(skip_serializing)]
    label: Option<String>,
    nabca: Option<String>,
    #[serde(default, with = "amount")]
    percent_alcohol: Decimal,
    product_distribution: Option<String>,
    #[serde(default)]
    product_key: String,
    product_type: String,
    scc: Option<String>,
    unimerc: Option<String>,
    #[serde(default, with = "amount_if_any")]
    unit_price: Option<Decimal>,
    upc: Option<String>,
    varietal: Option<String>,
    vintage: Option<i32>,
    #[serde(default, with = "amount")]
    volume_amount: Decimal,
    volume_unit: Option<String>,
    container_type: Option<String>,
    containers_per_selling_unit: Option<i32>,
}

/// What a line's keys name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// One product, of this brand and class.
    One(String, Class),
    /// Several; the brand key is needed.
    Several,
    /// None.
    Nothing,
}

impl Catalogue {
    /// A catalogue of these products and their brands.
    pub(super) fn of(products: &[Product]) -> Self {
        let mut catalogue = Self::default();
        for product in products {
            catalogue.add(product, "Wine");
        }
        catalogue
    }

    /// Adds a product of this type by its keys alone, and its brand if that is new.
    pub(super) fn add(&mut self, product: &Product, product_type: &str) {
        if !product.brand.is_empty() {
            self.brands.entry(product.brand.clone()).or_insert_with(|| Brand {
                key: product.brand.clone(),
                ttb_brand_key: None,
                name: product.brand.clone(),
                owner: None,
                this_brand_is_bottled_by_a_third_party: Some(false),
                this_brand_is_produced_by_a_third_party: Some(false),
                this_brand_operates_under_a_trade_name: Some(false),
                this_brand_was_acquired_from_a_third_party: Some(false),
            });
        }
        let wine = Class::of(product_type) == Class::Alcohol;
        self.insert(ProductRecord {
            age: None,
            bottle_size_ml: None,
            brand_key: (!product.brand.is_empty()).then(|| product.brand.clone()),
            default_case: wine.then(|| "12".to_owned()),
            default_retail_unit_price: None,
            default_wholesale_case_price: None,
            description: format!("{} {}", product.brand, product.key).trim().to_owned(),
            flavor: None,
            gtin: None,
            label: None,
            nabca: None,
            percent_alcohol: if wine { Decimal::new(135, 1) } else { Decimal::ZERO },
            product_distribution: Some("Both".to_owned()),
            product_key: product.key.clone(),
            product_type: product_type.to_owned(),
            scc: None,
            unimerc: None,
            unit_price: None,
            upc: None,
            varietal: None,
            vintage: None,
            volume_amount: if wine { Decimal::from(750) } else { Decimal::ZERO },
            volume_unit: Some(if wine { "Milliliter" } else { "Null" }.to_owned()),
            container_type: wine.then(|| "Bottle".to_owned()),
            containers_per_selling_unit: Some(1),
        });
    }

    /// Takes a product away; false if it is not there.
    pub(super) fn remove(&mut self, product: &Product) -> bool {
        let Some(brands) = self.products.get_mut(&product.key) else { return false };
        let there = brands.remove(&product.brand).is_some();
        if brands.is_empty() {
            self.products.remove(&product.key);
        }
        there
    }

    /// What a product key, with or without a brand key, names.
    pub(super) fn named(&self, brand: Option<&str>, key: &str) -> Named {
        match self.records(brand, key).as_slice() {
            [] => Named::Nothing,
            [(brand, record)] => Named::One((*brand).clone(), Class::of(&record.product_type)),
            _ => Named::Several,
        }
    }

    /// Every product's keys.
    pub(super) fn products(&self) -> Vec<Product> {
        let of_key = |(key, brands): (&String, &BTreeMap<String, ProductRecord>)| {
            brands.keys().map(|brand| Product { brand: brand.clone(), key: key.clone() }).collect::<Vec<_>>()
        };
        self.products.iter().flat_map(of_key).collect()
    }

    fn records(&self, brand: Option<&str>, key: &str) -> Vec<(&String, &ProductRecord)> {
        let Some(brands) = self.products.get(key) else { return Vec::new() };
        match brand.filter(|brand| !brand.is_empty()) {
            Some(brand) => brands.get_key_value(brand).into_iter().collect(),
            None => brands.iter().collect(),
        }
    }

    fn one(&self, brand: Option<&str>, key: &str) -> Result<Product, Problems> {
        match self.named(brand, key) {
            Named::One(brand, _) => Ok(Product { brand, key: key.to_owned() }),
            Named::Several => Err(vec![Problem::validation(
                "Product",
                None,
                key,
                format!("ProductKey exists in more than one brand; give the BrandKey [{key}]."),
            )]),
            Named::Nothing => Err(vec![Problem::absent(
                "Product",
                Some("201"),
                key,
                format!(
                    "Product matching given BrandKey/ProductKey does not exist [{},{key}].",
                    brand.unwrap_or_default()
                ),
            )]),
        }
    }

    fn insert(&mut self, mut record: ProductRecord) {
        if record.volume_amount.is_zero()
            && let Some(size) = record.bottle_size_ml
        {
            record.volume_amount = size.into();
            record.volume_unit = Some("Milliliter".to_owned());
        }
        let brand = record.brand_key.clone().unwrap_or_default();
        self.products.entry(record.product_key.clone()).or_default().insert(brand, record);
    }

    fn check_brand(&self, record: &ProductRecord) -> Result<(), Problems> {
        match record.brand_key.as_deref() {
            Some(brand) if !brand.is_empty() && !self.brands.contains_key(brand) => {
                Err(vec![Problem::validation(
                    "Product",
                    Some("100"),
                    &record.product_key,
                    format!("Brand does not exist [{brand}]."),
                )])
            }
            _ => Ok(()),
        }
    }

    fn document(&self, record: &ProductRecord) -> Value {
        let mut document = serde_json::to_value(record).unwrap_or_default();
        let brand = record.brand_key.as_ref().and_then(|key| self.brands.get(key));
        document["brandName"] = json!(brand.map(|brand| &brand.name));
        document["brandDescription"] = Value::Null;
        document["marketplaceSKUs"] = json!([]);
        if let Some(label) = &record.label {
            document["label"] = json!({ "key": label, "cola": null, "serialNumber": null });
        }
        document
    }
}

/// `GET products/{key}`.
pub(super) fn product(account: &Account, key: &str, brand: Option<&str>) -> Result<Reply, Problems> {
    account.with(|ledger| {
        let catalogue = &ledger.catalogue;
        catalogue.one(brand, key)?;
        let records = catalogue.records(brand, key);
        let document = records.first().map(|(_, record)| catalogue.document(record));
        Ok(Reply::success(json!({ "product": document })))
    })
}

/// `POST products`.
pub(super) fn add_product(account: &Account, body: &[u8]) -> Result<Reply, Problems> {
    let record: ProductRecord = reading::read(body, shapes::NEW_PRODUCT, "Product")?;
    account.with(|ledger| {
        let catalogue = &mut ledger.catalogue;
        catalogue.check_brand(&record)?;
        let brand = record.brand_key.as_deref().unwrap_or_default();
        if catalogue.products.get(&record.product_key).is_some_and(|brands| brands.contains_key(brand)) {
            let message = "Product already exists.";
            return Err(vec![Problem::validation("Product", Some("2707"), record.product_key, message)]);
        }
        catalogue.insert(record);
        ledger.touch();
        Ok(Reply::success(json!({})))
    })
}

/// `PUT products/{key}`. The definition knows no 404 here, so a product that does not exist is a 400.
pub(super) fn change_product(
    account: &Account,
    key: &str,
    brand: Option<&str>,
    body: &[u8],
) -> Result<Reply, Problems> {
    let mut record: ProductRecord = reading::read(body, shapes::CHANGED_PRODUCT, "Product")?;
    account.with(|ledger| {
        let catalogue = &mut ledger.catalogue;
        let brand = brand.or(record.brand_key.as_deref());
        let product = catalogue
            .one(brand, key)
            .map_err(|problems| problems.into_iter().map(Problem::refused).collect::<Problems>())?;
        key.clone_into(&mut record.product_key);
        if record.brand_key.is_none() {
            record.brand_key = Some(product.brand.clone()).filter(|brand| !brand.is_empty());
        }
        catalogue.check_brand(&record)?;
        catalogue.remove(&product);
        catalogue.insert(record);
        ledger.touch();
        Ok(Reply::success(json!({})))
    })
}

/// `DELETE products/{key}`.
pub(super) fn remove_product(account: &Account, key: &str, brand: Option<&str>) -> Result<Reply, Problems> {
    account.with(|ledger| {
        let product = ledger.catalogue.one(brand, key)?;
        ledger.catalogue.remove(&product);
        ledger.touch();
        Ok(Reply::success(json!({})))
    })
}

fn no_brand(key: &str) -> Problems {
    vec![Problem::absent("Brand", Some("100"), key, format!("Brand does not exist [{key}]."))]
}

/// `GET brands/{key}`.
pub(super) fn brand(account: &Account, key: &str) -> Result<Reply, Problems> {
    account.with(|ledger| {
        let brand = ledger.catalogue.brands.get(key).ok_or_else(|| no_brand(key))?;
        Ok(Reply::success(json!({ "brand": serde_json::to_value(brand).unwrap_or_default() })))
    })
}

/// `POST brands`.
pub(super) fn add_brand(account: &Account, body: &[u8]) -> Result<Reply, Problems> {
    let brand: Brand = reading::read(body, shapes::NEW_BRAND, "Brand")?;
    account.with(|ledger| {
        if ledger.catalogue.brands.contains_key(&brand.key) {
            return Err(vec![Problem::validation("Brand", Some("705"), brand.key, "BrandKey exists.")]);
        }
        ledger.catalogue.brands.insert(brand.key.clone(), brand);
        ledger.touch();
        Ok(Reply::success(json!({})))
    })
}

/// `PUT brands/{key}`. The key in the path names the brand; one in the body must be the same.
pub(super) fn change_brand(account: &Account, key: &str, body: &[u8]) -> Result<Reply, Problems> {
    let mut changed: Brand = reading::read(body, shapes::CHANGED_BRAND, "Brand")?;
    account.with(|ledger| {
        let brand = ledger.catalogue.brands.get_mut(key).ok_or_else(|| no_brand(key))?;
        if !changed.key.is_empty() && changed.key != key {
            let message = "The key field does not match the brand in the path.";
            return Err(vec![Problem::validation("Brand", None, changed.key, message)]);
        }
        key.clone_into(&mut changed.key);
        *brand = changed;
        ledger.touch();
        Ok(Reply::success(json!({})))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brand_key_is_needed_only_where_a_product_key_is_not_unique() {
        let product = |brand: &str, key: &str| Product { brand: brand.to_owned(), key: key.to_owned() };
        let mut catalogue = Catalogue::of(&[product("A", "1"), product("A", "2"), product("B", "2")]);
        let one = |brand: &str| Named::One(brand.to_owned(), Class::Alcohol);
        assert_eq!(catalogue.named(None, "1"), one("A"));
        assert_eq!(catalogue.named(Some(""), "1"), one("A"));
        assert_eq!(catalogue.named(None, "2"), Named::Several);
        assert_eq!(catalogue.named(Some("B"), "2"), one("B"));
        assert_eq!(catalogue.named(Some("a"), "1"), Named::Nothing);
        assert_eq!(catalogue.products().len(), 3);
        assert!(catalogue.remove(&product("B", "2")));
        assert!(!catalogue.remove(&product("B", "2")));
        assert_eq!(catalogue.named(None, "2"), one("A"));
        catalogue.add(&product("A", "TOTE"), "MerchandiseTaxable");
        assert_eq!(catalogue.named(Some("A"), "TOTE"), Named::One("A".to_owned(), Class::Taxable));
    }
}
