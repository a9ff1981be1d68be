//! Writes what passes want kept, those that wait together as one: a statement for all rows of a kind, whatever the number
//! of passes.
//!
//! Each pass is fenced by its lease, in the same transaction. One that cannot be written takes no other with it: then each
//! is written alone. Rows that are rare (exceptions) are written one by one.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::parts;
use super::{OWED, WATCHED};
use crate::domain::OrderRef;
use crate::domain::reason::Reason;
use crate::store::bulk::Bulk;
use crate::store::inbox::bounds;
use crate::store::on::{On, execute, fetch_all, fetch_optional, insert_all, list};
use crate::store::{
    Changes, Committed, DeliveryState, Entry, ExceptionAt, Gate, Lease, OpenException, Release, Result,
    micros, sql, to_json,
};

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

    /// Whether what waited here goes over to another order.
    pub(in crate::store) fn hands_over(&self) -> bool {
        self.changes.belongs_to.is_some()
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
pub(in crate::store) async fn write(
    on: &mut On<'_>,
    passes: &[Keep],
) -> sqlx::Result<Vec<Result<Committed>>> {
    on.run("SAVEPOINT passes").await?;
    let why = match together(on, passes).await {
        Ok(committed) => {
            on.run("RELEASE passes").await?;
            return Ok(committed.into_iter().map(Ok).collect());
        }
        Err(why) => why,
    };
    on.run("ROLLBACK TO passes; RELEASE passes").await?;
    if passes.len() == 1 {
        return Ok(vec![Err(why)]);
    }
    let mut each = Vec::with_capacity(passes.len());
    for pass in passes {
        each.extend(Box::pin(write(on, std::slice::from_ref(pass))).await?);
    }
    Ok(each)
}

async fn together(on: &mut On<'_>, passes: &[Keep]) -> Result<Vec<Committed>> {
    // The order that something goes over to comes before its part, as in the order of their keys.
    for pass in passes {
        if let Some((order, _)) = &pass.changes.belongs_to {
            let text = on.dialect().lock;
            fetch_optional!(*on, (i64,), text, pass.order().0, order.as_str())?;
        }
    }
    let touched = touched(on, passes).await?;
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
    write_records(on, &kept).await?;
    write_timeline(on, &kept).await?;
    write_mirrors(on, &kept).await?;
    write_attempts(on, &kept).await?;
    settle_deliveries(on, &kept).await?;
    for (pass, _) in &kept {
        write_exceptions(on.again(), pass).await?;
    }
    release(on, &kept).await?;
    // The order that something goes over to may be one that was let go of just now: it has to be due all the same.
    for (pass, _) in &kept {
        hand_over(on.again(), pass).await?;
    }
    Ok(committed)
}

/// How often each order was touched, where the lease on it still holds.
async fn touched(on: &mut On<'_>, passes: &[Keep]) -> Result<Vec<Option<i64>>> {
    let leases: Vec<Value> = passes
        .iter()
        .map(|pass| json!([pass.lease.order.connection, pass.lease.order.id, pass.lease.token]))
        .collect();
    let text = on.dialect().held;
    let held = fetch_all!(*on, (i64, i64), text, list("lease", &leases)?)?;
    let mut touched = vec![None; passes.len()];
    for (at, times) in held {
        touched[usize::try_from(at).unwrap_or(usize::MAX)] = Some(times);
    }
    Ok(touched)
}

async fn write_records(on: &mut On<'_>, kept: &[(&Keep, bool)]) -> Result<()> {
    static RECORDS: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::SAVE_RECORD));
    let mut rows = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        if let (Some((revision, record)), Some(json)) = (&pass.changes.record, &pass.record) {
            rows.push((pass, *revision, record, json));
        }
    }
    insert_all!(
        *on,
        RECORDS,
        &rows,
        |(pass, revision, record, json)| pass.order().0,
        pass.order().1,
        record.document.as_ref().map_or("", |document| document.name.as_str()),
        *revision,
        *json,
        micros(pass.now),
        micros(pass.now)
    );
    for (pass, _, record, _) in rows {
        for work in record.work.iter().flatten() {
            let order = &pass.lease.order;
            parts::learn(on, &order.connection, &work.id, &order.id).await?;
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

async fn write_timeline(on: &mut On<'_>, kept: &[(&Keep, bool)]) -> Result<()> {
    static TIMELINE: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_ENTRY));
    let mut rows = Vec::with_capacity(kept.len() * 2);
    for (pass, _) in kept {
        rows.extend(
            pass.changes.timeline.iter().zip(&pass.timeline).map(|(entry, json)| (pass, entry, json)),
        );
    }
    insert_all!(
        *on,
        TIMELINE,
        &rows,
        |(pass, entry, changes)| pass.order().0,
        pass.order().1,
        micros(entry.at),
        entry.kind,
        &entry.source,
        entry.delivery,
        &entry.text,
        changes.as_deref()
    );
    Ok(())
}

