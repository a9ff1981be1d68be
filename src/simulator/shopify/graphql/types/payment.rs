//! Money, transactions and refunds as the GraphQL API shows them.

use super::super::schema::Shape::{Leaf, Many, One, Pages};
use super::super::schema::{Args, Cx, Field, Node, Of, Out, Type, object};
use super::line::{LINE_ITEM, SHIPPING_LINE};
use super::order::ORDER;
use super::shop::LOCATION;
use super::{bag, gid, money, money_v2, nodes};
use crate::simulator::shopify::money::{Bag, graphql_amount};
use crate::simulator::shopify::order::RestockType;
use crate::simulator::shopify::order::totals::open_authorization;

object! {
    MONEY_BAG = "MoneyBag" costs 0, Bag(it), |cx, args| {
        "shopMoney": One(&MONEY) => (&MONEY, Node::Money((it.bag.shop, it.currencies.shop.as_str())));
        "presentmentMoney": One(&MONEY) =>
            (&MONEY, Node::Money((it.bag.presentment, it.currencies.presentment.as_str())));
    }
}

object! {
    MONEY = "MoneyV2" costs 0, Money(it), |cx, args| {
        "amount": Leaf => graphql_amount(it.0);
        "currencyCode": Leaf => it.1;
    }
}

object! {
    CASH_ROUNDING = "CashRoundingAdjustment" costs 1, Order(it), |cx, args| {
        "paymentSet": One(&MONEY_BAG) => bag(it, Bag::ZERO);
        "refundSet": One(&MONEY_BAG) => bag(it, Bag::ZERO);
    }
}

object! {
    TRANSACTION = "OrderTransaction" costs 1, Transaction(t), |cx, args| {
        "id": Leaf => gid("OrderTransaction", t.id);
        "kind": Leaf => t.kind.graphql();
        "status": Leaf => t.status.graphql();
        "gateway": Leaf => t.it.gateway.as_str();
        "formattedGateway": Leaf => t.gateway.replace('_', " ");
        "amount": Leaf => money(t.order, t.amount);
        "amountSet": One(&MONEY_BAG) => bag(t.order, t.amount);
        "amountV2": One(&MONEY) => money_v2(t.order, t.amount);
        "amountRoundingSet": One(&MONEY_BAG) => Out::Null;
        "accountNumber": Leaf => (t.gateway != "manual").then_some("•••• •••• •••• 4242");
        "authorizationCode": Leaf => t.it.authorization.as_deref();
        "authorizationExpiresAt": Leaf => Out::Null;
        "createdAt": Leaf => t.created_at;
        "processedAt": Leaf => t.created_at;
        "errorCode": Leaf => Out::Null;
        "location": One(&LOCATION) =>
            t.order.location_id.and_then(|id| cx.state.profile.location(id)).map(|l| (&LOCATION, Node::Location(l)));
        "manualPaymentGateway": Leaf => t.gateway == "manual";
        "manuallyCapturable": Leaf => !open_authorization(t.order, t.it).is_zero() && is_promise(t);
        "multiCapturable": Leaf => false;
        "order": One(&ORDER) => (&ORDER, Node::Order(t.order));
        "parentTransaction": One(&TRANSACTION) => t.parent_id.and_then(|id| t.order.transaction(id)).map(|it|
            (&TRANSACTION, Node::Transaction(Of { order: t.order, it })));
        "paymentId": Leaf => t.it.payment_id.as_str();
        "settlementCurrency": Leaf => Out::Null;
        "test": Leaf => t.test;
        "totalUnsettledSet": One(&MONEY_BAG) =>
            bag(t.order, if is_promise(t) { open_authorization(t.order, t.it) } else { Bag::ZERO });
    }
}

fn is_promise(t: Of<'_, crate::simulator::shopify::order::Transaction>) -> bool {
    t.kind == crate::simulator::shopify::order::TransactionKind::Authorization
}

