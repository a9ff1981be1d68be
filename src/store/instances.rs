//! Instances over one store: who is there, who does what one alone has to do, and what one that died had in hand.
//!
//! Nobody leads: each says by itself that it is there, by the database's clock, and a turn passes to another once its
//! holder has not renewed it.

use jiff::{SignedDuration, Timestamp};

use super::on::{execute, fetch_optional};
use super::{Engine, Result, Store, instant, micros, sql};

/// What an instance learns when it says that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// Instances that were there lately, with this one.
    pub instances: u32,
    /// Whether this one had been there lately already.
    pub known: bool,
    /// The database's clock.
    pub now: Timestamp,
}

/// How long an instance that said nothing is forgotten after.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

impl Store {
    /// Whether several instances may be at work on it.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Engine::Postgres(_))
    }

    /// The database's clock.
    pub async fn now(&self) -> Result<Timestamp> {
        self.read(|mut on| {
            Box::pin(async move {
                let text = on.dialect().now;
                Ok(fetch_optional!(on, (i64,), text)?.map_or(Timestamp::MIN, |(now,)| instant(now)))
            })
        })
        .await
    }

    /// Says that an instance is there; those count as there that said so within `lately`.
    pub async fn present(&self, instance: String, lately: SignedDuration) -> Result<Present> {
        self.write(move |mut on| {
            Box::pin(async move {
                let text = on.dialect().now;
                let now = fetch_optional!(on, (i64,), text)?.map_or(0, |(now,)| now);
                let since = |span: SignedDuration| now - i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
                let seen = fetch_optional!(on, (i64,), sql::SEEN, &instance)?;
                execute!(on, sql::SEE, &instance, now)?;
                execute!(on, sql::FORGET, since(FORGOTTEN))?;
                let (count,) = fetch_optional!(on, (i64,), sql::LIVING, since(lately))?.unwrap_or((1,));
                Ok(Present {
                    instances: u32::try_from(count).unwrap_or(u32::MAX).max(1),
                    known: seen.is_some_and(|(at,)| at > since(lately)),
                    now: instant(now),
                })
            })
        })
        .await
    }

    /// Takes or keeps a turn until `until`; false where it is another's. What it is for is done by its holder alone.
    pub async fn take_turn(
        &self,
        name: String,
        holder: String,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        self.write(move |mut on| {
            Box::pin(async move {
                Ok(execute!(on, sql::TAKE_TURN, &name, &holder, micros(until), micros(now))? > 0)
            })
        })
        .await
    }

    /// An instance leaves in order: others count without it at once, and its turns are free.
    pub async fn leave(&self, instance: String) -> Result<()> {
        self.write(move |mut on| {
            Box::pin(async move {
                execute!(on, sql::LEAVE, &instance)?;
                execute!(on, sql::FREE_TURNS, &instance)?;
                Ok(())
            })
        })
        .await
    }

    /// Lets go, at `now`, of every order that an earlier run of this instance held when it died; gives how many. To be
    /// called before its first claim. A store on SQLite is one process's alone, so there whatever is leased is left behind.
    pub async fn release_left_behind(&self, instance: &str, now: Timestamp) -> Result<u64> {
        let held_by = lease_prefix(instance);
        let shared = self.is_shared();
        self.write(move |mut on| {
            Box::pin(async move {
                Ok(if shared {
                    execute!(on, sql::RELEASE_OF, micros(now), &held_by)?
                } else {
                    execute!(on, sql::RELEASE_ALL, micros(now))?
                })
            })
        })
        .await
    }
}

/// What the token of every lease of an instance begins with.
pub(super) fn lease_prefix(instance: &str) -> String {
    format!("{instance}/")
}
