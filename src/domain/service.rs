//! What a shipping service takes: where to, into post-office boxes or not, how heavy and how dear.
//!
//! A route's table of services is configuration; here it is only asked. A service without a row takes everything. One
//! with several takes what any of them takes.

use rust_decimal::Decimal;

use super::places::Place;
use super::route::Pattern;

/// A row of a route's table of services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRule {
    /// Service codes, as the destination has them.
    pub service: Pattern,
    /// Countries by code; where empty, all.
    pub countries: Vec<String>,
    /// Provinces; where empty, all of the countries'.
    pub provinces: Vec<Place>,
    /// Provinces left out.
    pub except_provinces: Vec<Place>,
    /// Whether post-office boxes are served.
    pub po_boxes: bool,
    /// The heaviest order, in grams.
    pub max_weight_grams: Option<u64>,
    /// What the goods must come to at least, after discounts, in the shop's currency.
    pub min_value: Option<Decimal>,
    /// What the goods may come to at most, likewise.
    pub max_value: Option<Decimal>,
}

/// An order as services look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    /// Where it goes, by every name; none where the country is not known.
    pub places: Vec<Place>,
    /// Whether that is a post-office box.
    pub po_box: bool,
    /// Weight of the goods as far as the channel tells it, in grams.
    pub grams: u64,
    /// What the goods come to after discounts, in the shop's currency.
    pub value: Decimal,
}

/// Why a service does not take an order. Later ones are nearer to being taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// It does not go there.
    Place,
    /// It goes there, and not to post-office boxes.
    PoBox,
    /// The goods come to less than this.
    ValueBelow(Decimal),
    /// The goods come to more than this.
    ValueAbove(Decimal),
    /// The goods are heavier than this, in grams.
    WeightAbove(u64),
}

/// Why a service does not take an order by a table of services; of several rows the one that comes nearest speaks.
pub fn obstacle(rules: &[ServiceRule], service: &str, order: &Consignment) -> Option<Obstacle> {
    let rows = rules.iter().filter(|rule| rule.service.matches(service));
    let obstacles: Vec<Option<Obstacle>> = rows.map(|rule| rule.obstacle(order)).collect();
    if obstacles.contains(&None) { None } else { obstacles.into_iter().flatten().max() }
}

impl ServiceRule {
    fn obstacle(&self, order: &Consignment) -> Option<Obstacle> {
        if !self.goes_to(&order.places) {
            return Some(Obstacle::Place);
        }
        if order.po_box && !self.po_boxes {
            return Some(Obstacle::PoBox);
        }
        if let Some(least) = self.min_value.filter(|least| order.value < *least) {
            return Some(Obstacle::ValueBelow(least));
        }
        if let Some(most) = self.max_value.filter(|most| order.value > *most) {
            return Some(Obstacle::ValueAbove(most));
        }
        self.max_weight_grams.filter(|most| order.grams > *most).map(Obstacle::WeightAbove)
    }

    fn goes_to(&self, places: &[Place]) -> bool {
        let everywhere = self.countries.is_empty() && self.provinces.is_empty();
        let named = |place: &Place| {
            (self.countries.is_empty() || self.countries.contains(&place.country))
                && (self.provinces.is_empty() || self.provinces.contains(place))
        };
        (everywhere || places.iter().any(named))
            && !places.iter().any(|place| self.except_provinces.contains(place))
    }
}
