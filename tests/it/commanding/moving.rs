//! `crossdock store copy`: a merchant moves from SQLite to PostgreSQL, and the server goes on there.

use std::sync::Arc;

use crossdock::crypto::digest;
use crossdock::domain::OrderRef;
use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::NewOrder;
use crossdock::store::{Accepted, DeliveryQuery, ExceptionQuery, NewDelivery, Store, pack};
use jiff::Timestamp;
use sqlx::{Connection, PgConnection};

use super::{Ended, Place, Served};
use crate::support::engine::{cluster, on_postgres, postgres_url};

/// A place whose server keeps everything in a file, and the URL of an empty database; none where there is no cluster.
#[expect(clippy::print_stderr, reason = "what is not tested is said")]
async fn places() -> Option<(Place, String, String)> {
    if cluster().is_none() || on_postgres() {
        eprintln!(
            "SKIPPED: moving needs both engines: CROSSDOCK_TEST_POSTGRES and CROSSDOCK_TEST_ENGINE=sqlite"
        );
        return None;
    }
    let place = Place::new().await;
    let (from, to) =
        (crate::support::engine::store_url(place.folder.path()), postgres_url(place.folder.path()));
    Some((place, from, to))
}

/// What everybody sees of a store.
async fn seen(store: &Store) -> serde_json::Value {
    let query = DeliveryQuery { limit: Some(1000), ..DeliveryQuery::default() };
    let deliveries = store.deliveries(&query).await.unwrap();
    let exceptions = ExceptionQuery { closed: true, ..ExceptionQuery::default() };
    let exceptions = store.exceptions(exceptions).await.unwrap();
    let mut orders = Vec::new();
    for row in store.orders(None, None, None, None, Some(1000)).await.unwrap() {
        let order = OrderRef { connection: row.channel.clone(), id: row.order_id.as_str().into() };
        let story = store.story(&order).await.unwrap();
        let loaded = store.load(&order).await.unwrap();
        orders.push(serde_json::json!([row, story.0, story.1, loaded.record, loaded.mirrors]));
    }
    let mut bodies = Vec::new();
    for row in &deliveries {
        bodies.push(store.delivery(row.id).await.unwrap().unwrap().1);
    }
    let counts = store.counts().await.unwrap();
    let kept = store.kept("cellar", "token").await.unwrap();
    serde_json::json!([deliveries, bodies, exceptions, orders, counts.due + counts.unsorted, kept])
}

