//! The types that can be asked about: the order, its lines, its fulfillment, its payment, the people, the shop, what
//! mutations answer, the roots. Each is a table of fields with the code that reads them; [`ALL`] lists every table.

pub(super) mod fulfillment;
pub(super) mod line;
pub(super) mod mutation;
pub(super) mod order;
pub(super) mod payment;
pub(super) mod person;
pub(super) mod root;
pub(super) mod shop;

use rust_decimal::Decimal;

use super::super::money::Bag;
use super::super::order::Order;
use super::super::rest::gid;
use super::schema::{Amount, Node, Out, Type};

/// An amount in both currencies.
fn bag(order: &Order, bag: Bag) -> (&'static Type, Node<'_>) {
    (&payment::MONEY_BAG, Node::Bag(Amount { bag, currencies: &order.currencies }))
}

/// An amount as the scalar `Money`, in the shop's currency.
fn money(order: &Order, bag: Bag) -> String {
    super::super::money::rest_amount(bag.shop, &order.currencies.shop)
}

/// An amount as a `MoneyV2` in the shop's currency.
fn money_v2(order: &Order, bag: Bag) -> (&'static Type, Node<'_>) {
    (&payment::MONEY, Node::Money((bag.shop, &order.currencies.shop)))
}

fn float(value: Decimal) -> f64 {
    use rust_decimal::prelude::ToPrimitive;
    value.to_f64().unwrap_or_default()
}

/// A list of nodes of one type.
fn nodes<'a>(of: &'static Type, nodes: impl Iterator<Item = Node<'a>>) -> Out<'a> {
    Out::Nodes(of, nodes.collect())
}

/// Every type there is.
pub(super) static ALL: &[&Type] = &[
    &root::QUERY_ROOT,
    &shop::SHOP,
    &shop::SHOP_PLAN,
    &shop::DOMAIN,
    &shop::APP_INSTALLATION,
    &shop::ACCESS_SCOPE,
    &shop::APP,
    &shop::API_VERSION,
    &shop::LOCATION,
    &shop::LOCATION_ADDRESS,
    &shop::WEBHOOK_SUBSCRIPTION,
    &order::ORDER,
    &order::ORDER_APP,
    &order::ATTRIBUTION,
    &order::CANCELLATION,
    &order::RISK_SUMMARY,
    &order::RISK_ASSESSMENT,
    &order::RISK_FACT,
    &order::METAFIELD,
    &order::COUNT,
    &order::RETURN,
    &order::DISPUTE,
    &line::LINE_ITEM,
    &line::LINE_GROUP,
    &line::SHIPPING_LINE,
    &line::TAX_LINE,
    &line::ALLOCATION,
    &line::CODE_DISCOUNT,
    &line::AUTOMATIC_DISCOUNT,
    &line::MANUAL_DISCOUNT,
    &line::DISCOUNT,
    &line::PERCENTAGE,
    &line::PRICING_VALUE,
    &line::VARIANT,
    &line::PRODUCT,
    &line::INVENTORY_ITEM,
    &line::WEIGHT,
    &line::DUTY,
    &line::SELLING_PLAN,
    &person::ADDRESS,
    &person::ATTRIBUTE,
    &person::CUSTOMER,
    &person::CUSTOMER_EMAIL,
    &person::CUSTOMER_PHONE,
    &fulfillment::FULFILLMENT,
    &fulfillment::FULFILLMENT_LINE,
    &fulfillment::TRACKING,
    &fulfillment::SERVICE,
    &fulfillment::SHIPMENT_EVENT,
    &fulfillment::ORIGIN,
    &fulfillment::FULFILLMENT_ORDER,
    &fulfillment::FULFILLMENT_ORDER_LINE,
    &fulfillment::ASSIGNED_LOCATION,
    &fulfillment::DESTINATION,
    &fulfillment::DELIVERY_METHOD,
    &fulfillment::HOLD,
    &fulfillment::ACTION,
    &payment::MONEY_BAG,
    &payment::MONEY,
    &payment::TRANSACTION,
    &payment::REFUND,
    &payment::REFUND_DUTY,
    &payment::REFUND_LINE,
    &payment::REFUND_SHIPPING,
    &payment::ADJUSTMENT,
    &payment::CASH_ROUNDING,
    &root::NODE,
    &mutation::MUTATION_ROOT,
    &mutation::FULFILLMENT_CREATE,
    &mutation::TRACKING_UPDATE,
    &mutation::FULFILLMENT_CANCEL,
    &mutation::EVENT_CREATE,
    &mutation::ORDER_HOLD,
    &mutation::ORDER_RELEASE,
    &mutation::ORDER_SPLIT,
    &mutation::SPLIT_RESULT,
    &mutation::ORDER_MOVE,
    &mutation::ORDER_UPDATE,
    &mutation::TAGS_ADD,
    &mutation::TAGS_REMOVE,
    &mutation::METAFIELDS_SET,
    &mutation::METAFIELDS_ERROR,
    &mutation::USER_ERROR,
    &mutation::HOLD_ERROR,
    &mutation::RELEASE_ERROR,
    &mutation::SPLIT_ERROR,
    &mutation::MOVE_ERROR,
    &mutation::DISPLAYABLE_ERROR,
];
