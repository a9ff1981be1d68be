//! What people look up and ask for: lists, one order's whole story, totals, replay.

mod exceptions;

pub use exceptions::ExceptionQuery;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::domain::mirror::{Mirror, MirrorState, Observed};
use crate::domain::record::OrderRecord;
use crate::domain::{OrderRef, RemoteId};
use crate::store::filter::Filter;
use crate::store::on::{execute, fetch_all, fetch_filtered, fetch_optional};
use crate::store::work::OWED;
use crate::store::{
    AttemptRow, Backlog, Counts, DeliveryRow, DeliveryState, MirrorRow, OrderRow, Result, Store, StoreError,
    TimelineRow, from_json, instant, micros, sql,
};
use jiff::Timestamp;

/// Which deliveries to list; absent means any.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Of this connection.
    pub connection: Option<String>,
    /// Of this topic.
    pub topic: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// About this order (its id).
    pub order: Option<String>,
    /// With this id of the sender's.
    pub webhook_id: Option<String>,
    /// Only those before this id, for the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: Option<i64>,
}

/// Which deliveries to replay; absent means any.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct ReplayQuery {
    /// Of this connection.
    pub connection: Option<String>,
    /// Of this topic.
    pub topic: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Received at or after this instant.
    pub since: Option<Timestamp>,
    /// Received before this instant.
    pub until: Option<Timestamp>,
}

/// Rows of a page unless asked otherwise, and at the most.
const PAGE: i64 = 50;
const LARGEST_PAGE: i64 = 1000;

pub(in crate::store) fn page(limit: Option<i64>) -> i64 {
    limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE)
}

/// How far totals are counted: what is more takes no longer to be told.
const COUNTED: i64 = 100_000;

/// Orders by name or id. Each channel is looked up for itself, for ids are known only within one. What is found stands first
/// and is crossed with the orders, so that SQLite does not go through them.
const ORDERS_CALLED: &str = "
SELECT orders.channel, orders.order_id, name, revision, created_at, changed_at FROM (
    WITH RECURSIVE channels (channel) AS (
        SELECT MIN(channel) FROM orders
        UNION ALL SELECT (SELECT MIN(o.channel) FROM orders o WHERE o.channel > channels.channel) FROM channels
            WHERE channels.channel IS NOT NULL)
    SELECT channel, order_id FROM orders WHERE name IN ($1, '#' || $1)
    UNION SELECT o.channel, o.order_id FROM channels CROSS JOIN orders o WHERE o.channel = channels.channel AND o.order_id = $1) found
CROSS JOIN orders";

/// Orders by the state of a copy that few are in.
const ORDERS_IN_STATE: &str = "
SELECT orders.channel, orders.order_id, name, revision, created_at, changed_at FROM (
    SELECT DISTINCT channel, order_id FROM mirrors WHERE state = $1) found
CROSS JOIN orders";

const FOUND: &str = "orders.channel = found.channel AND orders.order_id = found.order_id";

/// By the state of a copy, for orders that are gone through anyway.
const IN_STATE: &str = "
EXISTS (SELECT 1 FROM mirrors m WHERE m.channel = orders.channel AND m.order_id = orders.order_id AND m.state = $1)";

type DeliveryColumns =
    (i64, String, String, String, String, i64, i64, String, Option<i64>, Option<String>, Option<String>);

type OrderColumns = (String, String, String, i64, i64, i64);

fn delivery(row: DeliveryColumns) -> Result<DeliveryRow> {
    let (
        id,
        connection,
        topic,
        webhook_id,
        headers,
        size,
        received_at,
        state,
        duplicate_of,
        order_id,
        reason,
    ) = row;
    Ok(DeliveryRow {
        id,
        connection,
        topic,
        webhook_id,
        headers: from_json("header list", &headers)?,
        size,
        received_at: instant(received_at),
        state: DeliveryState::parse(&state)
            .ok_or_else(|| StoreError::Corrupt { what: "delivery state", why: state.clone() })?,
        duplicate_of,
        order_id,
        reason,
    })
}

fn delivery_filter(query: DeliveryQuery) -> Filter {
    let DeliveryQuery { connection, topic, state, order, webhook_id, before, limit } = query;
    Filter::of(sql::DELIVERIES)
        .when("connection = $1", connection)
        .when("topic = $1", topic)
        .when("state = $1", state)
        .when("order_id = $1", order)
        .when("webhook_id = $1", webhook_id)
        .when("id < $1", before)
        .first("id DESC", page(limit))
}

