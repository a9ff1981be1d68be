//! The rules a shipment is checked against.
//!
//! A check is a pure reading of one order, the account's options and the bottles its customer already received; it
//! changes nothing and refuses nothing. Every rule that was looked at is reported, kept or broken, as the vendor does.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, tz::Offset};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::options::Options;
use super::order::{Address, Class, SalesOrder, Shipment};

/// What a check found for one shipment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    kind: &'static str,
    broken: bool,
    finding: String,
    text: String,
    license: String,
    limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    bottles: u32,
    over: Decimal,
}

impl Verdict {
    /// Whether no rule is broken.
    pub(super) fn is_compliant(&self) -> bool {
        !self.rules.iter().any(|rule| rule.broken)
    }

    /// The verdict as answers show it.
    pub(super) fn document(&self, shipment_key: &str) -> Value {
        json!({
            "key": shipment_key,
            "complianceStatus": status(!self.is_compliant()),
            "rules": self.rules.iter().map(Rule::document).collect::<Vec<_>>(),
        })
    }

    /// What is kept with the order: a compliant shipment's rules are not shown again when it is read.
    pub(super) fn kept(mut self) -> Self {
        if self.is_compliant() {
            self.rules.clear();
        }
        self
    }
}

const fn status(broken: bool) -> &'static str {
    if broken { "NotCompliant" } else { "Compliant" }
}

impl Rule {
    fn document(&self) -> Value {
        let mut document = json!({
            "ruleType": self.kind,
            "complianceStatus": status(self.broken),
            "complianceDescription": self.finding,
            "ruleDescription": self.text,
            "licenseRelationship": self.license,
            "supplier": null,
            "complianceDetails": null,
        });
        if let Some(limit) = self.limit {
            document["customerAggregateVolumeLimitDetail"] = json!({
                "customerType": "Individual",
                "timeFrameCount": 1,
                "timeFrameType": "Calendar",
                "timeFrameUnit": "Years",
                "unitOfMeasure": "Bottle",
                "volumeCount": limit.bottles,
            });
            if limit.over > Decimal::ZERO {
                document["complianceDetails"] =
                    json!([{ "type": "VolumeOverLimit", "value": limit.over.normalize().to_string() }]);
            }
        }
        document
    }
}

/// What a check goes by.
pub(super) struct Rules<'a> {
    pub(super) options: &'a Options,
    pub(super) forbidden_states: &'a BTreeSet<String>,
}

