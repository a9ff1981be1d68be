//! Varied, valid orders for demos and property tests, the same for the same seed.
//!
//! Everything the connector may meet turns up: every kind of line, bundles, discounts of all sorts, missing people and
//! addresses, other currencies, other sources. Cities, states and postal codes belong together.

use rand::{Rng, RngExt};
use rust_decimal::Decimal;

use super::new_order::{
    DiscountTarget, Known, NewBundle, NewCustomer, NewDiscount, NewLine, NewOrder, NewShipping, Payment,
    ShippingKind,
};
use super::order::{Address, Attribute, DiscountKind, DiscountValue, LineKind, RiskRecommendation};
use super::profile::Profile;

/// City, state, code, postal code, sales tax in basis points.
const PLACES: &[(&str, &str, &str, &str, i64)] = &[
    ("Sacramento", "California", "CA", "95814", 725),
    ("Los Angeles", "California", "CA", "90012", 725),
    ("New York", "New York", "NY", "10001", 400),
    ("Albany", "New York", "NY", "12207", 400),
    ("Austin", "Texas", "TX", "78701", 625),
    ("Houston", "Texas", "TX", "77002", 625),
    ("Chicago", "Illinois", "IL", "60601", 625),
    ("Portland", "Oregon", "OR", "97205", 0),
    ("Seattle", "Washington", "WA", "98101", 650),
    ("Denver", "Colorado", "CO", "80202", 290),
    ("Miami", "Florida", "FL", "33101", 600),
    ("Boston", "Massachusetts", "MA", "02108", 625),
    ("Richmond", "Virginia", "VA", "23219", 430),
    ("Salt Lake City", "Utah", "UT", "84101", 485),
];

const WINES: &[(&str, &str, &str, i64)] = &[
    ("Pinot Noir 2022", "750 ml", "PN-2022-750", 3600),
    ("Chardonnay 2023", "750 ml", "CH-2023-750", 2850),
    ("Cabernet Sauvignon 2020", "1.5 L", "CS-2020-1500", 12_999),
    ("Rosé of Grenache 2024", "750 ml", "RG-2024-750", 2199),
    ("Zinfandel \"Old Vines\" 2021", "750 ml", "ZN-2021-750", 3333),
    ("Brut & Blanc de Blancs NV", "750 ml", "BB-NV-750", 4501),
];

const FIRST: &[&str] = &["Ada", "José", "Mei", "Søren", "Oluwaseun", "Grace", "Zoë", "Patrick"];
const LAST: &[&str] =
    &["Vintner", "García", "O'Neill", "Nguyễn", "Smith & Sons", "Østergård", "Lee", "Müller"];

/// Draws an order.
pub fn generate(rng: &mut impl Rng, profile: &Profile) -> NewOrder {
    let place = pick(rng, PLACES);
    let (first, last) = (*pick(rng, FIRST), *pick(rng, LAST));
    let address = address(rng, place, first, last);
    let email = format!("buyer{}@example.com", rng.random_range(0..10_000));
    let source_name =
        (*pick(rng, &["web", "web", "web", "web", "pos", "shopify_draft_order", "1424624"])).to_owned();
    let pos = source_name == "pos";
    let foreign = !pos && rng.random_bool(0.15);
    let mut order = NewOrder {
        lines: lines(rng, profile),
        bundles: if rng.random_bool(0.15) { vec![bundle(rng)] } else { Vec::new() },
        discounts: Vec::new(),
        shipping: if pos { Vec::new() } else { shipping(rng) },
        customer: Some(NewCustomer {
            email: Some(email.clone()),
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            tags: some(rng, 0.3, || vec!["club".to_owned()]).unwrap_or_default(),
            ..NewCustomer::default()
        }),
        billing_address: Some(address.clone()),
        shipping_address: (!pos).then_some(address),
        email: Some(email),
        phone: some(rng, 0.3, || "+15035550199".to_owned()),
        note: some(rng, 0.2, || "Leave with the <concierge> & ring twice".to_owned()),
        po_number: some(rng, 0.1, || "PO-77".to_owned()),
        tags: some(rng, 0.4, || vec!["Wine Club".to_owned(), "allocation".to_owned()]).unwrap_or_default(),
        attributes: some(rng, 0.5, attributes).unwrap_or_default(),
        source_identifier: some(rng, 0.2, || "1234-12-1000".to_owned()),
        source_name,
        presentment_currency: foreign.then(|| (*pick(rng, &["EUR", "CAD", "JPY"])).to_owned()),
        exchange_rate: None,
        taxes_included: rng.random_bool(0.1),
        duties_included: false,
        tax_rate: Decimal::new(place.4, 4),
        tax_title: format!("{} State Tax", place.1),
        tax_shipping: rng.random_bool(0.2),
        payment: *pick(
            rng,
            &[
                Payment::Paid,
                Payment::Paid,
                Payment::Paid,
                Payment::Pending,
                Payment::Authorized,
                Payment::Partly(Decimal::TEN),
            ],
        ),
        gateway: (*pick(rng, &["shopify_payments", "paypal", "manual"])).to_owned(),
        test: rng.random_bool(0.05),
        risk: *pick(
            rng,
            &[
                RiskRecommendation::Accept,
                RiskRecommendation::Accept,
                RiskRecommendation::Investigate,
                RiskRecommendation::Cancel,
                RiskRecommendation::None,
            ],
        ),
        omit_missing: rng.random_bool(0.5),
        locale: some(rng, 0.8, || "en-US".to_owned()),
        accepts_marketing: rng.random_bool(0.5),
        processed_at: None,
        fulfill_at: None,
    };
    order.exchange_rate = match order.presentment_currency.as_deref() {
        Some("EUR") => Some(Decimal::new(9137, 4)),
        Some("CAD") => Some(Decimal::new(13_682, 4)),
        Some("JPY") => Some(Decimal::new(14_937, 2)),
        _ => None,
    };
    order.discounts = discounts(rng, &order);
    leave_out(rng, &mut order);
    order
}

