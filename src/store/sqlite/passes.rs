//! Writes what passes want kept, those that wait together as one: a statement for all rows of a kind, whatever the number
//! of passes.
//!
//! Each pass is fenced by its lease, in the same transaction. One that cannot be written takes no other with it: then each
//! is written alone. Rows that are rare (exceptions) are written one by one.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::bulk::Bulk;
use crate::domain::OrderRef;
use crate::domain::reason::Reason;
use crate::store::on::{On, execute, fetch_optional};
use crate::store::parts;
use crate::store::work::{OWED, WATCHED};
use crate::store::{
    Changes, Committed, DeliveryState, Entry, ExceptionAt, Gate, Lease, OpenException, Release, Result,
    micros, sql, to_json,
};
use crate::transport::Try;

/// What one pass wants kept, and what must be true for it.
pub(in crate::store) struct Keep {
    lease: Lease,
    changes: Arc<Changes>,
    gate: Gate,
    now: Timestamp,
    /// The record, the mirrors and what changed in each entry, as they are written.
    record: Option<String>,
    mirrors: Vec<String>,
    timeline: Vec<Option<String>>,
}

impl Keep {
    /// Writes what it can before it is the one writer's turn.
    pub(in crate::store) fn new(
        lease: Lease,
        changes: Arc<Changes>,
        gate: Gate,
        now: Timestamp,
    ) -> Result<Self> {
        let record = changes.record.as_ref().map(|(_, record)| to_json("record", record)).transpose()?;
        let mirrors =
            changes.mirrors.iter().map(|mirror| to_json("mirror", mirror)).collect::<Result<_>>()?;
        let timeline = changes.timeline.iter().map(Entry::changes).collect::<Result<_>>()?;
        Ok(Self { lease, changes, gate, now, record, mirrors, timeline })
    }

    fn order(&self) -> (&str, &str) {
        (&self.lease.order.connection, self.lease.order.id.as_str())
    }

    /// Whether it may be kept, by how often the order was touched; nothing where the lease is another's.
    fn may(&self, touched: Option<i64>) -> Committed {
        let moved = touched != Some(self.lease.touched);
        match (touched, self.gate) {
            (None, _) => Committed::Fenced,
            (Some(_), Gate::Untouched) if moved => Committed::Touched,
            _ => Committed::Yes { again: self.changes.release.is_some() && moved },
        }
    }
}

/// Writes all of it in the open transaction; says of each pass what became of it, in order.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    passes: &[Keep],
) -> sqlx::Result<Vec<Result<Committed>>> {
    sqlx::query("SAVEPOINT passes").execute(&mut *connection).await?;
    let why = match together(connection, passes).await {
        Ok(committed) => {
            sqlx::query("RELEASE passes").execute(connection).await?;
            return Ok(committed.into_iter().map(Ok).collect());
        }
        Err(why) => why,
    };
    sqlx::raw_sql("ROLLBACK TO passes; RELEASE passes").execute(&mut *connection).await?;
    if passes.len() == 1 {
        return Ok(vec![Err(why)]);
    }
    let mut each = Vec::with_capacity(passes.len());
    for pass in passes {
        each.extend(Box::pin(write(connection, std::slice::from_ref(pass))).await?);
    }
    Ok(each)
}

async fn together(connection: &mut SqliteConnection, passes: &[Keep]) -> Result<Vec<Committed>> {
    let touched = touched(connection, passes).await?;
    let committed: Vec<Committed> =
        passes.iter().zip(&touched).map(|(pass, touched)| pass.may(*touched)).collect();
    let kept: Vec<(&Keep, bool)> = passes
        .iter()
        .zip(&committed)
        .filter_map(|(pass, committed)| match committed {
            Committed::Yes { again } => Some((pass, *again)),
            _ => None,
        })
        .collect();
    write_records(connection, &kept).await?;
    write_timeline(connection, &kept).await?;
    write_mirrors(connection, &kept).await?;
    write_attempts(connection, &kept).await?;
    settle_deliveries(connection, &kept).await?;
    for (pass, _) in &kept {
        write_exceptions(On::Sqlite(&mut *connection), pass).await?;
        hand_over(On::Sqlite(&mut *connection), pass).await?;
    }
    release(connection, &kept).await?;
    Ok(committed)
}