object! {
    REFUND = "Refund" costs 1, Refund(r), |cx, args| {
        "id": Leaf => gid("Refund", r.id);
        "legacyResourceId": Leaf => r.id.to_string();
        "createdAt": Leaf => r.created_at;
        "processedAt": Leaf => r.created_at;
        "updatedAt": Leaf => r.created_at;
        "note": Leaf => r.it.note.as_deref();
        "order": One(&ORDER) => (&ORDER, Node::Order(r.order));
        "totalRefundedSet": One(&MONEY_BAG) => bag(r.order, refunded(r));
        "totalRefunded": One(&MONEY) => money_v2(r.order, refunded(r));
        "refundLineItems": Pages(&REFUND_LINE) =>
            nodes(&REFUND_LINE, r.it.lines.iter().map(|it| Node::RefundLine(Of { order: r.order, it })));
        "refundShippingLines": Pages(&REFUND_SHIPPING) =>
            nodes(&REFUND_SHIPPING, r.it.shipping.iter().map(|it| Node::RefundShipping(Of { order: r.order, it })));
        "orderAdjustments": Pages(&ADJUSTMENT) =>
            nodes(&ADJUSTMENT, r.it.adjustments.iter().map(|it| Node::Adjustment(Of { order: r.order, it })));
        "transactions": Pages(&TRANSACTION) => nodes(&TRANSACTION, r.it.transactions.iter().filter_map(|id|
            r.order.transaction(*id)).map(|it| Node::Transaction(Of { order: r.order, it })));
        "return": One(&super::order::RETURN) => Out::Null;
        "duties": Many(&REFUND_DUTY) => Out::Nodes(&REFUND_DUTY, Vec::new());
    }
}

object! {
    REFUND_DUTY = "RefundDuty" costs 1, Query(q), |cx, args| {
        "amountSet": One(&MONEY_BAG) => Out::Null;
        "originalDuty": One(&super::line::DUTY) => Out::Null;
    }
}

/// What the transactions of a refund paid.
fn refunded(r: Of<'_, crate::simulator::shopify::order::Refund>) -> Bag {
    r.transactions.iter().filter_map(|id| r.order.transaction(*id)).map(|t| t.amount).sum()
}

object! {
    REFUND_LINE = "RefundLineItem" costs 1, RefundLine(l), |cx, args| {
        "id": Leaf => gid("RefundLineItem", l.id);
        "lineItem": One(&LINE_ITEM) =>
            l.order.line(l.line_id).map(|it| (&LINE_ITEM, Node::Line(Of { order: l.order, it })));
        "location": One(&LOCATION) =>
            l.location_id.and_then(|id| cx.state.profile.location(id)).map(|at| (&LOCATION, Node::Location(at)));
        "quantity": Leaf => l.quantity;
        "restockType": Leaf => l.restock.graphql();
        "restocked": Leaf => l.restock != RestockType::NoRestock;
        "price": Leaf => money(l.order, price(l));
        "priceSet": One(&MONEY_BAG) => bag(l.order, price(l));
        "subtotal": Leaf => money(l.order, l.subtotal);
        "subtotalSet": One(&MONEY_BAG) => bag(l.order, l.subtotal);
        "totalTax": Leaf => money(l.order, l.tax);
        "totalTaxSet": One(&MONEY_BAG) => bag(l.order, l.tax);
    }
}

/// The price of one refunded unit.
fn price(l: Of<'_, crate::simulator::shopify::order::RefundLine>) -> Bag {
    l.order.line(l.line_id).map_or(Bag::ZERO, |line| line.price)
}

object! {
    REFUND_SHIPPING = "RefundShippingLine" costs 1, RefundShipping(s), |cx, args| {
        "id": Leaf => gid("RefundShippingLine", s.id);
        "shippingLine": One(&SHIPPING_LINE) => s.order.shipping_lines.iter().find(|l| l.id == s.shipping_line_id)
            .map(|it| (&SHIPPING_LINE, Node::Shipping(Of { order: s.order, it })));
        "subtotalAmountSet": One(&MONEY_BAG) => bag(s.order, s.amount);
        "taxAmountSet": One(&MONEY_BAG) => bag(s.order, s.tax);
    }
}

object! {
    ADJUSTMENT = "OrderAdjustment" costs 1, Adjustment(a), |cx, args| {
        "id": Leaf => gid("OrderAdjustment", a.id);
        "amountSet": One(&MONEY_BAG) => bag(a.order, a.amount);
        "taxAmountSet": One(&MONEY_BAG) => bag(a.order, Bag::ZERO);
        "reason": Leaf => "REFUND_DISCREPANCY";
    }
}