fn order_filter(
    channel: Option<String>,
    name: Option<String>,
    state: Option<String>,
    before: Option<(Timestamp, Option<String>)>,
    limit: Option<i64>,
) -> Filter {
    let common =
        |state: &String| matches!(MirrorState::parse(state), Some(MirrorState::InStep | MirrorState::Closed));
    // What few are is found first and then put in order; what most are is met soon in going through all, latest first.
    let (filter, state) = match (name, state) {
        (Some(name), state) => (Filter::by(ORDERS_CALLED, name).and(FOUND, Vec::new()), state),
        (None, Some(state)) if !common(&state) => {
            (Filter::by(ORDERS_IN_STATE, state).and(FOUND, Vec::new()), None)
        }
        (None, state) => (Filter::of(sql::ORDERS), state),
    };
    let filter = filter.when("orders.channel = $1", channel).when(IN_STATE, state);
    let filter = match before {
        None => filter,
        Some((at, None)) => filter.and("changed_at < $1", vec![micros(at).into()]),
        Some((at, Some(id))) => {
            filter.and("(changed_at, orders.order_id) < ($1, $2)", vec![micros(at).into(), id.into()])
        }
    };
    filter.first("changed_at DESC, orders.order_id DESC", page(limit))
}

impl Store {
    /// Deliveries, newest first.
    pub async fn deliveries(&self, query: &DeliveryQuery) -> Result<Vec<DeliveryRow>> {
        let filter = delivery_filter(query.clone());
        self.read(move |mut on| {
            Box::pin(async move {
                let rows = fetch_filtered!(on, DeliveryColumns, filter)?;
                rows.into_iter().map(delivery).collect()
            })
        })
        .await
    }

    /// One delivery with its raw body.
    pub async fn delivery(&self, id: i64) -> Result<Option<(DeliveryRow, Vec<u8>)>> {
        self.read(move |mut on| {
            Box::pin(async move {
                let Some(row) = fetch_optional!(on, DeliveryColumns, sql::DELIVERY, id)? else {
                    return Ok(None);
                };
                let text = on.dialect().bodies.one;
                let body = fetch_optional!(on, (Vec<u8>,), text, &row.1, id)?;
                let body = body.map(|(body,)| crate::store::inbox::unpack(&body, row.5)).transpose()?;
                Ok(Some((delivery(row)?, body.unwrap_or_default())))
            })
        })
        .await
    }

    /// Orders, latest change first: of one channel, with one name or id, with a mirror in one state, from before an instant
    /// (and before an order's id among those that changed at that instant).
    pub async fn orders(
        &self,
        channel: Option<String>,
        name: Option<String>,
        state: Option<String>,
        before: Option<(Timestamp, Option<String>)>,
        limit: Option<i64>,
    ) -> Result<Vec<OrderRow>> {
        let filter = order_filter(channel, name, state, before, limit);
        let columns = self
            .read(move |mut on| Box::pin(async move { Ok(fetch_filtered!(on, OrderColumns, filter)?) }))
            .await?;
        let mut orders = Vec::with_capacity(columns.len());
        for (channel, order_id, name, revision, created_at, changed_at) in columns {
            let mirrors = self.mirror_rows(&channel, &order_id).await?;
            let (created_at, changed_at) = (instant(created_at), instant(changed_at));
            orders.push(OrderRow { channel, order_id, name, revision, created_at, changed_at, mirrors });
        }
        Ok(orders)
    }

    async fn mirror_rows(&self, channel: &str, order_id: &str) -> Result<Vec<MirrorRow>> {
        let (channel, order_id) = (channel.to_owned(), order_id.to_owned());
        self.read(move |mut on| {
            Box::pin(async move {
                let rows = fetch_all!(
                    on,
                    (String, Option<String>, String, String, i64),
                    sql::MIRROR_ROWS,
                    &channel,
                    &order_id
                )?;
                rows.into_iter()
                    .map(|(destination, key, state, mirror, changed_at)| {
                        let mirror: Mirror = from_json("mirror", &mirror)?;
                        let observed = match &mirror.observed {
                            Observed::Never => Value::Null,
                            Observed::Absent => Value::from("absent"),
                            Observed::Present(seen) => serde_json::json!({
                                "committed": seen.committed,
                                "stage": seen.stage,
                                "held": seen.held,
                                "numbers": seen.numbers,
                                "at": seen.at,
                            }),
                        };
                        Ok(MirrorRow {
                            destination,
                            key,
                            state,
                            observed,
                            reason: mirror.reason.map(|reason| serde_json::json!(reason)),
                            absence: mirror.absence.map(|absence| absence.to_string()),
                            next_at: mirror.next_at,
                            changed_at: instant(changed_at),
                        })
                    })
                    .collect()
            })
        })
        .await
    }

