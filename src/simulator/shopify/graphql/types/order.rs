//! The order as the GraphQL API shows it.

use super::super::mutation::namespace;
use super::super::schema::Shape::{Leaf, Many, One, Pages};
use super::super::schema::{Args, Cx, Field, Node, Of, Out, Type, object};
use super::fulfillment::{FULFILLMENT, FULFILLMENT_ORDER};
use super::line::{LINE_ITEM, SHIPPING_LINE, TAX_LINE};
use super::payment::{CASH_ROUNDING, MONEY, MONEY_BAG, REFUND, TRANSACTION};
use super::person::{ADDRESS, ATTRIBUTE, CUSTOMER};
use super::shop::{APP, LOCATION};
use super::{bag, gid, line, money, money_v2, nodes};
use crate::simulator::shopify::money::Bag;
use crate::simulator::shopify::order::totals::{FinancialStatus, Totals};
use crate::simulator::shopify::order::{Metafield, Order, RiskRecommendation};

object! {
    ORDER = "Order" costs 1, Order(o), |cx, args| {
        "id": Leaf => gid("Order", o.id);
        "legacyResourceId": Leaf => o.id.to_string();
        "name": Leaf => o.name.as_str();
        "number": Leaf => o.order_number;
        "confirmationNumber": Leaf => o.confirmation_number.as_str();
        "email": Leaf => o.email.as_deref();
        "phone": Leaf => o.phone.as_deref();
        "note": Leaf => o.note.as_deref();
        "poNumber": Leaf => o.po_number.as_deref();
        "tags": Leaf => &o.tags;
        "test": Leaf => o.test;
        "sourceName": Leaf => o.source_name.as_str();
        "sourceIdentifier": Leaf => o.source_identifier.as_deref();
        "registeredSourceUrl": Leaf => Out::Null;
        "createdAt": Leaf => o.created_at;
        "updatedAt": Leaf => o.updated_at;
        "processedAt": Leaf => o.processed_at;
        "closedAt": Leaf => o.closed_at;
        "closed": Leaf => o.closed_at.is_some();
        "cancelledAt": Leaf => o.cancelled_at;
        "cancelReason": Leaf => o.cancel_reason.map(crate::simulator::shopify::order::CancelReason::graphql);
        "cancellation": One(&CANCELLATION) => o.cancelled_at.map(|_| (&CANCELLATION, Node::Order(o)));
        "confirmed": Leaf => true;
        "edited": Leaf => o.edited;
        "cartToken": Leaf => Out::Null;
        "checkoutToken": Leaf => (o.source_name == "web").then_some(o.token.as_str());
        "clientIp": Leaf => (o.source_name == "web").then_some("203.0.113.24");
        "currencyCode": Leaf => o.currencies.shop.as_str();
        "presentmentCurrencyCode": Leaf => o.currencies.presentment.as_str();
        "taxesIncluded": Leaf => o.taxes_included;
        "taxExempt": Leaf => false;
        "estimatedTaxes": Leaf => false;
        "dutiesIncluded": Leaf => o.duties_included;
        "displayFinancialStatus": Leaf => o.financial_status().graphql();
        "displayFulfillmentStatus": Leaf => o.display_fulfillment_status(cx.version).graphql();
        "returnStatus": Leaf => "NO_RETURN";
        "fulfillable": Leaf => o.lines.iter().any(|l| o.fulfillable(l.id) > 0);
        "fullyPaid": Leaf => fully_paid(&cx.totals(o));
        "unpaid": Leaf => cx.totals(o).received.is_zero();
        "capturable": Leaf => !cx.totals(o).capturable.is_zero();
        "refundable": Leaf => cx.totals(o).received.shop > cx.totals(o).refunded.shop;
        "restockable": Leaf => o.lines.iter().any(|l| l.variant_id.is_some() && l.current_quantity() > 0);
        "requiresShipping": Leaf => o.requires_shipping();
        "canMarkAsPaid": Leaf => can_mark_as_paid(o);
        "canNotifyCustomer": Leaf => o.email.is_some();
        "merchantEditable": Leaf => o.cancelled_at.is_none();
        "merchantEditableErrors": Leaf => if o.cancelled_at.is_some() { vec!["The order is canceled"] } else { vec![] };
        "hasTimelineComment": Leaf => false;
        "productNetwork": Leaf => false;
        "customerLocale": Leaf => o.customer_locale.as_deref();
        "customerAcceptsMarketing": Leaf => o.accepts_marketing;
        "paymentGatewayNames": Leaf => o.gateways();
        "discountCode": Leaf => o.discount_codes().first().copied();
        "discountCodes": Leaf => o.discount_codes();
        "statusPageUrl" ["audience", "notificationUsage"]: Leaf =>
            format!("https://{}/{}/orders/{}", cx.state.profile.domain, cx.state.profile.id, o.token);

        "app": One(&ORDER_APP) => source_app(o).map(|name| (&ORDER_APP, Node::App(name)));
        "attribution": One(&ATTRIBUTION) => (&ATTRIBUTION, Node::Order(o));
        "customer": One(&CUSTOMER) => if cx.may("read_customers") {
            o.customer.as_ref().map(|c| (&CUSTOMER, Node::Customer(c))).into()
        } else {
            Out::Denied("read_customers")
        };
        "billingAddress": One(&ADDRESS) => o.billing_address.as_ref().map(|a| (&ADDRESS, Node::Address(a)));
        "shippingAddress": One(&ADDRESS) => o.shipping_address.as_ref().map(|a| (&ADDRESS, Node::Address(a)));
        "displayAddress": One(&ADDRESS) => o.shipping_address.as_ref().or(o.billing_address.as_ref())
            .map(|a| (&ADDRESS, Node::Address(a)));
        "billingAddressMatchesShippingAddress": Leaf => same_address(o);
        "customAttributes": Many(&ATTRIBUTE) => nodes(&ATTRIBUTE, o.attributes.iter().map(Node::Attribute));
        "retailLocation": One(&LOCATION) => at_counter(cx, o);
        "physicalLocation": One(&LOCATION) => at_counter(cx, o);
        "risk": One(&RISK_SUMMARY) => (&RISK_SUMMARY, Node::Risk(o));
        "riskLevel": Leaf => if risk_level(o) == "NONE" { "LOW" } else { risk_level(o) };
        "metafield" ["namespace", "key!"]: One(&METAFIELD) =>
            metafield(o, args).map(|m| (&METAFIELD, Node::Metafield(m)));
        "metafields" ["namespace", "keys"]: Pages(&METAFIELD) => Out::Nodes(&METAFIELD, metafields(o, args));

        "lineItems": Pages(&LINE_ITEM) =>
            nodes(&LINE_ITEM, o.lines.iter().map(|it| Node::Line(Of { order: o, it })));
        "nonFulfillableLineItems": Pages(&LINE_ITEM) => nodes(&LINE_ITEM, o.lines.iter()
            .filter(|l| o.unfulfilled(l.id) == 0 && o.fulfilled(l.id) == 0)
            .map(|it| Node::Line(Of { order: o, it })));
        "shippingLine": One(&SHIPPING_LINE) =>
            o.shipping_line().map(|it| (&SHIPPING_LINE, Node::Shipping(Of { order: o, it })));
        "shippingLines" ["includeRemovals"]: Pages(&SHIPPING_LINE) => nodes(&SHIPPING_LINE, o.shipping_lines.iter()
            .filter(|l| !l.removed || args.flag("includeRemovals"))
            .map(|it| Node::Shipping(Of { order: o, it })));
        "discountApplications": line::DISCOUNTS => line::discounts(o);
        "fulfillments" ["first", "query"]: Many(&FULFILLMENT) => nodes(&FULFILLMENT,
            o.fulfillments.iter().map(|it| Node::Fulfillment(Of { order: o, it })));
        "fulfillmentsCount": One(&COUNT) => (&COUNT, Node::Count((o.fulfillments.len(), true)));
        "fulfillmentOrders" ["displayable", "query"]: Pages(&FULFILLMENT_ORDER) => nodes(&FULFILLMENT_ORDER,
            o.fulfillment_orders.iter()
                .filter(|f| !args.flag("displayable") || !f.status.is_final() || is_shown(o, f.id))
                .map(|it| Node::FulfillmentOrder(Of { order: o, it })));
        "transactions" ["first", "capturable", "manuallyResolvable"]: Many(&TRANSACTION) => nodes(&TRANSACTION,
            o.transactions.iter().map(|it| Node::Transaction(Of { order: o, it })));
        "transactionsCount": One(&COUNT) => (&COUNT, Node::Count((o.transactions.len(), true)));
        "refunds" ["first"]: Many(&REFUND) =>
            nodes(&REFUND, o.refunds.iter().map(|it| Node::Refund(Of { order: o, it })));
        "returns" ["query"]: Pages(&RETURN) => Out::Nodes(&RETURN, Vec::new());
        "disputes": Many(&DISPUTE) => Out::Nodes(&DISPUTE, Vec::new());

        "subtotalLineItemsQuantity": Leaf => cx.totals(o).quantity;
        "currentSubtotalLineItemsQuantity": Leaf => cx.totals(o).current_quantity;
        "totalWeight": Leaf => cx.totals(o).weight.to_string();
        "currentTotalWeight": Leaf => cx.totals(o).current_weight.to_string();
        "taxLines": Many(&TAX_LINE) => line::merged_taxes(o, false);
        "currentTaxLines": Many(&TAX_LINE) => line::merged_taxes(o, true);
        "subtotalPrice": Leaf => money(o, cx.totals(o).subtotal);
        "subtotalPriceSet": One(&MONEY_BAG) => bag(o, cx.totals(o).subtotal);
        "currentSubtotalPriceSet": One(&MONEY_BAG) => bag(o, cx.totals(o).current_subtotal);
        "totalPrice": Leaf => money(o, cx.totals(o).total);
        "totalPriceSet": One(&MONEY_BAG) => bag(o, cx.totals(o).total);
        "originalTotalPriceSet": One(&MONEY_BAG) => bag(o, o.original_total);
        "currentTotalPriceSet": One(&MONEY_BAG) => bag(o, cx.totals(o).current_total);
        "totalTax": Leaf => money(o, cx.totals(o).tax);
        "totalTaxSet": One(&MONEY_BAG) => bag(o, cx.totals(o).tax);
        "currentTotalTaxSet": One(&MONEY_BAG) => bag(o, cx.totals(o).current_tax);
        "totalDiscounts": Leaf => money(o, cx.totals(o).discounts);
        "totalDiscountsSet": One(&MONEY_BAG) => bag(o, cx.totals(o).discounts);
        "currentTotalDiscountsSet": One(&MONEY_BAG) => bag(o, cx.totals(o).current_discounts);
        "cartDiscountAmount": Leaf => money(o, cart_discount(o, false));
        "cartDiscountAmountSet": One(&MONEY_BAG) => bag(o, cart_discount(o, false));
        "currentCartDiscountAmountSet": One(&MONEY_BAG) => bag(o, cart_discount(o, true));
        "totalShippingPrice": Leaf => money(o, cx.totals(o).shipping);
        "totalShippingPriceSet": One(&MONEY_BAG) => bag(o, cx.totals(o).shipping);
        "currentShippingPriceSet": One(&MONEY_BAG) => bag(o, cx.totals(o).current_shipping);
        "totalRefundedShippingSet": One(&MONEY_BAG) => bag(o, cx.totals(o).refunded_shipping);
        "totalTipReceived": One(&MONEY) => money_v2(o, cx.totals(o).tip);
        "totalTipReceivedSet": One(&MONEY_BAG) => bag(o, cx.totals(o).tip);
        "totalReceived": Leaf => money(o, cx.totals(o).received);
        "totalReceivedSet": One(&MONEY_BAG) => bag(o, cx.totals(o).received);
        "totalRefunded": Leaf => money(o, cx.totals(o).refunded);
        "totalRefundedSet": One(&MONEY_BAG) => bag(o, cx.totals(o).refunded);
        "netPayment": Leaf => money(o, cx.totals(o).received - cx.totals(o).refunded);
        "netPaymentSet": One(&MONEY_BAG) => bag(o, cx.totals(o).received - cx.totals(o).refunded);
        "refundDiscrepancySet": One(&MONEY_BAG) => bag(o, cx.totals(o).discrepancy);
        "totalCapturable": Leaf => money(o, cx.totals(o).capturable);
        "totalCapturableSet": One(&MONEY_BAG) => bag(o, cx.totals(o).capturable);
        "totalOutstandingSet": One(&MONEY_BAG) => bag(o, cx.totals(o).outstanding);
        "totalCashRoundingAdjustment": One(&CASH_ROUNDING) => (&CASH_ROUNDING, Node::Order(o));
        "currentTotalDutiesSet": One(&MONEY_BAG) => Out::Null;
        "originalTotalDutiesSet": One(&MONEY_BAG) => Out::Null;
        "currentTotalAdditionalFeesSet": One(&MONEY_BAG) => Out::Null;
        "originalTotalAdditionalFeesSet": One(&MONEY_BAG) => Out::Null;
    }
}

