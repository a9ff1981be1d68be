//! A PostgreSQL that crashes, is away, drops its clients, has no room for them, or is held up by somebody else's transaction.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::account::Row;
use super::cluster::Cluster;
use super::stage::{Scene, Stage};
use super::{assert_right, folder, long};

/// Instances at work where the database suffers.
const INSTANCES: usize = 2;
/// The longest that webhooks may wait for what somebody else does in the database.
const WAIT: Duration = Duration::from_secs(5);

async fn run(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// Crashes, and is there again a moment later, several times.
pub(super) async fn restarted() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let mut stage = Stage::open(Scene::postgres(&cluster, INSTANCES)).await;
    for _ in 0..if long() { 5 } else { 2 } {
        let restarted = cluster.restart().await;
        stage.demand(restarted, "PostgreSQL did not start again");
        stage.pass(stage.size.harm / 4).await;
    }
    Some(stage.reckon("database restarted").await)
}

/// Is away for a minute, and everything is in step soon after.
pub(super) async fn away() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let mut stage = Stage::open(Scene::postgres(&cluster, INSTANCES)).await;
    let crashed = cluster.crash().await;
    stage.demand(crashed, "PostgreSQL did not stop");
    stage.pass(if long() { Duration::from_mins(1) } else { stage.size.harm }).await;
    let started = cluster.restart().await;
    stage.demand(started, "PostgreSQL did not start again");
    let mut row = stage.reckon("database away for 60 s").await;
    row.recovers();
    Some(row)
}

/// Every session is ended again and again.
pub(super) async fn sessions_ended() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES)).await;
    let mut other = cluster.connect().await.unwrap();
    let until = Instant::now() + stage.size.harm;
    while Instant::now() < until {
        run(
            &mut other,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crossdock'",
        )
        .await;
        stage.pass(Duration::from_millis(300)).await;
    }
    Some(stage.reckon("sessions ended every 0.3 s").await)
}

/// Somebody else takes every connection there is, those of the instances too.
pub(super) async fn exhausted() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &["max_connections=30"], &[])?;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES)).await;
    let mut held = vec![cluster.connect().await.unwrap()];
    let until = Instant::now() + stage.size.harm;
    let mut ended = 0;
    while Instant::now() < until {
        while let Ok(connection) = cluster.connect().await {
            held.push(connection);
        }
        // One of theirs at a time, so that the place is ours before they ask for it again.
        run(
            &mut held[0],
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'crossdock' LIMIT 1",
        )
        .await;
        ended += 1;
        stage.pass(Duration::from_millis(20)).await;
    }
    assert!(ended > 10);
    drop(held);
    Some(stage.reckon("connections exhausted").await)
}

/// Somebody's snapshot keeps every dead row.
pub(super) async fn snapshot_held() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &["autovacuum_naptime=1s"], &[])?;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES)).await;
    let mut other = cluster.connect().await.unwrap();
    run(&mut other, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT COUNT(*) FROM work").await;
    stage.pass(stage.size.harm * 3).await;
    let mut asks = cluster.connect().await.unwrap();
    let (dead,): (i64,) =
        sqlx::query_as("SELECT COALESCE(SUM(n_dead_tup), 0)::bigint FROM pg_stat_user_tables")
            .fetch_one(&mut asks)
            .await
            .unwrap();
    run(&mut other, "COMMIT").await;
    let mut row = stage.reckon("snapshot held").await;
    row.notes.push(format!("{dead} dead rows under the snapshot"));
    row.demand(row.stall < WAIT, "webhooks waited for the snapshot");
    Some(row)
}

/// Somebody locks an order's row of `work` and goes to lunch.
pub(super) async fn idle_in_transaction() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES)).await;
    let mut other = cluster.connect().await.unwrap();
    run(&mut other, "BEGIN; SELECT * FROM work ORDER BY order_id LIMIT 1 FOR UPDATE").await;
    stage.pass(stage.size.harm).await;
    let behind = stage.behind();
    run(&mut other, "ROLLBACK").await;
    let mut row = stage.reckon("idle in transaction").await;
    row.notes.push(format!("{behind} of {} orders behind while it lasted", row.orders));
    row.demand(row.stall < WAIT, "webhooks waited for the row of one order");
    row.demand(behind < row.orders / 2, "other orders waited for the row of one");
    Some(row)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_loses_and_doubles_nothing() {
    assert_right(restarted().await);
}