    /// The story of one order and every try made for it.
    pub async fn story(&self, order: &OrderRef) -> Result<(Vec<TimelineRow>, Vec<AttemptRow>)> {
        let order = order.clone();
        self.read(move |mut on| {
            Box::pin(async move {
                let (channel, id) = (&order.connection, order.id.as_str());
                let entries = fetch_all!(
                    on,
                    (i64, String, String, Option<i64>, String, Option<String>),
                    sql::TIMELINE,
                    channel,
                    id
                )?;
                let entries = entries.into_iter().map(|(at, kind, source, delivery_id, text, changes)| {
                    let changes =
                        changes.as_deref().map(|json| from_json("change list", json)).transpose()?;
                    Ok(TimelineRow { at: instant(at), kind, source, delivery_id, text, changes })
                });
                let entries = entries.collect::<Result<_>>()?;
                let attempts = fetch_all!(
                    on,
                    (
                        i64,
                        String,
                        String,
                        String,
                        String,
                        Option<Vec<u8>>,
                        Option<i64>,
                        Option<Vec<u8>>,
                        Option<String>,
                        i64,
                        i64
                    ),
                    sql::ATTEMPTS,
                    channel,
                    id
                )?;
                let text = |bytes: Option<Vec<u8>>| bytes.map(|b| String::from_utf8_lossy(&b).into_owned());
                let attempts = attempts
                    .into_iter()
                    .map(
                        |(
                            id,
                            destination,
                            step,
                            operation,
                            line,
                            request,
                            status,
                            response,
                            error,
                            at,
                            took,
                        )| {
                            AttemptRow {
                                id,
                                destination,
                                step,
                                operation,
                                request_line: line,
                                request: text(request),
                                status,
                                response: text(response),
                                error,
                                at: instant(at),
                                took_ms: Decimal::new(took, 3),
                            }
                        },
                    )
                    .collect();
                Ok((entries, attempts))
            })
        })
        .await
    }

    /// Totals over everything kept, each up to [`COUNTED`].
    pub async fn counts(&self) -> Result<Counts> {
        self.read(|mut on| {
            Box::pin(async move {
                type Columns = (i64, i64, i64, i64, i64, i64, i64, i64, Option<i64>);
                let row = fetch_optional!(on, Columns, sql::COUNTS, COUNTED)?.unwrap_or_default();
                let (
                    deliveries,
                    duplicates,
                    unsorted,
                    orders,
                    due,
                    in_step,
                    out_of_step,
                    exceptions,
                    oldest_wait,
                ) = row;
                let all = [
                    ("deliveries", deliveries),
                    ("duplicates", duplicates),
                    ("unsorted", unsorted),
                    ("orders", orders),
                    ("due", due),
                    ("in_step", in_step),
                    ("out_of_step", out_of_step),
                    ("exceptions", exceptions),
                ];
                let at_least =
                    all.into_iter().filter(|(_, count)| *count >= COUNTED).map(|(name, _)| name.to_owned());
                Ok(Counts {
                    at_least: at_least.collect(),
                    deliveries,
                    duplicates,
                    unsorted,
                    orders,
                    due,
                    in_step,
                    out_of_step,
                    exceptions,
                    oldest_wait,
                })
            })
        })
        .await
    }

    /// Whether something can be stored: writes a mark, durably, as a delivery would be.
    pub async fn try_writing(&self) -> Result<()> {
        self.write(|mut on| {
            Box::pin(async move {
                execute!(on, sql::TRY_WRITING)?;
                Ok(())
            })
        })
        .await
    }

