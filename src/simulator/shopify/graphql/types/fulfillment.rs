//! Fulfillments and fulfillment orders as the GraphQL API shows them.
//!
//! A fulfillment is named `#1001-F1` here and `#1001.1` in webhook bodies, and a taken back one is spelled with two Ls
//! in its status and one in its display status, as with the real shop.

use super::super::schema::Shape::{Leaf, Many, One, Pages};
use super::super::schema::{Args, Cx, Field, Node, Of, Out, Type, object};
use super::line::{LINE_ITEM, SHIPPING_LINE, VARIANT, WEIGHT};
use super::order::ORDER;
use super::payment::MONEY_BAG;
use super::shop::{APP, LOCATION};
use super::{bag, float, gid, money, nodes};
use crate::simulator::shopify::money::Bag;
use crate::simulator::shopify::order::{
    DeliveryKind, Fulfillment, FulfillmentLine, FulfillmentOrder, FulfillmentOrderLine,
    FulfillmentOrderStatus, FulfillmentStatus, ShipmentStatus,
};

object! {
    FULFILLMENT = "Fulfillment" costs 1, Fulfillment(f), |cx, args| {
        "id": Leaf => gid("Fulfillment", f.id);
        "legacyResourceId": Leaf => f.id.to_string();
        "name": Leaf => format!("{}-F{}", f.order.name, f.sequence);
        "status": Leaf => f.status.graphql();
        "displayStatus": Leaf => display_status(f.it);
        "createdAt": Leaf => f.created_at;
        "updatedAt": Leaf => f.updated_at;
        "deliveredAt": Leaf => f.when(ShipmentStatus::Delivered);
        "inTransitAt": Leaf => f.when(ShipmentStatus::InTransit);
        "estimatedDeliveryAt": Leaf => f.estimated_delivery_at();
        "totalQuantity": Leaf => f.quantity();
        "requiresShipping": Leaf =>
            f.lines.iter().any(|l| f.order.line(l.line_id).is_some_and(|l| l.requires_shipping));
        "trackingInfo" ["first"]: Many(&TRACKING) =>
            nodes(&TRACKING, (0..parcels(f.it)).map(|at| Node::Tracking((at, f.it))));
        "location": One(&LOCATION) =>
            cx.state.profile.location(f.location_id).map(|l| (&LOCATION, Node::Location(l)));
        "originAddress": One(&ORIGIN) => f.it.origin.as_ref().map(|origin| (&ORIGIN, Node::Origin(origin)));
        "service": One(&SERVICE) => (&SERVICE, Node::Service("manual"));
        "order": One(&ORDER) => (&ORDER, Node::Order(f.order));
        "events" ["sortKey"]: Pages(&SHIPMENT_EVENT) => nodes(&SHIPMENT_EVENT, f.it.events.iter().map(|it|
            Node::ShipmentEvent(Of { order: f.order, it })));
        "fulfillmentLineItems": Pages(&FULFILLMENT_LINE) => nodes(&FULFILLMENT_LINE, f.it.lines.iter().map(|it|
            Node::FulfillmentLine(Of { order: f.order, it })));
        "fulfillmentOrders": Pages(&FULFILLMENT_ORDER) => nodes(&FULFILLMENT_ORDER,
            f.order.fulfillment_orders.iter().filter(|o| f.is_of(o.id))
                .map(|it| Node::FulfillmentOrder(Of { order: f.order, it })));
    }
}

/// What the merchant reads: how far the shipment has come, else that it is fulfilled.
fn display_status(f: &Fulfillment) -> &'static str {
    match (f.status, f.shipment_status) {
        (FulfillmentStatus::Cancelled, _) => "CANCELED",
        (FulfillmentStatus::Success, Some(status)) => status.graphql(),
        (FulfillmentStatus::Success, None) => "FULFILLED",
    }
}

/// How many tracking entries there are: one a number or page, one if only the carrier is known.
fn parcels(f: &Fulfillment) -> usize {
    f.numbers.len().max(f.urls.len()).max(usize::from(f.company.is_some()))
}

