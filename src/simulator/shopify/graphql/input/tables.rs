//! The input objects and enums that the served mutations take, as Shopify defines them.
//!
//! `OrderInput` leaves out the localized fields, which the simulated order does not have. A test holds the tables
//! against Shopify's own schema.

/// An input object: its fields with their types.
pub(in super::super) struct Input {
    pub(in super::super) name: &'static str,
    pub(in super::super) fields: &'static [(&'static str, &'static str)],
}

pub(in super::super) fn input(name: &str) -> Option<&'static Input> {
    INPUTS.iter().find(|input| input.name == name)
}

/// The values of an enum.
pub(in super::super) fn values(name: &str) -> Option<&'static [&'static str]> {
    ENUMS.iter().find(|(of, _)| *of == name).map(|(_, values)| *values)
}

pub(in super::super) static INPUTS: &[Input] = &[
    Input {
        name: "FulfillmentInput",
        fields: &[
            ("lineItemsByFulfillmentOrder", "[FulfillmentOrderLineItemsInput!]!"),
            ("notifyCustomer", "Boolean"),
            ("originAddress", "FulfillmentOriginAddressInput"),
            ("trackingInfo", "FulfillmentTrackingInput"),
        ],
    },
    Input {
        name: "FulfillmentOrderLineItemsInput",
        fields: &[
            ("fulfillmentOrderId", "ID!"),
            ("fulfillmentOrderLineItems", "[FulfillmentOrderLineItemInput!]"),
        ],
    },
    Input { name: "FulfillmentOrderLineItemInput", fields: &[("id", "ID!"), ("quantity", "Int!")] },
    Input {
        name: "FulfillmentTrackingInput",
        fields: &[
            ("company", "String"),
            ("number", "String"),
            ("numbers", "[String!]"),
            ("url", "URL"),
            ("urls", "[URL!]"),
        ],
    },
    Input {
        name: "FulfillmentOriginAddressInput",
        fields: &[
            ("address1", "String"),
            ("address2", "String"),
            ("city", "String"),
            ("countryCode", "String!"),
            ("provinceCode", "String"),
            ("zip", "String"),
        ],
    },
    Input {
        name: "FulfillmentEventInput",
        fields: &[
            ("address1", "String"),
            ("city", "String"),
            ("country", "String"),
            ("estimatedDeliveryAt", "DateTime"),
            ("fulfillmentId", "ID!"),
            ("happenedAt", "DateTime"),
            ("latitude", "Float"),
            ("longitude", "Float"),
            ("message", "String"),
            ("province", "String"),
            ("status", "FulfillmentEventStatus!"),
            ("zip", "String"),
        ],
    },
    Input {
        name: "FulfillmentOrderHoldInput",
        fields: &[
            ("externalId", "String"),
            ("fulfillmentOrderLineItems", "[FulfillmentOrderLineItemInput!]"),
            ("handle", "String"),
            ("notifyMerchant", "Boolean"),
            ("reason", "FulfillmentHoldReason!"),
            ("reasonNotes", "String"),
        ],
    },
    Input {
        name: "FulfillmentOrderSplitInput",
        fields: &[
            ("fulfillmentOrderId", "ID!"),
            ("fulfillmentOrderLineItems", "[FulfillmentOrderLineItemInput!]!"),
        ],
    },
    Input {
        name: "OrderInput",
        fields: &[
            ("customAttributes", "[AttributeInput!]"),
            ("email", "String"),
            ("id", "ID!"),
            ("metafields", "[MetafieldInput!]"),
            ("note", "String"),
            ("phone", "String"),
            ("poNumber", "String"),
            ("shippingAddress", "MailingAddressInput"),
            ("tags", "[String!]"),
        ],
    },
    Input { name: "AttributeInput", fields: &[("key", "String!"), ("value", "String!")] },
    Input {
        name: "MetafieldInput",
        fields: &[
            ("id", "ID"),
            ("key", "String"),
            ("namespace", "String"),
            ("type", "String"),
            ("value", "String"),
        ],
    },
    Input {
        name: "MailingAddressInput",
        fields: &[
            ("address1", "String"),
            ("address2", "String"),
            ("city", "String"),
            ("company", "String"),
            ("country", "String"),
            ("countryCode", "CountryCode"),
            ("firstName", "String"),
            ("id", "ID"),
            ("lastName", "String"),
            ("phone", "String"),
            ("province", "String"),
            ("provinceCode", "String"),
            ("zip", "String"),
        ],
    },
    Input {
        name: "MetafieldsSetInput",
        fields: &[
            ("compareDigest", "String"),
            ("key", "String!"),
            ("namespace", "String"),
            ("ownerId", "ID!"),
            ("type", "String"),
            ("value", "String!"),
        ],
    },
];

pub(in super::super) static ENUMS: &[(&str, &[&str])] = &[
    (
        "FulfillmentEventStatus",
        &[
            "ATTEMPTED_DELIVERY",
            "CARRIER_PICKED_UP",
            "CONFIRMED",
            "DELAYED",
            "DELIVERED",
            "FAILURE",
            "IN_TRANSIT",
            "LABEL_PRINTED",
            "LABEL_PURCHASED",
            "OUT_FOR_DELIVERY",
            "READY_FOR_PICKUP",
        ],
    ),
    (
        "FulfillmentHoldReason",
        &[
            "AWAITING_PAYMENT",
            "AWAITING_RETURN_ITEMS",
            "HIGH_RISK_OF_FRAUD",
            "INCORRECT_ADDRESS",
            "INVENTORY_OUT_OF_STOCK",
            "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
            "OTHER",
            "UNKNOWN_DELIVERY_DATE",
        ],
    ),
];
