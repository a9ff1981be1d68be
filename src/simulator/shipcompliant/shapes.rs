//! The shapes of every request body the simulator reads: names, types, what is required, what may be null, and the
//! values of each enumeration as answers spell them.
//!
//! This is the vendor's definition retold as a table and holds no rule of its own. An enumeration that a request may
//! leave out still has a value in the answer; that default is in the document types.

use super::reading::{Field, Kind};

use Field as F;
use Kind::{Flag, List, Moment, Number, Object, OneOf, Text, Texts, Whole};

pub(super) const SHIPMENT_STATUSES: &[&str] =
    &["InProcess", "PaymentAccepted", "SentToFulfillment", "Shipped", "Delivered", "Voided"];
const ORDER_TYPES: &[&str] = &["Club", "Fax", "InPerson", "Internet", "Mail", "Phone"];
const FULFILLMENT_TYPES: &[&str] = &["Null", "Club", "Daily"];
const LICENSE_RELATIONSHIPS: &[&str] = &[
    "Default",
    "Pickup",
    "RetailerToConsumer",
    "RetailerToThreeTier",
    "SupplierToConsumer",
    "SupplierToThreeTier",
];
const PAYMENT_TYPES: &[&str] = &[
    "Cash",
    "Check",
    "Creditcard",
    "Giftcard",
    "Giftcertificate",
    "Invoice",
    "Moneyorder",
    "Other",
    "Storeaccount",
    "Travelerscheck",
];
const EXCEPTION_TYPES: &[&str] =
    &["Null", "None", "Inventory", "NonCompliant", "Other", "Updated", "Setup", "Temperature", "Voided"];
const COMMIT_OPTIONS: &[&str] = &["Null", "AllShipments", "CompliantShipments"];
const PERSIST_OPTIONS: &[&str] = &["Null", "OverrideExisting"];
const TAX_SALE_TYPES: &[&str] = &["Null", "Offsite", "Onsite"];
const VOLUME_UNITS: &[&str] =
    &["Null", "Bottle", "Case", "Gallon", "Liter", "Milliliter", "Ounce", "Quart", "Barrel"];
const PRODUCT_TYPES: &[&str] = &[
    "Wine",
    "SparklingWine",
    "WineCooler",
    "Spirits",
    "Beer",
    "Ale",
    "BottleBeer",
    "CanBeer",
    "DraughtBeer",
    "KegBeer",
    "MaltLiquor",
    "Cider",
    "AppleCider",
    "Food",
    "Freight",
    "MerchandiseTaxable",
    "MerchandiseNonTaxable",
];

/// A person's address on an order.
pub(super) const ADDRESS: &[Field] = &[
    F::required("city", Text),
    F::required("firstName", Text),
    F::required("lastName", Text),
    F::required("state", Text),
    F::required("street1", Text),
    F::required("zip1", Text),
    F::plain("dateOfBirth", Moment),
    F::optional("company", Text),
    F::optional("country", Text),
    F::optional("county", Text),
    F::optional("email", Text),
    F::optional("fax", Text),
    F::optional("phone", Text),
    F::optional("street2", Text),
    F::optional("zip2", Text),
];

const DISCOUNT: &[Field] =
    &[F::plain("amount", Number), F::optional("code", Text), F::optional("type", Text)];

const PAYMENT: &[Field] = &[
    F::plain("amount", Number),
    F::optional("subType", Text),
    F::optional("transactionID", Text),
    F::optional("type", OneOf(PAYMENT_TYPES)),
];

const ITEM: &[Field] = &[
    F::optional("brandKey", Text),
    F::optional("discounts", List(DISCOUNT)),
    F::required("productKey", Text),
    F::required("productQuantity", Number),
    F::plain("productUnitPrice", Number),
    F::optional("citb", Text),
];

