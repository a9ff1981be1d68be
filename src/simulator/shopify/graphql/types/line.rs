//! Lines, bundles, discounts, taxes, shipping lines and products as the GraphQL API shows them.
//!
//! The shop keeps no catalogue: a variant and its product are what the line says of them.

use super::super::schema::Shape::{Leaf, Many, One, Pages};
use super::super::schema::{Amount, Args, Cx, Field, Node, Of, Out, Tax, Type, object};
use super::payment::{MONEY, MONEY_BAG};
use super::person::ATTRIBUTE;
use super::{bag, float, gid, money, money_v2, nodes};
use crate::simulator::shopify::money::Bag;
use crate::simulator::shopify::order::{
    DiscountApplication, DiscountKind, DiscountValue, Line, LineKind, Order, TaxLine,
};

object! {
    LINE_ITEM = "LineItem" costs 1, Line(l), |cx, args| {
        "id": Leaf => gid("LineItem", l.id);
        "name": Leaf => l.name();
        "title": Leaf => l.it.title.as_str();
        "variantTitle": Leaf => l.it.variant_title.as_deref();
        "sku": Leaf => l.it.sku.as_deref();
        "vendor": Leaf => l.it.vendor.as_deref();
        "quantity": Leaf => l.quantity;
        "currentQuantity": Leaf => l.current_quantity();
        "refundableQuantity": Leaf => l.current_quantity();
        "unfulfilledQuantity": Leaf => l.order.unfulfilled(l.id);
        "fulfillableQuantity": Leaf => l.order.fulfillable(l.id);
        "nonFulfillableQuantity": Leaf =>
            l.quantity.saturating_sub(l.order.unfulfilled(l.id) + l.order.fulfilled(l.id));
        "fulfillmentStatus": Leaf => l.order.line_fulfillment_status(l.id).unwrap_or("unfulfilled");
        "requiresShipping": Leaf => l.requires_shipping;
        "isGiftCard": Leaf => l.kind == LineKind::GiftCard;
        "taxable": Leaf => l.taxable;
        "merchantEditable": Leaf => l.allocations.is_empty() && l.order.cancelled_at.is_none();
        "restockable": Leaf => restockable(l);
        "canRestock": Leaf => restockable(l);
        "customAttributes": Many(&ATTRIBUTE) => nodes(&ATTRIBUTE, l.it.properties.iter().map(Node::Attribute));
        "variant": One(&VARIANT) => l.variant_id.map(|_| (&VARIANT, Node::Line(l)));
        "product": One(&PRODUCT) => l.product_id.map(|_| (&PRODUCT, Node::Line(l)));
        "lineItemGroup": One(&LINE_GROUP) => l.group.and_then(|id| l.order.groups.iter().find(|g| g.id == id))
            .map(|g| (&LINE_GROUP, Node::Group(g)));
        "sellingPlan": One(&SELLING_PLAN) => Out::Null;
        "fulfillmentService": One(&super::fulfillment::SERVICE) =>
            (&super::fulfillment::SERVICE, Node::Service(l.fulfillment_service()));
        "weight": One(&WEIGHT) => (&WEIGHT, Node::Grams(l.grams.into()));
        "duties": Many(&DUTY) => Out::Nodes(&DUTY, Vec::new());
        "taxLines" ["first"]: Many(&TAX_LINE) => taxes(l.order, l.it.taxes.iter());
        "discountAllocations": Many(&ALLOCATION) => nodes(&ALLOCATION, l.it.allocations.iter().map(|it|
            Node::Allocation(Of { order: l.order, it })));
        "originalUnitPrice": Leaf => money(l.order, l.price);
        "originalUnitPriceSet": One(&MONEY_BAG) => bag(l.order, l.price);
        "originalTotal": Leaf => money(l.order, l.price.times(l.quantity));
        "originalTotalSet": One(&MONEY_BAG) => bag(l.order, l.price.times(l.quantity));
        "totalDiscount": Leaf => money(l.order, l.line_discount(&l.order.discounts));
        "totalDiscountSet": One(&MONEY_BAG) => bag(l.order, l.line_discount(&l.order.discounts));
        "discountedTotal": Leaf => money(l.order, discounted(l, false));
        "discountedTotalSet" ["withCodeDiscounts"]: One(&MONEY_BAG) =>
            bag(l.order, discounted(l, args.flag("withCodeDiscounts")));
        "discountedUnitPrice": Leaf => money(l.order, unit(l, discounted(l, false)));
        "discountedUnitPriceSet": One(&MONEY_BAG) => bag(l.order, unit(l, discounted(l, false)));
        "discountedUnitPriceAfterAllDiscountsSet": One(&MONEY_BAG) =>
            bag(l.order, unit(l, l.at(l.quantity, &l.order.currencies).net()));
        "priceAfterAllDiscountsBeforeTaxesSet": One(&MONEY_BAG) => bag(l.order, before_taxes(l));
        "unfulfilledOriginalTotal": Leaf => money(l.order, l.price.times(l.order.unfulfilled(l.id)));
        "unfulfilledOriginalTotalSet": One(&MONEY_BAG) => bag(l.order, l.price.times(l.order.unfulfilled(l.id)));
        "unfulfilledDiscountedTotal": Leaf => money(l.order, unfulfilled(l));
        "unfulfilledDiscountedTotalSet": One(&MONEY_BAG) => bag(l.order, unfulfilled(l));
    }
}

