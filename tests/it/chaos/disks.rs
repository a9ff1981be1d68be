//! Disks that are full, read-only or slow, and clocks that jump.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::account::Row;
use super::cluster::Cluster;
use super::stage::{Scene, Stage};
use super::weather::{FULL, READ_ONLY, Weather};
use super::{assert_right, folder, skip};

/// The instance's writes fail for a while with this number.
async fn writes_fail(name: &'static str, with: i64) -> Option<Row> {
    let folder = folder();
    let weather = Weather::calm(folder.path())?;
    let mut stage = Stage::open(Scene::sqlite(folder.path()).under(&weather)).await;
    weather.writes_fail(with);
    stage.pass(stage.size.harm).await;
    let unready = stage.ready(0).await == Some(503);
    stage.demand(unready, "it said that it was ready");
    weather.writes_fail(0);
    Some(stage.reckon(name).await)
}

pub(super) async fn full_on_sqlite() -> Option<Row> {
    writes_fail("disk full (ENOSPC), SQLite", FULL).await
}

pub(super) async fn read_only_on_sqlite() -> Option<Row> {
    writes_fail("file system read-only, SQLite", READ_ONLY).await
}

/// A small file system of its own, in memory.
struct Small(PathBuf);

impl Small {
    fn mount(folder: &Path, megabytes: u32) -> Option<Self> {
        let at = folder.join("small");
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={megabytes}m,mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|done| done.status.success()) {
            Some(Self(at))
        } else {
            skip("a small file system to fill needs the right to mount one");
            None
        }
    }

    /// Leaves no room.
    fn fill(&self) {
        use std::io::Write;
        let mut file =
            std::fs::File::options().create(true).append(true).open(self.0.join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A real file system that is full, with the database's file on it.
pub(super) async fn filled_on_sqlite() -> Option<Row> {
    let folder = folder();
    let small = Small::mount(folder.path(), 256)?;
    let stage = Stage::open(Scene::sqlite(&small.0)).await;
    // What is freed by a checkpoint is taken again.
    for _ in 0..10 {
        small.fill();
        stage.pass(stage.size.harm / 10).await;
    }
    small.free();
    Some(stage.reckon("file system filled, SQLite").await)
}

/// The same under PostgreSQL, which stops itself when it cannot write its log.
pub(super) async fn filled_on_postgres() -> Option<Row> {
    let folder = folder();
    let small = Small::mount(folder.path(), 400)?;
    let cluster = Cluster::start(&small.0, &["max_wal_size=80MB", "shared_buffers=32MB"], &[])?;
    let mut stage = Stage::open(Scene::postgres(&cluster, 2)).await;
    for _ in 0..10 {
        small.fill();
        stage.pass(stage.size.harm / 10).await;
    }
    small.free();
    let started = cluster.restart().await;
    stage.demand(started, "PostgreSQL did not start again");
    let row = stage.reckon("file system filled, PostgreSQL").await;
    drop(cluster);
    Some(row)
}

const SLOW: Duration = Duration::from_millis(250);

pub(super) async fn slow_on_sqlite() -> Option<Row> {
    let folder = folder();
    let weather = Weather::calm(folder.path())?;
    let stage = Stage::open(Scene::sqlite(folder.path()).under(&weather)).await;
    weather.slow_sync(SLOW);
    stage.pass(stage.size.harm).await;
    weather.slow_sync(Duration::ZERO);
    let mut row = stage.reckon("fsync takes 0.25 s, SQLite").await;
    row.demand(row.stall < SLOW * 8, "webhooks waited for more than a few fsyncs");
    Some(row)
}

pub(super) async fn slow_on_postgres() -> Option<Row> {
    let folder = folder();
    let weather = Weather::calm(folder.path())?;
    let cluster = Cluster::start(folder.path(), &[], &weather.environment())?;
    let stage = Stage::open(Scene::postgres(&cluster, 2)).await;
    weather.slow_sync(SLOW);
    stage.pass(stage.size.harm).await;
    weather.slow_sync(Duration::ZERO);
    let mut row = stage.reckon("fsync takes 0.25 s, PostgreSQL").await;
    row.demand(row.stall < SLOW * 8, "webhooks waited for more than a few fsyncs");
    Some(row)
}

const HOUR: i64 = 3600;

/// The wall clock is set forward, back, and right.
async fn jump(stage: &Stage, weather: &Weather) {
    for offset in [HOUR, -HOUR, 90, 0, -2 * HOUR, 30 * 24 * HOUR] {
        weather.clock_off(offset);
        stage.pass(stage.size.harm / 6).await;
    }
    weather.clock_off(0);
}

pub(super) async fn clock_on_sqlite() -> Option<Row> {
    let folder = folder();
    let weather = Weather::calm(folder.path())?;
    let stage = Stage::open(Scene::sqlite(folder.path()).under(&weather)).await;
    jump(&stage, &weather).await;
    Some(stage.reckon("clock jumps, SQLite").await)
}

/// One of three instances has a clock that the others do not have.
pub(super) async fn clock_of_one() -> Option<Row> {
    let folder = folder();
    let weather = Weather::calm(folder.path())?;
    let cluster = Cluster::start(folder.path(), &[], &[])?;
    let mut scene = Scene::postgres(&cluster, 3);
    scene.seats[0].environment = weather.environment();
    let stage = Stage::open(scene).await;
    jump(&stage, &weather).await;
    Some(stage.reckon("clock of one of three jumps").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_and_doubles_nothing() {
    assert_right(full_on_sqlite().await);
}
