//! Asks a channel which order a part belongs to, where deliveries named the part alone.
//!
//! Such an order is a subject of the loop like any other: it is leased, and while the channel does not answer it is tried
//! again, later and later. So a slow channel holds up nothing else, and what was delivered is never lost. The answer hands
//! the deliveries over to the order itself; here nothing is read of it and nothing decided.

use std::time::Duration;

use super::super::pass::{Halt, Pass, unauthorized};
use super::sorter::hear;
use crate::connectors::Heard;
use crate::domain::RemoteId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::store::{DeliveryState, ExceptionAt, Gate, Release, StoredDelivery};
use crate::telemetry;
use crate::transport::{Fault, Log};

impl Pass<'_> {
    /// Asks whose the part is that these deliveries name, and lets go of it.
    pub(in super::super) async fn ask_whose(
        &mut self,
        part: &RemoteId,
        deliveries: &[StoredDelivery],
    ) -> Result<(), Halt> {
        let name = self.channel().to_owned();
        let source = self.engine.registry.get(&name).and_then(|connected| connected.channel.clone());
        self.changes.release = Some(Release::Finished);
        match source {
            _ if deliveries.is_empty() => {}
            // Why they cannot be understood any more is told of each.
            None => self.merge_deliveries(deliveries),
            Some(source) => {
                // Its order may have told of it since these were sorted.
                let answer = match self.engine.store().order_of(&name, part).await? {
                    Some(order) => Ok(Some(order)),
                    None => {
                        let log = Log::default();
                        let answer = source.order_of(part, &log).await;
                        self.keep_tries(&name, "ask", &log);
                        answer
                    }
                };
                self.take_answer(part, deliveries, answer);
            }
        }
        self.commit(Gate::None).await
    }

    fn take_answer(
        &mut self,
        part: &RemoteId,
        deliveries: &[StoredDelivery],
        answer: Result<Option<RemoteId>, Fault>,
    ) {
        let channel = self.channel().to_owned();
        match answer {
            Ok(Some(order)) => {
                let registry = &self.engine.registry;
                let is_urgent = |d| matches!(hear(registry, d), Ok(Heard::Part { urgent: true, .. }));
                self.changes.belongs_to = Some((order, deliveries.iter().any(is_urgent)));
                self.changes.close.push(ExceptionAt::Order);
            }
            Ok(None) => {
                let reason = Reason::new(
                    ReasonCode::OrderNotFound,
                    format!("«{channel}» sent webhooks about part {part} of an order and does not know it"),
                    "nothing, if its order was deleted; for an order older than 60 days the app needs the scope to read \
                     all orders, and for work of a fulfilment service the scope to read that",
                );
                self.give_up(deliveries, &reason);
            }
            Err(Fault::Refused(reason)) => self.give_up(deliveries, &reason),
            Err(Fault::Unauthorized(why)) => {
                self.open_at_order(unauthorized(&channel, why));
                self.wait(deliveries, None, "the credentials are not accepted");
            }
            Err(Fault::Deferred(until)) => {
                self.wait(deliveries, None, "its connection rests");
                self.changes.release = Some(Release::Until(until));
            }
            Err(Fault::Retry { after, why }) => self.wait(deliveries, after, &why),
            Err(Fault::Unknown(why)) => self.wait(deliveries, None, &why),
        }
    }

    /// Tells of each delivery why it will never be known what it is about.
    fn give_up(&mut self, deliveries: &[StoredDelivery], reason: &Reason) {
        self.changes.close.push(ExceptionAt::Order);
        for delivery in deliveries {
            self.changes.unreadable.push((delivery.which(), reason.clone()));
            telemetry::delivery_settled(&delivery.connection, "exception");
        }
    }

    /// Leaves the deliveries to be asked for again: after as long as the first of them has waited.
    fn wait(&mut self, deliveries: &[StoredDelivery], asked: Option<Duration>, why: &str) {
        let now = self.now();
        let why = format!("it is asked which order it is about: {why}");
        for delivery in deliveries {
            self.changes.settled.push((delivery.which(), DeliveryState::Sorted, Some(why.clone())));
        }
        self.changes.release = Some(Release::Until(self.after_waiting(self.heard_at.unwrap_or(now), asked)));
    }
}