async fn write_mirrors(on: &mut On<'_>, kept: &[(&Keep, bool)]) -> Result<()> {
    static MIRRORS: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::SAVE_MIRROR));
    let mut rows = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        rows.extend(
            pass.changes.mirrors.iter().zip(&pass.mirrors).map(|(mirror, json)| (pass, mirror, json)),
        );
    }
    insert_all!(
        *on,
        MIRRORS,
        &rows,
        |(pass, mirror, json)| pass.order().0,
        pass.order().1,
        &mirror.destination,
        mirror.key(),
        mirror.state.as_str(),
        *json,
        micros(pass.now)
    );
    Ok(())
}

async fn write_attempts(on: &mut On<'_>, kept: &[(&Keep, bool)]) -> Result<()> {
    static ATTEMPTS: LazyLock<Bulk> = LazyLock::new(|| Bulk::of(sql::ADD_ATTEMPT));
    let mut rows = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        rows.extend(pass.changes.attempts.iter().map(|attempt| (pass, attempt)));
    }
    insert_all!(
        *on,
        ATTEMPTS,
        &rows,
        |(pass, (destination, step, made))| pass.order().0,
        pass.order().1,
        destination,
        *step,
        made.operation,
        &made.request_line,
        made.request.as_deref(),
        made.status.map(i64::from),
        made.response.as_deref(),
        &made.error,
        micros(made.at),
        i64::try_from(made.took.as_micros()).unwrap_or(i64::MAX)
    );
    Ok(())
}

async fn settle_deliveries(on: &mut On<'_>, kept: &[(&Keep, bool)]) -> Result<()> {
    let mut settled = Vec::with_capacity(kept.len());
    for (pass, _) in kept {
        for (delivery, state, why) in &pass.changes.settled {
            settled.push(json!([*delivery.connection, delivery.id, state.as_str(), why]));
        }
        for (delivery, reason) in &pass.changes.unreadable {
            let state = DeliveryState::Exception.as_str();
            settled.push(json!([*delivery.connection, delivery.id, state, reason.to_string()]));
        }
    }
    let ids = kept.iter().flat_map(|(pass, _)| {
        let Changes { settled, unreadable, .. } = &*pass.changes;
        settled.iter().map(|(of, ..)| of.id).chain(unreadable.iter().map(|(of, _)| of.id))
    });
    let Some((lowest, highest)) = bounds(ids) else { return Ok(()) };
    let text = on.dialect().settle;
    execute!(*on, text, list("settling", &settled)?, lowest, highest)?;
    Ok(())
}

/// Lets go of every order whose pass does: those of which nothing is owed leave the table of work.
async fn release(on: &mut On<'_>, kept: &[(&Keep, bool)]) -> Result<()> {
    let (mut finished, mut later) = (Vec::new(), Vec::new());
    for (pass, again) in kept {
        let Lease { order: OrderRef { connection, id }, token, .. } = &pass.lease;
        // Nothing waits any more, unless it came in meanwhile.
        let oldest = (pass.changes.heard && !again).then_some(i64::MAX);
        match pass.changes.release {
            None => {}
            // What came in meanwhile is due at once.
            Some(_) if *again => later.push(json!([connection, id, token, micros(pass.now), OWED, oldest])),
            Some(Release::Until(at)) => later.push(json!([connection, id, token, micros(at), OWED, oldest])),
            Some(Release::Watch(at)) => {
                later.push(json!([connection, id, token, micros(at), WATCHED, oldest]));
            }
            Some(Release::Finished) => finished.push(json!([connection, id, token])),
        }
    }
    if !later.is_empty() {
        execute!(*on, sql::RELEASE_UNTIL, list("release", &later)?)?;
    }
    if !finished.is_empty() {
        execute!(*on, sql::RELEASE_FINISHED, list("release", &finished)?)?;
    }
    Ok(())
}