fn restockable(l: Of<'_, Line>) -> bool {
    l.variant_id.is_some() && l.current_quantity() > 0
}

/// The line's price after discounts on the line itself.
fn discounted(l: Of<'_, Line>, with_codes: bool) -> Bag {
    let discounts = &l.order.discounts;
    let discount = if with_codes { l.line_discount(discounts) } else { l.codeless_discount(discounts) };
    l.price.times(l.quantity) - discount
}

/// The share of one unit.
fn unit(l: Of<'_, Line>, total: Bag) -> Bag {
    total.share(1, l.quantity, &l.order.currencies)
}

fn unfulfilled(l: Of<'_, Line>) -> Bag {
    discounted(l, false).share(l.order.unfulfilled(l.id).min(l.quantity), l.quantity, &l.order.currencies)
}

fn before_taxes(l: Of<'_, Line>) -> Bag {
    let left = l.at(l.current_quantity(), &l.order.currencies);
    if l.order.taxes_included { left.net() - left.tax } else { left.net() }
}

/// Tax lines of an order, one by one.
pub(super) fn taxes<'a>(order: &'a Order, taxes: impl Iterator<Item = &'a TaxLine>) -> Out<'a> {
    nodes(&TAX_LINE, taxes.map(|tax| tax_node(order, tax, tax.amount)))
}

fn tax_node<'a>(order: &'a Order, tax: &'a TaxLine, amount: Bag) -> Node<'a> {
    let amount = Amount { bag: amount, currencies: &order.currencies };
    Node::Tax(Tax { title: &tax.title, rate: tax.rate, amount })
}

/// The taxes on the order's lines, those of one name and rate together; for all units or for those left.
pub(super) fn merged_taxes(order: &Order, current: bool) -> Out<'_> {
    let mut merged: Vec<(&TaxLine, Bag)> = Vec::new();
    for line in &order.lines {
        let units = if current { line.current_quantity() } else { line.quantity };
        for tax in &line.taxes {
            let amount = tax.amount.share(units, line.quantity, &order.currencies);
            match merged.iter_mut().find(|(m, _)| m.title == tax.title && m.rate == tax.rate) {
                Some((_, sum)) => *sum += amount,
                None => merged.push((tax, amount)),
            }
        }
    }
    nodes(
        &TAX_LINE,
        merged.into_iter().filter(|m| !current || !m.1.is_zero()).map(|(t, a)| tax_node(order, t, a)),
    )
}

object! {
    LINE_GROUP = "LineItemGroup" costs 1, Group(g), |cx, args| {
        "id": Leaf => gid("LineItemGroup", g.id);
        "title": Leaf => g.title.as_str();
        "quantity": Leaf => g.quantity;
        "productId": Leaf => g.product_id.map(|id| gid("Product", id));
        "variantId": Leaf => g.variant_id.map(|id| gid("ProductVariant", id));
        "variantSku": Leaf => g.variant_sku.as_deref();
        "customAttributes": Many(&ATTRIBUTE) => nodes(&ATTRIBUTE, g.properties.iter().map(Node::Attribute));
    }
}

object! {
    SHIPPING_LINE = "ShippingLine" costs 1, Shipping(s), |cx, args| {
        "id": Leaf => gid("ShippingLine", s.id);
        "title": Leaf => s.it.title.as_str();
        "code": Leaf => s.it.code.as_deref();
        "source": Leaf => s.it.source.as_deref();
        "carrierIdentifier": Leaf => s.it.carrier_identifier.as_deref();
        "deliveryCategory": Leaf => s.it.delivery_category.as_deref();
        "phone": Leaf => s.it.phone.as_deref();
        "custom": Leaf => s.code.is_none();
        "isRemoved": Leaf => s.removed;
        "shippingRateHandle": Leaf => Out::Null;
        "price": Leaf => money(s.order, s.price);
        "originalPrice": One(&MONEY) => money_v2(s.order, s.price);
        "originalPriceSet": One(&MONEY_BAG) => bag(s.order, s.price);
        "discountedPrice": One(&MONEY) => money_v2(s.order, s.discounted());
        "discountedPriceSet": One(&MONEY_BAG) => bag(s.order, s.discounted());
        "currentDiscountedPriceSet": One(&MONEY_BAG) => bag(s.order, s.current());
        "taxLines": Many(&TAX_LINE) => taxes(s.order, s.it.taxes.iter());
        "discountAllocations": Many(&ALLOCATION) => nodes(&ALLOCATION, s.it.allocations.iter().map(|it|
            Node::Allocation(Of { order: s.order, it })));
        "requestedFulfillmentService": One(&super::fulfillment::SERVICE) => Out::Null;
    }
}

