//! What the loop would do for an order now, without doing it: for dry runs.

use serde::{Deserialize, Serialize};

use super::Engine;
use super::converge::digest;
use super::desired::desired;
use super::plan::{Sight, plan};
use crate::domain::OrderRef;
use crate::domain::mirror::{Desired, Mirror};
use crate::domain::step::Plan;
use crate::store::StoreError;

/// What one mirror is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The channel.
    pub channel: String,
    /// The order's id.
    pub order_id: String,
    /// The order's name.
    pub name: String,
    /// The destination.
    pub destination: String,
    /// `nothing`, `look`, `exception`, or the step's name.
    pub next: String,
    /// In words.
    pub why: String,
}

impl Engine {
    /// What the mirrors of an order are owed by what is kept of it. A look at the destinations could still change it.
    pub async fn preview(&self, order: &OrderRef) -> Result<Vec<Owed>, StoreError> {
        let loaded = self.store.load(order).await?;
        let Some(record) = loaded.record else { return Ok(Vec::new()) };
        let mut owed = Vec::new();
        for route in self.routes.iter().filter(|route| route.from == order.connection) {
            let destination =
                self.registry.get(&route.to).and_then(|connected| connected.destination.clone());
            let (Some(destination), Some(desired)) = (destination, desired(&record, route)) else { continue };
            let unseen = Mirror::new(route.to.clone());
            let mirror =
                loaded.mirrors.iter().find(|mirror| mirror.destination == route.to).unwrap_or(&unseen);
            let sight = Sight {
                applied: mirror.applied.as_ref(),
                observed: &mirror.observed,
                fresh: true,
                forced: mirror.forced,
            };
            let (next, why) = match plan(&desired, sight, destination.capabilities()) {
                _ if mirror.intent.is_some() => ("look", "a step may or may not have happened".to_owned()),
                Plan::Nothing => (
                    "nothing",
                    match &desired {
                        Desired::Absent(absence) => format!("holds nothing: {absence}"),
                        _ => "it holds what it should".to_owned(),
                    },
                ),
                Plan::Observe => ("look", "it has to be looked at first".to_owned()),
                Plan::Exception(reason) => ("exception", reason.to_string()),
                Plan::Next(step) => {
                    let told = mirror.digest.as_ref() == Some(&digest(&desired)) && mirror.reason.is_some();
                    let why = if told {
                        "it was refused before, and nothing has changed since"
                    } else {
                        "it is owed"
                    };
                    (step.name(), why.to_owned())
                }
            };
            owed.push(Owed {
                channel: order.connection.clone(),
                order_id: order.id.to_string(),
                name: record.document.as_ref().map(|document| document.name.clone()).unwrap_or_default(),
                destination: route.to.clone(),
                next: next.to_owned(),
                why,
            });
        }
        Ok(owed)
    }
}