fn fully_paid(totals: &Totals) -> bool {
    totals.received.shop >= totals.total.shop || totals.total.is_zero()
}

fn can_mark_as_paid(order: &Order) -> bool {
    order.cancelled_at.is_none()
        && matches!(
            order.financial_status(),
            FinancialStatus::Pending | FinancialStatus::PartiallyPaid | FinancialStatus::Authorized
        )
}

/// Merged or moved fulfillment orders are hidden; those closed by fulfilling are not.
fn is_shown(order: &Order, id: i64) -> bool {
    order.fulfillments.iter().any(|f| f.is_of(id))
}

fn same_address(order: &Order) -> bool {
    let bare = |address: &crate::simulator::shopify::order::Address| {
        crate::simulator::shopify::order::Address { id: 0, ..address.clone() }
    };
    match (&order.billing_address, &order.shipping_address) {
        (Some(billing), Some(shipping)) => bare(billing) == bare(shipping),
        _ => false,
    }
}

fn at_counter<'a>(cx: &Cx<'a>, order: &Order) -> Out<'a> {
    order
        .location_id
        .and_then(|id| cx.state.profile.location(id))
        .map(|l| (&LOCATION as &'static Type, Node::Location(l)))
        .into()
}

fn source_app(order: &Order) -> Option<&'static str> {
    match order.source_name.as_str() {
        "web" => Some("Online Store"),
        "pos" => Some("Point of Sale"),
        "shopify_draft_order" => Some("Draft Orders"),
        _ => None,
    }
}

