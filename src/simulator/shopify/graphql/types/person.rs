//! Customers, addresses and attributes as the GraphQL API shows them.

use super::super::schema::Shape::{Leaf, Many, One, Pages};
use super::super::schema::{Args, Cx, Field, Node, Out, Type, object};
use super::order::ORDER;
use super::payment::MONEY;
use super::{float, gid, nodes};
use crate::simulator::shopify::order::{Address, Customer};

object! {
    ATTRIBUTE = "Attribute" costs 1, Attribute(a), |cx, args| {
        "key": Leaf => a.name.as_str();
        "value": Leaf => a.value.as_str();
    }
}

object! {
    ADDRESS = "MailingAddress" costs 1, Address(a), |cx, args| {
        "id": Leaf => format!("gid://shopify/MailingAddress/{}?model_name=Address", a.id);
        "name": Leaf => a.name();
        "firstName": Leaf => a.first_name.as_deref();
        "lastName": Leaf => a.last_name.as_deref();
        "company": Leaf => a.company.as_deref();
        "address1": Leaf => a.address1.as_deref();
        "address2": Leaf => a.address2.as_deref();
        "city": Leaf => a.city.as_deref();
        "province": Leaf => a.province.as_deref();
        "provinceCode": Leaf => a.province_code.as_deref();
        "country": Leaf => a.country.as_deref();
        "countryCode": Leaf => a.country_code.as_deref();
        "countryCodeV2": Leaf => a.country_code.as_deref();
        "zip": Leaf => a.zip.as_deref();
        "phone": Leaf => a.phone.as_deref();
        "latitude": Leaf => a.latitude.map(float);
        "longitude": Leaf => a.longitude.map(float);
        "coordinatesValidated": Leaf => a.latitude.is_some();
        "formatted" ["withName", "withCompany"]: Leaf => formatted(a, args);
        "formattedArea": Leaf => area(a);
        "timeZone": Leaf => Out::Null;
        "validationResultSummary": Leaf => Out::Null;
    }
}

fn formatted<'a>(a: &'a Address, args: &Args) -> Out<'a> {
    let with_company = args.get("withCompany").and_then(serde_json::Value::as_bool).unwrap_or(true);
    let mut lines: Vec<String> = Vec::new();
    lines.extend(a.name().filter(|_| args.flag("withName")));
    lines.extend(a.company.clone().filter(|_| with_company));
    lines.extend([&a.address1, &a.address2].into_iter().flatten().filter(|line| !line.is_empty()).cloned());
    let town: Vec<&str> =
        [&a.city, &a.province_code, &a.zip].into_iter().flatten().map(String::as_str).collect();
    if !town.is_empty() {
        lines.push(town.join(" "));
    }
    lines.extend(a.country.clone());
    Out::Texts(lines.into_iter().map(Into::into).collect())
}

fn area(a: &Address) -> Option<String> {
    let parts: Vec<&str> =
        [&a.city, &a.province_code, &a.country].into_iter().flatten().map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

object! {
    CUSTOMER = "Customer" costs 1, Customer(c), |cx, args| {
        "id": Leaf => gid("Customer", c.id);
        "legacyResourceId": Leaf => c.id.to_string();
        "email": Leaf => c.email.as_deref();
        "phone": Leaf => c.phone.as_deref();
        "firstName": Leaf => c.first_name.as_deref();
        "lastName": Leaf => c.last_name.as_deref();
        "displayName": Leaf => c.display_name();
        "note": Leaf => c.note.as_deref();
        "tags": Leaf => &c.tags;
        "createdAt": Leaf => c.created_at;
        "updatedAt": Leaf => c.created_at;
        "state": Leaf => "DISABLED";
        "locale": Leaf => "en";
        "taxExempt": Leaf => false;
        "taxExemptions": Leaf => Out::Texts(Vec::new());
        "verifiedEmail": Leaf => true;
        "validEmailAddress": Leaf => c.email.is_some();
        "multipassIdentifier": Leaf => Out::Null;
        "canDelete": Leaf => false;
        "dataSaleOptOut": Leaf => false;
        "lifetimeDuration": Leaf => "less than a minute";
        "numberOfOrders": Leaf => theirs(cx, c).count().to_string();
        "amountSpent": One(&MONEY) => (&MONEY, Node::Money((
            theirs(cx, c).map(|o| cx.totals(o).received.shop).sum(), cx.state.profile.currency.as_str())));
        "defaultAddress": One(&ADDRESS) => c.default_address.as_ref().map(|a| (&ADDRESS, Node::Address(a)));
        "addresses" ["first"]: Many(&ADDRESS) => nodes(&ADDRESS, c.default_address.iter().map(Node::Address));
        "addressesV2": Pages(&ADDRESS) => nodes(&ADDRESS, c.default_address.iter().map(Node::Address));
        "defaultEmailAddress": One(&CUSTOMER_EMAIL) =>
            c.email.as_ref().map(|_| (&CUSTOMER_EMAIL, Node::Customer(c)));
        "defaultPhoneNumber": One(&CUSTOMER_PHONE) =>
            c.phone.as_ref().map(|_| (&CUSTOMER_PHONE, Node::Customer(c)));
        "lastOrder": One(&ORDER) => theirs(cx, c).last().map(|o| (&ORDER, Node::Order(o)));
        "orders" ["query", "sortKey"]: Pages(&ORDER) => nodes(&ORDER, theirs(cx, c).map(Node::Order));
    }
}

/// The orders of a customer.
fn theirs<'a>(
    cx: &Cx<'a>,
    customer: &Customer,
) -> impl Iterator<Item = &'a crate::simulator::shopify::order::Order> {
    let id = customer.id;
    cx.state.orders.values().filter(move |order| order.customer.as_ref().is_some_and(|c| c.id == id))
}

object! {
    CUSTOMER_EMAIL = "CustomerEmailAddress" costs 1, Customer(c), |cx, args| {
        "emailAddress": Leaf => c.email.as_deref();
        "marketingState": Leaf => "NOT_SUBSCRIBED";
        "marketingOptInLevel": Leaf => Out::Null;
        "marketingUpdatedAt": Leaf => Out::Null;
        "openTrackingLevel": Leaf => "UNKNOWN";
        "validFormat": Leaf => true;
    }
}

object! {
    CUSTOMER_PHONE = "CustomerPhoneNumber" costs 1, Customer(c), |cx, args| {
        "phoneNumber": Leaf => c.phone.as_deref();
        "marketingState": Leaf => "NOT_SUBSCRIBED";
        "marketingOptInLevel": Leaf => Out::Null;
        "marketingUpdatedAt": Leaf => Out::Null;
        "marketingCollectedFrom": Leaf => Out::Null;
    }
}