impl Rules<'_> {
    /// Checks each shipment of an order. `received` tells the bottles that committed shipments of *other* orders
    /// brought this customer in a year and state.
    pub(super) fn check(&self, order: &SalesOrder, received: impl Fn(i16, &str) -> Decimal) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(order.shipments.len());
        for (index, shipment) in order.shipments.iter().enumerate() {
            // Shipments of one order count against the limit in their order.
            let earlier: Decimal = order.shipments[..index]
                .iter()
                .filter(|s| s.year() == shipment.year() && s.ship_to.state == shipment.ship_to.state)
                .map(Shipment::bottles)
                .sum();
            let so_far = received(shipment.year(), &shipment.ship_to.state) + earlier;
            verdicts.push(self.shipment(shipment, &order.bill_to, so_far));
        }
        verdicts
    }

    fn shipment(&self, shipment: &Shipment, purchaser: &Address, so_far: Decimal) -> Verdict {
        let mut rules = vec![rule("ValidProductsRequired", None, "Every product may be sold here.")];
        "Some products may never be shipped.".clone_into(&mut rules[0].text);
        let pickup = shipment.license_relationship == "Pickup";
        let with_alcohol = shipment.items.iter().any(|item| item.class == Class::Alcohol);
        if !shipment.is_refund() && with_alcohol {
            if !pickup {
                rules.push(self.license(shipment));
                rules.push(tax_due_rule(shipment));
                rules.extend(self.volume(shipment, so_far));
            }
            rules.push(self.age(shipment, purchaser));
        }
        for rule in &mut rules {
            shipment.license_relationship.clone_into(&mut rule.license);
        }
        Verdict { rules }
    }

    fn license(&self, shipment: &Shipment) -> Rule {
        let state = &shipment.ship_to.state;
        if self.forbidden_states.contains(&state.to_ascii_uppercase()) {
            let broken = format!("The shipment goes to {state}, where no direct shipment is allowed.");
            return Rule {
                text: format!("{state} does not allow wine to be shipped directly to consumers."),
                ..rule("DirectShippingProhibited", Some(broken), "")
            };
        }
        Rule {
            text:
                "Shipping to consumers in this region takes a direct shipper's license, renewed every year."
                    .to_owned(),
            ..rule("DirectShippingLicenseRequired", None, "A license is in force on the ship date.")
        }
    }

    fn volume(&self, shipment: &Shipment, so_far: Decimal) -> Option<Rule> {
        let bottles = self.options.limit_in(&shipment.ship_to.state.to_ascii_uppercase())?;
        let year = shipment.year();
        let total = (so_far + shipment.bottles()).normalize();
        let over = total - Decimal::from(bottles);
        let broken = (over > Decimal::ZERO).then(|| {
            format!(
                "With this shipment the individual would have received {total} bottles between 1/1/{year} and \
                 12/31/{year}, over the limit of {bottles} bottles per calendar year."
            )
        });
        let kept = format!(
            "With this shipment the individual has received {total} bottles between 1/1/{year} and 12/31/{year}, \
             within the limit of {bottles} bottles per calendar year."
        );
        Some(Rule {
            text: format!("An individual in this region may receive {bottles} bottles per calendar year."),
            limit: Some(Limit { bottles, over }),
            ..rule("CustomerAggregateVolumeLimit", broken, &kept)
        })
    }

    fn age(&self, shipment: &Shipment, purchaser: &Address) -> Rule {
        let minimum = self.options.minimum_age;
        let recipient = &shipment.ship_to;
        let one = purchaser.same_person(recipient);
        let born = |own: &Address, other: &Address| {
            own.date_of_birth.or(if one { other.date_of_birth } else { None })
        };
        let people = [("purchaser", born(purchaser, recipient)), ("recipient", born(recipient, purchaser))];
        let needed = self.options.require_birth_date_in.contains(&recipient.state.to_ascii_uppercase());
        let mut broken = None;
        for (who, born) in people {
            broken = broken.or(match born {
                Some(born) if !has_age(born, minimum, shipment.ship_date) => {
                    Some(format!("The {who} is younger than {minimum} on the ship date."))
                }
                None if needed => Some(format!("The {who}'s date of birth is missing.")),
                _ => None,
            });
        }
        Rule {
            text: format!("The purchaser and the recipient must be at least {minimum} years old."),
            ..rule("MinimumAgeRequired", broken, "No age below the minimum was given.")
        }
    }
}

fn tax_due_rule(shipment: &Shipment) -> Rule {
    Rule {
        text: format!("Shipments to {} require sales tax.", shipment.ship_to.state),
        ..rule("TaxRequired", None, "The rule has been acknowledged.")
    }
}

fn rule(kind: &'static str, broken: Option<String>, kept: &str) -> Rule {
    Rule {
        kind,
        broken: broken.is_some(),
        finding: broken.unwrap_or_else(|| kept.to_owned()),
        text: String::new(),
        license: String::new(),
        limit: None,
    }
}