const SHIPMENT: &[Field] = &[
    F::optional("discounts", List(DISCOUNT)),
    F::optional("fulfillmentAccount", Text),
    F::optional("fulfillmentHouse", Text),
    F::optional("fulfillmentExceptionReason", Text),
    F::optional("fulfillmentExceptionType", OneOf(EXCEPTION_TYPES)),
    F::optional("giftNote", Text),
    F::optional("handling", Number),
    F::required("licenseRelationship", OneOf(LICENSE_RELATIONSHIPS)),
    F::optional("packages", List(&[F::optional("trackingNumber", Text)])),
    F::required("shipDate", Moment),
    F::required("shipmentItems", List(ITEM)),
    F::optional("shipmentKey", Text),
    F::required("shipmentStatus", OneOf(SHIPMENT_STATUSES)),
    F::optional("shipping", Number),
    F::required("shippingService", Text),
    F::required("shipTo", Object(ADDRESS)),
    F::optional("specialInstructions", Text),
];

const TAG: &[Field] = &[F::optional("name", Text)];

const fn sales_order(key: Field) -> [Field; 11] {
    [
        key,
        F::required("billTo", Object(ADDRESS)),
        F::required("customerKey", Text),
        F::optional("discounts", List(DISCOUNT)),
        F::optional("fulfillmentType", OneOf(FULFILLMENT_TYPES)),
        F::required("orderType", OneOf(ORDER_TYPES)),
        F::optional("payments", List(PAYMENT)),
        F::required("purchaseDate", Moment),
        F::plain("salesTaxCollected", Number),
        F::required("shipments", List(SHIPMENT)),
        F::optional("tags", List(TAG)),
    ]
}

const SALES_ORDER: &[Field] = &sales_order(F::required("salesOrderKey", Text));
const QUOTED_ORDER: &[Field] = &sales_order(F::optional("salesOrderKey", Text));

const ADDRESS_OPTION: &[Field] =
    &[F::plain("ignoreStreetLevelErrors", Flag), F::plain("rejectIfAddressSuggested", Flag)];

/// `POST salesOrders` and `salesOrders/check-compliance`.
pub(super) const SUBMISSION: &[Field] = &[
    F::required("salesOrder", Object(SALES_ORDER)),
    F::plain("addressOption", Object(ADDRESS_OPTION)),
    F::optional("persistOption", OneOf(PERSIST_OPTIONS)),
];

/// `POST salesOrders/check-commit`.
pub(super) const CHECK_AND_COMMIT: &[Field] = &[
    F::optional("commitOption", OneOf(COMMIT_OPTIONS)),
    F::required("salesOrder", Object(SALES_ORDER)),
    F::plain("addressOption", Object(ADDRESS_OPTION)),
    F::optional("persistOption", OneOf(PERSIST_OPTIONS)),
];

/// `POST salesOrders/commit`.
pub(super) const COMMIT: &[Field] = &[
    F::required("commitOption", OneOf(COMMIT_OPTIONS)),
    F::optional("payments", List(PAYMENT)),
    F::optional("salesTaxCollected", Number),
    F::required("salesOrderKey", Text),
];

/// `POST salesOrders/quote` and `salesOrders/quote/compliance`. The definition does not call the order required, but
/// there is nothing to quote without one.
pub(super) const QUOTE: &[Field] =
    &[F::required("salesOrder", Object(QUOTED_ORDER)), F::plain("addressOption", Object(ADDRESS_OPTION))];

/// `PUT salesOrders/shipments/status`.
pub(super) const SHIPMENT_STATUS: &[Field] = &[
    F::required("salesOrderKey", Text),
    F::required("shipmentKey", Text),
    F::required("shipmentStatus", OneOf(SHIPMENT_STATUSES)),
];

/// `POST salesOrders/{key}/tracking`.
pub(super) const TRACKING: &[Field] =
    &[F::optional("shipmentKey", Text), F::required("trackingNumbers", Texts)];

const TAX_ADDRESS: &[Field] = &[
    F::optional("city", Text),
    F::optional("state", Text),
    F::optional("street1", Text),
    F::optional("street2", Text),
    F::required("zip1", Text),
    F::optional("zip2", Text),
];

/// `POST salesOrders/quote/sales-tax`.
pub(super) const SALES_TAX: &[Field] = &[
    F::required("shipToAddress", Object(TAX_ADDRESS)),
    F::optional("effectiveDate", Moment),
    F::required("taxSaleType", OneOf(TAX_SALE_TYPES)),
    F::optional("shippingAndHandlingCollected", Number),
    F::required(
        "orderItems",
        List(&[
            F::optional("brandKey", Text),
            F::required("productKey", Text),
            F::required("productQuantity", Number),
            F::plain("productUnitPrice", Number),
        ]),
    ),
];