async fn write_exceptions(mut on: On<'_>, pass: &Keep) -> Result<()> {
    let Keep { lease, changes, now, .. } = pass;
    let ((channel, id), now) = (pass.order(), micros(*now));
    for (delivery, Reason { code, message, vendor, mend }) in &changes.unreadable {
        execute!(on, sql::CLOSE_DELIVERY_EXCEPTION, delivery.id, now)?;
        let (order, none, code) = (Some(id), None::<&str>, code.as_str());
        execute!(
            on,
            sql::ADD_EXCEPTION,
            channel,
            order,
            none,
            Some(delivery.id),
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
    use super::*;
    use crate::store::Store;

    fn pass(order: &str, token: &str, text: &str) -> Keep {
        let now = Timestamp::UNIX_EPOCH;
        let (source, text) = ("cellar".to_owned(), text.to_owned());
        let entry = Entry { at: now, kind: "fact", source, delivery: None, text, changes: Vec::new() };
        let order = OrderRef { connection: "cellar".into(), id: order.into() };
        let changes =
            Changes { timeline: vec![entry], release: Some(Release::Finished), ..Changes::default() };
        let lease = Lease { order, token: token.into(), touched: 1, oldest: None, until: now };
        Keep::new(lease, changes.into(), Gate::None, now).unwrap()
    }

    /// A pass that learnt whose a part is, and one that lets go of that very order, written together.
    #[tokio::test]
    async fn what_is_handed_over_to_an_order_is_owed_though_its_pass_ends_in_the_same_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("x.db").display())).await.unwrap();
        let setting = "INSERT INTO work (channel, order_id, due_at, priority, touched, lease)
                           SELECT 'cellar', value, 0, 1, 1, 'mine' FROM json_each('[\"1\", \"2\", \"part:7\", \"part:8\"]')";
        let owed = store
            .write(move |mut on| {
                Box::pin(async move {
                    on.run(setting).await?;
                    let asked = |part: &str, order: &str| {
                        let mut asked = pass(part, "mine", "asked");
                        Arc::make_mut(&mut asked.changes).belongs_to = Some((order.into(), false));
                        asked
                    };
                    let mut watched = pass("2", "mine", "watched");
                    Arc::make_mut(&mut watched.changes).release = Some(Release::Watch(Timestamp::MAX));
                    let passes =
                        [asked("part:7", "1"), pass("1", "mine", "done"), asked("part:8", "2"), watched];
                    write(&mut on, &passes).await?;
                    Ok(fetch_all!(on, (String, i64), "SELECT order_id, due_at FROM work ORDER BY order_id")?)
                })
            })
            .await
            .unwrap();
        assert_eq!(owed, [("1".to_owned(), 0), ("2".to_owned(), 0)]);
        store.close().await;
    }

    #[tokio::test]
    async fn a_pass_that_cannot_be_written_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("x.db").display())).await.unwrap();
        let setting = "CREATE TRIGGER poison BEFORE INSERT ON timeline WHEN NEW.text = 'poison'
                           BEGIN SELECT RAISE(ABORT, 'poison'); END;
                       INSERT INTO work (channel, order_id, due_at, priority, touched, lease)
                           SELECT 'cellar', value, 0, 1, 1, 'mine' FROM json_each('[\"1\", \"2\", \"3\", \"4\"]')";
        let (committed, told, owed) = store
            .write(move |mut on| {
                Box::pin(async move {
                    on.run(setting).await?;
                    let passes = [
                        pass("1", "mine", "fine"),
                        pass("2", "mine", "poison"),
                        pass("3", "another's", "fine"),
                        pass("4", "mine", "fine"),
                    ];
                    let committed = write(&mut on, &passes).await?;
                    let told = fetch_all!(on, (String,), "SELECT order_id FROM timeline")?;
                    let owed = fetch_all!(on, (String,), "SELECT order_id FROM work")?;
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