/// Draws `count` orders from `seed`.
pub fn orders(seed: u64, count: usize, profile: &Profile) -> Vec<NewOrder> {
    use rand::SeedableRng;
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    (0..count).map(|_| generate(&mut rng, profile)).collect()
}

fn pick<'t, T>(rng: &mut impl Rng, of: &'t [T]) -> &'t T {
    &of[rng.random_range(0..of.len())]
}

fn some<T>(rng: &mut impl Rng, chance: f64, make: impl FnOnce() -> T) -> Option<T> {
    rng.random_bool(chance).then(make)
}

fn address(rng: &mut impl Rng, place: &(&str, &str, &str, &str, i64), first: &str, last: &str) -> Address {
    let text = |t: &str| Some(t.to_owned());
    let located = rng.random_bool(0.5);
    Address {
        id: 0,
        first_name: text(first),
        last_name: text(last),
        company: some(rng, 0.2, || "Cork & Barrel".to_owned()),
        address1: Some(format!("{} Main Street", rng.random_range(1..2000))),
        address2: some(rng, 0.3, || "Apt 4".to_owned()),
        city: text(place.0),
        province: text(place.1),
        province_code: text(place.2),
        country: text("United States"),
        country_code: text("US"),
        zip: text(place.3),
        phone: some(rng, 0.6, || "+15035550142".to_owned()),
        latitude: located.then(|| Decimal::new(4_541_634, 5)),
        longitude: located.then(|| Decimal::new(-756_868, 4)),
    }
}

fn attributes() -> Vec<Attribute> {
    let attribute = |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
    vec![attribute("birthdate", "1980-02-29"), attribute("gift message", "Santé & \u{2028}à bientôt")]
}

fn wine(rng: &mut impl Rng, profile: &Profile) -> NewLine {
    let (title, variant, sku, cents) = *pick(rng, WINES);
    let online: Vec<i64> = profile.locations.iter().filter(|l| l.fulfills_online).map(|l| l.id).collect();
    NewLine {
        title: title.to_owned(),
        variant_title: some(rng, 0.8, || variant.to_owned()),
        sku: some(rng, 0.9, || sku.to_owned()),
        vendor: some(rng, 0.9, || "Cellar Nine".to_owned()),
        product_id: if rng.random_bool(0.05) { Known::Missing } else { Known::Usual },
        variant_id: if rng.random_bool(0.1) { Known::Missing } else { Known::Usual },
        quantity: rng.random_range(1..=12),
        price: Decimal::new(cents, 2),
        properties: some(rng, 0.2, || attributes()[..1].to_vec()).unwrap_or_default(),
        location_id: if online.is_empty() || rng.random_bool(0.7) { None } else { Some(*pick(rng, &online)) },
        ..NewLine::default()
    }
}

