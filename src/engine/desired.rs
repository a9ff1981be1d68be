//! What a destination should hold of an order: a pure function of the record and the route.
//!
//! It reads no clock and no mirror: the same facts and the same route give the same answer, which is what makes replay
//! harmless and echoes silent. What it cannot decide becomes a reason for a person, never a guess.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::customs::customs;
use super::delivery::check_delivery;
use crate::domain::RemoteId;
use crate::domain::address::filled;
use crate::domain::copy::{Item, OrderCopy, Party, Payment, PaymentMethod, Stage};
use crate::domain::fulfillment::{DeliveryMethod, Fulfillment};
use crate::domain::mirror::{Absence, Desired};
use crate::domain::money::allocate;
use crate::domain::order::{Line, OrderDocument, PaymentState};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::record::OrderRecord;
use crate::domain::route::{Judge, KeyBy, ProductRef, Route, is_left_out};

/// What the mirror of `record` on `route` should hold; nothing can be said before the order itself is known.
pub fn desired(record: &OrderRecord, route: &Route) -> Option<Desired> {
    let Some(order) = &record.document else {
        return record.tombstone.map(|_| {
            Desired::Absent(if record.is_deleted() { Absence::Deleted } else { Absence::Cancelled })
        });
    };
    let mut decided = decide(record, order, route, &BTreeSet::new());
    if let Ok(Ok(whole)) = &decided
        && let Some(lines) = withheld(record, route, whole)
    {
        decided = decide(record, order, route, &lines);
    }
    Some(match decided {
        Ok(Ok(copy)) => Desired::Present(Box::new(copy)),
        Ok(Err(absence)) => Desired::Absent(absence),
        Err(reason) => Desired::Undecided(reason),
    })
}

/// The whole order as the mirror on `route` should hold it, where it could let a part of it go.
pub fn whole(record: &OrderRecord, route: &Route) -> Option<OrderCopy> {
    let order = record.document.as_ref().filter(|_| route.ship_in_part)?;
    decide(record, order, route, &BTreeSet::new()).ok()?.ok()
}

/// Lines that stay back on a route, where others go: by whoever judges there, of the order that it judged; and by those whom the
/// route waits for.
fn withheld(record: &OrderRecord, route: &Route, whole: &OrderCopy) -> Option<BTreeSet<RemoteId>> {
    let own = || record.withheld.get(&route.to).is_some_and(|withheld| withheld.of.same_content(whole));
    if !(route.ship_in_part && own()) && route.cleared_by.is_empty() {
        return None;
    }
    let lines = record.withheld_lines();
    let goes = whole.items.iter().any(|item| !lines.contains(&item.line));
    (goes && !lines.is_empty()).then_some(lines)
}

