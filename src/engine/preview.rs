//! What the loop would do for an order now, without doing it: for dry runs.

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::domain::OrderRef;
use crate::domain::mirror::Mirror;
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
    /// The destination, or the channel itself.
    pub destination: String,
    /// `nothing`, `look`, `exception`, or the step's name.
    pub next: String,
    /// In words.
    pub why: String,
}

impl Engine {
    /// What the mirrors of an order are owed by what is kept of it. A look at them could still change it.
    pub async fn preview(&self, order: &OrderRef) -> Result<Vec<Owed>, StoreError> {
        let loaded = self.store.load(order).await?;
        let Some(record) = loaded.record else { return Ok(Vec::new()) };
        let mut owed = Vec::new();
        for target in self.targets(&record, &loaded.mirrors) {
            let unseen = Mirror::new(target.name().to_owned());
            let kept = loaded.mirrors.iter().find(|mirror| mirror.destination == target.name());
            let mirror = kept.unwrap_or(&unseen);
            let Some(wanted) = target.wanted(&record, mirror) else { continue };
            let (next, why) = match target.plan(&wanted, mirror, true) {
                _ if mirror.intent.is_some() => ("look", "a step may or may not have happened".to_owned()),
                Plan::Nothing => {
                    let absence = wanted.absence().map(|absence| format!("holds nothing: {absence}"));
                    ("nothing", absence.unwrap_or_else(|| "it holds what it should".to_owned()))
                }
                Plan::Observe => ("look", "it has to be looked at first".to_owned()),
                Plan::Exception(reason) => ("exception", reason.to_string()),
                Plan::Adopt(..) => ("nothing", "what is there is taken as ours".to_owned()),
                Plan::Wait(reason) => ("look", reason.message),
                Plan::Next(step) => {
                    let told = mirror.digest.as_ref() == Some(&wanted.digest()) && mirror.reason.is_some();
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
                destination: target.name().to_owned(),
                next: next.to_owned(),
                why,
            });
        }
        Ok(owed)
    }
}
