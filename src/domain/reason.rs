//! Why something could not be done, in words for people and with a code that stays.
//!
//! Codes are part of the interface: they are never renamed, and a new cause gets a new code.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::words::open_enum;

open_enum! {
    /// The stable code of an exception.
    ReasonCode {
        /// A delivery's body could not be understood.
        UnreadableDelivery = "unreadable_delivery",
        /// A delivery names another shop than its connection.
        WrongShop = "wrong_shop",
        /// The channel does not know the order a delivery speaks of.
        OrderNotFound = "order_not_found",
        /// The order's source could not be read to settle what is true.
        SourceUnreadable = "source_unreadable",
        /// The route has no code for the shipping rate.
        UnmappedShippingMethod = "unmapped_shipping_method",
        /// The order has no shipping rate.
        MissingShippingMethod = "missing_shipping_method",
        /// The order has rates that map to different codes.
        AmbiguousShippingMethod = "ambiguous_shipping_method",
        /// A line that ships has no SKU.
        LineWithoutSku = "line_without_sku",
        /// The order ships and has no address.
        AddressMissing = "address_missing",
        /// The address lacks a part that the destination needs.
        AddressIncomplete = "address_incomplete",
        /// The address is certainly wrong: its province, its postal code, or the two together.
        AddressInvalid = "address_invalid",
        /// The shipping service does not deliver to post-office boxes.
        PoBoxRefused = "po_box_refused",
        /// The shipping service does not go to the address.
        ServiceUnavailable = "service_unavailable",
        /// The order is heavier, dearer or cheaper than the shipping service takes.
        OverThreshold = "over_threshold",
        /// The destination refused the address.
        AddressRejected = "address_rejected",
        /// An order that goes abroad lacks what the customs must be told.
        CustomsIncomplete = "customs_incomplete",
        /// The date of birth cannot be read.
        BirthDateUnreadable = "birth_date_unreadable",
        /// The ship date cannot be read.
        ShipDateUnreadable = "ship_date_unreadable",
        /// An order waits for a judgement of a destination that is not sent it.
        NotJudged = "not_judged",
        /// The destination found that the order may not be shipped.
        NotCompliant = "not_compliant",
        /// The destination found that some lines of the order may be shipped, and others not.
        CompliantInPart = "compliant_in_part",
        /// The destination does not know a product.
        UnknownProduct = "unknown_product",
        /// The destination refused for a reason without a code of its own here.
        Refused = "refused",
        /// The credentials are not accepted.
        Unauthorized = "unauthorized",
        /// The key is taken at the destination by a different order.
        AlreadyCommitted = "already_committed",
        /// Someone voided the order at the destination.
        VoidedAtDestination = "voided_at_destination",
        /// The order was cancelled although goods had left.
        CancelledAfterShipment = "cancelled_after_shipment",
        /// The order was cancelled although goods arrived: they are to come back.
        ReturnNeeded = "return_needed",
        /// The destination says goods left, the channel does not.
        ShippedAtDestination = "shipped_at_destination",
        /// The order was edited although goods had left.
        EditedAfterShipment = "edited_after_shipment",
        /// The order was edited while its goods were being picked or packed.
        EditedWhilePacked = "edited_while_packed",
        /// The order was cancelled while its goods were being picked or packed.
        CancelledWhilePacked = "cancelled_while_packed",
        /// A fulfilment was cancelled at the channel, and the goods had left by the destination's account.
        FulfillmentCancelled = "fulfillment_cancelled",
        /// The order has not come to the destination, where it comes by itself.
        NotImported = "not_imported",
        /// Something at the destination keeps the order from being packed, and a person must see to it there.
        HeldAtDestination = "held_at_destination",
        /// The order was edited both at the channel and, otherwise, at the destination.
        EditedAtDestination = "edited_at_destination",
        /// The order was split or merged with another at the destination.
        RearrangedAtDestination = "rearranged_at_destination",
        /// A refund was entered, and its goods had not left after all.
        RefundWithdrawn = "refund_withdrawn",
        /// The channel has nothing open that a shipment could fulfil.
        FulfillmentBlocked = "fulfillment_blocked",
        /// A warehouse is mapped to a location that the channel does not have, or has put out of use.
        UnknownLocation = "unknown_location",
        /// Goods left by a carrier that nobody knows.
        UnknownCarrier = "unknown_carrier",
        /// Goods left under a tracking number that is none of its carrier's.
        TrackingNumberShape = "tracking_number_shape",
        /// A parcel will not arrive, by its carrier's account.
        DeliveryFailed = "delivery_failed",
        /// The destination keeps failing; tries go on.
        StillFailing = "still_failing",
        /// What was written does not stay, however often it is written.
        Contested = "contested",
        /// The vendor never grants as much at once as the call needs.
        TooMuchAsked = "too_much_asked",
        /// The answer was in no form we know; tries go on.
        UnexpectedAnswer = "unexpected_answer",
    }
}