fn decide(
    record: &OrderRecord,
    order: &OrderDocument,
    route: &Route,
    withheld: &BTreeSet<RemoteId>,
) -> Result<Result<OrderCopy, Absence>, Reason> {
    if let Some(absence) = route.filter.leaves_out(order) {
        return Ok(Err(absence));
    }
    let (back, goods): (Vec<&Line>, Vec<&Line>) = order
        .goods()
        .filter(|line| !is_left_out(line, &route.not_goods))
        .partition(|line| withheld.contains(&line.id));
    if goods.is_empty() {
        return Ok(Err(Absence::NothingToShip));
    }
    let back = back.into_iter().map(|line| worth(record, order, route, line));
    let (back, back_tax) = back.fold((Decimal::ZERO, Decimal::ZERO), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    // A house that packs is told of no shipment: what it ships it tells, and what left elsewhere is not in its copy.
    let shipped = if route.packs { Vec::new() } else { shipped(record, order, &goods) };
    // By its own account a destination that does not pack is seen to have shipped when it is looked at.
    let left = !shipped.is_empty() || record.left_from(|origin| route.packs || origin != route.to);
    if record.is_cancelled() || record.is_deleted() {
        if !left {
            return Ok(Err(if record.is_deleted() { Absence::Deleted } else { Absence::Cancelled }));
        }
        return Err(Reason::new(
            ReasonCode::CancelledAfterShipment,
            format!("order {} was cancelled, but goods had left and the fulfilment still stands", order.name),
            "stop the parcel with its carrier and cancel the fulfilment at the channel, or leave both as they are",
        ));
    }
    if route.packs
        && let Some(fulfillment) = record.cancelled_for(&route.to)
    {
        return Err(Reason::new(
            ReasonCode::FulfillmentCancelled,
            format!(
                "fulfilment {} of order {} was cancelled in the shop, but «{}» says that the goods left",
                fulfillment.id, order.name, route.to
            ),
            "void the label there if they did not leave; otherwise stop the parcel with its carrier, or fulfil the order in the \
             shop again",
        ));
    }
    if is_pickup(record) {
        return Ok(Err(Absence::Pickup));
    }
    let items = items(record, order, route, &goods)?;
    if items.is_empty() {
        return Ok(Err(Absence::NothingLeft));
    }
    let Some(ship_to) = order.ship_to.clone() else {
        return Err(Reason::new(
            ReasonCode::AddressMissing,
            format!("order {} ships goods and has no shipping address", order.name),
            "give the order a shipping address at the channel; if it has one there, the app lacks the permission to see \
             personal data",
        ));
    };
    let birth_date = attribute_date(order, route.birth_date.as_deref(), ReasonCode::BirthDateUnreadable)?;
    let ship_date = attribute_date(order, route.ship_date.as_deref(), ReasonCode::ShipDateUnreadable)?;
    let party = |address| Party { address, email: order.email.clone(), birth_date };
    let service = service(order, route)?;
    // What left is on its way, whatever is thought of the address now.
    if !left {
        check_judges(order, route)?;
        check_delivery(order, &goods, &items, &ship_to, &service, route)?;
    }
    let customs = customs(record, order, &items, &ship_to, left, route)?;
    let mut numbers = BTreeSet::new();
    // What the destination itself told us is not told back to it: it may know a newer label by now.
    let theirs =
        |f: &Fulfillment| record.links.get(&f.id).is_some_and(|made_for| made_for.origin == route.to);
    for fulfillment in shipped.iter().filter(|f| !theirs(f)) {
        numbers.extend(fulfillment.numbers.iter().cloned());
    }
    Ok(Ok(OrderCopy {
        key: key(order, route),
        order: order.id.clone(),
        name: order.name.clone(),
        currency: order.currency.clone(),
        placed_on: order.placed_on,
        // A guest has no id; the order's own keeps different guests apart.
        customer: order.customer.as_ref().map_or_else(|| format!("guest-{}", order.id), ToString::to_string),
        bill_to: party(order.bill_to.clone().unwrap_or_else(|| ship_to.clone())),
        ship_to: party(ship_to),
        service,
        rate: order.shipping.first().map(|line| line.title.clone()).unwrap_or_default(),
        ship_on: ship_date.unwrap_or_else(|| order.placed_on.saturating_add(route.lead_days.days())),
        items,
        shipping: order.shipping_price(),
        tax: (order.tax.shop.amount - back_tax).normalize(),
        payments: payments(order, back + back_tax),
        gift_note: route.gift_note.as_deref().and_then(|name| filled(order.attribute(name))),
        note: filled(order.note.as_deref()),
        tags: tags(record, order),
        customs,
        stage: stage(record, order, route, &goods, &shipped),
        numbers,
        negative: false,
    }))
}

/// The order's tags, but for those that are between us and people in the shop.
fn tags(record: &OrderRecord, order: &OrderDocument) -> BTreeSet<String> {
    let asks = |tag: &&String| record.recheck.as_ref().is_some_and(|recheck| recheck.tag == **tag);
    order.tags.difference(&record.flags).filter(|tag| !asks(tag)).cloned().collect()
}

/// The key of an order at the route's destination.
pub fn key(order: &OrderDocument, route: &Route) -> String {
    let name = order.name.trim().trim_start_matches('#');
    let own = match route.key_by {
        KeyBy::Name if !name.is_empty() => name.to_owned(),
        _ => order.id.to_string(),
    };
    format!("{}{own}", route.key_prefix)
}

/// Only the planned work tells how goods reach the buyer; what is delivered in different ways ships in part.
fn is_pickup(record: &OrderRecord) -> bool {
    matches!(
        record.delivery_method(),
        Some(DeliveryMethod::PickUp | DeliveryMethod::Retail | DeliveryMethod::None)
    )
}

/// Fulfilments that stand and hold goods. A line the document does not know is taken for goods: better to report a
/// shipment than to miss one.
fn shipped<'a>(record: &'a OrderRecord, order: &OrderDocument, goods: &[&Line]) -> Vec<&'a Fulfillment> {
    let counts = |id: &RemoteId| goods.iter().any(|line| line.id == *id) || order.line(id).is_none();
    let standing = record.fulfillments.values().filter(|fulfillment| fulfillment.stands());
    standing.filter(|f| f.lines.iter().any(|(line, units)| *units > 0 && counts(line))).collect()
}