fn lines(rng: &mut impl Rng, profile: &Profile) -> Vec<NewLine> {
    let mut lines: Vec<NewLine> = (0..rng.random_range(1..=4)).map(|_| wine(rng, profile)).collect();
    let plain = |kind: LineKind, title: &str, cents: i64| NewLine {
        kind,
        title: title.to_owned(),
        variant_title: None,
        sku: None,
        vendor: None,
        quantity: 1,
        price: Decimal::new(cents, 2),
        grams: 0,
        ..NewLine::default()
    };
    if rng.random_bool(0.15) {
        lines.push(plain(LineKind::GiftCard, "Gift card", 5000));
    }
    if rng.random_bool(0.15) {
        lines.push(plain(LineKind::Tip, "Tip", 1234));
    }
    if rng.random_bool(0.15) {
        lines.push(plain(LineKind::Fee, "Adult signature", 995));
    }
    if rng.random_bool(0.15) {
        lines.push(NewLine {
            sku: Some("TASTING".to_owned()),
            ..plain(LineKind::Digital, "Virtual tasting", 2500)
        });
    }
    lines
}

fn bundle(rng: &mut impl Rng) -> NewBundle {
    let component = |(title, variant, sku, cents): (&str, &str, &str, i64)| NewLine {
        title: title.to_owned(),
        variant_title: Some(variant.to_owned()),
        sku: Some(sku.to_owned()),
        quantity: 2,
        price: Decimal::new(cents, 2),
        ..NewLine::default()
    };
    let components = vec![component(*pick(rng, WINES)), component(*pick(rng, WINES))];
    NewBundle { title: "Duo".to_owned(), sku: Some("DUO".to_owned()), quantity: 1, components }
}

fn shipping(rng: &mut impl Rng) -> Vec<NewShipping> {
    let (title, code, cents, kind) = *pick(
        rng,
        &[
            ("FedEx Ground", "FEDEX_GROUND", 1800, ShippingKind::Carrier),
            ("UPS Ground", "03", 1499, ShippingKind::Carrier),
            ("FedEx 2Day", "FEDEX_2_DAY", 4250, ShippingKind::Carrier),
            ("Free shipping", "FREE", 0, ShippingKind::Carrier),
            ("Tasting room", "PICKUP", 0, ShippingKind::PickUp),
            ("Local delivery", "LOCAL", 700, ShippingKind::LocalDelivery),
        ],
    );
    if rng.random_bool(0.05) {
        return Vec::new();
    }
    vec![NewShipping {
        title: title.to_owned(),
        code: some(rng, 0.9, || code.to_owned()),
        source: Some("shopify".to_owned()),
        carrier_identifier: None,
        price: Decimal::new(cents, 2),
        kind,
    }]
}

fn discounts(rng: &mut impl Rng, order: &NewOrder) -> Vec<NewDiscount> {
    let mut discounts = Vec::new();
    if rng.random_bool(0.3) {
        discounts.push(NewDiscount {
            kind: DiscountKind::Code("CLUB15".to_owned()),
            value: DiscountValue::Percent(Decimal::new(15, 0)),
            target: DiscountTarget::Order,
        });
    }
    if rng.random_bool(0.2) {
        discounts.push(NewDiscount {
            kind: DiscountKind::Automatic("Case price".to_owned()),
            value: DiscountValue::Fixed(Decimal::new(777, 2)),
            target: DiscountTarget::Line(rng.random_range(0..order.lines.len())),
        });
    }
    if rng.random_bool(0.1) {
        discounts.push(NewDiscount {
            kind: DiscountKind::Manual("Goodwill".to_owned()),
            value: DiscountValue::Fixed(Decimal::new(1000, 2)),
            target: DiscountTarget::Order,
        });
    }
    if rng.random_bool(0.15) && !order.shipping.is_empty() {
        discounts.push(NewDiscount {
            kind: DiscountKind::Code("SHIPFREE".to_owned()),
            value: DiscountValue::Percent(Decimal::ONE_HUNDRED),
            target: DiscountTarget::Shipping,
        });
    }
    discounts
}

/// Takes out people, addresses and contact details here and there.
fn leave_out(rng: &mut impl Rng, order: &mut NewOrder) {
    if rng.random_bool(0.08) {
        order.customer = None;
    }
    if rng.random_bool(0.08) {
        order.email = None;
    }
    if rng.random_bool(0.08) {
        order.billing_address = None;
    }
    let shipped = order.lines.iter().any(|line| line.kind == LineKind::Goods);
    if (!shipped && rng.random_bool(0.5)) || rng.random_bool(0.03) {
        order.shipping_address = None;
    }
    if let Some(address) = &mut order.shipping_address
        && rng.random_bool(0.05)
    {
        address.phone = None;
        address.last_name = None;
    }
}