impl ReasonCode {
    /// Whether it says that an edit or a cancel came too late.
    pub fn is_too_late(&self) -> bool {
        matches!(
            self,
            Self::EditedAfterShipment
                | Self::EditedWhilePacked
                | Self::CancelledAfterShipment
                | Self::CancelledWhilePacked
                | Self::ReturnNeeded
        )
    }

    /// What has to be done with goods on their way, where that is what it says: `intercept` or `return`.
    pub fn task(&self) -> Option<&'static str> {
        match self {
            Self::EditedAfterShipment
            | Self::CancelledAfterShipment
            | Self::ShippedAtDestination
            | Self::FulfillmentCancelled => Some("intercept"),
            Self::ReturnNeeded => Some("return"),
            _ => None,
        }
    }

    /// How soon a person should see to it where nothing is said of that: before a packer is done, before a parcel is far.
    fn within(&self) -> Option<Duration> {
        match self {
            Self::EditedWhilePacked | Self::CancelledWhilePacked => Some(Duration::from_mins(30)),
            _ if self.task() == Some("intercept") => Some(Duration::from_hours(4)),
            Self::ReturnNeeded => Some(Duration::from_hours(24)),
            _ => None,
        }
    }
}

/// Why a person must look, what the vendor said, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code.
    pub code: ReasonCode,
    /// What is wrong and where, in one sentence.
    pub message: String,
    /// The vendor's own words, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// What can be done.
    pub mend: String,
}

impl Reason {
    /// A reason in our own words.
    pub fn new(code: ReasonCode, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { code, message: message.into(), vendor: None, mend: mend.into() }
    }

    /// The same with the vendor's words.
    #[must_use]
    pub fn quoting(mut self, words: impl Into<String>) -> Self {
        self.vendor = Some(words.into());
        self
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(words) = &self.vendor {
            write!(f, " («{words}»)")?;
        }
        Ok(())
    }
}

/// Who sees to something, and how soon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duty {
    /// A person, a desk, a queue: whatever the merchant calls it.
    pub owner: Option<String>,
    /// From when it opened.
    pub within: Option<Duration>,
}

/// Who sees to exceptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duties {
    /// To those of no code below.
    pub usual: Duty,
    /// By code; what is not said there is as usual.
    pub by_code: BTreeMap<ReasonCode, Duty>,
}

impl Duties {
    /// The duty for a code: as said for it, else as the code itself asks, else as usual.
    pub fn of(&self, code: &ReasonCode) -> Duty {
        let said = self.by_code.get(code).cloned().unwrap_or_default();
        let owner = said.owner.or_else(|| self.usual.owner.clone());
        Duty { owner, within: said.within.or_else(|| code.within()).or(self.usual.within) }
    }

    /// Each code with its duty, and the empty text with that of every other.
    pub fn rows(&self) -> Vec<(String, Duty)> {
        let known =
            ReasonCode::KNOWN.iter().map(|code| ((*code).to_owned(), self.of(&ReasonCode::parse(code))));
        known.chain([(String::new(), self.usual.clone())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_is_as_said_for_the_code_or_as_the_code_asks_or_as_usual() {
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        let duty = |owner: &str, within| Duty { owner: Some(owner.to_owned()), within };
        let duties = Duties {
            usual: duty("operations", minutes(600)),
            by_code: BTreeMap::from([
                (ReasonCode::ShippedAtDestination, duty("returns", minutes(90))),
                (ReasonCode::ReturnNeeded, duty("returns", None)),
                (ReasonCode::NotCompliant, Duty { owner: None, within: minutes(60) }),
            ]),
        };
        let table = [
            (ReasonCode::ShippedAtDestination, duty("returns", minutes(90))),
            (ReasonCode::ReturnNeeded, duty("returns", minutes(24 * 60))),
            (ReasonCode::CancelledWhilePacked, duty("operations", minutes(30))),
            (ReasonCode::NotCompliant, duty("operations", minutes(60))),
            (ReasonCode::UnknownProduct, duty("operations", minutes(600))),
        ];
        for (code, expected) in table {
            assert_eq!(duties.of(&code), expected, "{code}");
        }
        assert_eq!(duties.rows().last(), Some(&(String::new(), duty("operations", minutes(600)))));
    }
}
