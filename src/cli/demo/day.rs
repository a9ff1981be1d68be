//! A winery's day: who orders what, and what happens to each order afterwards.
//!
//! The cast is fixed; in which order things happen is drawn from a seed. Nothing here waits for anything or judges: an act
//! is done at the shop as a person would do it, and what must follow from it is `rules`' to say.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;

use super::packing::PACKED;
use super::rules::{BIRTH_DATE, BUNDLE};
use crate::simulator::shipcompliant::Account;
use crate::simulator::shiphero::{self, NewShipment, Units};
use crate::simulator::shopify::new_order::{NewCustomer, Payment, ShippingKind};
use crate::simulator::shopify::order::{
    Address, Attribute, CancelReason, LineKind, RestockType, ShipmentStatus,
};
use crate::simulator::shopify::{
    CancelOrder, EditOrder, FulfillUnits, NewFulfillment, NewLine, NewOrder, NewRefund, NewShipmentEvent,
    NewShipping, RefundUnits, Refused, SetQuantity, Shop, Tracking,
};

/// One thing that happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Place,
    Pay,
    /// The first line's quantity is set.
    Quantity(u32),
    /// A line is added.
    Add(&'static str),
    /// It goes to another address.
    Move(usize),
    /// The date of birth is corrected.
    Born(&'static str),
    /// Another shipping rate.
    Rate(&'static str),
    Ship,
    /// So many units of the first line leave.
    ShipPart(u32),
    /// The tracking number is replaced.
    Retrack,
    Arrive,
    /// The fulfilment house ships it, by ShipCompliant's account.
    ShipThere,
    /// The fulfilment house makes another label.
    RelabelThere,
    /// ShipCompliant says that it arrived.
    ArriveThere,
    /// The warehouse packs and ships so many units of the first line; everything that is left for none.
    Pack(i64),
    /// The warehouse voids its latest label and makes another.
    RelabelPacked,
    /// A picker takes the order up.
    Pick,
    /// What was picked goes back to the shelf.
    Clear,
    /// The latest fulfilment is cancelled.
    TakeBack,
    /// So many units of the first line are refunded before they ship.
    Refund(u32),
    Cancel,
}

/// City, state, postal code, street.
const PLACES: &[(&str, &str, &str, &str)] = &[
    ("Sacramento", "CA", "95814", "500 Harbor Boulevard"),
    ("New York", "NY", "10001", "253 Broadway"),
    ("Austin", "TX", "78701", "98 Congress Avenue"),
    ("Chicago", "IL", "60601", "11 Lake Street"),
    ("Portland", "OR", "97205", "640 Pine Street"),
    ("Seattle", "WA", "98101", "1400 Pike Street"),
    ("Denver", "CO", "80202", "77 Wazee Street"),
    ("Miami", "FL", "33101", "20 Bay Road"),
    ("Boston", "MA", "02108", "4 Beacon Street"),
    ("Salt Lake City", "UT", "84101", "9 Temple Street"),
    ("Little Rock", "AR", "72201", "3 River Road"),
];
const UTAH: usize = 9;
const ARKANSAS: usize = 10;

const PEOPLE: &[(&str, &str)] = &[
    ("Emily", "Sheehan"),
    ("José", "García"),
    ("Mei", "Lin"),
    ("Søren", "Østergård"),
    ("Grace", "O'Neill"),
    ("Zoë", "Müller"),
    ("Patrick", "Okafor"),
];

/// One order of the day and what happens to it.
pub(super) struct Guest {
    /// The order's id, once it is placed.
    pub(super) id: Option<i64>,
    order: NewOrder,
    acts: VecDeque<Act>,
    parcels: u32,
}

fn guest(number: usize, place: usize, acts: &[Act]) -> Guest {
    let (first, last) = PEOPLE[number % PEOPLE.len()];
    let text = |text: &str| Some(text.to_owned());
    let email = format!("guest{number}@example.com");
    let address = Address { first_name: text(first), last_name: text(last), ..address(place) };
    let order = NewOrder {
        lines: vec![line("PN-2022", 6)],
        customer: Some(NewCustomer {
            email: Some(email.clone()),
            first_name: text(first),
            last_name: text(last),
            ..NewCustomer::default()
        }),
        billing_address: Some(address.clone()),
        shipping_address: Some(address),
        email: Some(email),
        attributes: vec![Attribute { name: BIRTH_DATE.to_owned(), value: "1984-05-06".to_owned() }],
        ..NewOrder::default()
    };
    Guest { id: None, order, acts: acts.iter().copied().collect(), parcels: 0 }
}

fn address(place: usize) -> Address {
    let (city, state, zip, street) = PLACES[place];
    let text = |text: &str| Some(text.to_owned());
    Address {
        address1: text(street),
        city: text(city),
        province: text(state),
        province_code: text(state),
        country: text("United States"),
        country_code: text("US"),
        zip: text(zip),
        phone: text("+15035550142"),
        ..Address::default()
    }
}

fn line(sku: &str, quantity: u32) -> NewLine {
    let (title, cents) = match sku {
        "PN-2022" => ("Pinot Noir 2022", 3600),
        "CH-2022" => ("Chardonnay 2022", 2850),
        "RS-2023" => ("Rosé 2023", 2199),
        "CS-2021" => ("Cabernet Sauvignon 2021", 6499),
        "TRIO" => ("Trio of Reds and Whites", 12_000),
        _ => ("Library Release", 9900),
    };
    NewLine {
        title: title.to_owned(),
        sku: Some(sku.to_owned()),
        quantity,
        price: Decimal::new(cents, 2),
        ..NewLine::default()
    }
}

fn extra(kind: LineKind, title: &str, cents: i64) -> NewLine {
    let (price, title) = (Decimal::new(cents, 2), title.to_owned());
    NewLine {
        kind,
        title,
        sku: None,
        vendor: None,
        variant_title: None,
        quantity: 1,
        price,
        grams: 0,
        ..NewLine::default()
    }
}

/// Everybody who orders today.
pub(super) fn cast() -> Vec<Guest> {
    use Act::{
        Add, Arrive, ArriveThere, Born, Cancel, Clear, Move, Pack, Pay, Pick, Place, Quantity, Rate, Refund,
        RelabelPacked, RelabelThere, Retrack, Ship, ShipPart, ShipThere, TakeBack,
    };
    let ordinary: &[&[Act]] = &[
        &[Place],
        &[Place, Ship, Arrive],
        &[Place, Quantity(4), Ship],
        &[Place, Move(0)],
        &[Place, Cancel],
        &[Place, Ship, TakeBack, Ship, Arrive],
        &[Place, Add("CH-2022"), Ship],
        &[Place, Quantity(12)],
    ];
    let mut cast: Vec<Guest> =
        (0..24).map(|number| guest(number, 1 + number % 8, ordinary[number % ordinary.len()])).collect();
    let mut add = |place: usize, acts: &[Act], change: &dyn Fn(&mut NewOrder)| {
        let mut guest = guest(cast.len(), place, acts);
        change(&mut guest.order);
        cast.push(guest);
    };
    let unpaid = |order: &mut NewOrder| order.payment = Payment::Pending;
    let promised = |order: &mut NewOrder| order.payment = Payment::Authorized;
    add(2, &[Place, Pay, Ship, Arrive], &unpaid);
    add(3, &[Place, Pay], &promised);
    add(4, &[Place], &unpaid);
    add(5, &[Place, Cancel], &promised);
    add(6, &[Place, Refund(2), Ship], &|_| {});
    add(7, &[Place, ShipPart(2), Ship, Arrive], &|_| {});
    add(8, &[Place, Ship, Retrack], &|_| {});
    add(1, &[Place, Rate("UPS 2nd Day Air"), Ship], &|_| {});
    // Shipped by the fulfilment house, which the shop must come to know.
    add(2, &[Place, ShipThere, ArriveThere], &|_| {});
    add(3, &[Place, Quantity(4), ShipThere, RelabelThere], &|_| {});
    add(4, &[Place, ShipThere, RelabelThere, ArriveThere], &|_| {});
    // Packed by the warehouse: whole, in parts, under a second label, edited meanwhile, too late, or not at all.
    let packed = |order: &mut NewOrder| order.tags.push(PACKED.to_owned());
    add(1, &[Place, Pack(0), Arrive], &packed);
    add(2, &[Place, Pack(2), Pack(1), Pack(0)], &packed);
    add(3, &[Place, Pack(0), RelabelPacked], &packed);
    add(4, &[Place, Move(5), Quantity(4), Rate("UPS 2nd Day Air"), Add("CH-2022"), Pack(0)], &packed);
    add(5, &[Place, Pick, Quantity(4), Clear, Pack(0)], &packed);
    add(6, &[Place, Pick, Quantity(9)], &packed);
    add(7, &[Place, Cancel], &packed);
    add(8, &[Place, Pack(0), TakeBack], &packed);
    add(1, &[Place, Pack(0), TakeBack, Cancel], &packed);
    add(2, &[Place, Pay, Pack(0)], &|order| {
        packed(order);
        unpaid(order);
    });
    add(UTAH, &[Place, Move(3), Pack(0)], &packed);
    add(3, &[Place, Refund(2), Pack(0)], &packed);
    // Not compliant; corrected by a new address, a new date of birth, or not at all.
    add(UTAH, &[Place, Move(2), Ship], &|_| {});
    add(ARKANSAS, &[Place, Move(0)], &|_| {});
    add(UTAH, &[Place], &|_| {});
    add(3, &[Place, Born("1979-11-02"), Ship], &|order| {
        "2012-01-31".clone_into(&mut order.attributes[0].value);
    });
    // A rate that nobody mapped, and a wine that nobody entered.
    add(4, &[Place, Rate("FedEx Ground")], &|order| {
        "Carrier pigeon".clone_into(&mut order.shipping[0].title);
    });
    add(5, &[Place], &|order| order.lines = vec![line("LIBRARY-1998", 1)]);
    // What never goes to ShipCompliant.
    add(0, &[Place], &|order| {
        "pos".clone_into(&mut order.source_name);
        order.shipping.clear();
    });
    add(0, &[Place], &|order| "shopify_draft_order".clone_into(&mut order.source_name));
    add(0, &[Place], &|order| {
        "Tasting room".clone_into(&mut order.shipping[0].title);
        order.shipping[0].kind = ShippingKind::PickUp;
        order.shipping_address = None;
    });
    add(0, &[Place], &|order| order.lines = vec![extra(LineKind::GiftCard, "Gift card", 5000)]);
    // Lines of every kind, and a bundle; only goods go, as their parts.
    add(1, &[Place, Ship], &|order| {
        order.lines = vec![line(BUNDLE.0, 2), line("RS-2023", 3)];
        order.lines.push(extra(LineKind::GiftCard, "Gift card", 5000));
        order.lines.push(extra(LineKind::Tip, "Tip", 1200));
        order.lines.push(extra(LineKind::Fee, "Adult signature", 995));
    });
    cast
}

/// Draws what happens next: somebody who has something left to do.
pub(super) struct Dice(StdRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whose turn it is; nobody's when the day is over.
    pub(super) fn next(&mut self, cast: &[Guest]) -> Option<usize> {
        let busy: Vec<usize> = (0..cast.len()).filter(|at| !cast[*at].acts.is_empty()).collect();
        (!busy.is_empty()).then(|| busy[self.0.random_range(0..busy.len())])
    }

    /// How long until then.
    pub(super) fn pause(&mut self) -> Duration {
        Duration::from_millis(self.0.random_range(60..240))
    }

    /// A moment in which a change may be anywhere on its way.
    pub(super) fn moment(&mut self) -> Duration {
        Duration::from_micros(self.0.random_range(0..45_000))
    }
}

/// How often a packer who is refused tries again, and after how long: an order that was let go at the shop an instant ago may
/// be on hold yet, or the server that is asked for its label may have been killed.
const PATIENCE: (u32, Duration) = (150, Duration::from_millis(100));

/// Does what the warehouse may refuse for a while.
async fn patiently<T, E>(mut what: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    let (tries, rest) = PATIENCE;
    for _ in 1..tries {
        if let Ok(done) = what().await {
            return Ok(done);
        }
        tokio::time::sleep(rest).await;
    }
    what().await
}

/// Does what packers do.
async fn pack(act: Act, name: &str, house: &shiphero::Account) -> anyhow::Result<String> {
    let id = house.find(name).with_context(|| format!("{name} is not at the warehouse"))?;
    let order = house.order(id).unwrap_or_default();
    let label = |order: &serde_json::Value| {
        let shipments = order["shipments"].as_array().into_iter().flatten();
        let mut labels = shipments.flat_map(|s| s["shipping_labels"].as_array().into_iter().flatten());
        let latest = labels.rfind(|label| label["status"] == "valid");
        latest.and_then(|label| label["tracking_number"].as_str()).unwrap_or_default().to_owned()
    };
    match act {
        Act::Pack(quantity) => {
            let line_item = order["line_items"][0]["legacy_id"].as_i64().unwrap_or_default();
            let units = if quantity > 0 { vec![Units { line_item, quantity }] } else { Vec::new() };
            let new = NewShipment { units, ..NewShipment::default() };
            patiently(async || house.ship(id, &new).await).await?;
            let number = label(&house.order(id).unwrap_or_default());
            let part = if quantity > 0 { " in part" } else { "" };
            Ok(format!("packed and shipped{part}, tracking {number}"))
        }
        Act::RelabelPacked => {
            let shipments = order["shipments"].as_array().map(Vec::as_slice).unwrap_or_default();
            let shipment = shipments.last().and_then(|s| s["legacy_id"].as_i64()).unwrap_or_default();
            house.void_label(shipment, None)?;
            let new = NewShipment::default();
            patiently(async || house.ship(id, &new).await).await?;
            Ok(format!(
                "label voided and made again, tracking {}",
                label(&house.order(id).unwrap_or_default())
            ))
        }
        Act::Pick => {
            patiently(async || house.pick(id, 7, &[])).await?;
            Ok("picked into a tote".to_owned())
        }
        _ => {
            house.clear(id)?;
            Ok("put back on the shelf".to_owned())
        }
    }
}

impl Guest {
    /// Whether what comes next happens at ShipCompliant.
    pub(super) fn goes_on_there(&self) -> bool {
        let there = matches!(self.acts.front(), Some(Act::ShipThere | Act::RelabelThere | Act::ArriveThere));
        there || self.goes_on_in_the_house()
    }

    /// Whether what comes next happens in the warehouse, or to what it shipped.
    fn goes_on_in_the_house(&self) -> bool {
        use Act::{Cancel, Clear, Pack, Pick, RelabelPacked, TakeBack};
        let in_house =
            matches!(self.acts.front(), Some(Pack(_) | RelabelPacked | Pick | Clear | TakeBack | Cancel));
        in_house && self.order.tags.iter().any(|tag| tag == PACKED)
    }

    /// How many things will still happen to it.
    pub(super) fn acts_left(&self) -> usize {
        self.acts.len()
    }

    /// Does what comes next, and says in words what that was and whether it happened elsewhere than in the shop.
    pub(super) async fn act(
        &mut self,
        shop: &Shop,
        account: &Account,
        house: &shiphero::Account,
    ) -> anyhow::Result<(String, bool)> {
        let Some(act) = self.acts.pop_front() else { return Ok((String::new(), false)) };
        let order = self.id.and_then(|id| shop.order(id));
        let key =
            order.as_ref().map(|order| order.name.trim_start_matches('#').to_owned()).unwrap_or_default();
        match act {
            Act::ShipThere | Act::RelabelThere => {
                let number = self.label();
                if act == Act::RelabelThere {
                    account.void_labels(&key, "1")?;
                    account.add_tracking(&key, "1", std::slice::from_ref(&number))?;
                    return Ok((format!("relabelled at ShipCompliant, tracking {number}"), true));
                }
                account.add_tracking(&key, "1", std::slice::from_ref(&number))?;
                account.set_status(&key, "1", "Shipped")?;
                Ok((format!("shipped at ShipCompliant, tracking {number}"), true))
            }
            Act::ArriveThere => {
                account.set_status(&key, "1", "Delivered")?;
                Ok(("delivered at ShipCompliant".to_owned(), true))
            }
            Act::Pack(_) | Act::RelabelPacked | Act::Pick | Act::Clear => {
                let name = order.as_ref().map(|order| order.name.clone()).unwrap_or_default();
                Ok((pack(act, &name, house).await?, true))
            }
            act => Ok((self.act_at_shop(shop, act)?, false)),
        }
    }

    fn act_at_shop(&mut self, shop: &Shop, act: Act) -> Result<String, Refused> {
        if act == Act::Place {
            let id = shop.place_order(&self.order)?;
            self.id = Some(id);
            return Ok(self.placed());
        }
        let id = self.id.unwrap_or_default();
        let order = shop.order(id).ok_or_else(|| Refused::NotFound("the order is gone".to_owned()))?;
        let first = order.lines.first().map_or(0, |line| line.id);
        let latest = order.fulfillments.last().map_or(0, |fulfillment| fulfillment.id);
        Ok(match act {
            Act::Place
            | Act::ShipThere
            | Act::RelabelThere
            | Act::ArriveThere
            | Act::Pack(_)
            | Act::RelabelPacked
            | Act::Pick
            | Act::Clear => String::new(),
            Act::Pay => {
                shop.mark_paid(id, None)?;
                "paid".to_owned()
            }
            Act::Quantity(quantity) => {
                let set_quantity = vec![SetQuantity { line_id: first, quantity }];
                shop.edit_order(id, &EditOrder { set_quantity, ..EditOrder::default() })?;
                format!("edited to {quantity} bottles")
            }
            Act::Add(sku) => {
                shop.edit_order(id, &EditOrder { add: vec![line(sku, 2)], ..EditOrder::default() })?;
                format!("two of {sku} added")
            }
            Act::Move(place) => {
                let old = order.shipping_address.unwrap_or_default();
                let Address { first_name, last_name, .. } = old;
                let new = Address { first_name, last_name, ..address(place) };
                shop.set_shipping_address(id, Some(new))?;
                format!("new address in {}, {}", PLACES[place].0, PLACES[place].1)
            }
            Act::Born(day) => {
                let value = day.to_owned();
                shop.set_attributes(id, vec![Attribute { name: BIRTH_DATE.to_owned(), value }])?;
                "date of birth corrected".to_owned()
            }
            Act::Rate(title) => {
                let rate = NewShipping { title: title.to_owned(), code: None, ..NewShipping::default() };
                shop.change_shipping_line(id, &rate)?;
                format!("shipping changed to {title}")
            }
            Act::Ship | Act::ShipPart(_) => {
                let lines = match act {
                    Act::ShipPart(quantity) => vec![FulfillUnits { line_id: first, quantity }],
                    _ => Vec::new(),
                };
                let tracking = self.tracking();
                let number = tracking.numbers.join(" ");
                shop.fulfill(id, &NewFulfillment { lines, tracking, ..NewFulfillment::default() })?;
                let part = if matches!(act, Act::ShipPart(_)) { "shipped in part" } else { "shipped" };
                format!("{part}, tracking {number}")
            }
            Act::Retrack => {
                let tracking = self.tracking();
                let number = tracking.numbers.join(" ");
                shop.update_tracking(id, latest, &tracking)?;
                format!("new label, tracking {number}")
            }
            Act::Arrive => {
                for fulfillment in &order.fulfillments {
                    let status = ShipmentStatus::Delivered;
                    let event = NewShipmentEvent {
                        status,
                        message: None,
                        happened_at: None,
                        estimated_delivery_at: None,
                    };
                    shop.set_shipment_status(id, fulfillment.id, &event)?;
                }
                "delivered".to_owned()
            }
            Act::TakeBack => {
                shop.cancel_fulfillment(id, latest)?;
                "fulfilment cancelled".to_owned()
            }
            Act::Refund(quantity) => {
                let restock = RestockType::Cancel;
                let units = RefundUnits { line_id: first, quantity, restock, location_id: None };
                shop.refund(id, &NewRefund { lines: vec![units], ..NewRefund::default() })?;
                format!("{quantity} bottles refunded before shipping")
            }
            Act::Cancel => {
                let how = CancelOrder {
                    reason: CancelReason::Customer,
                    refund: true,
                    restock: true,
                    staff_note: None,
                };
                shop.cancel_order(id, &how)?;
                "cancelled".to_owned()
            }
        })
    }

    fn placed(&self) -> String {
        let order = &self.order;
        let bottles: u32 = order.lines.iter().filter(|l| l.kind == LineKind::Goods).map(|l| l.quantity).sum();
        let to = order.shipping_address.as_ref().map(|to| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            format!(" to {}, {}", part(&to.city), part(&to.province_code))
        });
        let how = match (order.source_name.as_str(), order.payment) {
            ("pos", _) => "sold over the counter",
            ("shopify_draft_order", _) => "drawn up by staff",
            (_, Payment::Pending) => "placed, not paid",
            (_, Payment::Authorized) => "placed, payment authorised",
            _ => "placed and paid",
        };
        format!("{how}: {bottles} × wine{}", to.unwrap_or_else(|| " for pick-up".to_owned()))
    }

    fn tracking(&mut self) -> Tracking {
        Tracking { company: Some("FedEx".to_owned()), numbers: vec![self.label()], urls: Vec::new() }
    }

    /// The number of a label nobody had yet.
    fn label(&mut self) -> String {
        self.parcels += 1;
        format!("7489{:06}{:02}", self.id.unwrap_or_default() % 1_000_000, self.parcels)
    }
}
