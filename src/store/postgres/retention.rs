//! Drops partitions that are old enough, whole and one at a time.
//!
//! A partition that somebody uses is left for the next time: waiting for its lock would make everybody behind wait as well.
//! One that holds a delivery that is not settled, or that an open exception is about, stays as a whole.

use sqlx::{AssertSqlSafe, PgConnection};

use super::partitions::{DAY, DAY_MICROS, PERIOD_DAYS};
use super::reach::Reach;
use super::texts;
use crate::store::Result;
use crate::store::retention::Texts;

pub(in crate::store) const OLD: Texts = Texts {
    deliveries_page: texts::DELIVERIES_PAGE,
    remove_deliveries: texts::REMOVE_DELIVERIES,
    bounds: texts::BOUNDS,
    bodies_page: texts::BODIES_PAGE,
    remove_bodies: texts::REMOVE_BODIES,
    keys_page: texts::KEYS_PAGE,
    remove_keys: texts::REMOVE_KEYS,
    attempts: (None, texts::REMOVE_ATTEMPTS),
    entries: (None, texts::REMOVE_ENTRIES),
};

/// A lock is waited for so long: whoever comes meanwhile waits behind.
const LOCK: &str = "SET LOCAL lock_timeout = '200ms'";

/// Drops what is older than these instants; gives how many partitions went, and how many stayed though they are old.
pub(super) async fn drop_old(reach: &Reach, deliveries: i64, attempts: i64) -> Result<(u64, u64)> {
    let (mut dropped, mut left) = (0, 0);
    // Deliveries before the bodies that only they have.
    for table in ["attempts", "deliveries", "delivery_bodies", "dedupe"] {
        let names: Vec<(String,)> = sqlx::query_as(
            "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = CAST($1 AS regclass)",
        )
        .bind(table)
        .fetch_all(&mut *reach.begin().await?)
        .await?;
        let numbers = names
            .iter()
            .filter_map(|(name,)| name.strip_prefix(table)?.strip_prefix('_')?.parse::<i64>().ok());
        let mut numbers: Vec<i64> = numbers.collect();
        numbers.sort_unstable();
        for number in numbers {
            let before = if table == "attempts" { attempts } else { deliveries };
            let days = if table == "dedupe" { PERIOD_DAYS } else { 1 };
            if (number + 1) * days * DAY_MICROS > before {
                break;
            }
            if drop_one(reach, table, number).await? { dropped += 1 } else { left += 1 }
        }
    }
    Ok((dropped, left))
}

/// Whether it went.
async fn drop_one(reach: &Reach, table: &str, number: i64) -> Result<bool> {
    let name = format!("{table}_{number}");
    let needed = needed(table, number);
    let ended = async {
        if is(&mut *reach.begin().await?, &needed).await? {
            tracing::info!(partition = name, "old enough to be dropped, and still needed");
            return Ok(false);
        }
        let mut transaction = reach.begin().await?;
        sqlx::raw_sql(LOCK).execute(&mut *transaction).await?;
        // From here on nobody writes there; what was written since it was looked at is seen.
        let lock = format!("LOCK TABLE {name} IN SHARE MODE");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *transaction).await?;
        if is(&mut transaction, &needed).await? {
            return Ok(false);
        }
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {name}"))).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    };
    match ended.await {
        // Somebody holds the lock, or another instance dropped it meanwhile.
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("55P03" | "40P01" | "42P01")) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
        Ok(gone) => Ok(gone),
    }
}

/// Asks whether a partition has to stay.
fn needed(table: &str, number: i64) -> String {
    let (from, upto) = (number * DAY, (number + 1) * DAY);
    match table {
        "deliveries" => format!(
            "SELECT EXISTS (SELECT 1 FROM deliveries_{number} WHERE state IN ('stored', 'sorted'))
                 OR EXISTS (SELECT 1 FROM exceptions WHERE closed_at IS NULL AND delivery_id >= {from} AND delivery_id < {upto})"
        ),
        "delivery_bodies" => format!(
            "SELECT EXISTS (SELECT 1 FROM deliveries WHERE id >= {from} AND id < {upto})
                 OR EXISTS (SELECT 1 FROM deliveries WHERE duplicate_of >= {from} AND duplicate_of < {upto})"
        ),
        _ => "SELECT false".to_owned(),
    }
}

