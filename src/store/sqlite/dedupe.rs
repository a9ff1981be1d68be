//! How a delivery is known again: by its webhook id, and by its topic with its body.
//!
//! Keys are random, so entering each where it belongs in an index would rewrite two pages a delivery. Those of recent
//! deliveries are kept in memory instead (they can be read again from the deliveries after a crash) and go to the index
//! in long sorted runs, slice by slice between other writes. A key is 8 bytes and only names a candidate: the candidate's
//! own row decides. Keys become known here only once their deliveries are committed.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::store::Result;
use crate::store::inbox::Keys;

/// Deliveries whose keys wait in memory before a run begins.
const RUN_AT: i64 = 50_000;
/// Keys entered in one slice of a run.
const SLICE: usize = 512;
/// The mark up to which deliveries are in the index.
const MARK: &str = "dedupe";

/// The keys of deliveries that are not in the index yet.
#[derive(Debug, Default)]
pub(super) struct Dedupe(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    known: HashMap<i64, i64>,
    /// Entered by the transaction at work.
    pending: Vec<(i64, i64)>,
    /// The last delivery in the index.
    indexed: i64,
    /// The last delivery committed.
    last: i64,
}

impl Dedupe {
    /// Reads the keys of deliveries that no run has reached.
    pub(super) async fn open(connection: &mut SqliteConnection) -> Result<Self> {
        let mark: Option<(i64,)> = sqlx::query_as("SELECT upto FROM marks WHERE name = $1")
            .bind(MARK)
            .fetch_optional(&mut *connection)
            .await?;
        let indexed = mark.map_or(0, |(upto,)| upto);
        let rows: Vec<(i64, String, String, Vec<u8>)> = sqlx::query_as(
            "SELECT id, connection, webhook_id, content FROM deliveries WHERE id > $1 AND duplicate_of IS NULL ORDER BY id",
        )
        .bind(indexed)
        .fetch_all(connection)
        .await?;
        let mut recent = Recent { indexed, last: indexed, ..Recent::default() };
        for (id, connection, webhook_id, content) in rows {
            let keys = Keys::read(&connection, &webhook_id, &content);
            for key in [keys.id, keys.content] {
                recent.known.entry(key).or_insert(id);
            }
            recent.last = id;
        }
        Ok(Self(Mutex::new(recent)))
    }

    /// For each key the first delivery that had it, as far as known.
    pub(super) async fn holders(
        &self,
        connection: &mut SqliteConnection,
        keys: impl Iterator<Item = i64>,
    ) -> Result<HashMap<i64, i64>> {
        let mut held = HashMap::new();
        let mut asked = Vec::new();
        {
            let recent = self.recent();
            for key in keys {
                let pending = || recent.pending.iter().find(|(known, _)| *known == key).map(|(_, id)| *id);
                match recent.known.get(&key).copied().or_else(pending) {
                    Some(id) => {
                        held.insert(key, id);
                    }
                    None => asked.push(key),
                }
            }
            if recent.indexed == 0 {
                return Ok(held);
            }
        }
        for part in asked.chunks(SLICE) {
            let marks = vec!["?"; part.len()].join(", ");
            let sql = format!(
                "SELECT key, delivery_id FROM dedupe WHERE key IN ({marks})
                 AND EXISTS (SELECT 1 FROM deliveries d WHERE d.id = dedupe.delivery_id)"
            );
            let mut query =
                sqlx::query_as::<_, (i64, i64)>(AssertSqlSafe(sql)).persistent(part.len() == SLICE);
            for key in part {
                query = query.bind(*key);
            }
            held.extend(query.fetch_all(&mut *connection).await?);
        }
        Ok(held)
    }

    /// Notes keys that the transaction at work enters.
    pub(super) fn enter(&self, keys: impl IntoIterator<Item = (i64, i64)>) {
        self.recent().pending.extend(keys);
    }

    /// The transaction at work was committed, or not.
    pub(super) fn ended(&self, committed: bool) {
        let mut recent = self.recent();
        let pending = std::mem::take(&mut recent.pending);
        if committed {
            for (key, id) in pending {
                recent.known.entry(key).or_insert(id);
                recent.last = recent.last.max(id);
            }
        }
    }

    /// The next run, where enough has gathered or `now`: the last delivery it covers, and its keys in order.
    pub(super) fn run(&self, now: bool) -> Option<(i64, Vec<(i64, i64)>)> {
        let recent = self.recent();
        let gathered = recent.last - recent.indexed;
        if gathered == 0 || (gathered < RUN_AT && !now) {
            return None;
        }
        let mut keys: Vec<(i64, i64)> = recent.known.iter().map(|(key, id)| (*key, *id)).collect();
        keys.sort_unstable();
        Some((recent.last, keys))
    }

    /// A run is in the index: what it covered need not be remembered.
    pub(super) fn indexed(&self, upto: i64) {
        let mut recent = self.recent();
        recent.indexed = upto;
        recent.known.retain(|_, id| *id > upto);
    }

    /// Deliveries up to this one were removed, but for those that are left: what comes again is new.
    pub(super) fn forget(&self, upto: i64, left: &HashSet<i64>) {
        self.recent().known.retain(|_, id| *id > upto || left.contains(id));
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a run is cut.
pub(super) fn slices(keys: &[(i64, i64)]) -> Vec<Vec<(i64, i64)>> {
    keys.chunks(SLICE).map(<[_]>::to_vec).collect()
}

/// Enters a slice into the index; what is there stays, so a run can be begun again, unless its delivery was removed.
pub(super) async fn enter(connection: &mut SqliteConnection, slice: &[(i64, i64)]) -> Result<()> {
    let rows = vec!["(?, ?)"; slice.len()].join(", ");
    let sql = format!(
        "INSERT INTO dedupe (key, delivery_id) VALUES {rows}
         ON CONFLICT (key) DO UPDATE SET delivery_id = excluded.delivery_id
             WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = dedupe.delivery_id)"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(slice.len() == SLICE);
    for (key, id) in slice {
        query = query.bind(*key).bind(*id);
    }
    query.execute(connection).await?;
    Ok(())
}

/// Marks how far the index has come.
pub(super) async fn mark(connection: &mut SqliteConnection, upto: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO marks (name, upto) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET upto = excluded.upto",
    )
    .bind(MARK)
    .bind(upto)
    .execute(connection)
    .await?;
    Ok(())
}
