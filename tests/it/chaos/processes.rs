//! Servers that are killed.

use std::time::Instant;

use rand::RngExt;

use super::account::Row;
use super::cluster::Cluster;
use super::stage::{Scene, Stage};
use super::{assert_right, folder, long};
use std::time::Duration;

/// The one server is killed at random instants, with calls to the vendor in flight, and started again at once.
pub(super) async fn killed_on(scene: Scene, name: &'static str) -> Row {
    let mut stage = Stage::open(scene).await;
    let until = Instant::now() + stage.size.harm;
    while Instant::now() < until {
        stage.kill(0).await;
        stage.start(0).await;
        let pause = rand::rng().random_range(20..700);
        stage.pass(Duration::from_millis(pause)).await;
    }
    stage.reckon(name).await
}

pub(super) async fn killed_on_sqlite() -> Option<Row> {
    let folder = folder();
    Some(killed_on(Scene::sqlite(folder.path()), "kill -9, SQLite").await)
}

pub(super) async fn killed_on_postgres() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    Some(killed_on(Scene::postgres(&cluster, 1), "kill -9, PostgreSQL").await)
}

/// One of three is killed every five seconds and comes back a while after.
pub(super) async fn one_of_three() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let mut stage = Stage::open(Scene::postgres(&cluster, 3)).await;
    let (rounds, down, up) = if long() { (12, 2000, 3000) } else { (3, 300, 400) };
    for round in 0..rounds {
        stage.kill(round % 3).await;
        stage.pass(Duration::from_millis(down)).await;
        stage.start(round % 3).await;
        stage.pass(Duration::from_millis(up)).await;
    }
    Some(stage.reckon("one of three killed every 5 s").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_sqlite_that_is_killed_loses_and_doubles_nothing() {
    assert_right(killed_on_sqlite().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_that_is_killed_loses_and_doubles_nothing() {
    assert_right(one_of_three().await);
}
