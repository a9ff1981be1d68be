//! The search language of `orders(query:)`: terms, comparators, quotes, AND, OR, NOT, parentheses.
//!
//! Terms side by side must all hold. A term on a field that does not exist is ignored with a remark, as the real shop
//! ignores it: a misspelt filter finds everything. A time that cannot be read is an error.

mod read;

use jiff::Timestamp;

use super::super::order::totals::DisplayFulfillmentStatus;
use super::super::order::{FulfillmentOrderStatus, Order, RiskRecommendation};

pub(super) use read::Search;

/// How a term compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Op {
    fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Is => left == right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// Which of an order's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Created,
    Updated,
    Processed,
}

/// A condition on an order.
#[derive(Debug)]
pub(super) enum Filter {
    Everything,
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Time(Moment, Op, Timestamp),
    Id(Op, i64),
    /// A field and its value, or values with commas between.
    Word(&'static str, String),
    Text(String),
}

impl Filter {
    /// The earliest `updated_at` that can hold, to look no further back than needed.
    pub(super) fn updated_since(&self) -> Option<Timestamp> {
        match self {
            Self::Time(Moment::Updated, Op::AtLeast | Op::More | Op::Is, at) => Some(*at),
            Self::All(all) => all.iter().filter_map(Self::updated_since).max(),
            _ => None,
        }
    }

    pub(super) fn holds(&self, order: &Order, version: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::All(all) => all.iter().all(|filter| filter.holds(order, version)),
            Self::Any(any) => any.iter().any(|filter| filter.holds(order, version)),
            Self::Not(filter) => !filter.holds(order, version),
            Self::Time(moment, op, at) => {
                let time = match moment {
                    Moment::Created => order.created_at,
                    Moment::Updated => order.updated_at,
                    Moment::Processed => order.processed_at,
                };
                op.holds(&time, at)
            }
            Self::Id(op, id) => op.holds(&order.id, id),
            // Several values in one term are alternatives.
            Self::Word(field, values) => values.split(',').any(|value| word(field, value, order, version)),
            Self::Text(text) => free_text(order, text),
        }
    }
}

fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

fn opt_same(left: Option<&str>, right: &str) -> bool {
    left.is_some_and(|left| same(left, right))
}

fn word(field: &str, value: &str, order: &Order, version: &str) -> bool {
    match field {
        "name" => same(&order.name, value) || same(order.name.trim_start_matches('#'), value),
        "status" => match value.to_ascii_lowercase().as_str() {
            "open" => order.closed_at.is_none() && order.cancelled_at.is_none(),
            "closed" => order.closed_at.is_some() && order.cancelled_at.is_none(),
            "cancelled" => order.cancelled_at.is_some(),
            "not_closed" => order.closed_at.is_none(),
            "any" | "*" => true,
            _ => false,
        },
        "financial_status" => same(order.financial_status().graphql(), value),
        "fulfillment_status" => fulfillment_status(value, order, version),
        "return_status" => same("no_return", value),
        "tag" => order.tags.iter().any(|tag| same(tag, value)),
        "tag_not" => !order.tags.iter().any(|tag| same(tag, value)),
        "email" => opt_same(order.email.as_deref(), value),
        "customer_id" => order.customer.as_ref().is_some_and(|customer| customer.id.to_string() == value),
        "test" => same(if order.test { "true" } else { "false" }, value),
        "source_name" => same(&order.source_name, value),
        "source_identifier" => opt_same(order.source_identifier.as_deref(), value),
        "sku" => order.lines.iter().any(|line| opt_same(line.sku.as_deref(), value)),
        "po_number" => opt_same(order.po_number.as_deref(), value),
        "gateway" => order.gateways().iter().any(|gateway| same(gateway, value)),
        "confirmation_number" => same(&order.confirmation_number, value),
        "discount_code" => order.discount_codes().iter().any(|code| same(code, value)),
        "risk_level" => same(
            match order.risk {
                RiskRecommendation::Accept => "low",
                RiskRecommendation::Investigate => "medium",
                RiskRecommendation::Cancel => "high",
                RiskRecommendation::None => "none",
            },
            value,
        ),
        "delivery_method" => order.fulfillment_orders.iter().any(|f| same(f.delivery.kind.graphql(), value)),
        "fulfillment_location_id" => order.fulfillments.iter().any(|f| f.location_id.to_string() == value),
        "location_id" => order.location_id.is_some_and(|id| id.to_string() == value),
        "payment_id" => order.transactions.iter().any(|t| same(&t.payment_id, value)),
        _ => true,
    }
}