object! {
    TRACKING = "FulfillmentTrackingInfo" costs 1, Tracking(t), |cx, args| {
        "company": Leaf => t.1.company.as_deref();
        "number": Leaf => t.1.numbers.get(t.0);
        "url": Leaf => t.1.urls.get(t.0);
    }
}

object! {
    SERVICE = "FulfillmentService" costs 1, Service(s), |cx, args| {
        "id": Leaf => format!("gid://shopify/FulfillmentService/{s}");
        "handle": Leaf => s;
        "serviceName": Leaf => if s == "gift_card" { "Gift card" } else { "Manual" };
        "type": Leaf => if s == "gift_card" { "GIFT_CARD" } else { "MANUAL" };
        "trackingSupport": Leaf => false;
        "inventoryManagement": Leaf => false;
        "requiresShippingMethod": Leaf => s != "gift_card";
        "callbackUrl": Leaf => Out::Null;
        "location": One(&LOCATION) => cx.state.profile.locations.first().map(|l| (&LOCATION, Node::Location(l)));
    }
}

object! {
    SHIPMENT_EVENT = "FulfillmentEvent" costs 1, ShipmentEvent(e), |cx, args| {
        "id": Leaf => gid("FulfillmentEvent", e.id);
        "status": Leaf => e.status.graphql();
        "message": Leaf => e.it.message.as_deref();
        "happenedAt": Leaf => e.happened_at;
        "createdAt": Leaf => e.created_at;
        "estimatedDeliveryAt": Leaf => e.estimated_delivery_at;
        "address1": Leaf => e.it.place.address1.as_deref();
        "city": Leaf => e.it.place.city.as_deref();
        "province": Leaf => e.it.place.province.as_deref();
        "country": Leaf => e.it.place.country.as_deref()
            .or_else(|| e.order.shipping_address.as_ref().and_then(|a| a.country_code.as_deref()));
        "zip": Leaf => e.it.place.zip.as_deref();
        "latitude": Leaf => e.place.latitude.map(float);
        "longitude": Leaf => e.place.longitude.map(float);
    }
}

object! {
    ORIGIN = "FulfillmentOriginAddress" costs 1, Origin(o), |cx, args| {
        "address1": Leaf => o.address1.as_deref();
        "address2": Leaf => o.address2.as_deref();
        "city": Leaf => o.city.as_deref();
        "countryCode": Leaf => o.country_code.as_str();
        "provinceCode": Leaf => o.province_code.as_deref();
        "zip": Leaf => o.zip.as_deref();
    }
}

object! {
    FULFILLMENT_LINE = "FulfillmentLineItem" costs 1, FulfillmentLine(l), |cx, args| {
        "id": Leaf => gid("FulfillmentLineItem", l.id);
        "quantity": Leaf => l.quantity;
        "lineItem": One(&LINE_ITEM) =>
            l.order.line(l.line_id).map(|it| (&LINE_ITEM, Node::Line(Of { order: l.order, it })));
        "originalTotal": Leaf => money(l.order, original(l));
        "originalTotalSet": One(&MONEY_BAG) => bag(l.order, original(l));
        "discountedTotal": Leaf => money(l.order, discounted(l));
        "discountedTotalSet": One(&MONEY_BAG) => bag(l.order, discounted(l));
    }
}

fn original(l: Of<'_, FulfillmentLine>) -> Bag {
    l.order.line(l.line_id).map_or(Bag::ZERO, |line| line.price.times(l.quantity))
}

fn discounted(l: Of<'_, FulfillmentLine>) -> Bag {
    let Some(line) = l.order.line(l.line_id) else { return Bag::ZERO };
    let discount = line.line_discount(&l.order.discounts);
    original(l) - discount.share(l.quantity.min(line.quantity), line.quantity, &l.order.currencies)
}

