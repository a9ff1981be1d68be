//! Whether an order needs customs data, and which: a pure function of the record and the route.
//!
//! What is needed and nobody told is a person's to give, by SKU; nothing is guessed, and the message quotes nothing that the
//! buyer wrote. A home order has none, so an edit of the address adds it or drops it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::address::{Address, filled};
use crate::domain::copy::Item;
use crate::domain::customs::{Customs, CustomsRule, Declaration};
use crate::domain::order::OrderDocument;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;
use crate::domain::route::Route;

/// The customs data of an order that goes to this address with these items; none where the route or the address asks for
/// none. What `left` already is not asked for anew.
pub(super) fn customs(
    record: &OrderRecord,
    order: &OrderDocument,
    items: &[Item],
    ship_to: &Address,
    left: bool,
    route: &Route,
) -> Result<Option<Customs>, Reason> {
    let Some(rule) = route.customs.as_ref().filter(|rule| rule.is_abroad(ship_to)) else { return Ok(None) };
    let told: Vec<(&str, Declaration)> =
        items.iter().map(|item| declaration(item, record, order, route, rule)).collect();
    let mut products = BTreeMap::<String, Declaration>::new();
    for (item, (_, declared)) in items.iter().zip(&told) {
        // What nobody keeps there is not told there.
        let declared = if rule.keep_products {
            declared.clone()
        } else {
            Declaration { value: declared.value, ..Declaration::default() }
        };
        let known = products.entry(item.product.clone()).or_default();
        *known = std::mem::take(known).or(&declared);
    }
    let paid = record.customs.as_ref().is_some_and(|told| told.duties_paid);
    let paid_terms = rule.incoterms_when_paid.as_ref().filter(|_| paid);
    let customs = Customs {
        incoterms: paid_terms.unwrap_or(&rule.incoterms).clone(),
        tax_id: rule.tax_id.as_deref().and_then(|name| filled(order.attribute(name))),
        products,
        keep_products: rule.keep_products,
    };
    let mut lacking = BTreeMap::<&str, Vec<&str>>::new();
    for (item, (sku, declared)) in items.iter().zip(&told) {
        let parts = [
            ("tariff code", rule.keep_products && declared.tariff_code.is_none()),
            ("country of origin", rule.keep_products && declared.origin.is_none()),
            ("value", customs.value(item, &order.currency) <= Decimal::ZERO),
        ];
        for (part, _) in parts.into_iter().filter(|(_, lacks)| *lacks) {
            let known = lacking.entry(*sku).or_default();
            if !known.contains(&part) {
                known.push(part);
            }
        }
    }
    if lacking.is_empty() || left { Ok(Some(customs)) } else { Err(incomplete(order, &lacking)) }
}

/// Whether goods of an order need customs data that only a reading of the channel tells, and were in none yet.
pub(super) fn unread(record: &OrderRecord, route: &Route) -> bool {
    let (Some(rule), Some(order)) = (&route.customs, &record.document) else { return false };
    let told = |id| record.customs.as_ref().is_some_and(|told| told.goods.contains_key(id));
    rule.asks_channel()
        && !record.is_cancelled()
        && !record.is_deleted()
        && order.ship_to.as_ref().is_some_and(|address| rule.is_abroad(address))
        && route.filter.leaves_out(order).is_none()
        && order.goods().any(|line| line.current > 0 && !told(&line.id))
}

/// What is known of an item's product, with its SKU at the shop. What the shop says of a bundle it does not say of its parts.
fn declaration<'o>(
    item: &'o Item,
    record: &OrderRecord,
    order: &'o OrderDocument,
    route: &'o Route,
    rule: &CustomsRule,
) -> (&'o str, Declaration) {
    let own = |sku: &str| rule.products.get(sku).cloned().unwrap_or_default();
    let sku = order.line(&item.line).and_then(|line| line.sku.as_deref()).unwrap_or(&item.product);
    if let Some(parts) = route.bundles.get(sku) {
        let part = parts.iter().find(|part| route.product(&part.sku).product == item.product);
        let sku = part.map_or(sku, |part| &part.sku);
        return (sku, own(sku));
    }
    let shop = record.customs.as_ref().and_then(|told| told.goods.get(&item.line));
    (sku, shop.map_or_else(|| own(sku), |shop| own(sku).or(shop)))
}

fn incomplete(order: &OrderDocument, lacking: &BTreeMap<&str, Vec<&str>>) -> Reason {
    let told: Vec<String> =
        lacking.iter().map(|(sku, parts)| format!("«{sku}» has no {}", parts.join(" and no "))).collect();
    Reason::new(
        ReasonCode::CustomsIncomplete,
        format!("order {} goes abroad, and for the customs {}", order.name, told.join(", ")),
        "give the product its code and its country of origin at the channel and retry; or give the SKU tariff_code, origin or \
         value in the route's customs.products, restart and retry",
    )
}