fn fulfillment_status(value: &str, order: &Order, version: &str) -> bool {
    use DisplayFulfillmentStatus as Display;
    let status = order.display_fulfillment_status(version);
    match value.to_ascii_lowercase().as_str() {
        "shipped" | "fulfilled" => status == Display::Fulfilled,
        "partial" => status == Display::PartiallyFulfilled,
        "unshipped" => order.lines.iter().all(|line| order.fulfilled(line.id) == 0),
        "unfulfilled" => matches!(status, Display::Unfulfilled | Display::PartiallyFulfilled),
        "on_hold" => order.fulfillment_orders.iter().any(|f| f.status == FulfillmentOrderStatus::OnHold),
        "scheduled" => order.fulfillment_orders.iter().any(|f| f.status == FulfillmentOrderStatus::Scheduled),
        other => same(status.graphql(), other),
    }
}

fn free_text(order: &Order, text: &str) -> bool {
    let text = text.to_lowercase();
    let customer = order.customer.as_ref();
    let texts = [
        Some(order.name.as_str()),
        order.email.as_deref(),
        order.note.as_deref(),
        order.po_number.as_deref(),
        customer.and_then(|c| c.first_name.as_deref()),
        customer.and_then(|c| c.last_name.as_deref()),
        order.shipping_address.as_ref().and_then(|a| a.city.as_deref()),
    ];
    texts.into_iter().flatten().any(|t| t.to_lowercase().contains(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::simulator::shopify::{NewOrder, Options, Shop};

    #[test]
    fn finds_what_the_search_says() {
        let clock = Clock::manual("2026-11-05T12:00:00Z".parse().unwrap());
        let shop = Shop::new(Options::default(), clock);
        let id = shop.place_order(&NewOrder { tags: vec!["Club".into()], ..NewOrder::default() }).unwrap();
        let order = shop.order(id).unwrap();
        let found = |text: &str| {
            let search = Search::read(text, shop.profile(), "2026-11-05T12:00:00Z".parse().unwrap()).unwrap();
            search.filter.holds(&order, "2026-10")
        };
        for text in [
            "",
            "updated_at:>='2026-11-05T12:00:00Z'",
            "updated_at:>=2026-11-05 updated_at:<=now",
            "created_at:<\"2026-11-06T00:00:00-08:00\" AND tag:club",
            "tag:nothing OR name:1001",
            "name:#1001 status:open financial_status:paid fulfillment_status:unfulfilled",
            "-tag:nothing NOT status:cancelled",
            "(status:closed OR status:open) test:false",
            "financial_status:pending,paid",
            "ada",
            &format!("id:{id}"),
            &format!("id:>={id}"),
            "no_such_field:x",
        ] {
            assert!(found(text), "{text}");
        }
        for text in [
            "updated_at:>'2026-11-05T12:00:00Z'",
            "tag:nothing",
            "name:1002",
            "-tag:club",
            "status:closed",
            "id:1",
        ] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn says_what_it_cannot_read() {
        let shop = Shop::new(Options::default(), Clock::manual(Timestamp::UNIX_EPOCH));
        let read = |text: &str| Search::read(text, shop.profile(), Timestamp::UNIX_EPOCH);
        assert_eq!(
            read("updated_at:>yesterday").err().unwrap(),
            "Invalid timestamp for query filter `updated_at`."
        );
        assert_eq!(read("tagg:x status:open").unwrap().unknown, ["tagg"]);
        let since = read("updated_at:>='2026-11-01T00:00:00Z' status:any").unwrap().filter.updated_since();
        assert_eq!(since, Some("2026-11-01T00:00:00Z".parse().unwrap()));
    }
}
