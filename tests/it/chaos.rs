//! Everything that can be broken is broken under load, and every acknowledged webhook accounted for.
//!
//! A scenario is a function over a [`stage::Stage`]. Those most worth their time run here in short; `bin/chaos` runs all of them in
//! full, on a release build, and prints a table. What is not allowed on this machine is left out, which is said loudly.

#![expect(clippy::print_stderr, reason = "the table, and what was skipped, are to be seen")]

mod account;
mod cluster;
mod databases;
mod disks;
mod instance;
mod load;
mod networks;
mod processes;
mod stage;
mod weather;
mod wire;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use account::Row;

/// How large a scenario is.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Things that happen in the shop a second.
    per_second: u32,
    orders: usize,
    /// How long the load runs before the harm, and after it.
    calm: Duration,
    /// How long the harm lasts.
    harm: Duration,
    /// The longest without an acknowledgement where the harm is not the intake's. A webhook that waited for what is harmed would
    /// wait as long as the harm lasts; in short, which runs on machines that others use too, nothing closer is asked.
    stall: Duration,
}

/// Whether scenarios run in full.
fn long() -> bool {
    std::env::var("CROSSDOCK_CHAOS").is_ok_and(|form| form == "long")
}

fn size() -> Size {
    let s = Duration::from_secs;
    if long() {
        Size { per_second: 60, orders: 600, calm: s(4), harm: s(20), stall: s(1) }
    } else {
        Size { per_second: 40, orders: 60, calm: Duration::from_millis(800), harm: s(2), stall: s(2) }
    }
}

type Scenario = fn() -> LocalBoxFuture<'static, Option<Row>>;

/// A table of scenarios, each to be started when it is its turn.
macro_rules! scenarios {
    ($($room:ident::$scenario:ident,)*) => {
        const SCENARIOS: &[(&str, Scenario)] =
            &[$((stringify!($scenario), || Box::pin($room::$scenario()))),*];
    };
}

scenarios! {
    processes::killed_on_sqlite,
    processes::killed_on_postgres,
    processes::one_of_three,
    databases::restarted,
    databases::away,
    databases::sessions_ended,
    databases::exhausted,
    databases::snapshot_held,
    databases::idle_in_transaction,
    disks::full_on_sqlite,
    disks::filled_on_sqlite,
    disks::filled_on_postgres,
    disks::read_only_on_sqlite,
    disks::slow_on_sqlite,
    disks::slow_on_postgres,
    disks::clock_on_sqlite,
    disks::clock_of_one,
    networks::database_cut,
    networks::one_cut_off,
    networks::database_reset,
    networks::database_forgotten,
    networks::vendor_hangs,
    networks::vendor_drips,
    networks::vendor_resets,
    networks::vendors_flap,
}

fn skip(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// A folder that a cluster's own user may enter.
fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Fails where the account is not right; a scenario that was left out has none.
fn assert_right(row: Option<Row>) {
    let Some(row) = row else { return };
    eprintln!("{}\n{row}", Row::heads());
    assert!(row.is_right(), "\n{row}\n    not acknowledged: {:?}", row.refused);
    assert!(row.acknowledged > 20, "there was a load: {row}");
}

/// Every scenario, or those whose name holds what `CROSSDOCK_CHAOS_ONLY` says, one after another. It ends the process itself, so
/// that the table's last line is the last.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes a quarter of an hour; bin/chaos runs it"]
async fn table() {
    let only = std::env::var("CROSSDOCK_CHAOS_ONLY").unwrap_or_default();
    let (mut count, mut acknowledged, mut lost, mut doubled, mut right) = (0, 0, 0, 0, true);
    eprintln!("{}", Row::heads());
    for (name, scenario) in SCENARIOS.iter().filter(|(name, _)| name.contains(&only)) {
        // One that breaks down takes no other with it.
        let row = match AssertUnwindSafe(scenario()).catch_unwind().await {
            Ok(Some(row)) => row,
            Ok(None) => continue,
            Err(_) => Row::broken(name, "it broke down; the words are above".into()),
        };
        eprintln!("{row}");
        count += 1;
        (acknowledged, lost, doubled) =
            (acknowledged + row.acknowledged, lost + row.lost, doubled + row.doubled);
        right &= row.is_right();
    }
    eprintln!(
        "crossdock chaos: {count} scenarios, {acknowledged} acknowledged, {lost} lost, {doubled} doubled"
    );
    std::process::exit(i32::from(!right));
}