#[tokio::test]
async fn a_merchant_moves_up_and_the_server_goes_on_where_it_was() {
    let Some((place, from, to)) = places().await else { return };
    let copy = ["store", "copy", "--from", &from, "--to", &to];
    let served = Served::start(&place).await;
    for _ in 0..5 {
        place.shop.place_order(&NewOrder::default()).unwrap();
    }
    // One that a person must decide about.
    let mut strange = NewOrder::default();
    strange.shipping_address.as_mut().unwrap().address2 = Some("PO Box 12".into());
    place.shop.place_order(&strange).unwrap();
    served.settled(&place).await;
    let Ended { code, err, .. } = place.run(&copy).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("is in use by another crossdock process; stop that one first"), "{err}");
    // One that cannot be entered before the move: it is left due.
    let path = Some("check-commit".to_owned());
    place.account.faults().script(Script { fault: Fault::Error(503), method: None, path, times: 0 });
    place.shop.place_order(&NewOrder::default()).unwrap();
    place.shop.settled().await;
    assert_eq!(served.terminate().await.code(), Some(0));

    let store = Store::open(&from).await.unwrap();
    store.keep("cellar", "token", "t0k\0en".into(), Timestamp::UNIX_EPOCH).await.unwrap();
    let before = seen(&store).await;
    assert!(before[4].as_i64().unwrap() >= 1, "something is left due");
    assert!(!before[2].as_array().unwrap().is_empty() && before[3].as_array().unwrap().len() >= 6);
    let repeated = store.deliveries(&DeliveryQuery::default()).await.unwrap();
    let repeated = repeated.iter().rfind(|row| row.duplicate_of.is_none()).unwrap().clone();
    store.close().await;
    drop(store);

    let Ended { code, out, err } = place.run(&copy).await;
    assert_eq!(code, Some(0), "{out} {err}");
    let tables = [
        "attempts",
        "deliveries",
        "dedupe",
        "delivery_bodies",
        "duties",
        "exceptions",
        "kept",
        "mirrors",
        "orders",
        "parts",
        "timeline",
        "work",
    ];
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["table", "rows", "checksum", "ok"], "{out}");
    let told: Vec<&str> = lines[1..=tables.len()].iter().map(|line| line[0]).collect();
    assert_eq!(told, tables, "{out}");
    for line in &lines[1..=tables.len()] {
        let empty = line[1] == "0";
        assert!(
            line[3] == "yes" && line[2].len() == 32 && empty == line[2].bytes().all(|digit| digit == b'0'),
            "{out}"
        );
        assert!(!empty, "the test has nothing in {}", line[0]);
    }
    assert!(out.contains("rows copied; write the new place into store.url and start the server"), "{out}");
    let Ended { code, err, .. } = place.run(&copy).await;
    assert_eq!(code, Some(1));
    assert!(
        err.contains("the database to copy into holds rows already (in attempts); name an empty one"),
        "{err}"
    );

    let store = Store::open(&to).await.unwrap();
    assert_eq!(seen(&store).await, before);
    let content = digest(&[b"another"]);
    let body = pack(b"another");
    let again = NewDelivery {
        connection: Arc::from(repeated.connection.as_str()),
        topic: repeated.topic,
        webhook_id: repeated.webhook_id,
        headers: "{}".into(),
        size: 7,
        received_at: repeated.received_at,
        body,
        content,
    };
    assert_eq!(store.accept(vec![again]).await.unwrap(), [Accepted::Duplicate(repeated.id)]);
    store.close().await;
    drop(store);

    // The server goes on: what was left due is done, new numbers are above the old ones, nothing is done twice.
    place.account.faults().clear();
    place.change(&from, &to);
    let served = Served::start(&place).await;
    place.shop.place_order(&NewOrder::default()).unwrap();
    served.settled(&place).await;
    assert_eq!(served.terminate().await.code(), Some(0));
    assert_eq!(place.account.orders().iter().filter(|(_, order)| order["committed"] == true).count(), 7);
    assert_eq!(place.account.summary()["double_commits"], 0);
}

#[tokio::test]
async fn what_is_not_read_back_the_same_is_not_kept() {
    let Some((place, from, to)) = places().await else { return };
    let store = Store::open(&from).await.unwrap();
    store.keep("cellar", "token", "t0ken".into(), Timestamp::UNIX_EPOCH).await.unwrap();
    store.close().await;
    drop(store);
    let mut connection = PgConnection::connect(&to).await.unwrap();
    let spoil = "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.value = 'x'; RETURN NEW; END $$;
                 CREATE TRIGGER spoil BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION spoil()";
    sqlx::raw_sql(spoil).execute(&mut connection).await.unwrap();
    let Ended { code, out, .. } = place.run(&["store", "copy", "--from", &from, "--to", &to]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("NO: read back 1") && out.contains("nothing is kept in the new database"), "{out}");
    let (kept,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(kept, 0);
    connection.close().await.unwrap();
    for (from, to, words) in [
        ("sqlite:nothing.db", to.as_str(), "there is no database nothing.db to copy from"),
        (to.as_str(), to.as_str(), "what is copied from must be sqlite:PATH"),
        (from.as_str(), "sqlite:other.db", "what is copied to must be postgres://"),
        (from.as_str(), "postgres://u:hush/x@localhost/y", "store.url cannot be read"),
    ] {
        let Ended { code, err, .. } = place.run(&["store", "copy", "--from", from, "--to", to]).await;
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(words) && !err.contains("hush"), "{err}");
    }
}
