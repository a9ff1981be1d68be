//! The network between instance and database, and between instance and vendors.

use super::account::Row;
use super::cluster::Cluster;
use super::stage::{Scene, Stage};
use super::wire::{Proxy, Wire};
use super::{assert_right, folder};

/// Instances at work where the network suffers.
const INSTANCES: usize = 2;

/// Nothing passes between the instances and their database for a while, and nobody is told.
pub(super) async fn database_cut() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let wire = Proxy::before(cluster.address()).await;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES).over(&wire)).await;
    wire.set(Wire::Cut);
    stage.pass(stage.size.harm).await;
    wire.set(Wire::Whole);
    let mut row = stage.reckon("network to database cut").await;
    row.recovers();
    Some(row)
}

/// One of three instances is cut off; the others take over, and it finds that it has no say when it is back.
pub(super) async fn one_cut_off() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let wire = Proxy::before(cluster.address()).await;
    let mut scene = Scene::postgres(&cluster, 3);
    scene.seats[0].over(&wire);
    let stage = Stage::open(scene).await;
    wire.set(Wire::Cut);
    // Longer than a lease.
    stage.pass(stage.size.harm * 4).await;
    wire.set(Wire::Whole);
    Some(stage.reckon("one of three cut off").await)
}

/// Connections break in the middle of what they carry.
pub(super) async fn database_reset() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let wire = Proxy::before(cluster.address()).await;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES).over(&wire)).await;
    for _ in 0..10 {
        wire.set(Wire::Reset);
        stage.pass(stage.size.harm / 20).await;
        wire.set(Wire::Whole);
        stage.pass(stage.size.harm / 20).await;
    }
    let mut row = stage.reckon("connections to database reset").await;
    row.recovers();
    Some(row)
}

/// The connections that were open are dead and nobody says so, as after a failover behind an address that stays.
pub(super) async fn database_forgotten() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let wire = Proxy::before(cluster.address()).await;
    let stage = Stage::open(Scene::postgres(&cluster, INSTANCES).over(&wire)).await;
    wire.forget();
    stage.pass(stage.size.harm).await;
    Some(stage.reckon("connections to database forgotten").await)
}

/// ShipCompliant does this for a while.
async fn vendor(name: &'static str, wire: Wire) -> Option<Row> {
    let folder = folder();
    let stage = Stage::open(Scene::sqlite(folder.path())).await;
    stage.to_account.set(wire);
    stage.pass(stage.size.harm).await;
    stage.to_account.set(Wire::Whole);
    let most = stage.size.stall;
    let mut row = stage.reckon(name).await;
    row.demand(row.stall < most, "webhooks waited for the vendor");
    Some(row)
}

pub(super) async fn vendor_hangs() -> Option<Row> {
    vendor("ShipCompliant hangs", Wire::Cut).await
}

pub(super) async fn vendor_drips() -> Option<Row> {
    vendor("ShipCompliant drips", Wire::Drip).await
}

pub(super) async fn vendor_resets() -> Option<Row> {
    vendor("ShipCompliant resets", Wire::Reset).await
}

/// Three instances, and both vendors away now and then.
pub(super) async fn vendors_flap() -> Option<Row> {
    let folder = folder();
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let stage = Stage::open(Scene::postgres(&cluster, 3)).await;
    for wire in [Wire::Reset, Wire::Cut, Wire::Drip, Wire::Reset, Wire::Cut] {
        stage.to_account.set(wire);
        stage.to_shop.set(wire);
        stage.pass(stage.size.harm / 10).await;
        stage.to_account.set(Wire::Whole);
        stage.to_shop.set(Wire::Whole);
        stage.pass(stage.size.harm / 10).await;
    }
    Some(stage.reckon("both vendors flap, three instances").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_network_loses_and_doubles_nothing() {
    assert_right(database_cut().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_hangs_loses_and_doubles_nothing() {
    assert_right(vendor_hangs().await);
}