/// `POST salesOrders/quote/sales-tax-rate`. The definition requires nothing, but there is no rate without an address.
pub(super) const SALES_TAX_RATE: &[Field] = &[
    F::required("address", Object(TAX_ADDRESS)),
    F::optional("effectiveDate", Moment),
    F::plain("taxSaleType", OneOf(TAX_SALE_TYPES)),
    F::optional("licenseRelationship", Text),
];

/// `POST addresses/validate`: like an order's address, but nobody needs to live there.
pub(super) const ADDRESS_TO_VALIDATE: &[Field] = &[F::required(
    "address",
    Object(&[
        F::required("city", Text),
        F::required("state", Text),
        F::required("street1", Text),
        F::required("zip1", Text),
        F::plain("dateOfBirth", Moment),
        F::optional("firstName", Text),
        F::optional("lastName", Text),
        F::optional("company", Text),
        F::optional("country", Text),
        F::optional("county", Text),
        F::optional("email", Text),
        F::optional("fax", Text),
        F::optional("phone", Text),
        F::optional("street2", Text),
        F::optional("zip2", Text),
    ]),
)];

/// `PUT products/{key}`; the first field is for `POST products`.
const PRODUCT: [Field; 27] = [
    F::required("productKey", Text),
    F::optional("age", Whole),
    F::optional("bottleSizeML", Whole),
    F::optional("brandKey", Text),
    F::optional("defaultCase", Text),
    F::optional("defaultRetailUnitPrice", Number),
    F::optional("defaultWholesaleCasePrice", Number),
    F::required("description", Text),
    F::optional("flavor", Text),
    F::optional("style", Text),
    F::optional("gtin", Text),
    F::optional("label", Text),
    F::optional("nabca", Text),
    F::plain("percentAlcohol", Number),
    F::optional("productDistribution", Text),
    F::required("productType", OneOf(PRODUCT_TYPES)),
    F::optional("scc", Text),
    F::optional("unimerc", Text),
    F::optional("unitPrice", Number),
    F::optional("upc", Text),
    F::optional("varietal", Text),
    F::optional("vintage", Whole),
    F::plain("volumeAmount", Number),
    F::optional("volumeUnit", OneOf(VOLUME_UNITS)),
    F::optional("subBrand", Text),
    F::optional("containerType", Text),
    F::optional("containersPerSellingUnit", Whole),
];

const WEIGHT: Field = F::optional("shippingWeightInLbs", Number);

/// `POST products`.
pub(super) const NEW_PRODUCT: &[Field] = &{
    let mut fields = [WEIGHT; 28];
    let mut at = 0;
    while at < PRODUCT.len() {
        fields[at] = PRODUCT[at];
        at += 1;
    }
    fields
};

/// `PUT products/{key}`: as a new product, without the key that is in the path.
pub(super) const CHANGED_PRODUCT: &[Field] = &{
    let mut fields = [WEIGHT; 27];
    let mut at = 1;
    while at < PRODUCT.len() {
        fields[at - 1] = PRODUCT[at];
        at += 1;
    }
    fields
};

const OWNER: &[Field] = &[
    F::optional("city", Text),
    F::optional("country", Text),
    F::optional("name", Text),
    F::optional("state", Text),
    F::optional("street1", Text),
    F::optional("street2", Text),
    F::optional("zip", Text),
];

const fn brand(key: Field) -> [Field; 8] {
    [
        key,
        F::optional("ttbBrandKey", Text),
        F::required("name", Text),
        F::plain("owner", Object(OWNER)),
        F::stated("thisBrandIsBottledByAThirdParty", Flag),
        F::stated("thisBrandIsProducedByAThirdParty", Flag),
        F::stated("thisBrandOperatesUnderATradeName", Flag),
        F::stated("thisBrandWasAcquiredFromAThirdParty", Flag),
    ]
}

/// `POST brands`.
pub(super) const NEW_BRAND: &[Field] = &brand(F::required("key", Text));

/// `PUT brands/{key}`.
pub(super) const CHANGED_BRAND: &[Field] = &brand(F::optional("key", Text));
