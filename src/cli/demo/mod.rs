//! `crossdock demo`: a winery's day against played systems, told line by line, and judged at the end by the rules.
//!
//! The shop, the compliance service and the warehouse are played in this process; the server is this binary as anybody would
//! run it. Every change at the shop is timed until every copy is what the rules demand. With `--once` the demo ends by itself
//! and fails where a copy differs, an acknowledged delivery is missing, or an order was committed twice.

mod day;
mod packing;
mod rules;
mod stage;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use tokio::time::sleep_until;

use self::day::{Dice, Guest, cast};
use self::rules::{Demand, demand, held};
use self::stage::Stage;
use super::say;
use super::serve::stop_signal;
use crate::simulator::fault::{Fault, Script};
use crate::simulator::shopify::{Knobs, Order};
use crate::store::{Counts, ExceptionRow};

/// How much faster than the clock on the wall the shop's day passes: half a minute is a working day, and its sender's
/// four hours of retries are over in a quarter of a minute.
const SPEED: u32 = 1000;
/// How long the compliance service is down.
const OUTAGE: Duration = Duration::from_secs(3);
/// How often open exceptions are looked up while one is awaited.
const LOOK: Duration = Duration::from_millis(20);
/// How long after the last change everything must be in step.
const PATIENCE: Duration = Duration::from_secs(20);

