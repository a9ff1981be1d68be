//! Makes an order of what was bought: ids, discounts shared out, taxes, payment, fulfillment orders.
//!
//! Pure but for the ids it draws. Whatever [`NewOrder`] says, the order that comes out adds up to the cent.

mod check;
mod route;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::actions::{fulfillment, payment};
use super::money::{Bag, Currencies};
use super::new_order::{
    DiscountTarget, Known, NewDiscount, NewLine, NewOrder, NewShipping, Payment, ShippingKind,
};
use super::order::totals::Totals;
use super::order::{
    Address, Allocation, Customer, DiscountApplication, DiscountValue, Line, LineGroup, LineKind, Order,
    ShippingLine, TaxLine, TransactionKind,
};
use super::profile::{Profile, whole_second};
use super::rest;
use super::state::{Change, Event, Ids, Refused, stable_id};
use check::check;
pub(super) use check::{MOST_UNITS, check_amount};
use route::route;
pub(super) use route::{delivery_kind, fulfillment_order};

/// The numbers of an order to be placed.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) number: u32,
    pub(super) order_number: u32,
}

/// Makes the order and the events that placing it causes.
pub(super) fn place(
    new: &NewOrder,
    profile: &Profile,
    ids: &mut Ids,
    numbers: Numbers,
    now: Timestamp,
) -> Result<(Order, Vec<Event>), Refused> {
    let now = whole_second(now);
    check(new)?;
    let mut order = bare(new, profile, ids, numbers, now);
    add_lines(&mut order, new, profile, ids)?;
    order.shipping_lines = new.shipping.iter().map(|line| shipping_line(line, &order, ids)).collect();
    for discount in &new.discounts {
        apply(&mut order, discount)?;
    }
    tax(&mut order, new);
    order.original_total = Totals::of(&order).total;
    order.fulfillment_orders = route(&order, new, ids, now);

    let mut change = Change { order: &mut order, profile, ids, now, events: Vec::new() };
    change.tell(Event::Order("orders/create"));
    change.tell(Event::Order("orders/updated"));
    let total = change.order.original_total;
    match new.payment {
        Payment::Pending => {}
        Payment::Authorized => {
            payment::record(&mut change, TransactionKind::Authorization, total, None, &new.gateway);
        }
        Payment::Paid if total.is_zero() => change.tell(Event::Order("orders/paid")),
        Payment::Paid => {
            payment::record(&mut change, TransactionKind::Sale, total, None, &new.gateway);
            change.tell(Event::Order("orders/paid"));
        }
        Payment::Partly(amount) => {
            let amount = change.order.currencies.convert(amount).min(total);
            payment::record(&mut change, TransactionKind::Sale, amount, None, &new.gateway);
        }
    }
    fulfillment::hand_over(&mut change)?;
    let open = change.order.fulfillment_orders.iter().filter(|order| !order.status.is_final());
    let routed: Vec<Value> = open.map(rest::fulfillment_order_ref).collect();
    for order in routed {
        let body = json!({ "fulfillment_order": order });
        change.tell(Event::Plain("fulfillment_orders/order_routing_complete", body));
    }
    let events = change.events;
    Ok((order, events))
}