object! {
    FULFILLMENT_ORDER = "FulfillmentOrder" costs 1, FulfillmentOrder(f), |cx, args| {
        "id": Leaf => gid("FulfillmentOrder", f.id);
        "status": Leaf => f.status.graphql();
        "requestStatus": Leaf => "UNSUBMITTED";
        "createdAt": Leaf => f.created_at;
        "updatedAt": Leaf => f.updated_at;
        "fulfillAt": Leaf => f.fulfill_at;
        "fulfillBy": Leaf => Out::Null;
        "order": One(&ORDER) => (&ORDER, Node::Order(f.order));
        "orderId": Leaf => gid("Order", f.order.id);
        "orderName": Leaf => f.order.name.as_str();
        "orderProcessedAt": Leaf => f.order.processed_at;
        "assignedLocation": One(&ASSIGNED_LOCATION) =>
            cx.state.profile.location(f.location_id).map(|l| (&ASSIGNED_LOCATION, Node::Location(l)));
        "deliveryMethod": One(&DELIVERY_METHOD) => (&DELIVERY_METHOD, Node::Delivery(&f.it.delivery));
        "destination": One(&DESTINATION) => has_destination(f).then_some((&DESTINATION, Node::FulfillmentOrder(f)));
        "fulfillmentHolds": Many(&HOLD) => nodes(&HOLD, f.it.holds.iter().map(Node::Hold));
        "supportedActions": Many(&ACTION) => nodes(&ACTION, actions(f).into_iter().map(Node::Action));
        "remainingLineItemsWeight": One(&WEIGHT) => (&WEIGHT, Node::Grams(weight(f)));
        "lineItems": Pages(&FULFILLMENT_ORDER_LINE) => nodes(&FULFILLMENT_ORDER_LINE,
            f.it.lines.iter().map(|it| Node::FulfillmentOrderLine(Of { order: f.order, it })));
        "fulfillments": Pages(&FULFILLMENT) => nodes(&FULFILLMENT,
            f.order.fulfillments.iter().filter(|x| x.is_of(f.id))
                .map(|it| Node::Fulfillment(Of { order: f.order, it })));
    }
}

fn has_destination(f: Of<'_, FulfillmentOrder>) -> bool {
    !matches!(f.delivery.kind, DeliveryKind::None | DeliveryKind::Retail)
        && f.order.shipping_address.is_some()
}

fn weight(f: Of<'_, FulfillmentOrder>) -> u64 {
    f.lines
        .iter()
        .filter_map(|l| f.order.line(l.line_id).map(|line| u64::from(line.grams) * u64::from(l.remaining)))
        .sum()
}

/// What may be done with a fulfillment order, in the order the real shop lists it.
fn actions(f: Of<'_, FulfillmentOrder>) -> Vec<&'static str> {
    match f.status {
        FulfillmentOrderStatus::Open => {
            let mut actions = vec!["CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD"];
            if f.remaining() > 1 {
                actions.push("SPLIT");
            }
            if f.order.fulfillment_orders.iter().any(|other| is_mergeable(f.it, other)) {
                actions.push("MERGE");
            }
            actions
        }
        FulfillmentOrderStatus::InProgress => vec!["CREATE_FULFILLMENT", "HOLD"],
        FulfillmentOrderStatus::OnHold if f.holds.len() >= 10 => vec!["RELEASE_HOLD", "MOVE"],
        FulfillmentOrderStatus::OnHold => vec!["RELEASE_HOLD", "HOLD", "MOVE"],
        FulfillmentOrderStatus::Scheduled => vec!["MARK_AS_OPEN"],
        FulfillmentOrderStatus::Closed | FulfillmentOrderStatus::Cancelled => Vec::new(),
    }
}

fn is_mergeable(f: &FulfillmentOrder, other: &FulfillmentOrder) -> bool {
    other.id != f.id
        && other.status == FulfillmentOrderStatus::Open
        && other.location_id == f.location_id
        && other.delivery.kind == f.delivery.kind
}

object! {
    ACTION = "FulfillmentOrderSupportedAction" costs 1, Action(a), |cx, args| {
        "action": Leaf => a;
        "externalUrl": Leaf => Out::Null;
    }
}

object! {
    ASSIGNED_LOCATION = "FulfillmentOrderAssignedLocation" costs 1, Location(l), |cx, args| {
        "name": Leaf => l.name.as_str();
        "location": One(&LOCATION) => (&LOCATION, Node::Location(l));
        "address1": Leaf => l.address1.as_str();
        "address2": Leaf => Out::Null;
        "city": Leaf => l.city.as_str();
        "province": Leaf => l.province.as_str();
        "countryCode": Leaf => l.country_code.as_str();
        "zip": Leaf => l.zip.as_str();
        "phone": Leaf => l.phone.as_deref();
    }
}

object! {
    DESTINATION = "FulfillmentOrderDestination" costs 1, FulfillmentOrder(f), |cx, args| {
        "id": Leaf => gid("FulfillmentOrderDestination", f.id);
        "firstName": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.first_name.as_deref());
        "lastName": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.last_name.as_deref());
        "company": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.company.as_deref());
        "address1": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.address1.as_deref());
        "address2": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.address2.as_deref());
        "city": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.city.as_deref());
        "province": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.province.as_deref());
        "countryCode": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.country_code.as_deref());
        "zip": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.zip.as_deref());
        "phone": Leaf => f.order.shipping_address.as_ref().and_then(|a| a.phone.as_deref());
        "email": Leaf => f.order.email.as_deref();
        "location": One(&LOCATION) => Out::Null;
    }
}