/// The flags of `crossdock demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End once the day is over, with an exit code that says whether every copy is right.
    #[arg(long)]
    once: bool,
    /// Address and port of the server; any free port on loopback unless given.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Draws another day.
    #[arg(long, default_value_t = 9)]
    seed: u64,
    /// Kill the server (as a power cut would) so many times during the day.
    #[arg(long, default_value_t = 0)]
    kill: u32,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let folder = std::env::temp_dir().join(format!("crossdock-demo-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let done = self.play(&folder).await;
        // After a failure it is what tells why.
        if matches!(done, Ok(ExitCode::SUCCESS)) {
            let _ = std::fs::remove_dir_all(&folder);
        }
        done.with_context(|| {
            format!("the demo broke off; what the server logged lies in {}", folder.display())
        })
    }

    async fn play(&self, folder: &Path) -> anyhow::Result<ExitCode> {
        let stage = Stage::set(folder, self.listen, SPEED, self.seed).await?;
        let url = format!("http://{}", stage.server.address);
        say(
            "A winery's day. The shop, ShipCompliant and ShipHero are played here, on loopback; the server between is real.",
        );
        say(format_args!(
            "  server          {url}/webhooks/cellar, API at {url}/api/v1/, log {}",
            stage.server.log.display()
        ));
        say(format_args!("  shop            http://{}/sim/", stage.shop_at));
        say(format_args!("  ShipCompliant   http://{}/sim/", stage.account_at));
        say(format_args!("  ShipHero        http://{}/sim/\n", stage.house_at));
        // Ten per cent of the deliveries come twice, and each is up to 40 ms late, so that they overtake one another.
        stage.shop.set_knobs(Knobs { duplicate: 0.1, drop: 0.0, reorder_ms: 40 * u64::from(SPEED) });
        let mut day = Day::new(stage, self.seed);
        day.pass(self.kill).await?;
        let verdict = day.judge().await?;
        verdict.tell(&day, folder);
        if !self.once {
            look_around(&day, folder);
            stop_signal().await;
        }
        day.stage.strike().await;
        Ok(if verdict.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Says what can be tried while everything stays up.
fn look_around(day: &Day, folder: &Path) {
    let (folder, server) = (folder.display(), &day.stage.server);
    let binary = std::env::current_exe().unwrap_or_else(|_| "crossdock".into());
    let command = format!("{} --config {}", binary.display(), server.config.display());
    say("\nEverything stays up until you press Ctrl-C. To look around from another terminal:");
    say(format_args!("  {command} orders show 1005"));
    say(format_args!("  {command} exceptions list"));
    say(format_args!(
        "  curl -s -H \"Authorization: Bearer $(cat {folder}/api-token)\" http://{}/api/v1/orders",
        server.address
    ));
    say(format_args!(
        "  curl -s -X POST http://{}/sim/orders -d '{{}}'   # one more order",
        day.stage.shop_at
    ));
}

/// A change at the shop whose copy is not right yet.
struct Awaited {
    order: i64,
    what: String,
    since: Instant,
    /// Made elsewhere than in the shop, which is to know of it.
    there: bool,
    /// The compliance service was down meanwhile.
    during_outage: bool,
}

/// The day as it passes.
struct Day {
    stage: Stage,
    cast: Vec<Guest>,
    dice: Dice,
    began: Instant,
    awaited: Vec<Awaited>,
    /// How long each change took, but for those of the outage.
    took: Vec<Duration>,
    /// When the service came back, while changes of the outage are awaited.
    back_at: Option<Instant>,
    down: bool,
    /// How many things happened so far.
    done: usize,
}

impl Day {
    fn new(stage: Stage, seed: u64) -> Self {
        let (cast, dice, began) = (cast(), Dice::new(seed), Instant::now());
        Self {
            stage,
            cast,
            dice,
            began,
            awaited: Vec::new(),
            took: Vec::new(),
            back_at: None,
            down: false,
            done: 0,
        }
    }

    /// Lets everything happen, and waits until all of it is in step or patience ends.
    async fn pass(&mut self, kills: u32) -> anyhow::Result<()> {
        let acts: usize = self.cast.iter().map(Guest::acts_left).sum();
        let outage_at = acts * 6 / 10;
        let kill_at: BTreeSet<usize> =
            (1..=kills).map(|n| acts * n as usize / (kills as usize + 1)).collect();
        let mut changed = self.stage.account.watch();
        let mut packed = self.stage.house.watch();
        let mut outage_ends = None;
        let mut next = Some(Instant::now());
        let mut deadline = None;
        loop {
            let (act_at, end_at) = (next, outage_ends);
            tokio::select! {
                () = at(act_at), if act_at.is_some() => {
                    let done = self.done;
                    next = self.act().await?;
                    let happened = self.done > done;
                    if happened && self.done == outage_at {
                        self.service_fails();
                        outage_ends = Some(Instant::now() + OUTAGE);
                    }
                    if happened && kill_at.contains(&self.done) {
                        // In the middle of what the change set off, wherever that is.
                        tokio::time::sleep(self.dice.moment()).await;
                        self.stage.server.kill_and_start().await?;
                        self.tell("", "kill -9: the server was gone, and is back", "");
                    }
                    if next.is_none() {
                        deadline = Some(Instant::now() + PATIENCE);
                    }
                }
                () = at(end_at), if end_at.is_some() => {
                    outage_ends = None;
                    self.service_is_back();
                }
                _ = changed.changed() => {}
                _ = packed.changed() => {}
                () = tokio::time::sleep(LOOK), if next.is_none() || !self.awaited.is_empty() => {}
                () = at(deadline), if deadline.is_some() => break,
            }
            self.look().await?;
            if next.is_none() && outage_ends.is_none() && self.awaited.is_empty() && self.is_quiet().await? {
                break;
            }
        }
        Ok(())
    }

    /// Does the next thing at the shop; gives when the one after is due.
    async fn act(&mut self) -> anyhow::Result<Option<Instant>> {
        let Some(turn) = self.dice.next(&self.cast) else { return Ok(None) };
        let since = Instant::now();
        // The fulfilment house ships what ShipCompliant holds, so not before that is what the shop says.
        let behind = self
            .awaited
            .iter()
            .any(|awaited| Some(awaited.order) == self.cast[turn].id && awaited.since.elapsed() < PATIENCE);
        if behind && self.cast[turn].goes_on_there() {
            return Ok(Some(since + LOOK));
        }
        self.done += 1;
        let Stage { shop, account, house, .. } = &self.stage;
        let (what, there) = self.cast[turn].act(shop, account, house).await?;
        let order = self.cast[turn].id.unwrap_or_default();
        self.awaited.push(Awaited { order, what, since, there, during_outage: self.down });
        let more = self.cast.iter().any(|guest| guest.acts_left() > 0);
        Ok(more.then(|| Instant::now() + self.dice.pause()))
    }

    fn service_fails(&mut self) {
        self.down = true;
        self.awaited.iter_mut().for_each(|awaited| awaited.during_outage = true);
        let script = Script { fault: Fault::Error(503), method: None, path: None, times: 0 };
        self.stage.account.faults().script(script);
        self.tell("", "ShipCompliant is down", "every call is answered 503");
    }

    fn service_is_back(&mut self) {
        self.down = false;
        self.stage.account.faults().clear();
        self.back_at = Some(Instant::now());
        self.tell("", "ShipCompliant is back", "");
    }

    /// Finds which changes have arrived.
    async fn look(&mut self) -> anyhow::Result<()> {
        let orders: BTreeSet<i64> = self.awaited.iter().map(|awaited| awaited.order).collect();
        let mut exceptions = None;
        let mut arrived = BTreeMap::new();
        for id in orders {
            let Some(order) = self.stage.shop.order(id) else { continue };
            let there = self.packed(&order);
            let demand = demand(&order, packing::left(there.as_ref()));
            if demand.copy != held(self.stage.account.order(key(&order)).as_ref()) {
                continue;
            }
            let mut codes = demanded("compliance", demand.exception);
            if packing::is_packed(&order) {
                let (wanted, exception) = packing::demand(&order, there.as_ref());
                let is_right = wanted == packing::held(there.as_ref());
                if !is_right || !packing::is_told(&order, there.as_ref()) {
                    continue;
                }
                codes.extend(demanded("warehouse", exception));
            }
            if exceptions.is_none() && !codes.is_empty() {
                exceptions = Some(self.exceptions().await.unwrap_or_default());
            }
            let open = exceptions.as_ref().and_then(|open| open.get(&order.name));
            if !codes.is_empty() && open != Some(&codes) {
                continue;
            }
            arrived.insert(id, (order, demand));
        }
        let now = Instant::now();
        let (done, left) = std::mem::take(&mut self.awaited)
            .into_iter()
            .partition::<Vec<_>, _>(|awaited| arrived.contains_key(&awaited.order));
        self.awaited = left;
        for Awaited { order, what, since, there, during_outage } in done {
            let (order, demand) = &arrived[&order];
            let took = now - since;
            let what_then = match demand {
                Demand { stays_out: Some(why), .. } => format!("stays out: {why}"),
                Demand { exception: Some(code), .. } => {
                    format!("{code}: a person is told after {} ms", took.as_millis())
                }
                Demand { copy: None, .. } => {
                    format!("nothing is held there any more after {} ms", took.as_millis())
                }
                Demand { .. } => format!("in step after {} ms", took.as_millis()),
            };
            let what_then = if there { what_then.replace("in step", "the shop knows") } else { what_then };
            let late = if during_outage { ", for ShipCompliant was down" } else { "" };
            self.tell(&order.name, &what, &format!("{what_then}{late}"));
            let recovering = during_outage || self.back_at.is_some_and(|back| since < back);
            if demand.stays_out.is_none() && !recovering && !there {
                self.took.push(took);
            }
        }
        Ok(())
    }

    /// What the warehouse has of an order.
    fn packed(&self, order: &Order) -> Option<serde_json::Value> {
        let id = self.stage.house.find(&order.name)?;
        self.stage.house.order(id)
    }

    /// Destination and code of the open exceptions of each order that has any.
    async fn exceptions(&self) -> anyhow::Result<BTreeMap<String, Codes>> {
        let query = [("limit", "1000".to_owned())];
        let rows: Vec<ExceptionRow> = self.stage.server.api.get("exceptions", &query).await?;
        let mut open = BTreeMap::<String, Codes>::new();
        for row in rows {
            if let Some(name) = row.order_name {
                open.entry(name).or_default().insert((row.destination.unwrap_or_default(), row.code));
            }
        }
        Ok(open)
    }

    /// Whether no delivery is on its way, none waits to be understood, and no order waits to be worked on.
    async fn is_quiet(&self) -> anyhow::Result<bool> {
        if self.stage.shop.unfinished_deliveries() > 0 {
            return Ok(false);
        }
        let counts: Counts = self.stage.server.api.get("summary", &[]).await?;
        Ok(counts.unsorted == 0 && counts.due == 0)
    }

    fn tell(&self, name: &str, what: &str, then: &str) {
        let at = self.began.elapsed();
        say(format_args!("{:>6.2}s  {name:<6} {what:<58} {then}", at.as_secs_f64()));
    }
}

/// Exceptions by destination and code.
type Codes = BTreeSet<(String, String)>;

fn demanded(destination: &str, code: Option<&str>) -> Codes {
    code.map(|code| (destination.to_owned(), code.to_owned())).into_iter().collect()
}

/// Waits until an instant, if there is one.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// The order's key at ShipCompliant, as the demo's route makes it.
fn key(order: &Order) -> &str {
    order.name.trim_start_matches('#')
}
