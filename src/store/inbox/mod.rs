//! The inbox: deliveries committed in batches, deduplicated in the same transaction, then sorted to their orders.

mod accept;
mod bodies;

pub(in crate::store) use accept::{Batch, Keys, Row, decide};
pub use bodies::pack;
pub(in crate::store) use bodies::unpack;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;

use crate::domain::reason::Reason;
use crate::domain::{OrderRef, RemoteId};
use crate::store::bulk::Bulk;
use crate::store::on::{On, execute, fetch_all, insert_all, list};
use crate::store::{
    DeliveryRef, DeliveryState, Engine, Result, Store, StoredDelivery, from_json, instant, micros, postgres,
    sql, work,
};

/// A verified delivery to be stored.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The connection it was received for.
    pub connection: Arc<str>,
    /// Its topic.
    pub topic: String,
    /// The sender's id of it.
    pub webhook_id: String,
    /// The headers to keep, a JSON object by lower-case name.
    pub headers: String,
    /// Bytes of the raw body.
    pub size: i64,
    /// When it was received.
    pub received_at: Timestamp,
    /// The raw body, packed.
    pub body: Vec<u8>,
    /// Digest of its connection, topic and body.
    pub content: [u8; 16],
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new, and stored under this id.
    Stored(i64),
    /// It repeats the delivery of this id.
    Duplicate(i64),
}

/// How an engine takes deliveries best.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// Deliveries in a batch, at the most.
    pub batch: usize,
    /// Batches on their way at once.
    pub at_once: usize,
}

/// Where the sorter puts a delivery.
#[derive(Clone, Debug)]
pub struct Sorted {
    /// The delivery.
    pub id: i64,
    /// Its channel.
    pub connection: String,
    /// The delivery it has its body in common with.
    pub duplicate_of: Option<i64>,
    /// What it is.
    pub into: SortedInto,
}

/// What the sorter made of a delivery.
#[derive(Clone, Debug)]
pub enum SortedInto {
    /// It is about this order, which is now due; urgent ones go first.
    Order {
        /// The order.
        order: OrderRef,
        /// Whether it stops goods.
        urgent: bool,
    },
    /// It is about the order that this part belongs to. Where that order is not known, one known only by its part is due.
    Part {
        /// The part.
        part: RemoteId,
        /// Whether it stops goods.
        urgent: bool,
    },
    /// It asks for nothing, for this reason.
    Nothing(DeliveryState, String),
    /// A person must look.
    Exception(Reason),
}

impl Store {
    /// How deliveries are best handed to [`Store::accept`] here.
    pub const fn intake(&self) -> Intake {
        match &self.0 {
            // There is one writer, which others wait for.
            Engine::Sqlite(_) => Intake { batch: 32, at_once: 1 },
            Engine::Postgres(_) => Intake { batch: 128, at_once: postgres::AT_ONCE },
        }
    }

    /// Stores a batch in one durable transaction and says of each whether it is new. Answers come in the batch's order.
    pub async fn accept(&self, batch: Vec<NewDelivery>) -> Result<Vec<Accepted>> {
        match &self.0 {
            Engine::Sqlite(sqlite) => sqlite.accept(batch).await,
            Engine::Postgres(postgres) => postgres.accept(batch).await,
        }
    }

    /// Deliveries that nobody has looked at, oldest first.
    pub async fn unsorted(&self, limit: i64) -> Result<Vec<StoredDelivery>> {
        self.unsorted_before(Timestamp::MAX, limit).await
    }

    /// Those of them that were received before an instant.
    pub async fn unsorted_before(&self, before: Timestamp, limit: i64) -> Result<Vec<StoredDelivery>> {
        self.read(move |mut on| {
            Box::pin(async move {
                let text = on.dialect().bodies.unsorted;
                let rows = fetch_all!(on, BodyRow, text, limit, micros(before))?;
                rows.into_iter().map(stored).collect()
            })
        })
        .await
    }

    /// Those of these that nobody has looked at.
    pub async fn unsorted_of(&self, deliveries: Vec<DeliveryRef>) -> Result<Vec<StoredDelivery>> {
        self.read(move |mut on| {
            Box::pin(async move {
                let text = on.dialect().unsorted_of;
                let asked: Vec<_> =
                    deliveries.iter().map(|one| serde_json::json!([*one.connection, one.id])).collect();
                let (lowest, highest) = bounds(deliveries.iter().map(|one| one.id)).unwrap_or_default();
                let rows = fetch_all!(on, BodyRow, text, list("deliveries", &asked)?, lowest, highest)?;
                rows.into_iter().map(stored).collect()
            })
        })
        .await
    }