/// Discounts on the whole order, of all units or of those left.
fn cart_discount(order: &Order, current: bool) -> Bag {
    order
        .lines
        .iter()
        .map(|line| {
            let units = if current { line.current_quantity() } else { line.quantity };
            let on_order = line.allocations.iter().filter(|a| {
                order
                    .discounts
                    .get(a.application)
                    .is_some_and(crate::simulator::shopify::order::DiscountApplication::on_order)
            });
            on_order.map(|a| a.amount.share(units, line.quantity, &order.currencies)).sum()
        })
        .sum()
}

/// Without a namespace it is the app's own.
fn metafield<'a>(order: &'a Order, args: &Args) -> Option<&'a Metafield> {
    let (namespace, key) = (namespace(args.text("namespace")), args.text("key")?);
    order.metafields.iter().find(|m| m.namespace == namespace && m.key == key)
}

/// Those of a namespace, or those named `namespace.key`.
fn metafields<'a>(order: &'a Order, args: &Args) -> Vec<Node<'a>> {
    let of = args.text("namespace").map(|of| namespace(Some(of)));
    let keys = args.get("keys").and_then(serde_json::Value::as_array);
    let asked = |m: &&Metafield| {
        let name = format!("{}.{}", m.namespace, m.key);
        of.as_ref().is_none_or(|of| *of == m.namespace)
            && keys.is_none_or(|keys| keys.iter().any(|key| *key == name || (of.is_some() && *key == m.key)))
    };
    order.metafields.iter().filter(asked).map(Node::Metafield).collect()
}