/// Whether someone born then has this age on a day; dates count, not hours.
fn has_age(born: Timestamp, age: u8, on: Timestamp) -> bool {
    let day = |moment| Offset::UTC.to_datetime(moment).date();
    day(born).checked_add(i32::from(age).years()).is_ok_and(|birthday| birthday <= day(on))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Timestamp {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn age_turns_on_the_birthday() {
        assert!(!has_age(day("2005-11-25"), 21, day("2026-11-24")));
        assert!(has_age(day("2005-11-24"), 21, day("2026-11-24")));
        // Born on a leap day: of age on the last of February.
        assert!(has_age(day("2004-02-29"), 21, day("2025-02-28")));
        assert!(!has_age(day("2030-01-01"), 21, day("2026-11-24")));
    }

    /// One shipment to this state on 24 November 2026, bought by Ann and sent to Bob.
    fn order(state: &str, items: &Value) -> SalesOrder {
        let person = |first: &str, state: &str| {
            json!({ "firstName": first, "lastName": "Vine", "street1": "1 Main St", "city": "Town",
                "state": state, "zip1": "00000" })
        };
        serde_json::from_value(json!({
            "salesOrderKey": "1", "customerKey": "7", "orderType": "Internet", "billTo": person("Ann", "CA"),
            "purchaseDate": "2026-11-20T00:00:00Z",
            "shipments": [{ "shipmentKey": "1", "shipmentStatus": "PaymentAccepted", "shippingService": "FXG",
                "licenseRelationship": "SupplierToConsumer", "shipDate": "2026-11-24T00:00:00Z",
                "shipTo": person("Bob", state), "shipmentItems": items }],
        }))
        .unwrap()
    }

    fn bottles(quantity: i32) -> Value {
        json!([{ "productKey": "PN", "productQuantity": quantity }])
    }

    fn check(options: &Options, order: &SalesOrder, received: i64) -> Vec<Verdict> {
        let rules = Rules { options, forbidden_states: &options.forbidden_states };
        rules.check(order, |year, _| if year == 2026 { received.into() } else { Decimal::ZERO })
    }

    fn broken(verdict: &Verdict) -> Vec<&str> {
        verdict.rules.iter().filter(|rule| rule.broken).map(|rule| rule.kind).collect()
    }

    #[test]
    fn nothing_ships_to_a_forbidden_state_but_goods_without_alcohol_refunds_and_pickups() {
        let options = Options::default();
        assert!(check(&options, &order("CA", &bottles(6)), 0)[0].is_compliant());
        assert_eq!(broken(&check(&options, &order("UT", &bottles(6)), 0)[0]), ["DirectShippingProhibited"]);
        let mut shirts = order("UT", &bottles(6));
        shirts.shipments[0].items[0].class = Class::Taxable;
        assert!(check(&options, &shirts, 0)[0].is_compliant());
        let mut pickup = order("UT", &bottles(6));
        "Pickup".clone_into(&mut pickup.shipments[0].license_relationship);
        assert!(check(&options, &pickup, 0)[0].is_compliant());
        assert!(check(&options, &order("UT", &bottles(-6)), 0)[0].is_compliant());
    }

    #[test]
    fn volume_counts_other_orders_and_earlier_shipments_of_this_one() {
        let options = Options { volume_limit: Some([("NY".to_owned(), 12)].into()), ..Options::default() };
        assert!(check(&options, &order("NY", &bottles(6)), 6)[0].is_compliant());
        let over = &check(&options, &order("NY", &bottles(6)), 8)[0];
        assert_eq!(broken(over), ["CustomerAggregateVolumeLimit"]);
        let document = over.document("1");
        let rule =
            document["rules"].as_array().unwrap().iter().find(|r| r["complianceStatus"] == "NotCompliant");
        let rule = rule.unwrap();
        assert_eq!(rule["customerAggregateVolumeLimitDetail"]["volumeCount"], 12);
        assert_eq!(rule["complianceDetails"], json!([{ "type": "VolumeOverLimit", "value": "2" }]));
        assert!(rule["complianceDescription"].as_str().unwrap().contains("14 bottles between 1/1/2026"));

        let mut two = order("NY", &bottles(8));
        two.shipments.push(two.shipments[0].clone());
        let verdicts = check(&options, &two, 0);
        assert!(verdicts[0].is_compliant() && !verdicts[1].is_compliant());
        two.shipments[1].ship_date = day("2027-01-02");
        assert!(check(&options, &two, 0)[1].is_compliant());
        assert!(check(&options, &order("CA", &bottles(600)), 600)[0].is_compliant());
    }

    #[test]
    fn purchaser_and_recipient_must_be_of_age_and_known_to_be_where_required() {
        let options = Options { require_birth_date_in: ["TX".to_owned()].into(), ..Options::default() };
        let mut order = order("TX", &bottles(1));
        assert_eq!(broken(&check(&options, &order, 0)[0]), ["MinimumAgeRequired"]);
        order.bill_to.date_of_birth = Some(day("1987-08-06"));
        assert!(!check(&options, &order, 0)[0].is_compliant(), "the recipient's is missing");
        // One person: one date of birth is enough.
        order.shipments[0].ship_to.first_name = "ANN ".to_owned();
        assert!(check(&options, &order, 0)[0].is_compliant());
        order.shipments[0].ship_to.date_of_birth = Some(day("2010-01-01"));
        assert!(!check(&options, &order, 0)[0].is_compliant());
        order.shipments[0].ship_date = day("2031-01-01");
        assert!(check(&options, &order, 0)[0].is_compliant());
    }

    #[test]
    fn a_kept_verdict_of_a_compliant_shipment_has_no_rules() {
        let options = Options::default();
        let verdict = |state| check(&options, &order(state, &bottles(1)), 0).remove(0).kept();
        assert_eq!(verdict("CA").document("1")["rules"], json!([]));
        assert!(!verdict("UT").document("1")["rules"].as_array().unwrap().is_empty());
    }
}
