//! What it takes to place an order: the input of [`super::Shop::place_order`] and of `POST /sim/orders`.
//!
//! Everything has a sensible default, so that `{}` places a paid order for one case of wine to California. A field
//! that is absent takes its default; a customer or address given as null is really missing. It describes what was
//! bought; what follows from that (ids, shares, taxes, totals, fulfillment orders) is worked out in `place`.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::order::{Address, Attribute, DiscountKind, DiscountValue, LineKind, RiskRecommendation};

/// An order to be placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewOrder {
    /// What is bought; without lines and bundles, one case of wine.
    pub lines: Vec<NewLine>,
    /// Bundles, each a group of lines.
    pub bundles: Vec<NewBundle>,
    /// Discounts.
    pub discounts: Vec<NewDiscount>,
    /// Ways of delivery; empty for none.
    pub shipping: Vec<NewShipping>,
    /// Who buys.
    pub customer: Option<NewCustomer>,
    /// Where the bill goes.
    pub billing_address: Option<Address>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// The buyer's e-mail for this order.
    pub email: Option<String>,
    /// The buyer's telephone for this order.
    pub phone: Option<String>,
    /// Note.
    pub note: Option<String>,
    /// Purchase order number.
    pub po_number: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Note attributes.
    pub attributes: Vec<Attribute>,
    /// `web`, `pos`, `shopify_draft_order`, a channel's name. An order of `pos` is handed over at once.
    pub source_name: String,
    /// That source's own number for it.
    pub source_identifier: Option<String>,
    /// The buyer's currency, if not the shop's.
    pub presentment_currency: Option<String>,
    /// How much of the buyer's currency one unit of the shop's buys.
    pub exchange_rate: Option<Decimal>,
    /// Whether prices contain taxes.
    pub taxes_included: bool,
    /// Whether prices contain the duties.
    pub duties_included: bool,
    /// The rate of the one tax on everything taxable; 0 for none.
    pub tax_rate: Decimal,
    /// That tax's name.
    pub tax_title: String,
    /// Whether shipping is taxed too.
    pub tax_shipping: bool,
    /// How it is paid.
    pub payment: Payment,
    /// The payment gateway.
    pub gateway: String,
    /// Whether it is a test order.
    pub test: bool,
    /// What the risk analysis says.
    pub risk: RiskRecommendation,
    /// Whether webhook bodies leave out a missing customer or address instead of writing null.
    pub omit_missing: bool,
    /// The buyer's language.
    pub locale: Option<String>,
    /// Whether the buyer wants advertising.
    pub accepts_marketing: bool,
    /// When the sale happened, for an imported order.
    pub processed_at: Option<Timestamp>,
    /// From when on it may be fulfilled; a day to come makes it scheduled.
    pub fulfill_at: Option<Timestamp>,
}

impl Default for NewOrder {
    fn default() -> Self {
        let address = default_address();
        Self {
            lines: Vec::new(),
            bundles: Vec::new(),
            discounts: Vec::new(),
            shipping: vec![NewShipping::default()],
            customer: Some(NewCustomer::default()),
            billing_address: Some(address.clone()),
            shipping_address: Some(address),
            email: Some("ada.vintner@example.com".to_owned()),
            phone: None,
            note: None,
            po_number: None,
            tags: Vec::new(),
            attributes: Vec::new(),
            source_name: "web".to_owned(),
            source_identifier: None,
            presentment_currency: None,
            exchange_rate: None,
            taxes_included: false,
            duties_included: false,
            tax_rate: Decimal::new(725, 4),
            tax_title: "California State Tax".to_owned(),
            tax_shipping: false,
            payment: Payment::Paid,
            gateway: "shopify_payments".to_owned(),
            test: false,
            risk: RiskRecommendation::Accept,
            omit_missing: true,
            locale: Some("en-US".to_owned()),
            accepts_marketing: false,
            processed_at: None,
            fulfill_at: None,
        }
    }
}

fn default_address() -> Address {
    let text = |s: &str| Some(s.to_owned());
    Address {
        id: 0,
        first_name: text("Ada"),
        last_name: text("Vintner"),
        company: None,
        address1: text("500 Harbor Boulevard"),
        address2: None,
        city: text("Sacramento"),
        province: text("California"),
        province_code: text("CA"),
        country: text("United States"),
        country_code: text("US"),
        zip: text("95814"),
        phone: text("+19165550142"),
        latitude: None,
        longitude: None,
    }
}

/// How an order is paid when it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// Not yet.
    Pending,
    /// Promised.
    Authorized,
    /// In full.
    Paid,
    /// This much of it, in the shop's currency.
    Partly(Decimal),
}

/// One line to be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewLine {
    /// What kind of thing it is.
    pub kind: LineKind,
    /// The product's title.
    pub title: String,
    /// The variant's title.
    pub variant_title: Option<String>,
    /// Stock keeping unit.
    pub sku: Option<String>,
    /// Who makes it.
    pub vendor: Option<String>,
    /// The product's id; one is made up from the SKU or title if absent, none if null.
    pub product_id: Known,
    /// The variant's id, likewise.
    pub variant_id: Known,
    /// Units.
    pub quantity: u32,
    /// Price of one unit in the shop's currency.
    pub price: Decimal,
    /// Whether the order's tax applies.
    pub taxable: bool,
    /// Weight of one unit.
    pub grams: u32,
    /// Properties.
    pub properties: Vec<Attribute>,
    /// Where it is fulfilled; the default location if absent.
    pub location_id: Option<i64>,
}