async fn is(on: &mut PgConnection, question: &str) -> sqlx::Result<bool> {
    let (yes,): (bool,) = sqlx::query_as(AssertSqlSafe(question.to_owned())).fetch_one(on).await?;
    Ok(yes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use sqlx::Connection;

    use super::super::partitions::make_one;
    use super::*;
    use crate::store::seam::Database;
    use crate::store::{Accepted, DeliveryState, NewDelivery, Retention, Sorted, SortedInto, Store};

    const FIRST: i64 = 18_262;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second((FIRST + day) * 86_400).unwrap()
    }

    fn delivery(webhook_id: &str, content: u8, day: i64) -> NewDelivery {
        NewDelivery {
            connection: Arc::from("cellar"),
            topic: "orders/updated".into(),
            webhook_id: webhook_id.into(),
            headers: "{}".into(),
            size: 1,
            received_at: at(day),
            body: vec![0, content],
            content: [content; 16],
        }
    }

    async fn settle(store: &Store, ids: &[i64]) {
        let nothing = || SortedInto::Nothing(DeliveryState::NoChange, String::new());
        let sorted = ids.iter().map(|id| Sorted {
            id: *id,
            connection: "cellar".into(),
            duplicate_of: None,
            into: nothing(),
        });
        store.sort(sorted.collect(), at(0)).await.unwrap();
    }

    /// The partitions of the days of the test that are there still.
    async fn there(pool: &sqlx::PgPool) -> Vec<String> {
        let names: Vec<(String,)> = sqlx::query_as(
            "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'
                 AND (relname ~ '_1826[0-9]$' OR relname = 'dedupe_652') ORDER BY 1",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        names.into_iter().map(|(name,)| name.replace("_1826", " ")).collect()
    }

    #[tokio::test]
    async fn days_are_dropped_whole_but_for_those_that_somebody_needs_or_reads() {
        let Some(database) = Database::make().await else { return };
        let store = Store::open(&database.url).await.unwrap();
        let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
        let reach = Reach { pool: pool.clone(), pooled: false };
        for day in FIRST..FIRST + 4 {
            for (table, width) in [("deliveries", DAY), ("delivery_bodies", DAY), ("attempts", DAY_MICROS)] {
                make_one(&reach, table, &format!("{table}_{day}"), day * width, (day + 1) * width)
                    .await
                    .unwrap();
            }
        }
        make_one(&reach, "dedupe", "dedupe_652", 652, 653).await.unwrap();
        let first = store
            .accept((0..4).map(|day| delivery(&format!("{day}"), 0, day)).take(1).collect())
            .await
            .unwrap();
        let mut ids = vec![match first[0] {
            Accepted::Stored(id) => id,
            Accepted::Duplicate(_) => panic!(),
        }];
        for (day, content) in [(1, 1), (2, 2), (3, 3)] {
            match store.accept(vec![delivery(&format!("{day}"), content, day)]).await.unwrap()[0] {
                Accepted::Stored(id) => ids.push(id),
                Accepted::Duplicate(_) => panic!("it is new"),
            }
        }
        let repeat = store.accept(vec![delivery("repeat", 2, 3)]).await.unwrap();
        assert_eq!(repeat, [Accepted::Duplicate(ids[2])]);
        let (repeated,): (i64,) =
            sqlx::query_as("SELECT MAX(id) FROM deliveries").fetch_one(&pool).await.unwrap();
        settle(&store, &[ids[0], ids[2], ids[3], repeated]).await;
        let remove =
            |day| store.remove_old(at(day), Retention { deliveries_days: 30, ..Retention::default() });

        // Somebody reads the first day for longer than anybody waits.
        let mut reader = pool.acquire().await.unwrap();
        let mut reading = reader.begin().await.unwrap();
        sqlx::query("SELECT FROM deliveries_18262").execute(&mut *reading).await.unwrap();
        let removed = remove(33).await.unwrap();
        assert_eq!((removed.partitions, removed.left), (1, 5), "{:?}", there(&pool).await);
        reading.commit().await.unwrap();
        drop(reader);
        let removed = remove(33).await.unwrap();
        assert_eq!((removed.partitions, removed.left), (2, 3), "{:?}", there(&pool).await);
        let left =
            ["deliveries 3", "deliveries 5", "delivery_bodies 3", "delivery_bodies 4", "delivery_bodies 5"];
        let attempts = ["attempts 2", "attempts 3", "attempts 4", "attempts 5", "dedupe_652"];
        assert_eq!(there(&pool).await, [&attempts[..], &left].concat());
        let (body,): (Vec<u8>,) = sqlx::query_as("SELECT body FROM delivery_bodies WHERE delivery_id = $1")
            .bind(ids[2])
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(body, [0, 2]);

        // Known again is only what is kept: the key of the first day is of a delivery that is gone.
        let again = store.accept(vec![delivery("0", 0, 33), delivery("1", 1, 33)]).await.unwrap();
        assert!(
            matches!(again[0], Accepted::Stored(_)) && again[1] == Accepted::Duplicate(ids[1]),
            "{again:?}"
        );
        settle(&store, &[ids[1]]).await;
        // The repeat of the second day's delivery came on a day without a partition, and is removed by itself; until then the
        // body that it shares is needed.
        remove(130).await.unwrap();
        assert_eq!(there(&pool).await, ["delivery_bodies 3"]);
        remove(130).await.unwrap();
        assert_eq!(there(&pool).await, Vec::<String>::new());
        store.close().await;
        pool.close().await;
        database.drop().await;
    }
}