object! {
    TAX_LINE = "TaxLine" costs 1, Tax(t), |cx, args| {
        "title": Leaf => t.title;
        "rate": Leaf => float(t.rate);
        "ratePercentage": Leaf => float(t.rate * rust_decimal::Decimal::ONE_HUNDRED);
        "price": Leaf => crate::simulator::shopify::money::rest_amount(t.amount.bag.shop, &t.amount.currencies.shop);
        "priceSet": One(&MONEY_BAG) => (&MONEY_BAG, Node::Bag(t.amount));
        "channelLiable": Leaf => false;
        "source": Leaf => Out::Null;
    }
}

object! {
    ALLOCATION = "DiscountAllocation" costs 1, Allocation(a), |cx, args| {
        "allocatedAmount": One(&MONEY) => money_v2(a.order, a.amount);
        "allocatedAmountSet": One(&MONEY_BAG) => bag(a.order, a.amount);
        "discountApplication": One(&DISCOUNT) => discount(a.order, a.application);
    }
}

/// The discount at this place, as the type it is.
pub(super) fn discount(order: &Order, at: usize) -> Option<(&'static Type, Node<'_>)> {
    let it = order.discounts.get(at)?;
    let of: &'static Type = match it.kind {
        DiscountKind::Code(_) => &CODE_DISCOUNT,
        DiscountKind::Automatic(_) => &AUTOMATIC_DISCOUNT,
        DiscountKind::Manual(_) => &MANUAL_DISCOUNT,
    };
    Some((of, Node::Discount((at, Of { order, it }))))
}

/// The code or title a discount came by.
fn label(discount: Of<'_, DiscountApplication>) -> &str {
    match &discount.it.kind {
        DiscountKind::Code(text) | DiscountKind::Automatic(text) | DiscountKind::Manual(text) => text,
    }
}

fn value(discount: Of<'_, DiscountApplication>) -> Out<'_> {
    match discount.value {
        DiscountValue::Fixed(amount) => {
            Out::Node(&MONEY, Node::Money((amount, &discount.order.currencies.shop)))
        }
        DiscountValue::Percent(percent) => Out::Node(&PERCENTAGE, Node::Percentage(percent)),
    }
}

fn target(discount: &DiscountApplication) -> &'static str {
    if discount.on_shipping { "SHIPPING_LINE" } else { "LINE_ITEM" }
}

object! {
    CODE_DISCOUNT = "DiscountCodeApplication" costs 1, Discount(d), |cx, args| {
        "index": Leaf => Out::Int(i64::try_from(d.0).unwrap_or_default());
        "code": Leaf => label(d.1);
        "allocationMethod": Leaf => if d.1.across { "ACROSS" } else { "EACH" };
        "targetSelection": Leaf => if d.1.across { "ALL" } else { "ENTITLED" };
        "targetType": Leaf => target(d.1.it);
        "value": One(&PRICING_VALUE) => value(d.1);
    }
}

object! {
    AUTOMATIC_DISCOUNT = "AutomaticDiscountApplication" costs 1, Discount(d), |cx, args| {
        "index": Leaf => Out::Int(i64::try_from(d.0).unwrap_or_default());
        "title": Leaf => label(d.1);
        "allocationMethod": Leaf => if d.1.across { "ACROSS" } else { "EACH" };
        "targetSelection": Leaf => if d.1.across { "ALL" } else { "ENTITLED" };
        "targetType": Leaf => target(d.1.it);
        "value": One(&PRICING_VALUE) => value(d.1);
    }
}

object! {
    MANUAL_DISCOUNT = "ManualDiscountApplication" costs 1, Discount(d), |cx, args| {
        "index": Leaf => Out::Int(i64::try_from(d.0).unwrap_or_default());
        "title": Leaf => label(d.1);
        "description": Leaf => label(d.1);
        "allocationMethod": Leaf => if d.1.across { "ACROSS" } else { "EACH" };
        "targetSelection": Leaf => if d.1.across { "ALL" } else { "EXPLICIT" };
        "targetType": Leaf => target(d.1.it);
        "value": One(&PRICING_VALUE) => value(d.1);
    }
}

