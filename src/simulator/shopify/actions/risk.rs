//! What the analysis of fraud comes to say of an order.
//!
//! Its webhook tells of one assessment and not what is recommended now; who hears it has to ask. Whether it changes the
//! order's `updated_at` is not published; here it does not.

use serde_json::json;

use super::super::order::RiskRecommendation;
use super::super::rest;
use super::super::state::{Change, Event};

/// Has the shop's own analysis recommend something.
pub(in super::super) fn assess(change: &mut Change<'_>, recommendation: RiskRecommendation) {
    change.order.risk = recommendation;
    let level = match recommendation {
        RiskRecommendation::Accept => "low",
        RiskRecommendation::Investigate => "medium",
        RiskRecommendation::Cancel => "high",
        RiskRecommendation::None => "none",
    };
    change.tell(Event::Plain(
        "orders/risk_assessment_changed",
        json!({
            "provider_id": null,
            "provider_title": null,
            "risk_level": level,
            "created_at": change.profile.local_time(change.now),
            "order_id": change.order.id.to_string(),
            "admin_graphql_api_order_id": rest::gid("Order", change.order.id),
        }),
    ));
}