fn bare(new: &NewOrder, profile: &Profile, ids: &mut Ids, numbers: Numbers, now: Timestamp) -> Order {
    let id = ids.next();
    let mut currencies = Currencies::single(&profile.currency);
    if let Some(presentment) = &new.presentment_currency {
        currencies.presentment.clone_from(presentment);
        currencies.rate = new.exchange_rate.unwrap_or(Decimal::ONE);
    }
    let with_id = |address: &Address, ids: &mut Ids| Address { id: ids.next(), ..address.clone() };
    Order {
        id,
        number: numbers.number,
        order_number: numbers.order_number,
        name: format!("#{}", numbers.order_number),
        token: format!("{:016x}{:016x}", stable_id("token", &id.to_string()), id),
        confirmation_number: confirmation(id),
        created_at: now,
        updated_at: now,
        processed_at: new.processed_at.map_or(now, whole_second),
        closed_at: None,
        cancelled_at: None,
        cancel_reason: None,
        cancel_note: None,
        restocked: false,
        email: new.email.clone(),
        phone: new.phone.clone(),
        note: new.note.clone(),
        po_number: new.po_number.clone(),
        tags: super::actions::ordered_tags(&new.tags),
        attributes: new.attributes.clone(),
        source_name: new.source_name.clone(),
        source_identifier: new.source_identifier.clone(),
        test: new.test,
        currencies,
        taxes_included: new.taxes_included,
        duties_included: new.duties_included,
        customer_locale: new.locale.clone(),
        accepts_marketing: new.accepts_marketing,
        customer: new.customer.as_ref().map(|customer| Customer {
            id: customer.id.unwrap_or_else(|| {
                stable_id("customer", customer.email.as_deref().or(customer.phone.as_deref()).unwrap_or(""))
            }),
            email: customer.email.clone(),
            first_name: customer.first_name.clone(),
            last_name: customer.last_name.clone(),
            phone: customer.phone.clone(),
            tags: customer.tags.clone(),
            note: customer.note.clone(),
            created_at: now,
            default_address: new
                .shipping_address
                .as_ref()
                .or(new.billing_address.as_ref())
                .map(|address| with_id(address, ids)),
        }),
        billing_address: new.billing_address.as_ref().map(|address| with_id(address, ids)),
        shipping_address: new.shipping_address.as_ref().map(|address| with_id(address, ids)),
        omit_missing: new.omit_missing,
        lines: Vec::new(),
        groups: Vec::new(),
        shipping_lines: Vec::new(),
        discounts: Vec::new(),
        transactions: Vec::new(),
        refunds: Vec::new(),
        fulfillment_orders: Vec::new(),
        fulfillments: Vec::new(),
        original_total: Bag::ZERO,
        edited: false,
        location_id: (new.source_name == "pos")
            .then(|| profile.locations.iter().find(|l| !l.fulfills_online).map_or(0, |l| l.id)),
        risk: new.risk,
        metafields: Vec::new(),
    }
}

/// Nine letters and digits that follow from the id.
fn confirmation(id: i64) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut rest = stable_id("confirmation", &id.to_string()).unsigned_abs();
    (0..9)
        .map(|_| {
            let letter = LETTERS[usize::try_from(rest % 32).unwrap_or(0)];
            rest /= 32;
            char::from(letter)
        })
        .collect()
}

fn add_lines(order: &mut Order, new: &NewOrder, profile: &Profile, ids: &mut Ids) -> Result<(), Refused> {
    let usual = [NewLine::default()];
    let plain: &[NewLine] = if new.lines.is_empty() && new.bundles.is_empty() { &usual } else { &new.lines };
    for line in plain {
        let line = self::line(line, None, order, profile, ids)?;
        order.lines.push(line);
    }
    for bundle in &new.bundles {
        let id = ids.next();
        order.groups.push(LineGroup {
            id,
            title: bundle.title.clone(),
            quantity: bundle.quantity,
            product_id: Some(stable_id("product", &bundle.title)),
            variant_id: Some(stable_id("variant", bundle.sku.as_deref().unwrap_or(&bundle.title))),
            variant_sku: bundle.sku.clone(),
            properties: Vec::new(),
        });
        for component in &bundle.components {
            let line = self::line(component, Some(id), order, profile, ids)?;
            order.lines.push(line);
        }
    }
    Ok(())
}

/// Makes a line; its discounts and taxes come later.
pub(super) fn line(
    new: &NewLine,
    group: Option<i64>,
    order: &Order,
    profile: &Profile,
    ids: &mut Ids,
) -> Result<Line, Refused> {
    if new.quantity == 0 {
        return Err(Refused::invalid("Quantity must be greater than 0"));
    }
    if new.quantity > MOST_UNITS {
        return Err(Refused::invalid("Quantity is too large"));
    }
    check_amount(new.price)?;
    let location_id = new.location_id.or(order.location_id).unwrap_or_else(|| profile.default_location());
    if profile.location(location_id).is_none() {
        return Err(Refused::missing("Location", location_id));
    }
    let no_product = matches!(new.kind, LineKind::Tip | LineKind::Fee);
    let known = |known: Known, kind, text: &str| match known {
        Known::Id(id) => Some(id),
        Known::Missing => None,
        Known::Usual => (!no_product).then(|| stable_id(kind, text)),
    };
    let product_id = known(new.product_id, "product", &new.title);
    // A variant cannot outlive its product.
    let variant_id =
        product_id.and_then(|_| known(new.variant_id, "variant", new.sku.as_deref().unwrap_or(&new.title)));
    Ok(Line {
        id: ids.next(),
        kind: new.kind,
        title: new.title.clone(),
        variant_title: new.variant_title.clone(),
        sku: new.sku.clone(),
        vendor: new.vendor.clone(),
        product_id,
        variant_id,
        quantity: new.quantity,
        removed: 0,
        refunded: 0,
        price: order.currencies.convert(new.price),
        taxable: new.taxable && !matches!(new.kind, LineKind::Tip | LineKind::GiftCard),
        requires_shipping: new.kind == LineKind::Goods,
        grams: new.grams,
        properties: new.properties.clone(),
        allocations: Vec::new(),
        taxes: Vec::new(),
        group,
        location_id,
    })
}

