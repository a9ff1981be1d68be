//! Asks destinations that do not tell of everything which copies changed there, and has those looked at.
//!
//! The instant up to which was asked moves only once everything found is due; each time some minutes before it are asked again,
//! for a vendor's clock is not ours. A copy is left alone that we saw in that very version after it was told of: versions are seconds, and
//! much can happen in one.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::super::{Engine, STORAGE_PAUSE, later};
use crate::connectors::Destination;
use crate::domain::mirror::Observed;
use crate::domain::{ConnectionName, RemoteId};
use crate::store::StoreError;
use crate::transport::Log;

/// Versions that a destination told when it was asked last, each with when it first told that one.
pub(in super::super) type Reported = BTreeMap<RemoteId, (String, Timestamp)>;

/// What is asked again each time.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// Time for the asking itself, before another instance takes the turn over.
const CALL_AT_MOST: Duration = Duration::from_secs(30);
/// Under which name it is kept how far was asked.
const NAME: &str = "asked_until";

impl Engine {
    /// Polls every destination at its own pace until `stop`.
    pub(in super::super) async fn keep_polling(self: Arc<Self>, stop: CancellationToken) {
        let polled = self.registry.iter().filter_map(|(name, connected)| {
            let destination = connected.destination.clone()?;
            Some((name.clone(), destination.polls()?, destination))
        });
        let polls = polled.map(|(name, every, destination)| {
            let (engine, stop) = (Arc::clone(&self), stop.clone());
            async move { engine.keep_asking(&name, every, &*destination, stop).await }
        });
        futures_util::future::join_all(polls).await;
    }

    async fn keep_asking(
        &self,
        name: &ConnectionName,
        every: Duration,
        destination: &dyn Destination,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let asked = match self.is_our_turn(name, every).await {
                Ok(true) => self.ask_what_changed(name, destination).await,
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = asked
                && !matches!(error, StoreError::Closed)
            {
                tracing::error!(connection = %name, %error, "what changed there could not be kept; asking again");
                tokio::time::sleep(STORAGE_PAUSE).await;
            }
            tokio::select! {
                () = self.clock().sleep(every) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Whether it is for this instance to ask: it stays with the one that asked last while that one goes on asking, which
    /// knows what was told before.
    async fn is_our_turn(&self, name: &ConnectionName, every: Duration) -> Result<bool, StoreError> {
        if !self.presence.may_work() {
            return Ok(false);
        }
        let now = self.clock().now();
        let until = later(now, every + every / 2 + CALL_AT_MOST);
        self.store.take_turn(format!("poll {name}"), self.presence.name().to_owned(), until, now).await
    }

    /// Asks every destination that is polled once. For tests and tools; nothing is asked on its own where the loop does not
    /// run.
    pub async fn poll(&self) -> Result<(), StoreError> {
        for (name, connected) in &self.registry {
            if let Some(destination) = connected.destination.as_ref().filter(|d| d.polls().is_some()) {
                self.ask_what_changed(name, &**destination).await?;
            }
        }
        Ok(())
    }

    fn reported<T>(&self, with: impl FnOnce(&mut BTreeMap<ConnectionName, Reported>) -> T) -> T {
        with(&mut self.reported.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn ask_what_changed(
        &self,
        name: &ConnectionName,
        destination: &dyn Destination,
    ) -> Result<(), StoreError> {
        let started = self.clock().now();
        let kept = self.store.kept(name, NAME).await?;
        let until: Timestamp = if let Some(until) = kept.and_then(|text| text.parse().ok()) {
            until
        } else {
            // Kept before anything is asked: what changes until the first answer is asked for too.
            self.store.keep(name, NAME, started.to_string(), started).await?;
            started
        };
        let since = until.saturating_sub(OVERLAP).unwrap_or(until);
        let changed = match destination.changes(since, &Log::default()).await {
            Ok(changed) => changed,
            Err(fault) => {
                // What was missed is asked for next time: the instant has not moved.
                tracing::warn!(connection = %name, %fault, "what changed there could not be asked");
                return Ok(());
            }
        };
        let mut due = false;
        let mut before = self.reported(|reported| std::mem::take(reported.entry(name.clone()).or_default()));
        let mut reported = Reported::new();
        for changed in changed {
            let first = match before.remove(&changed.order) {
                Some((version, first)) if version == changed.version => first,
                _ => started,
            };
            reported.insert(changed.order.clone(), (changed.version.clone(), first));
            let Some(order) = self.channel_of(name, &changed.order).await? else { continue };
            let mirrors = self.store.load(&order).await?.mirrors;
            let known = mirrors.iter().find(|mirror| mirror.destination == *name).is_some_and(|mirror| {
                matches!(
                    &mirror.observed,
                    Observed::Present(seen) if seen.version.as_ref() == Some(&changed.version) && first < seen.at
                )
            });
            if !known {
                // One that is being worked on is found again next time.
                due |= self.store.look_if_idle(order, name.clone(), started).await?;
            }
        }
        self.reported(|all| all.insert(name.clone(), reported));
        if due {
            self.wake.due();
        }
        self.store.keep(name, NAME, started.to_string(), started).await
    }
}