    /// What waits.
    pub async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        self.read(move |mut on| {
            Box::pin(async move {
                let row = fetch_optional!(on, (i64, i64, i64, i64, Option<i64>), sql::BACKLOG, micros(now))?;
                let (unsorted, due, exceptions, overdue, oldest) = row.unwrap_or_default();
                Ok(Backlog { unsorted, due, exceptions, overdue, oldest: oldest.map(instant) })
            })
        })
        .await
    }

    /// Deliveries that match, in order of arrival, after `after`: id, connection, order.
    pub async fn replayable(
        &self,
        query: &ReplayQuery,
        after: i64,
    ) -> Result<Vec<(i64, String, Option<String>)>> {
        let ReplayQuery { connection, topic, state, since, until } = query.clone();
        self.read(move |mut on| {
            Box::pin(async move {
                Ok(fetch_all!(
                    on,
                    (i64, String, Option<String>),
                    sql::REPLAYABLE,
                    after,
                    connection.as_deref(),
                    topic.as_deref(),
                    state.as_deref(),
                    since.map(micros),
                    until.map(micros),
                    LARGEST_PAGE
                )?)
            })
        })
        .await
    }

    /// Puts deliveries back to be understood anew; says how many were put back.
    pub async fn replay_deliveries(&self, ids: Vec<i64>, now: Timestamp) -> Result<u64> {
        self.write(move |mut on| {
            Box::pin(async move {
                let mut count = 0;
                let text = on.dialect().bodies.replay;
                for id in ids {
                    count += execute!(on, text, id)?;
                    execute!(on, sql::CLOSE_DELIVERY_EXCEPTION, id, micros(now))?;
                }
                Ok(count)
            })
        })
        .await
    }

    /// Asks for an order's mirrors to be looked at again whatever their digest says, at one destination or all; `force`
    /// also tries again whatever stands in the way. Looked at as a whole, the order is read from its source anew where that
    /// is forced, or where its source knew nothing of it before. Makes the order due. False where the order is not known.
    pub async fn look_again(
        &self,
        order: OrderRef,
        destination: Option<String>,
        force: bool,
        now: Timestamp,
    ) -> Result<bool> {
        self.touch_mirrors(order, destination, Touch { force, accept: false, fences: true }, now).await
    }

    /// Asks for an order's mirror at one destination to be looked at again. False where the order is not known, or a pass is
    /// at work on it: a call of it may be on its way, and nobody else may act before it has ended.
    pub async fn look_if_idle(&self, order: OrderRef, destination: String, now: Timestamp) -> Result<bool> {
        let how = Touch { force: false, accept: false, fences: false };
        self.touch_mirrors(order, Some(destination), how, now).await
    }

    /// Takes the copy at a destination as it is: what it lacks of what is desired now is not owed. Makes the order due. False
    /// where the order is not known.
    pub async fn accept_copy(&self, order: OrderRef, destination: String, now: Timestamp) -> Result<bool> {
        let how = Touch { force: false, accept: true, fences: true };
        self.touch_mirrors(order, Some(destination), how, now).await
    }

    async fn touch_mirrors(
        &self,
        order: OrderRef,
        destination: Option<String>,
        how: Touch,
        now: Timestamp,
    ) -> Result<bool> {
        let Touch { force, accept, fences } = how;
        self.write(move |mut on| {
            Box::pin(async move {
                let (channel, id) = (&order.connection, order.id.as_str());
                if fetch_optional!(on, (i64,), sql::KNOWS, channel, id)?.is_none() {
                    // One known only by its part has no record, and is asked for at once.
                    if order.part().is_some() {
                        execute!(on, sql::TOUCH, channel, id, micros(now), OWED, None::<i64>)?;
                    }
                    return Ok(false);
                }
                if !fences && fetch_optional!(on, (i64,), sql::LEASED, channel, id)?.is_some() {
                    return Ok(false);
                }
                // From here on it is ours until the end: no pass can take it up, or write its account of the mirrors.
                execute!(on, sql::TOUCH, channel, id, micros(now), OWED, None::<i64>)?;
                if !fences && fetch_optional!(on, (i64,), sql::LEASED, channel, id)?.is_some() {
                    return Ok(false);
                }
                // A pass at work on these mirrors would write its own account of them over this one; it is fenced off and
                // the order taken up anew.
                execute!(on, sql::FENCE_OFF, channel, id, micros(now))?;
                let Some((revision, json)) = fetch_optional!(on, (i64, String), sql::RECORD, channel, id)?
                else {
                    return Ok(false);
                };
                let mut record: OrderRecord = from_json("record", &json)?;
                if destination.is_none() && (force || record.document.is_none()) {
                    record.read_wanted_at = record.read_wanted_at.max(Some(now));
                    let name = record.document.as_ref().map_or("", |document| document.name.as_str());
                    let json = crate::store::to_json("record", &record)?;
                    execute!(on, sql::SAVE_RECORD, channel, id, name, revision, &json, micros(now))?;
                }
                for (json,) in fetch_all!(on, (String,), sql::MIRRORS, channel, id)? {
                    let mut mirror: Mirror = from_json("mirror", &json)?;
                    if destination.as_ref().is_some_and(|name| *name != mirror.destination) {
                        continue;
                    }
                    mirror.look = true;
                    mirror.forced |= force;
                    if accept {
                        mirror.accepted.clone_from(&mirror.digest);
                    }
                    mirror.next_at = None;
                    let (destination, key, state) =
                        (&mirror.destination, mirror.key(), mirror.state.as_str());
                    let json = crate::store::to_json("mirror", &mirror)?;
                    execute!(on, sql::SAVE_MIRROR, channel, id, destination, key, state, &json, micros(now))?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// The order of a channel by id, or any channel's by name (with or without `#`); the latest changed first.
    pub async fn find_order(&self, name_or_id: &str) -> Result<Option<(OrderRow, OrderRecord)>> {
        let found = self.orders(None, Some(name_or_id.to_owned()), None, None, Some(1)).await?;
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let order = OrderRef { connection: row.channel.clone(), id: RemoteId::from(row.order_id.as_str()) };
        let loaded = self.load(&order).await?;
        Ok(loaded.record.map(|record| (row, record)))
    }
}

/// How mirrors are asked to be looked at again.
#[derive(Clone, Copy, Debug)]
struct Touch {
    /// Whatever stands in the way is tried again.
    force: bool,
    /// The copy is taken as it is.
    accept: bool,
    /// A pass at work on them is fenced off.
    fences: bool,
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::store::filter::Bound;
    use crate::store::on::On;

    /// What people look up in a table of millions is found by an index, or is the newest there is.
    #[tokio::test]
    async fn no_list_reads_a_whole_table() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("x.db").display())).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let of_order = DeliveryQuery { connection: text("c"), order: text("1"), ..DeliveryQuery::default() };
        let further = DeliveryQuery { before: Some(7), ..DeliveryQuery::default() };
        let now = Timestamp::UNIX_EPOCH;
        for (filter, found) in [
            (
                delivery_filter(of_order),
                "SEARCH deliveries USING INDEX deliveries_order_idx (connection=? AND order_id=?",
            ),
            (delivery_filter(further), "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid<?)"),
            (
                order_filter(None, text("1001"), None, None, None),
                "SEARCH orders USING INDEX sqlite_autoindex_orders_1 (channel=? AND order_id=?)",
            ),
            (
                order_filter(None, None, text("exception"), None, None),
                "SEARCH orders USING INDEX sqlite_autoindex_orders_1 (channel=? AND order_id=?)",
            ),
            (
                order_filter(None, None, text("in_step"), None, None),
                "SCAN orders USING INDEX orders_changed_at_idx",
            ),
            (
                order_filter(None, None, None, Some((now, text("1"))), None),
                "SEARCH orders USING INDEX orders_changed_at_idx",
            ),
        ] {
            let asked = filter.sql.clone();
            let plan: Vec<String> = store
                .read(move |on| {
                    Box::pin(async move {
                        let On::Sqlite(connection) = on else { panic!("not on SQLite") };
                        let sql = format!("EXPLAIN QUERY PLAN {}", filter.sql);
                        let mut query = sqlx::query_as::<_, (i64, i64, i64, String)>(AssertSqlSafe(sql));
                        for value in filter.bound {
                            query = match value {
                                Bound::Number(number) => query.bind(number),
                                Bound::Text(text) => query.bind(text),
                            };
                        }
                        Ok(query.fetch_all(&mut *connection).await?.into_iter().map(|row| row.3).collect())
                    })
                })
                .await
                .unwrap();
            assert!(plan.iter().any(|step| step.starts_with(found)), "{asked}: {plan:#?}");
            let whole = |step: &&String| {
                ["SCAN deliveries", "SCAN orders", "SCAN mirrors", "SCAN m", "SCAN o"]
                    .contains(&step.as_str())
            };
            assert_eq!(plan.iter().find(whole), None, "{asked}");
        }
        store.close().await;
    }
}
