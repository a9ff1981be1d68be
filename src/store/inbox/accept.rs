//! What a batch of deliveries becomes, each held against what is known: new, or a repeat, and of which.
//!
//! The engine says which delivery first had a key and stores the rows; a key is 8 bytes of a digest and only names a
//! candidate, whose own row decides.

use std::collections::HashMap;

use crate::crypto::digest;
use crate::store::on::{On, fetch_optional};
use crate::store::{Accepted, DeliveryState, NewDelivery, Result, sql};

/// The keys by which one delivery is known again.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Keys {
    pub(in crate::store) id: i64,
    pub(in crate::store) content: i64,
}

impl Keys {
    pub(in crate::store) fn of(delivery: &NewDelivery) -> Self {
        Self::read(&delivery.connection, &delivery.webhook_id, &delivery.content)
    }

    pub(in crate::store) fn read(connection: &str, webhook_id: &str, content: &[u8]) -> Self {
        let id = digest(&[b"webhook id", connection.as_bytes(), webhook_id.as_bytes()]);
        Self { id: number(&id), content: number(content) }
    }
}

fn number(digest: &[u8]) -> i64 {
    let mut bytes = [0; 8];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = *from;
    }
    i64::from_le_bytes(bytes)
}

/// One delivery with what was found out about it.
pub(in crate::store) struct Row<'d> {
    pub(in crate::store) id: i64,
    pub(in crate::store) delivery: &'d NewDelivery,
    pub(in crate::store) state: DeliveryState,
    /// The delivery it repeats.
    pub(in crate::store) of: Option<i64>,
    /// Whether its body lies with that one.
    pub(in crate::store) same_body: bool,
}

impl Row<'_> {
    /// What its sender is told.
    pub(in crate::store) fn accepted(&self) -> Accepted {
        self.of.map_or(Accepted::Stored(self.id), Accepted::Duplicate)
    }
}

/// A batch as it is to be stored, and the keys that become known with it.
pub(in crate::store) struct Batch<'d> {
    pub(in crate::store) rows: Vec<Row<'d>>,
    /// Each key, and the place of the row that holds it.
    pub(in crate::store) entered: Vec<(i64, usize)>,
}

/// Decides about deliveries that get these ids, by the holders of their keys.
pub(in crate::store) async fn decide<'d>(
    on: &mut On<'_>,
    batch: &'d [NewDelivery],
    ids: &[i64],
    keys: &[Keys],
    mut held: HashMap<i64, i64>,
) -> Result<Batch<'d>> {
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(batch.len());
    let mut entered = Vec::with_capacity(batch.len() * 2);
    for ((id, delivery), keys) in ids.iter().copied().zip(batch).zip(keys) {
        let same_id = known(on, &rows, &mut held, keys.id, delivery, false).await?;
        let same_content = known(on, &rows, &mut held, keys.content, delivery, true).await?;
        // A sender's retry repeats both. A repeated id alone is answered and kept; a repeated content alone may still be
        // news (two bare hints look alike), so the sorter has the last word on it.
        let state = if same_id.is_some() { DeliveryState::Duplicate } else { DeliveryState::Stored };
        let (of, at) = (same_content.or(same_id), rows.len());
        rows.push(Row { id, delivery, state, of, same_body: same_content.is_some() });
        // Only what is new makes others its repeats: what hid behind a borrowed id must not hide what comes after it.
        if of.is_none() {
            for key in [keys.id, keys.content] {
                held.entry(key).or_insert_with(|| {
                    entered.push((key, at));
                    id
                });
            }
        }
    }
    Ok(Batch { rows, entered })
}

/// The holder of a key, where it really is the same: by its content, or by its webhook id. It may stand in this very batch. One that
/// is gone holds nothing any more.
async fn known(
    on: &mut On<'_>,
    rows: &[Row<'_>],
    held: &mut HashMap<i64, i64>,
    key: i64,
    delivery: &NewDelivery,
    by_content: bool,
) -> Result<Option<i64>> {
    let Some(id) = held.get(&key).copied() else { return Ok(None) };
    let same = if let Some(row) = rows.iter().find(|row| row.id == id) {
        let other = row.delivery;
        other.connection == delivery.connection
            && if by_content {
                other.content == delivery.content
            } else {
                other.webhook_id == delivery.webhook_id
            }
    } else {
        let row = fetch_optional!(*on, (String, Vec<u8>), sql::CANDIDATE, &*delivery.connection, id)?;
        let Some((webhook_id, content)) = row else {
            held.remove(&key);
            return Ok(None);
        };
        if by_content { content == delivery.content } else { webhook_id == delivery.webhook_id }
    };
    Ok(same.then_some(id))
}
