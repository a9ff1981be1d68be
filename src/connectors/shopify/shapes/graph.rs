//! The shapes of the Admin GraphQL API, and their translation to the same facts that webhooks give.
//!
//! Ids come as global ids or as numbers in text; both become the plain number.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;

use super::super::noting::parted;
use super::address::ShownAddress;
use super::customs::{Variant, customs};
use super::rest::distinct;
use crate::domain::RemoteId;
use crate::domain::address::filled;
use crate::domain::fulfillment::{
    DeliveryMethod, DeliveryStatus, Fulfillment, FulfillmentOrder, FulfillmentStatus, Hold, Refund,
    RefundLine, RefundValue, Restock,
};
use crate::domain::money::{Money, MoneyBag};
use crate::domain::order::{
    Attributes, CancelReason, Line, LineTraits, OrderDocument, PaymentState, Recommendation, ShippingLine,
    line_kind,
};
use crate::domain::record::Snapshot;

/// How many lines, and how many of everything else, one reading asks for; the next size is tried where one is too small.
/// The cost of the largest stays under the API's bound of 1,000 for a single query.
pub(in crate::connectors::shopify) const PAGES: &[(u32, u32)] = &[(25, 5), (100, 15), (250, 40)];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct OrderAnswer {
    shop: Zone,
    pub(in crate::connectors::shopify) order: Option<GraphOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Zone {
    iana_timezone: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct Connection<T> {
    #[serde(default)]
    page_info: Option<PageInfo>,
    pub(in crate::connectors::shopify) nodes: Vec<T>,
}

impl<T> Connection<T> {
    pub(in crate::connectors::shopify) fn is_cut(&self) -> bool {
        self.page_info.as_ref().is_some_and(|page| page.has_next_page)
    }

    /// Where the next page begins, where there is one.
    pub(in crate::connectors::shopify) fn next(&self) -> Option<&str> {
        self.page_info.as_ref().filter(|page| page.has_next_page)?.end_cursor.as_deref()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct Amount {
    pub(in crate::connectors::shopify) amount: Decimal,
    currency_code: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct Bag {
    pub(in crate::connectors::shopify) shop_money: Amount,
    presentment_money: Amount,
}

impl Bag {
    fn bag(&self) -> MoneyBag {
        let money = |amount: &Amount| Money::new(amount.amount, amount.currency_code.clone());
        MoneyBag { shop: money(&self.shop_money), presentment: money(&self.presentment_money) }
    }
}

#[derive(Debug, Deserialize)]
struct GraphAttribute {
    key: String,
    value: Option<String>,
}

fn attributes(graph: &[GraphAttribute]) -> Attributes {
    graph.iter().filter_map(|attribute| Some((attribute.key.clone(), attribute.value.clone()?))).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Legacy {
    legacy_resource_id: String,
}

#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct Node {
    pub(in crate::connectors::shopify) id: String,
}

/// The number at the end of a global id.
pub(in crate::connectors::shopify) fn plain(gid: &str) -> RemoteId {
    let last = gid.rsplit('/').next().unwrap_or(gid);
    last.split('?').next().unwrap_or(last).into()
}

/// A part of a discount, or a tax, on all units of a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    amount_set: Bag,
}

/// What they come to, in the shop's currency.
fn sum(shares: &[Share]) -> Decimal {
    shares.iter().map(|share| share.amount_set.shop_money.amount).sum::<Decimal>().normalize()
}

#[derive(Debug, Deserialize)]
struct Weight {
    unit: String,
    value: serde_json::Number,
}

impl Weight {
    /// In whole grams, as webhooks tell it; nothing in a unit that is not known.
    fn grams(&self) -> Option<u64> {
        let unit = match self.unit.as_str() {
            "GRAMS" => Decimal::ONE,
            "KILOGRAMS" => Decimal::ONE_THOUSAND,
            "OUNCES" => Decimal::new(28_349_523_125, 9),
            "POUNDS" => Decimal::new(45_359_237, 5),
            _ => return None,
        };
        let value: Decimal = self.value.to_string().parse().ok()?;
        value.checked_mul(unit)?.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_u64()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct GraphLine {
    pub(in crate::connectors::shopify) id: String,
    sku: Option<String>,
    title: String,
    vendor: Option<String>,
    quantity: u32,
    current_quantity: u32,
    requires_shipping: bool,
    is_gift_card: bool,
    weight: Option<Weight>,
    pub(in crate::connectors::shopify) variant: Option<Variant>,
    product: Option<Legacy>,
    original_unit_price_set: Bag,
    discount_allocations: Vec<Share>,
    tax_lines: Vec<Share>,
    custom_attributes: Vec<GraphAttribute>,
    line_item_group: Option<Node>,
}

impl GraphLine {
    fn line(&self, order_tips: Decimal) -> Line {
        let unit_price = self.original_unit_price_set.bag();
        let title = filled(Some(&self.title)).unwrap_or_default();
        Line {
            id: plain(&self.id),
            kind: line_kind(LineTraits {
                gift_card: self.is_gift_card,
                requires_shipping: self.requires_shipping,
                catalogued: self.variant.is_some() || self.product.is_some(),
                bundled: self.line_item_group.is_some(),
                title: &title,
                amount: unit_price.shop.amount * Decimal::from(self.quantity),
                order_tips,
            }),
            variant: self.variant.as_ref().map(|variant| variant.legacy_resource_id.as_str().into()),
            sku: filled(self.sku.as_deref()),
            title,
            vendor: filled(self.vendor.as_deref()),
            ordered: self.quantity,
            current: self.current_quantity,
            unit_price,
            grams: self.weight.as_ref().and_then(Weight::grams).unwrap_or_default(),
            discount: sum(&self.discount_allocations),
            tax: sum(&self.tax_lines),
            bundle: self.line_item_group.as_ref().map(|group| plain(&group.id)),
            attributes: attributes(&self.custom_attributes),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphShippingLine {
    title: String,
    code: Option<String>,
    source: Option<String>,
    current_discounted_price_set: Bag,
}

impl GraphShippingLine {
    fn line(&self) -> ShippingLine {
        ShippingLine {
            title: filled(Some(&self.title)).unwrap_or_default(),
            code: filled(self.code.as_deref()),
            source: filled(self.source.as_deref()),
            price: self.current_discounted_price_set.shop_money.amount.normalize(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Tracking {
    company: Option<String>,
    number: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FulfillmentLine {
    quantity: Option<u32>,
    line_item: Node,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct GraphFulfillment {
    legacy_resource_id: String,
    status: String,
    display_status: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    tracking_info: Vec<Tracking>,
    location: Option<Legacy>,
    fulfillment_line_items: Connection<FulfillmentLine>,
    /// What happened to its parcel, where that was asked for.
    events: Option<Connection<GraphEvent>>,
}

#[derive(Debug, Deserialize)]
struct GraphEvent {
    status: String,
}

impl GraphFulfillment {
    pub(in crate::connectors::shopify) fn fulfillment(&self) -> Fulfillment {
        let status = FulfillmentStatus::parse(&self.status);
        let tracked = |part: fn(&Tracking) -> &Option<String>| {
            distinct(self.tracking_info.iter().map(move |tracking| part(tracking).as_deref()))
        };
        let mut lines = std::collections::BTreeMap::<RemoteId, u32>::new();
        for line in &self.fulfillment_line_items.nodes {
            let units = lines.entry(plain(&line.line_item.id)).or_default();
            *units = units.saturating_add(line.quantity.unwrap_or_default());
        }
        let mut fulfillment = Fulfillment {
            id: self.legacy_resource_id.as_str().into(),
            // The display status also says things that are no news of the parcel (fulfilled, submitted, cancelled).
            delivery: self
                .display_status
                .as_deref()
                .filter(|_| status != FulfillmentStatus::Cancelled)
                .map(DeliveryStatus::parse)
                .filter(|word| !matches!(word, DeliveryStatus::Other(_))),
            status,
            carrier: self.tracking_info.iter().find_map(|tracking| filled(tracking.company.as_deref())),
            numbers: tracked(|tracking| &tracking.number),
            urls: tracked(|tracking| &tracking.url),
            location: self.location.as_ref().map(|location| location.legacy_resource_id.as_str().into()),
            lines,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        for event in self.events.iter().flat_map(|events| &events.nodes) {
            fulfillment.advance(&DeliveryStatus::parse(&event.status));
        }
        fulfillment
    }
}

/// An amount in the shop's currency alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShopBag {
    shop_money: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphRefundLine {
    quantity: u32,
    restock_type: String,
    subtotal_set: ShopBag,
    total_tax_set: ShopBag,
    line_item: Node,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphRefund {
    legacy_resource_id: String,
    created_at: Option<Timestamp>,
    processed_at: Timestamp,
    refund_line_items: Connection<GraphRefundLine>,
    refund_shipping_lines: Connection<GraphRefundShipping>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphRefundShipping {
    subtotal_amount_set: ShopBag,
    tax_amount_set: ShopBag,
}

impl GraphRefund {
    fn refund(&self, zone: &TimeZone) -> Refund {
        let mut lines: Vec<_> = self
            .refund_line_items
            .nodes
            .iter()
            .map(|line| RefundLine {
                line: plain(&line.line_item.id),
                quantity: line.quantity,
                restock: Restock::parse(&line.restock_type),
                value: Some(RefundValue {
                    subtotal: line.subtotal_set.shop_money.amount.normalize(),
                    tax: line.total_tax_set.shop_money.amount.normalize(),
                }),
            })
            .collect();
        lines.sort_by(|a, b| a.line.cmp(&b.line).then(a.quantity.cmp(&b.quantity)));
        let created_at = self.created_at.unwrap_or(self.processed_at);
        let day = Some(created_at.to_zoned(zone.clone()).date());
        let shipping = self.refund_shipping_lines.nodes.iter();
        let shipping = shipping.fold(RefundValue::default(), |sum, line| RefundValue {
            subtotal: (sum.subtotal + line.subtotal_amount_set.shop_money.amount).normalize(),
            tax: (sum.tax + line.tax_amount_set.shop_money.amount).normalize(),
        });
        Refund { id: self.legacy_resource_id.as_str().into(), created_at, day, lines, shipping }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    method_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphHold {
    id: String,
    reason: String,
    reason_notes: Option<String>,
    #[serde(default)]
    held_by_requesting_app: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphWork {
    id: String,
    status: String,
    delivery_method: Option<Method>,
    fulfillment_holds: Vec<GraphHold>,
}

impl GraphWork {
    fn work(&self) -> FulfillmentOrder {
        let hold = |hold: &GraphHold| Hold {
            id: plain(&hold.id),
            reason: hold.reason.to_ascii_lowercase(),
            notes: filled(hold.reason_notes.as_deref()),
            ours: hold.held_by_requesting_app,
        };
        FulfillmentOrder {
            id: plain(&self.id),
            status: self.status.to_ascii_lowercase(),
            method: self.delivery_method.as_ref().map(|method| DeliveryMethod::parse(&method.method_type)),
            holds: self.fulfillment_holds.iter().map(hold).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Risk {
    recommendation: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct GraphOrder {
    legacy_resource_id: String,
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    cancelled_at: Option<Timestamp>,
    cancel_reason: Option<String>,
    test: bool,
    source_name: Option<String>,
    currency_code: String,
    display_financial_status: Option<String>,
    payment_gateway_names: Vec<String>,
    email: Option<String>,
    phone: Option<String>,
    note: Option<String>,
    tags: Vec<String>,
    customer: Option<Legacy>,
    custom_attributes: Vec<GraphAttribute>,
    risk: Risk,
    billing_address: Option<ShownAddress>,
    shipping_address: Option<ShownAddress>,
    current_total_price_set: Bag,
    current_total_tax_set: Bag,
    pub(in crate::connectors::shopify) duties_included: bool,
    taxes_included: bool,
    pub(in crate::connectors::shopify) current_total_duties_set: Option<Bag>,
    total_tip_received_set: Bag,
    shipping_lines: Connection<GraphShippingLine>,
    pub(in crate::connectors::shopify) line_items: Connection<GraphLine>,
    fulfillments: Vec<GraphFulfillment>,
    refunds: Vec<GraphRefund>,
    fulfillment_orders: Connection<GraphWork>,
}

impl OrderAnswer {
    /// Whether some list of the order was longer than one reading with `parts` of each shows.
    pub(in crate::connectors::shopify) fn is_cut(&self, parts: u32) -> bool {
        self.order.as_ref().is_some_and(|order| {
            order.line_items.is_cut()
                || order.fulfillment_orders.is_cut()
                || order.fulfillments.len() >= parts as usize
                || order.refunds.len() >= parts as usize
                || order.fulfillments.iter().any(|fulfillment| fulfillment.fulfillment_line_items.is_cut())
                || order.refunds.iter().any(|refund| refund.refund_line_items.is_cut())
        })
    }

    /// The order as facts; nothing where the shop does not know it.
    pub(in crate::connectors::shopify) fn snapshot(&self) -> Result<Option<Snapshot>, String> {
        let Some(order) = &self.order else { return Ok(None) };
        let zone = TimeZone::get(&self.shop.iana_timezone)
            .map_err(|_| format!("the shop's time zone «{}» is not known", self.shop.iana_timezone))?;
        let tips = order.total_tip_received_set.shop_money.amount;
        let mut lines: Vec<Line> = order.line_items.nodes.iter().map(|line| line.line(tips)).collect();
        lines.sort_by(|a, b| a.id.cmp(&b.id));
        let (note, our_note) = parted(order.note.as_deref());
        let document = OrderDocument {
            id: order.legacy_resource_id.as_str().into(),
            name: order.name.clone(),
            placed_on: order.created_at.to_zoned(zone.clone()).date(),
            created_at: order.created_at,
            updated_at: order.updated_at,
            cancelled_at: order.cancelled_at,
            cancel_reason: filled(order.cancel_reason.as_deref()).map(|reason| CancelReason::parse(&reason)),
            test: order.test,
            source: filled(order.source_name.as_deref()),
            currency: order.currency_code.clone(),
            payment: PaymentState::parse(order.display_financial_status.as_deref().unwrap_or("pending")),
            gateways: order.payment_gateway_names.clone(),
            customer: order.customer.as_ref().map(|customer| customer.legacy_resource_id.as_str().into()),
            email: filled(order.email.as_deref()),
            phone: filled(order.phone.as_deref()),
            bill_to: order.billing_address.as_ref().and_then(ShownAddress::address),
            ship_to: order.shipping_address.as_ref().and_then(ShownAddress::address),
            shipping: order.shipping_lines.nodes.iter().map(GraphShippingLine::line).collect(),
            lines,
            note,
            our_note,
            tags: order.tags.iter().filter_map(|tag| filled(Some(tag))).collect(),
            attributes: attributes(&order.custom_attributes),
            total: order.current_total_price_set.bag(),
            tax: order.current_total_tax_set.bag(),
            taxes_included: order.taxes_included,
        };
        Ok(Some(Snapshot {
            document,
            fulfillments: order.fulfillments.iter().map(GraphFulfillment::fulfillment).collect(),
            refunds: order.refunds.iter().map(|refund| refund.refund(&zone)).collect(),
            work: Some(order.fulfillment_orders.nodes.iter().map(GraphWork::work).collect()),
            risk: Some(Recommendation::parse(&order.risk.recommendation)),
            customs: Some(customs(order)),
        }))
    }
}

/// The answer to [`PART`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct PartAnswer {
    fulfillment_order: Option<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    order_id: String,
}

impl PartAnswer {
    /// The order's id; nothing where the shop does not know the part.
    pub(in crate::connectors::shopify) fn order(&self) -> Option<RemoteId> {
        self.fulfillment_order.as_ref().map(|part| plain(&part.order_id))
    }
}

/// The answer to [`SHOP`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct ShopAnswer {
    pub(in crate::connectors::shopify) shop: GraphShop,
    pub(in crate::connectors::shopify) current_app_installation: Option<Installation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct GraphShop {
    pub(in crate::connectors::shopify) name: String,
    pub(in crate::connectors::shopify) myshopify_domain: String,
    pub(in crate::connectors::shopify) iana_timezone: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::connectors::shopify) struct Installation {
    pub(in crate::connectors::shopify) access_scopes: Vec<Scope>,
}

#[derive(Debug, Deserialize)]
pub(in crate::connectors::shopify) struct Scope {
    pub(in crate::connectors::shopify) handle: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_in_any_unit_is_the_whole_grams_that_webhooks_tell() {
        let table = [
            (r#"{"unit": "GRAMS", "value": 680.0}"#, Some(680)),
            (r#"{"unit": "GRAMS", "value": 0}"#, Some(0)),
            (r#"{"unit": "KILOGRAMS", "value": 1.36}"#, Some(1360)),
            (r#"{"unit": "POUNDS", "value": 1.25}"#, Some(567)),
            (r#"{"unit": "OUNCES", "value": 16}"#, Some(454)),
            (r#"{"unit": "STONES", "value": 1}"#, None),
            (r#"{"unit": "GRAMS", "value": -1}"#, None),
        ];
        for (json, grams) in table {
            assert_eq!(serde_json::from_str::<Weight>(json).unwrap().grams(), grams, "{json}");
        }
    }
}
