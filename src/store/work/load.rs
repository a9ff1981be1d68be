//! Reads what is kept of several orders with one statement for each kind, however many orders there are.

use serde_json::{Value, json};

use crate::store::inbox::{BodyRow, stored};
use crate::store::on::{On, fetch_all, list};
use crate::store::{Loaded, Result, Wanted, from_json, sql};

/// What is kept of each order, in order, with the deliveries about it that its channel and these others sent; one that cannot be read takes no other with it.
pub(in crate::store) async fn load(mut on: On<'_>, orders: &[Wanted]) -> Result<Vec<Result<Loaded>>> {
    let wanted: Vec<Value> =
        orders.iter().map(|Wanted { order, .. }| json!([order.connection, order.id])).collect();
    let sent: Vec<Value> = orders
        .iter()
        .enumerate()
        .flat_map(|(at, Wanted { order, others, oldest })| {
            let senders = std::iter::once(&order.connection).chain(others);
            senders.map(move |connection| json!([connection, order.id, at, oldest.unwrap_or(0)]))
        })
        .collect();
    let sent = list("order", &sent)?;
    let wanted = list("order", &wanted)?;
    let records = fetch_all!(on, (i64, i64, String), sql::RECORDS_OF, &wanted)?;
    let mirrors = fetch_all!(on, (i64, String), sql::MIRRORS_OF, &wanted)?;
    let pending = on.dialect().pending;
    let oldest = orders.iter().map(|wanted| wanted.oldest.unwrap_or(0)).min().unwrap_or(0);
    let deliveries = fetch_all!(on, PendingRow, pending, &sent, oldest)?;

    let nothing = || Loaded { revision: 0, record: None, mirrors: Vec::new(), deliveries: Vec::new() };
    let mut loaded: Vec<Result<Loaded>> = orders.iter().map(|_| Ok(nothing())).collect();
    for (at, revision, json) in records {
        add(&mut loaded, at, from_json("record", &json), |loaded, record| {
            (loaded.revision, loaded.record) = (revision, Some(record));
        });
    }
    for (at, json) in mirrors {
        add(&mut loaded, at, from_json("mirror", &json), |loaded, mirror| loaded.mirrors.push(mirror));
    }
    for (at, id, connection, topic, headers, received_at, duplicate_of, size, body) in deliveries {
        let row: BodyRow = (id, connection, topic, headers, received_at, duplicate_of, size, body);
        add(&mut loaded, at, stored(row), |loaded, delivery| loaded.deliveries.push(delivery));
    }
    Ok(loaded)
}

/// Which order, then a [`BodyRow`].
type PendingRow = (i64, i64, String, String, String, i64, Option<i64>, i64, Vec<u8>);

/// Adds what was read to the order at `at`, or why it could not be.
fn add<T>(loaded: &mut [Result<Loaded>], at: i64, part: Result<T>, add: impl FnOnce(&mut Loaded, T)) {
    let Some(order) = usize::try_from(at).ok().and_then(|at| loaded.get_mut(at)) else { return };
    match (&mut *order, part) {
        (Ok(loaded), Ok(part)) => add(loaded, part),
        (Ok(_), Err(why)) => *order = Err(why),
        (Err(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrderRef;
    use crate::store::Store;

    #[tokio::test]
    async fn an_order_that_cannot_be_read_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("x.db").display())).await.unwrap();
        let orders = ["1", "2"].map(|id| Wanted {
            order: OrderRef { connection: "cellar".into(), id: id.into() },
            others: Vec::new(),
            oldest: None,
        });
        let loaded = store
            .write(move |mut on| {
                Box::pin(async move {
                    on.run("INSERT INTO orders VALUES ('cellar', '1', '#1', 1, '{', 0, 0)").await?;
                    load(on, &orders).await
                })
            })
            .await
            .unwrap();
        assert!(loaded[0].is_err());
        assert_eq!(loaded[1].as_ref().unwrap().revision, 0);
        store.close().await;
    }
}