/// Any discount.
pub(in super::super) static DISCOUNT: Type = Type {
    name: "DiscountApplication",
    cost: 1,
    fields: &[],
    possible: &[&CODE_DISCOUNT, &AUTOMATIC_DISCOUNT, &MANUAL_DISCOUNT],
    shared: &["index", "allocationMethod", "targetSelection", "targetType", "value"],
};

object! {
    PERCENTAGE = "PricingPercentageValue" costs 1, Percentage(p), |cx, args| {
        "percentage": Leaf => float(p);
    }
}

/// An amount or a percentage.
pub(in super::super) static PRICING_VALUE: Type =
    Type { name: "PricingValue", cost: 1, fields: &[], possible: &[&MONEY, &PERCENTAGE], shared: &[] };

object! {
    VARIANT = "ProductVariant" costs 1, Line(l), |cx, args| {
        "id": Leaf => l.variant_id.map(|id| gid("ProductVariant", id));
        "legacyResourceId": Leaf => l.variant_id.map(|id| id.to_string());
        "sku": Leaf => l.it.sku.as_deref();
        "title": Leaf => l.it.variant_title.as_deref().unwrap_or("Default Title");
        "displayName": Leaf => l.name();
        "barcode": Leaf => Out::Null;
        "price": Leaf => money(l.order, l.price);
        "compareAtPrice": Leaf => Out::Null;
        "taxable": Leaf => l.taxable;
        "availableForSale": Leaf => true;
        "requiresComponents": Leaf => false;
        "position": Leaf => 1_u32;
        "inventoryQuantity": Leaf => 100_u32;
        "inventoryItem": One(&INVENTORY_ITEM) => (&INVENTORY_ITEM, Node::Line(l));
        "product": One(&PRODUCT) => (&PRODUCT, Node::Line(l));
        "createdAt": Leaf => cx.state.profile.created_at;
        "updatedAt": Leaf => cx.state.profile.created_at;
    }
}

object! {
    PRODUCT = "Product" costs 1, Line(l), |cx, args| {
        "id": Leaf => l.product_id.map(|id| gid("Product", id));
        "legacyResourceId": Leaf => l.product_id.map(|id| id.to_string());
        "title": Leaf => l.it.title.as_str();
        "handle": Leaf => l.title.to_lowercase().replace(' ', "-");
        "vendor": Leaf => l.it.vendor.as_deref().unwrap_or("");
        "productType": Leaf => "";
        "status": Leaf => "ACTIVE";
        "tags": Leaf => Out::Texts(Vec::new());
        "isGiftCard": Leaf => l.kind == LineKind::GiftCard;
        "createdAt": Leaf => cx.state.profile.created_at;
        "updatedAt": Leaf => cx.state.profile.created_at;
    }
}

object! {
    INVENTORY_ITEM = "InventoryItem" costs 1, Line(l), |cx, args| {
        "id": Leaf => l.inventory_item_id().map(|id| gid("InventoryItem", id));
        "legacyResourceId": Leaf => l.inventory_item_id().map(|id| id.to_string());
        "sku": Leaf => l.it.sku.as_deref();
        "tracked": Leaf => true;
        "requiresShipping": Leaf => l.requires_shipping;
        "countryCodeOfOrigin": Leaf => cx.state.origin(l.it).and_then(|o| o.country_code_of_origin.as_deref());
        "provinceCodeOfOrigin": Leaf => Out::Null;
        "harmonizedSystemCode": Leaf => cx.state.origin(l.it).and_then(|o| o.harmonized_system_code.as_deref());
        "createdAt": Leaf => cx.state.profile.created_at;
        "updatedAt": Leaf => cx.state.profile.created_at;
    }
}

object! {
    WEIGHT = "Weight" costs 1, Grams(g), |cx, args| {
        "unit": Leaf => "GRAMS";
        "value": Leaf => float(g.into());
    }
}

object! {
    DUTY = "Duty" costs 1, Query(q), |cx, args| {
        "id": Leaf => Out::Null;
        "price": One(&MONEY_BAG) => Out::Null;
        "harmonizedSystemCode": Leaf => Out::Null;
        "countryCodeOfOrigin": Leaf => Out::Null;
        "taxLines": Many(&TAX_LINE) => Out::Null;
    }
}

object! {
    SELLING_PLAN = "LineItemSellingPlan" costs 1, Query(q), |cx, args| {
        "name": Leaf => Out::Null;
        "sellingPlanId": Leaf => Out::Null;
    }
}

/// Discounts of an order, all of them.
pub(super) fn discounts(order: &Order) -> Out<'_> {
    Out::Mixed((0..order.discounts.len()).filter_map(|at| discount(order, at)).collect())
}

/// The pages of discounts.
pub(super) const DISCOUNTS: super::super::schema::Shape = Pages(&DISCOUNT);