/// An id that may be left to the shop, given, or missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// The shop makes one up.
    #[default]
    Usual,
    /// This one.
    Id(i64),
    /// There is none.
    Missing,
}

impl Serialize for Known {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Usual => serializer.serialize_str("usual"),
            Self::Id(id) => serializer.serialize_i64(*id),
            Self::Missing => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Id(i64),
            Word(String),
        }
        Ok(match Option::<Given>::deserialize(deserializer)? {
            None => Self::Missing,
            Some(Given::Id(id)) => Self::Id(id),
            Some(Given::Word(word)) if word == "usual" => Self::Usual,
            Some(Given::Word(word)) => {
                return Err(serde::de::Error::custom(format!("`{word}` is neither an id nor `usual`")));
            }
        })
    }
}

impl Default for NewLine {
    fn default() -> Self {
        Self {
            kind: LineKind::Goods,
            title: "Pinot Noir 2022".to_owned(),
            variant_title: Some("750 ml".to_owned()),
            sku: Some("PN-2022-750".to_owned()),
            vendor: Some("Cellar Nine".to_owned()),
            product_id: Known::Usual,
            variant_id: Known::Usual,
            quantity: 6,
            price: Decimal::new(3600, 2),
            taxable: true,
            grams: 1360,
            properties: Vec::new(),
            location_id: None,
        }
    }
}

/// A bundle to be bought: its components become lines of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewBundle {
    /// The bundle's title.
    pub title: String,
    /// The bundle's stock keeping unit.
    pub sku: Option<String>,
    /// How many bundles; the components' quantities are for all of them.
    pub quantity: u32,
    /// What is in it.
    pub components: Vec<NewLine>,
}

impl Default for NewBundle {
    fn default() -> Self {
        Self { title: "Tasting set".to_owned(), sku: None, quantity: 1, components: Vec::new() }
    }
}

/// A discount on the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDiscount {
    /// Code, automatic or manual.
    pub kind: DiscountKind,
    /// How much.
    pub value: DiscountValue,
    /// What it is on.
    #[serde(default)]
    pub target: DiscountTarget,
}

/// What a discount is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountTarget {
    /// Spread over all lines but gift cards and tips.
    #[default]
    Order,
    /// The line at this place, bundles' components after the lines.
    Line(usize),
    /// All shipping.
    Shipping,
}

/// A way of delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewShipping {
    /// What the buyer sees.
    pub title: String,
    /// The shop's own name for the rate.
    pub code: Option<String>,
    /// Where the rate came from.
    pub source: Option<String>,
    /// The carrier service that quoted it.
    pub carrier_identifier: Option<String>,
    /// Price in the shop's currency.
    pub price: Decimal,
    /// How it gets there.
    pub kind: ShippingKind,
}

impl Default for NewShipping {
    fn default() -> Self {
        Self {
            title: "FedEx Ground".to_owned(),
            code: Some("FEDEX_GROUND".to_owned()),
            source: Some("shopify".to_owned()),
            carrier_identifier: None,
            price: Decimal::new(1800, 2),
            kind: ShippingKind::Carrier,
        }
    }
}

/// How goods get to the buyer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShippingKind {
    /// By a carrier.
    #[default]
    Carrier,
    /// The buyer collects them.
    PickUp,
    /// The merchant brings them.
    LocalDelivery,
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCustomer {
    /// The customer's id; made up from the e-mail if absent.
    pub id: Option<i64>,
    /// E-mail.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Note.
    pub note: Option<String>,
}

impl Default for NewCustomer {
    fn default() -> Self {
        Self {
            id: None,
            email: Some("ada.vintner@example.com".to_owned()),
            first_name: Some("Ada".to_owned()),
            last_name: Some("Vintner".to_owned()),
            phone: None,
            tags: Vec::new(),
            note: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_is_the_default_and_null_is_missing() {
        assert_eq!(serde_json::from_str::<NewOrder>("{}").unwrap(), NewOrder::default());
        let order: NewOrder =
            serde_json::from_str(r#"{"customer":null,"lines":[{"variant_id":null,"product_id":7}]}"#)
                .unwrap();
        assert_eq!(order.customer, None);
        assert_eq!(order.lines[0].variant_id, Known::Missing);
        assert_eq!(order.lines[0].product_id, Known::Id(7));
        assert!(serde_json::from_str::<NewOrder>(r#"{"linez":[]}"#).is_err());
    }

    #[test]
    fn what_is_written_reads_back() {
        let order = NewOrder {
            lines: vec![NewLine { variant_id: Known::Missing, ..NewLine::default() }],
            discounts: vec![NewDiscount {
                kind: DiscountKind::Code("CLUB".into()),
                value: DiscountValue::Percent(Decimal::TEN),
                target: DiscountTarget::Line(0),
            }],
            payment: Payment::Partly(Decimal::ONE),
            ..NewOrder::default()
        };
        let text = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<NewOrder>(&text).unwrap(), order);
    }
}