object! {
    ORDER_APP = "OrderApp" costs 1, App(name), |cx, args| {
        "id": Leaf => gid("App", crate::simulator::shopify::state::stable_id("app", name));
        "name": Leaf => name;
    }
}

object! {
    ATTRIBUTION = "OrderAttribution" costs 1, Order(o), |cx, args| {
        "handle": Leaf => o.source_name.as_str();
        "displayName": Leaf => source_app(o).unwrap_or("Other");
        "icon": Leaf => Out::Null;
    }
}

object! {
    CANCELLATION = "OrderCancellation" costs 1, Order(o), |cx, args| {
        "staffNote": Leaf => o.cancel_note.as_deref();
    }
}

object! {
    RISK_SUMMARY = "OrderRiskSummary" costs 1, Risk(o), |cx, args| {
        "recommendation": Leaf => o.risk.graphql();
        "assessments": Many(&RISK_ASSESSMENT) => nodes(&RISK_ASSESSMENT,
            (o.risk != RiskRecommendation::None).then_some(Node::Risk(o)).into_iter());
    }
}

fn risk_level(order: &Order) -> &'static str {
    match order.risk {
        RiskRecommendation::Accept => "LOW",
        RiskRecommendation::Investigate => "MEDIUM",
        RiskRecommendation::Cancel => "HIGH",
        RiskRecommendation::None => "NONE",
    }
}