/// How often each order was touched, where the lease on it still holds.
async fn touched(connection: &mut SqliteConnection, passes: &[Keep]) -> Result<Vec<Option<i64>>> {
    let leases: Vec<Value> = passes
        .iter()
        .map(|pass| json!([pass.lease.order.connection, pass.lease.order.id, pass.lease.token]))
        .collect();
    let held: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT l.key, w.touched FROM json_each($1) l CROSS JOIN work w
         ON w.channel = l.value ->> 0 AND w.order_id = l.value ->> 1 AND w.lease = l.value ->> 2",
    )
    .bind(to_json("lease", &leases)?)
    .fetch_all(connection)
    .await?;
    let mut touched = vec![None; passes.len()];
    for (at, times) in held {
        touched[usize::try_from(at).unwrap_or(usize::MAX)] = Some(times);
    }
    Ok(touched)
}

async fn write_records(connection: &mut SqliteConnection, kept: &[(&Keep, bool)]) -> Result<()> {
    static RECORDS: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::SAVE_RECORD));
    let mut rows = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        if let (Some((revision, record)), Some(json)) = (&pass.changes.record, &pass.record) {
            rows.push((pass, *revision, record, json));
        }
    }
    for (sql, part) in RECORDS.cut(&rows) {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (pass, revision, record, json) in part {
            let ((channel, id), now) = (pass.order(), micros(pass.now));
            let name = record.document.as_ref().map_or("", |document| document.name.as_str());
            query = query.bind(channel).bind(id).bind(name).bind(*revision).bind(*json).bind(now).bind(now);
        }
        query.execute(&mut *connection).await?;
    }
    for (pass, _, record, _) in rows {
        for work in record.work.iter().flatten() {
            let order = &pass.lease.order;
            parts::learn(&mut On::Sqlite(&mut *connection), &order.connection, &work.id, &order.id).await?;
        }
    }
    Ok(())
}

/// What waited under a part goes over to its order.
async fn hand_over(mut on: On<'_>, pass: &Keep) -> Result<()> {
    let Some((order, urgent)) = &pass.changes.belongs_to else { return Ok(()) };
    let waiting = &pass.lease.order;
    if let Some(part) = waiting.part() {
        parts::learn(&mut on, &waiting.connection, &part, order).await?;
    }
    parts::hand_over(&mut on, waiting, order, *urgent, pass.now).await
}

