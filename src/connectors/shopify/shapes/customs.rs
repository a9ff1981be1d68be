//! What a reading of an order tells for the customs: its duties, and the code and origin of what it sells.
//!
//! Code and country of origin lie with the inventory item of a line's variant (`InventoryItem` of the Admin API, which the
//! scope `read_products` opens) and are in no webhook; codes that single countries gave are not read. What a custom line or
//! a deleted variant is made of the shop does not tell.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::graph::{GraphOrder, plain};
use crate::domain::address::filled;
use crate::domain::customs::{ChannelCustoms, Declaration};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct Variant {
    pub(in crate::connectors::shopify) legacy_resource_id: String,
    inventory_item: Option<InventoryItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryItem {
    harmonized_system_code: Option<String>,
    country_code_of_origin: Option<String>,
}

impl InventoryItem {
    fn declaration(&self) -> Declaration {
        Declaration {
            tariff_code: filled(self.harmonized_system_code.as_deref()),
            origin: filled(self.country_code_of_origin.as_deref()),
            ..Declaration::default()
        }
    }
}

/// Duties are paid where the prices hold them (`dutiesIncluded`), or where they are a part of what the order comes to.
pub(in crate::connectors::shopify) fn customs(order: &GraphOrder) -> ChannelCustoms {
    let duties = order.current_total_duties_set.as_ref().map(|duties| duties.shop_money.amount);
    let goods = order.line_items.nodes.iter().map(|line| {
        let item = line.variant.as_ref().and_then(|variant| variant.inventory_item.as_ref());
        (plain(&line.id), item.map(InventoryItem::declaration).unwrap_or_default())
    });
    ChannelCustoms {
        duties_paid: order.duties_included || duties.is_some_and(|duties| duties > Decimal::ZERO),
        goods: goods.collect(),
    }
}