object! {
    RISK_ASSESSMENT = "OrderRiskAssessment" costs 1, Risk(o), |cx, args| {
        "riskLevel": Leaf => risk_level(o);
        "provider": One(&APP) => Out::Null;
        "facts": Many(&RISK_FACT) => Out::Nodes(&RISK_FACT, vec![Node::Risk(o)]);
    }
}

object! {
    RISK_FACT = "RiskFact" costs 1, Risk(o), |cx, args| {
        "description": Leaf => if risk_level(o) == "LOW" {
            "Card verification value was correct"
        } else {
            "The billing address does not match the card's"
        };
        "sentiment": Leaf => if risk_level(o) == "LOW" { "POSITIVE" } else { "NEGATIVE" };
    }
}

object! {
    METAFIELD = "Metafield" costs 1, Metafield(m), |cx, args| {
        "id": Leaf => gid("Metafield", m.id);
        "legacyResourceId": Leaf => m.id.to_string();
        "namespace": Leaf => m.namespace.as_str();
        "key": Leaf => m.key.as_str();
        "type": Leaf => m.kind.as_str();
        "value": Leaf => m.value.as_str();
        "compareDigest": Leaf => m.digest();
        "sizeInBytes": Leaf => Out::Int(i64::try_from(m.value.len()).unwrap_or(i64::MAX));
        "ownerType": Leaf => "ORDER";
        "createdAt": Leaf => m.created_at;
        "updatedAt": Leaf => m.updated_at;
    }
}

object! {
    COUNT = "Count" costs 10, Count(c), |cx, args| {
        "count": Leaf => Out::Int(i64::try_from(c.0).unwrap_or(i64::MAX));
        "precision": Leaf => if c.1 { "EXACT" } else { "AT_LEAST" };
    }
}

object! {
    RETURN = "Return" costs 1, Query(q), |cx, args| {
        "id": Leaf => Out::Null;
        "name": Leaf => Out::Null;
        "status": Leaf => Out::Null;
        "totalQuantity": Leaf => Out::Null;
        "createdAt": Leaf => Out::Null;
        "closedAt": Leaf => Out::Null;
    }
}

object! {
    DISPUTE = "OrderDisputeSummary" costs 1, Query(q), |cx, args| {
        "id": Leaf => Out::Null;
        "initiatedAs": Leaf => Out::Null;
        "status": Leaf => Out::Null;
    }
}