    /// Records what the sorter made of deliveries, and makes their orders due at `now`.
    pub async fn sort(&self, sorted: Vec<Sorted>, now: Timestamp) -> Result<()> {
        self.write(move |on| Box::pin(async move { sort(on, &sorted, now).await })).await
    }
}

static TOUCH: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::TOUCH));

async fn sort(mut on: On<'_>, sorted: &[Sorted], now: Timestamp) -> Result<()> {
    let mut settled = Vec::with_capacity(sorted.len());
    let mut due: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for Sorted { id, connection: channel, duplicate_of, into } in sorted {
        let (state, order, reason) = match into {
            SortedInto::Order { order, urgent } => {
                (DeliveryState::Sorted, Some((order.clone(), *urgent)), None)
            }
            SortedInto::Part { part, urgent } => {
                let known = work::parts::order_of(&mut on, channel, part).await?;
                let order = match known {
                    Some(id) => OrderRef { connection: channel.clone(), id },
                    None => OrderRef::of_part(channel.clone(), part),
                };
                (DeliveryState::Sorted, Some((order, *urgent)), None)
            }
            SortedInto::Nothing(state, why) => (*state, None, Some(why.clone())),
            SortedInto::Exception(reason) => {
                add_exception(&mut on, *id, channel, reason, now).await?;
                (DeliveryState::Exception, None, Some(reason.to_string()))
            }
        };
        let of = order.as_ref().map(|(order, _)| &order.id);
        settled.push((*id, serde_json::json!([channel, id, state.as_str(), reason, of])));
        if let Some((order, urgent)) = order {
            let (priority, oldest) = due.entry((order.connection, order.id.0)).or_insert((1, *id));
            *priority = (*priority).min(i64::from(!urgent));
            *oldest = (*oldest).min(*id).min(duplicate_of.unwrap_or(*id));
        }
    }
    // Orders are locked before deliveries, and by the bytes of their keys, as a pass does it: otherwise two could wait for each other.
    let due: Vec<_> = due.into_iter().collect();
    insert_all!(
        on,
        TOUCH,
        &due,
        |((connection, id), (priority, oldest))| connection,
        id,
        micros(now),
        *priority,
        *oldest
    );
    settled.sort_unstable_by_key(|(id, _)| *id);
    let Some((lowest, highest)) = bounds(settled.iter().map(|(id, _)| *id)) else { return Ok(()) };
    let settled: Vec<_> = settled.into_iter().map(|(_, row)| row).collect();
    let text = on.dialect().sort;
    execute!(on, text, list("sorting", &settled)?, lowest, highest)?;
    Ok(())
}

/// The lowest and the highest of some ids.
pub(in crate::store) fn bounds(ids: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    ids.fold(None, |bounds, id| {
        let (lowest, highest) = bounds.unwrap_or((id, id));
        Some((lowest.min(id), highest.max(id)))
    })
}

async fn add_exception(
    on: &mut On<'_>,
    delivery: i64,
    channel: &str,
    reason: &Reason,
    now: Timestamp,
) -> Result<()> {
    execute!(*on, sql::CLOSE_DELIVERY_EXCEPTION, delivery, micros(now))?;
    let (Reason { code, message, vendor, mend }, none) = (reason, None::<&str>);
    let code = code.as_str();
    execute!(
        *on,
        sql::ADD_EXCEPTION,
        channel,
        none,
        none,
        Some(delivery),
        code,
        message,
        vendor,
        mend,
        micros(now)
    )?;
    Ok(())
}

/// id, connection, topic, headers, `received_at`, `duplicate_of`, size, body.
pub(in crate::store) type BodyRow = (i64, String, String, String, i64, Option<i64>, i64, Vec<u8>);

pub(in crate::store) fn stored(row: BodyRow) -> Result<StoredDelivery> {
    let (id, connection, topic, headers, received_at, duplicate_of, size, body) = row;
    Ok(StoredDelivery {
        id,
        connection,
        topic,
        headers: from_json("header list", &headers)?,
        received_at: instant(received_at),
        duplicate_of,
        body: unpack(&body, size)?,
    })
}
