//! Answers on the spot whether goods of an order may leave now: the last guard at the packing table.
//!
//! The answer is made from what is kept and from nothing else, within a time that a packer does not notice. Goods may leave
//! where the copy is in step and released; whatever is in doubt stops them, and where nothing is known the destination's
//! settings decide.

use std::time::Duration;

use super::super::Engine;
use super::super::converge::{Target, Wanted};
use super::sorter::hear;
use crate::connectors::{Heard, Question};
use crate::domain::copy::Stage;
use crate::domain::mirror::{Desired, Mirror, MirrorState, Observed};
use crate::domain::{ConnectionName, OrderRef};
use crate::store::{Entry, StoreError};

/// The longest that finding the answer may take.
const PATIENCE: Duration = Duration::from_millis(250);
/// Deliveries that are not sorted yet, as far as they are read for an answer.
const UNSORTED: i64 = 512;

impl Engine {
    /// The answer to what a delivery asks, if it asks something; why goods may not leave goes with it and into the story.
    pub async fn answer(&self, connection: &str, body: &[u8]) -> Option<serde_json::Value> {
        let webhooks = self.registry.get(connection)?.webhooks.clone()?;
        let question = webhooks.question(body)?;
        let found = tokio::time::timeout(PATIENCE, self.may_leave(connection, &question)).await;
        let (order, refused) = match found {
            Ok(Ok(Some((order, refused)))) => (Some(order), refused),
            Ok(Ok(None)) => (None, unknown(&question, "the order is not known here")),
            Ok(Err(_)) => (None, unknown(&question, "what is known of the order cannot be read now")),
            Err(_) => (None, unknown(&question, "what is known of the order could not be read in time")),
        };
        tracing::info!(connection, allowed = refused.is_none(), "asked whether a label may be printed");
        if let Some(order) = order {
            self.note_answer(connection.to_owned(), order, refused.clone());
        }
        Some(webhooks.answer(refused.as_deref()))
    }

    /// Why goods of an order may not leave by this destination now; nothing where they may. None where the order is not known.
    async fn may_leave(
        &self,
        connection: &str,
        question: &Question,
    ) -> Result<Option<(OrderRef, Option<String>)>, StoreError> {
        let Some(id) = &question.order else { return Ok(None) };
        let Some(order) = self.channel_of(connection, id).await? else { return Ok(None) };
        let loaded = self.store.load_with(&order, self.tellers(&order.connection)).await?;
        let Some(record) = loaded.record else { return Ok(None) };
        let copies = self.copies(&order.connection);
        let Some(copy) = copies.iter().find(|copy| copy.name() == connection) else { return Ok(None) };
        let changed = loaded.deliveries.iter().any(|delivery| delivery.connection == order.connection)
            || self.is_unsorted(&order).await?;
        let refused = if changed || record.needs_reading() {
            Some("the order was changed in the shop a moment ago".to_owned())
        } else {
            let mirror = loaded.mirrors.iter().find(|mirror| mirror.destination == connection);
            refusal(copy, &record, mirror)
        };
        Ok(Some((order, refused)))
    }

    /// Whether the channel told something of the order that is not sorted to it yet. In a rush only the oldest are read: what
    /// came behind them is as if it came a moment later.
    async fn is_unsorted(&self, order: &OrderRef) -> Result<bool, StoreError> {
        let waiting = self.store.unsorted(UNSORTED).await?;
        let mut of_channel = waiting.iter().filter(|delivery| delivery.connection == order.connection);
        Ok(of_channel.any(|delivery| {
            matches!(hear(&self.registry, delivery), Ok(Heard::Facts { order: about, .. }) if about == order.id)
        }))
    }

    /// Notes the answer in the order's story, behind whoever waits for it.
    fn note_answer(&self, source: ConnectionName, order: OrderRef, refused: Option<String>) {
        let (store, at) = (self.store.clone(), self.clock().now());
        let text = refused.map_or_else(
            || "asked whether a label may be printed: yes".to_owned(),
            |why| format!("asked whether a label may be printed: no, {why}"),
        );
        tokio::spawn(async move {
            let entry = Entry { at, kind: "decision", source, delivery: None, text, changes: Vec::new() };
            if let Err(error) = store.note(order, entry).await {
                tracing::warn!(%error, "an answer could not be noted");
            }
        });
    }
}

fn unknown(question: &Question, why: &str) -> Option<String> {
    (!question.open_when_unknown).then(|| why.to_owned())
}

fn refusal(
    copy: &Target<'_>,
    record: &crate::domain::record::OrderRecord,
    mirror: Option<&Mirror>,
) -> Option<String> {
    let unseen = Mirror::new(copy.name().to_owned());
    let Some(wanted) = copy.wanted(record, mirror.unwrap_or(&unseen)) else {
        return Some("nothing is known of the order yet".to_owned());
    };
    let Wanted::Copy(desired, _) = &wanted else { return None };
    match desired {
        Desired::Absent(absence) => return Some(absence.to_string()),
        Desired::Undecided(reason) => return Some(reason.message.clone()),
        Desired::Present(copy) if copy.stage == Stage::Held => {
            return Some(
                "the order is held: it is unpaid, on hold in the shop, or not cleared to ship".to_owned(),
            );
        }
        Desired::Present(_) => {}
    }
    let Some(mirror) = mirror else { return Some("the order was not sent yet".to_owned()) };
    let settled = matches!(mirror.state, MirrorState::InStep | MirrorState::Closed);
    if mirror.state == MirrorState::Exception {
        let why = mirror.reason.as_ref().map(|reason| reason.message.clone());
        return Some(why.unwrap_or_else(|| "a person must decide first".to_owned()));
    }
    if !settled || mirror.digest.as_ref() != Some(&wanted.digest()) || mirror.intent.is_some() {
        return Some("an edit of the order is on its way".to_owned());
    }
    let held = matches!(&mirror.observed, Observed::Present(seen) if seen.held);
    held.then(|| "the order is on hold".to_owned())
}