async fn write_timeline(connection: &mut SqliteConnection, kept: &[(&Keep, bool)]) -> Result<()> {
    static TIMELINE: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_ENTRY));
    let mut rows = Vec::with_capacity(kept.len() * 2);
    for (pass, _) in kept {
        rows.extend(
            pass.changes.timeline.iter().zip(&pass.timeline).map(|(entry, json)| (pass, entry, json)),
        );
    }
    for (sql, part) in TIMELINE.cut(&rows) {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (pass, Entry { at, kind, source, delivery, text, .. }, changes) in part {
            let (channel, id) = pass.order();
            query = query.bind(channel).bind(id).bind(micros(*at)).bind(*kind).bind(source).bind(*delivery);
            query = query.bind(text).bind(changes.as_deref());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn write_mirrors(connection: &mut SqliteConnection, kept: &[(&Keep, bool)]) -> Result<()> {
    static MIRRORS: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::SAVE_MIRROR));
    let mut rows = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        rows.extend(
            pass.changes.mirrors.iter().zip(&pass.mirrors).map(|(mirror, json)| (pass, mirror, json)),
        );
    }
    for (sql, part) in MIRRORS.cut(&rows) {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (pass, mirror, json) in part {
            let (channel, id) = pass.order();
            query = query.bind(channel).bind(id).bind(&mirror.destination).bind(mirror.key());
            query = query.bind(mirror.state.as_str()).bind(*json).bind(micros(pass.now));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn write_attempts(connection: &mut SqliteConnection, kept: &[(&Keep, bool)]) -> Result<()> {
    static ATTEMPTS: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_ATTEMPT));
    let mut rows = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        rows.extend(pass.changes.attempts.iter().map(|attempt| (pass, attempt)));
    }
    for (sql, part) in ATTEMPTS.cut(&rows) {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (pass, (destination, step, attempt)) in part {
            let Try { operation, request_line, request, status, response, error, at, took } = attempt;
            let ((channel, id), took) = (pass.order(), i64::try_from(took.as_micros()).unwrap_or(i64::MAX));
            query = query.bind(channel).bind(id).bind(destination).bind(*step).bind(*operation);
            query = query.bind(request_line).bind(request.as_deref()).bind(status.map(i64::from));
            query = query.bind(response.as_deref()).bind(error).bind(micros(*at)).bind(took);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn settle_deliveries(connection: &mut SqliteConnection, kept: &[(&Keep, bool)]) -> Result<()> {
    let mut settled = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        for (delivery, state, why) in &pass.changes.settled {
            settled.push(json!([delivery, state.as_str(), why]));
        }
        for (delivery, reason) in &pass.changes.unreadable {
            settled.push(json!([delivery, DeliveryState::Exception.as_str(), reason.to_string()]));
        }
    }
    if settled.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE deliveries SET state = s.value ->> 1, reason = s.value ->> 2
         FROM json_each($1) s WHERE deliveries.id = s.value ->> 0 AND deliveries.state = 'sorted'",
    )
    .bind(to_json("settling", &settled)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets go of every order whose pass does: those of which nothing is owed leave the table of work.
async fn release(connection: &mut SqliteConnection, kept: &[(&Keep, bool)]) -> Result<()> {
    let (mut finished, mut later) = (Vec::new(), Vec::new());
    for (pass, again) in kept {
        let Lease { order: OrderRef { connection, id }, token, .. } = &pass.lease;
        match pass.changes.release {
            None => {}
            // What came in meanwhile is due at once.
            Some(_) if *again => later.push(json!([connection, id, token, micros(pass.now), OWED])),
            Some(Release::Until(at)) => later.push(json!([connection, id, token, micros(at), OWED])),
            Some(Release::Watch(at)) => later.push(json!([connection, id, token, micros(at), WATCHED])),
            Some(Release::Finished) => finished.push(json!([connection, id, token])),
        }
    }
    if !later.is_empty() {
        sqlx::query(
            "UPDATE work SET lease = NULL, due_at = l.value ->> 3, priority = l.value ->> 4 FROM json_each($1) l
             WHERE work.channel = l.value ->> 0 AND work.order_id = l.value ->> 1 AND work.lease = l.value ->> 2",
        )
        .bind(to_json("release", &later)?)
        .execute(&mut *connection)
        .await?;
    }
    if !finished.is_empty() {
        sqlx::query(
            "DELETE FROM work WHERE (channel, order_id, lease) IN
                (SELECT l.value ->> 0, l.value ->> 1, l.value ->> 2 FROM json_each($1) l)",
        )
        .bind(to_json("release", &finished)?)
        .execute(connection)
        .await?;
    }
    Ok(())
}

async fn write_exceptions(mut on: On<'_>, pass: &Keep) -> Result<()> {
    let Keep { lease, changes, now, .. } = pass;
    let ((channel, id), now) = (pass.order(), micros(*now));
    for (delivery, Reason { code, message, vendor, mend }) in &changes.unreadable {
        execute!(on, sql::CLOSE_DELIVERY_EXCEPTION, *delivery, now)?;
        let (order, none, code) = (Some(id), None::<&str>, code.as_str());
        execute!(
            on,
            sql::ADD_EXCEPTION,
            channel,
            order,
            none,
            Some(*delivery),
            code,
            message,
            vendor,
            mend,
            now
        )?;
    }
    for exception in &changes.open {
        open_exception(&mut on, &lease.order, exception, now).await?;
    }
    for at in &changes.close {
        if let Some((open, _)) = exception_at(&mut on, &lease.order, at).await? {
            execute!(on, sql::CLOSE_EXCEPTION, open, now)?;
        }
    }
    Ok(())
}

async fn exception_at(on: &mut On<'_>, order: &OrderRef, at: &ExceptionAt) -> Result<Option<(i64, String)>> {
    let destination = match at {
        ExceptionAt::Order => None,
        ExceptionAt::Destination(name) => Some(name),
    };
    let (channel, id) = (&order.connection, order.id.as_str());
    Ok(fetch_optional!(*on, (i64, String), sql::OPEN_EXCEPTION_AT_ORDER, channel, id, destination)?)
}

async fn open_exception(
    on: &mut On<'_>,
    order: &OrderRef,
    exception: &OpenException,
    now: i64,
) -> Result<()> {
    let Reason { code, message, vendor, mend } = &exception.reason;
    let code = code.as_str();
    match exception_at(on, order, &exception.at).await? {
        // The same cause, in the newest words, stays one exception; another cause is another.
        Some((open, known)) if known == code => {
            execute!(*on, sql::CHANGE_EXCEPTION, open, code, message, vendor, mend)?;
        }
        other => {
            if let Some((open, _)) = other {
                execute!(*on, sql::CLOSE_EXCEPTION, open, now)?;
            }
            let destination = match &exception.at {
                ExceptionAt::Order => None,
                ExceptionAt::Destination(name) => Some(name),
            };
            let (channel, id, none) = (&order.connection, Some(order.id.as_str()), None::<i64>);
            execute!(
                *on,
                sql::ADD_EXCEPTION,
                channel,
                id,
                destination,
                none,
                code,
                message,
                vendor,
                mend,
                now
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Sqlite;
    use super::*;

    fn pass(order: &str, token: &str, text: &str) -> Keep {
        let now = Timestamp::UNIX_EPOCH;
        let (source, text) = ("cellar".to_owned(), text.to_owned());
        let entry = Entry { at: now, kind: "fact", source, delivery: None, text, changes: Vec::new() };
        let order = OrderRef { connection: "cellar".into(), id: order.into() };
        let changes =
            Changes { timeline: vec![entry], release: Some(Release::Finished), ..Changes::default() };
        let lease = Lease { order, token: token.into(), touched: 1, until: now };
        Keep::new(lease, changes.into(), Gate::None, now).unwrap()
    }

    #[tokio::test]
    async fn a_pass_that_cannot_be_written_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("x.db").to_str().unwrap()).await.unwrap();
        let setting = "CREATE TRIGGER poison BEFORE INSERT ON timeline WHEN NEW.text = 'poison'
                           BEGIN SELECT RAISE(ABORT, 'poison'); END;
                       INSERT INTO work (channel, order_id, due_at, priority, touched, lease)
                           SELECT 'cellar', value, 0, 1, 1, 'mine' FROM json_each('[\"1\", \"2\", \"3\", \"4\"]')";
        let (committed, told, owed) = store
            .write(move |On::Sqlite(connection)| {
                Box::pin(async move {
                    sqlx::raw_sql(setting).execute(&mut *connection).await?;
                    let passes = [
                        pass("1", "mine", "fine"),
                        pass("2", "mine", "poison"),
                        pass("3", "another's", "fine"),
                        pass("4", "mine", "fine"),
                    ];
                    let committed = write(connection, &passes).await?;
                    let told: Vec<(String,)> =
                        sqlx::query_as("SELECT order_id FROM timeline").fetch_all(&mut *connection).await?;
                    let owed: Vec<(String,)> =
                        sqlx::query_as("SELECT order_id FROM work").fetch_all(connection).await?;
                    Ok((committed, told, owed))
                })
            })
            .await
            .unwrap();
        let committed: Vec<_> = committed.into_iter().map(Result::ok).collect();
        let kept = Some(Committed::Yes { again: false });
        assert_eq!(committed, [kept, None, Some(Committed::Fenced), kept]);
        let ids = |rows: Vec<(String,)>| rows.into_iter().map(|(id,)| id).collect::<Vec<_>>();
        assert_eq!((ids(told), ids(owed)), (vec!["1".into(), "4".into()], vec!["2".into(), "3".into()]));
        store.close().await;
    }
}