fn stage(
    record: &OrderRecord,
    order: &OrderDocument,
    route: &Route,
    goods: &[&Line],
    shipped: &[&Fulfillment],
) -> Stage {
    if !shipped.is_empty() {
        let whole = goods.iter().all(|line| record.shipped_units(&line.id) >= line.current);
        let arrived = shipped.iter().all(|fulfillment| fulfillment.is_delivered());
        return if whole && arrived { Stage::Delivered } else { Stage::Shipped };
    }
    if gate(record, order, route) { Stage::Released } else { Stage::Held }
}

/// Whether goods may leave, by what is known: paid, held by nobody, judged fit, no fraud, and the time for the buyer's edits over.
fn gate(record: &OrderRecord, order: &OrderDocument, route: &Route) -> bool {
    route.releases(&order.payment)
        && !record.is_held()
        && route
            .cleared_by
            .iter()
            .all(|judge| record.is_cleared_by(&judge.name) || judge.has_nothing_of(order))
        && !record.risk.as_ref().is_some_and(|risk| route.fraud_hold.contains(risk))
        && route.edits_end_at(order).is_none_or(|end| record.edits_ended_at >= Some(end))
}

/// Who is not sent an order judges it never.
fn check_judges(order: &OrderDocument, route: &Route) -> Result<(), Reason> {
    let unsent = |judge: &Judge| judge.filter.leaves_out(order).map(|absence| (judge.name.clone(), absence));
    let Some((judge, absence)) = route.cleared_by.iter().find_map(unsent) else { return Ok(()) };
    Err(Reason::new(
        ReasonCode::NotJudged,
        format!("order {} waits for «{judge}», which is not sent it: {absence}", order.name),
        format!(
            "let the route to «{judge}» take such orders, or keep them out of the route to «{}» too",
            route.to
        ),
    ))
}

fn service(order: &OrderDocument, route: &Route) -> Result<String, Reason> {
    let mut codes = BTreeSet::new();
    for line in &order.shipping {
        let Some(code) = route.method(line) else {
            let coded = line.code.as_deref().filter(|code| *code != line.title);
            let coded = coded.map(|code| format!(" (code «{code}»)")).unwrap_or_default();
            return Err(Reason::new(
                ReasonCode::UnmappedShippingMethod,
                format!(
                    "the route to «{}» has no service for the shipping rate «{}»{coded}",
                    route.to, line.title
                ),
                "add the rate to the route's methods, then retry",
            ));
        };
        codes.insert(code);
    }
    let mut codes = codes.into_iter();
    match (codes.next(), codes.next()) {
        (Some(code), None) => Ok(code.to_owned()),
        (Some(first), Some(second)) => Err(Reason::new(
            ReasonCode::AmbiguousShippingMethod,
            format!("order {} has shipping rates for both «{first}» and «{second}»", order.name),
            "remove one of the rates from the order at the channel",
        )),
        (None, _) => route.method_when_missing.clone().ok_or_else(|| {
            Reason::new(
                ReasonCode::MissingShippingMethod,
                format!("order {} ships goods and has no shipping rate", order.name),
                "give the order a shipping rate at the channel, or set method_when_missing in the route",
            )
        }),
    }
}

fn items(
    record: &OrderRecord,
    order: &OrderDocument,
    route: &Route,
    goods: &[&Line],
) -> Result<Vec<Item>, Reason> {
    let mut items: Vec<Item> = Vec::new();
    for line in goods {
        let quantity = units(record, route, line);
        if quantity == 0 {
            continue;
        }
        let Some(sku) = &line.sku else {
            return Err(Reason::new(
                ReasonCode::LineWithoutSku,
                format!("line «{}» of order {} ships and has no SKU", line.title, order.name),
                "give the product a SKU at the channel and edit the order, or take the line off",
            ));
        };
        // The discount is for all units ordered; the copy gets its units' share.
        let discount = share(line.discount, quantity, line, order);
        match route.bundles.get(sku) {
            None => {
                let unit_price = line.unit_price.shop.amount;
                add(&mut items, line, quantity, route.product(sku), unit_price, discount);
            }
            Some(parts) => {
                // The bundle's price is spread over its units, so that the parts come to the bundle to the cent.
                let units: usize = parts.iter().map(|part| part.quantity as usize).sum();
                let even = vec![Decimal::ONE; units];
                let mut prices = allocate(line.unit_price.shop.amount, &even, &order.currency).into_iter();
                let mut discounts = allocate(discount, &even, &order.currency).into_iter();
                for part in parts {
                    for _ in 0..part.quantity {
                        let price = prices.next().unwrap_or_default();
                        let discount = discounts.next().unwrap_or_default();
                        add(&mut items, line, quantity, route.product(&part.sku), price, discount);
                    }
                }
            }
        }
    }
    Ok(items)
}