object! {
    DELIVERY_METHOD = "DeliveryMethod" costs 1, Delivery(d), |cx, args| {
        "id": Leaf => gid("DeliveryMethod", d.id);
        "methodType": Leaf => d.kind.graphql();
        "serviceCode": Leaf => d.service_code.as_deref();
        "presentedName": Leaf => d.presented_name.as_deref();
        "sourceReference": Leaf => Out::Null;
        "minDeliveryDateTime": Leaf => Out::Null;
        "maxDeliveryDateTime": Leaf => Out::Null;
    }
}

object! {
    HOLD = "FulfillmentHold" costs 1, Hold(h), |cx, args| {
        "id": Leaf => gid("FulfillmentHold", h.id);
        "reason": Leaf => h.reason.graphql();
        "displayReason": Leaf => h.reason.display();
        "reasonNotes": Leaf => h.notes.as_deref();
        "handle": Leaf => h.handle.as_deref();
        "heldByRequestingApp": Leaf => h.by_app;
        "heldByApp": One(&APP) => if cx.may("read_apps") { Out::Null } else { Out::Denied("read_apps") };
    }
}

object! {
    FULFILLMENT_ORDER_LINE = "FulfillmentOrderLineItem" costs 1, FulfillmentOrderLine(l), |cx, args| {
        "id": Leaf => gid("FulfillmentOrderLineItem", l.id);
        "totalQuantity": Leaf => l.total;
        "remainingQuantity": Leaf => l.remaining;
        "lineItem": One(&LINE_ITEM) => line(l).map(|it| (&LINE_ITEM, Node::Line(it)));
        "sku": Leaf => line(l).and_then(|line| line.it.sku.as_deref());
        "productTitle": Leaf => line(l).map(|line| line.it.title.as_str());
        "variantTitle": Leaf => line(l).and_then(|line| line.it.variant_title.as_deref());
        "vendor": Leaf => line(l).and_then(|line| line.it.vendor.as_deref());
        "requiresShipping": Leaf => line(l).is_some_and(|line| line.requires_shipping);
        "inventoryItemId": Leaf =>
            line(l).and_then(|line| line.inventory_item_id()).map(|id| gid("InventoryItem", id));
        "variant": One(&VARIANT) =>
            line(l).filter(|line| line.variant_id.is_some()).map(|it| (&VARIANT, Node::Line(it)));
        "weight": One(&WEIGHT) => line(l).map(|line| (&WEIGHT, Node::Grams(line.grams.into())));
        "originalUnitPriceSet": One(&MONEY_BAG) => line(l).map(|line| bag(l.order, line.price));
        "shippingLine": One(&SHIPPING_LINE) => l.order.shipping_line().map(|it|
            (&SHIPPING_LINE, Node::Shipping(Of { order: l.order, it })));
    }
}

fn line(l: Of<'_, FulfillmentOrderLine>) -> Option<Of<'_, crate::simulator::shopify::order::Line>> {
    l.order.line(l.line_id).map(|it| Of { order: l.order, it })
}