/// Makes a shipping line without discounts and taxes.
pub(super) fn shipping_line(new: &NewShipping, order: &Order, ids: &mut Ids) -> ShippingLine {
    ShippingLine {
        id: ids.next(),
        title: new.title.clone(),
        code: new.code.clone(),
        source: new.source.clone(),
        carrier_identifier: new.carrier_identifier.clone(),
        delivery_category: match new.kind {
            ShippingKind::Carrier => None,
            ShippingKind::PickUp => Some("pick-up".to_owned()),
            ShippingKind::LocalDelivery => Some("local".to_owned()),
        },
        phone: None,
        price: order.currencies.convert(new.price),
        allocations: Vec::new(),
        taxes: Vec::new(),
        removed: false,
        refunded: Bag::ZERO,
        refunded_tax: Bag::ZERO,
    }
}

/// Works out a discount and shares it out over what it is on.
fn apply(order: &mut Order, discount: &NewDiscount) -> Result<(), Refused> {
    let application = order.discounts.len();
    let currencies = order.currencies.clone();
    let on_shipping = discount.target == DiscountTarget::Shipping;
    let chosen: Vec<usize> = match discount.target {
        DiscountTarget::Order => (0..order.lines.len())
            .filter(|at| !matches!(order.lines[*at].kind, LineKind::GiftCard | LineKind::Tip))
            .collect(),
        DiscountTarget::Line(at) if at < order.lines.len() => vec![at],
        DiscountTarget::Line(at) => return Err(Refused::invalid(format!("There is no line {at}"))),
        DiscountTarget::Shipping => (0..order.shipping_lines.len()).collect(),
    };
    let weights: Vec<Bag> = chosen
        .iter()
        .map(|at| {
            if on_shipping {
                order.shipping_lines[*at].discounted()
            } else {
                let line = &order.lines[*at];
                line.at(line.quantity, &currencies).net()
            }
        })
        .collect();
    let base: Bag = weights.iter().copied().sum();
    let amount = match discount.value {
        DiscountValue::Fixed(amount) => currencies.convert(amount).min(base),
        DiscountValue::Percent(percent) => {
            currencies.fraction(base, percent / Decimal::ONE_HUNDRED).min(base)
        }
    };
    for (at, part) in chosen.into_iter().zip(currencies.split(amount, &weights)) {
        if part.is_zero() {
            continue;
        }
        let allocation = Allocation { application, amount: part };
        if on_shipping {
            order.shipping_lines[at].allocations.push(allocation);
        } else {
            order.lines[at].allocations.push(allocation);
        }
    }
    order.discounts.push(DiscountApplication {
        kind: discount.kind.clone(),
        value: discount.value,
        amount,
        on_shipping,
        across: !matches!(discount.target, DiscountTarget::Line(_)),
    });
    Ok(())
}

fn tax(order: &mut Order, new: &NewOrder) {
    if new.tax_rate.is_zero() {
        return;
    }
    let currencies = order.currencies.clone();
    let fraction =
        if new.taxes_included { new.tax_rate / (Decimal::ONE + new.tax_rate) } else { new.tax_rate };
    let tax = |net: Bag| TaxLine {
        title: new.tax_title.clone(),
        rate: new.tax_rate,
        amount: currencies.fraction(net, fraction),
    };
    for line in order.lines.iter_mut().filter(|line| line.taxable) {
        let net = line.at(line.quantity, &currencies).net();
        line.taxes.push(tax(net));
    }
    if new.tax_shipping {
        for line in &mut order.shipping_lines {
            let net = line.discounted();
            line.taxes.push(tax(net));
        }
    }
}