/// Units of a line that the copy holds, never more than was ordered.
fn units(record: &OrderRecord, route: &Route, line: &Line) -> u32 {
    if !route.packs {
        // What left stays part of the copy even where it was refunded since, beside what is still to leave.
        let sold = line.current.saturating_add(record.returned_units(&line.id));
        return sold.max(record.shipped_units(&line.id)).min(line.ordered);
    }
    // What left elsewhere is not packed here as well; what left from here was part of the copy.
    let own = record.units_from(&route.to, &line.id);
    let elsewhere = record.shipped_units(&line.id).saturating_sub(own);
    line.current.saturating_sub(elsewhere).max(own).min(line.ordered)
}

/// Adds units of a line, joining those of one product at one price.
fn add(items: &mut Vec<Item>, line: &Line, of_line: u32, product: ProductRef, price: Decimal, off: Decimal) {
    let ProductRef { brand, product } = product;
    let unit_price = price.normalize();
    let same = |item: &&mut Item| {
        item.line == line.id
            && item.product == product
            && item.brand == brand
            && item.unit_price == unit_price
    };
    if let Some(item) = items.iter_mut().find(same) {
        item.quantity = item.quantity.saturating_add(of_line);
        item.discount = (item.discount + off).normalize();
        return;
    }
    let (line, discount) = (line.id.clone(), off.normalize());
    items.push(Item { product, brand, quantity: of_line, unit_price, discount, line, of_line });
}

/// What the units of a line that stays back cost, and the tax on them.
fn worth(record: &OrderRecord, order: &OrderDocument, route: &Route, line: &Line) -> (Decimal, Decimal) {
    let units = units(record, route, line);
    let share = |whole: Decimal| share(whole, units, line, order);
    let price = line.unit_price.shop.amount * Decimal::from(units) - share(line.discount);
    // Where prices hold their tax it is not added once more.
    let tax = share(line.tax);
    (if order.taxes_included { price - tax } else { price }, tax)
}

/// What some of a line's units have of an amount for all that were ordered.
fn share(whole: Decimal, units: u32, line: &Line, order: &OrderDocument) -> Decimal {
    let shares = [Decimal::from(units), Decimal::from(line.ordered - units)];
    allocate(whole, &shares, &order.currency)[0]
}

fn payments(order: &OrderDocument, back: Decimal) -> Vec<Payment> {
    let received = matches!(
        order.payment,
        PaymentState::Paid | PaymentState::PartiallyRefunded | PaymentState::Refunded
    );
    if !received {
        return Vec::new();
    }
    let named = |word: &str| order.gateways.iter().any(|gateway| gateway.to_ascii_lowercase().contains(word));
    let method = if named("gift_card") && order.gateways.len() == 1 {
        PaymentMethod::GiftCard
    } else if named("cash") {
        PaymentMethod::Cash
    } else if named("check") || named("cheque") {
        PaymentMethod::Check
    } else if named("invoice") || named("net 30") {
        PaymentMethod::Invoice
    } else if named("manual") {
        PaymentMethod::Other("manual".into())
    } else {
        PaymentMethod::Card
    };
    vec![Payment { amount: (order.total.shop.amount - back).normalize(), method }]
}

fn attribute_date(
    order: &OrderDocument,
    name: Option<&str>,
    code: ReasonCode,
) -> Result<Option<Date>, Reason> {
    let Some((name, text)) = name.and_then(|name| Some((name, filled(order.attribute(name))?))) else {
        return Ok(None);
    };
    read_date(&text).map(Some).ok_or_else(|| {
        // The value itself is personal, so the message only names the attribute.
        Reason::new(
            code,
            format!("the attribute «{name}» of order {} is no date", order.name),
            "write it as 1987-08-06 or 08/06/1987 (month first) at the channel",
        )
    })
}

/// Reads `1987-08-06`, with or without a time after it, or `8/6/1987` with the month first.
fn read_date(text: &str) -> Option<Date> {
    let day = text.get(..10).filter(|day| day.as_bytes()[4] == b'-').unwrap_or(text);
    if let Ok(date) = day.parse::<Date>() {
        return Some(date);
    }
    let mut parts = text.split(['/', '-', '.']).map(|part| part.trim().parse::<i16>());
    let (Some(Ok(month)), Some(Ok(day)), Some(Ok(year)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if year < 1900 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
