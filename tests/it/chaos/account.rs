//! The account in the end: what was acknowledged, what is stored, what became of it, what the far end was made to hold.
//!
//! It reads the store after every server has stopped, and the played vendor's own record of what was asked of it. It never
//! asks the server what the server believes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use crossdock::simulator::shipcompliant::{Account, Request};
use crossdock::simulator::shopify::Shop;
use crossdock::store::{DeliveryQuery, DeliveryState, Store};

use super::load::{Load, street, version};

/// All is to be in step again so soon after what was harmed is back.
const SOON: Duration = Duration::from_secs(5);
/// Well before a lease runs out.
const LEASES: Duration = Duration::from_secs(20);

/// One scenario's account.
#[derive(Default)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) orders: usize,
    pub(super) webhooks: usize,
    pub(super) acknowledged: usize,
    pub(super) stored: usize,
    pub(super) applied: usize,
    /// Acknowledged and not kept, or not where it belongs in its newest version.
    pub(super) lost: usize,
    /// Entered twice, or an older version over a newer.
    pub(super) doubled: usize,
    /// The longest time in which nothing was acknowledged.
    pub(super) stall: Duration,
    /// From the end of the harm until everything was in step.
    pub(super) recovered: Duration,
    /// Tries that were not acknowledged.
    pub(super) refused: BTreeMap<String, usize>,
    /// What else was seen.
    pub(super) notes: Vec<String>,
    pub(super) wrong: Vec<String>,
    pub(super) complaints: Vec<String>,
}

impl Row {
    /// A scenario that ended before it came to its account.
    pub(super) fn broken(name: &'static str, why: String) -> Self {
        Self { name, wrong: vec![why], ..Self::default() }
    }

    /// Notes where something is not as it has to be.
    pub(super) fn demand(&mut self, holds: bool, what: &str) {
        if !holds {
            self.wrong.push(what.to_owned());
        }
    }

    /// All has to be in step again before anything that waits for a lease to run out would be. How soon beyond that is a matter of
    /// how much piled up and of the machine, which plays the shop as well: a missed aim is told, and is not wrong.
    pub(super) fn recovers(&mut self) {
        self.demand(self.recovered < LEASES, "it was as if it had waited for leases to run out");
        if self.recovered >= SOON {
            self.notes.push(format!("the aim is to be in step in under {} s", SOON.as_secs()));
        }
    }

    /// Whether all is as it has to be.
    pub(super) fn is_right(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.wrong.is_empty() && self.applied == self.acknowledged
    }

    /// The heads of the columns of [`Row`]s.
    pub(super) fn heads() -> String {
        format!(
            "{:<34} {:>6} {:>8} {:>12} {:>6} {:>7} {:>4} {:>7} {:>9} {:>12}",
            "scenario",
            "orders",
            "webhooks",
            "acknowledged",
            "stored",
            "applied",
            "lost",
            "doubled",
            "stall",
            "in step after"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<34} {:>6} {:>8} {:>12} {:>6} {:>7} {:>4} {:>7} {:>7.2} s {:>10.2} s",
            self.name,
            self.orders,
            self.webhooks,
            self.acknowledged,
            self.stored,
            self.applied,
            self.lost,
            self.doubled,
            self.stall.as_secs_f64(),
            self.recovered.as_secs_f64()
        )?;
        for note in &self.notes {
            write!(f, "\n    {note}")?;
        }
        for wrong in &self.wrong {
            write!(f, "\n    WRONG {wrong}")?;
        }
        for line in &self.complaints {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// The newest version of each order by its key at ShipCompliant.
fn newest(load: &Load) -> BTreeMap<String, u32> {
    let orders = load.orders.lock().unwrap();
    (1001..).zip(orders.iter()).map(|(key, (_, version, _))| (key.to_string(), *version)).collect()
}

/// The orders whose copy does not say what they say.
pub(super) fn behind(load: &Load, account: &Account) -> Vec<String> {
    let there = account.orders();
    let shows = |key: &str, version: u32| {
        there.get(key).is_some_and(|order| {
            order["committed"] == true && order["shipments"][0]["shipTo"]["street1"] == street(version)
        })
    };
    let newest = newest(load).into_iter();
    newest.filter(|(key, version)| !shows(key, *version)).map(|(key, _)| key).collect()
}

/// What was entered over something newer, in words.
fn backwards(requests: &[Request]) -> Vec<String> {
    let (mut seen, mut wrong) = (HashMap::<String, u32>::new(), Vec::new());
    for request in requests.iter().filter(|request| request.status == 200) {
        let Some(body) = &request.body else { continue };
        let order = &body["salesOrder"];
        let (Some(key), Some(street)) =
            (order["salesOrderKey"].as_str(), order["shipments"][0]["shipTo"]["street1"].as_str())
        else {
            continue;
        };
        let Some(version) = version(street) else { continue };
        let before = seen.insert(key.to_owned(), version).unwrap_or_default();
        if before > version {
            wrong.push(format!("order {key} was entered in version {version} after {before}"));
        }
    }
    wrong
}

/// Every delivery kept: the sender's id and where it stands.
async fn kept(store: &Store) -> Vec<(String, DeliveryState)> {
    let (mut kept, mut before) = (Vec::new(), None);
    loop {
        let query = DeliveryQuery { before, limit: Some(1000), ..DeliveryQuery::default() };
        let page = store.deliveries(&query).await.unwrap();
        let Some(last) = page.last() else { return kept };
        before = Some(last.id);
        kept.extend(page.into_iter().map(|row| (row.webhook_id, row.state)));
    }
}

pub(super) async fn reckon(
    name: &'static str,
    load: &Load,
    shop: &Shop,
    account: &Account,
    read_at: &str,
) -> Row {
    let store = Store::open(read_at).await.unwrap();
    let kept = kept(&store).await;
    let exceptions = store.counts().await.unwrap().exceptions;
    store.close().await;
    let mut row = Row { name, orders: load.orders.lock().unwrap().len(), ..Row::default() };

    let acknowledged: BTreeSet<String> = {
        let books = load.books.lock().unwrap();
        (row.webhooks, row.refused) = (books.taken, books.refused.clone());
        books.acknowledged.keys().cloned().collect()
    };
    row.acknowledged = acknowledged.len();
    row.stored = kept.len();
    let done = |state: DeliveryState| {
        use DeliveryState::{Applied, Duplicate, NoChange, Stale};
        matches!(state, Applied | Duplicate | NoChange | Stale)
    };
    let ids: BTreeSet<&str> = kept.iter().map(|(id, _)| id.as_str()).collect();
    // Of a webhook that came twice one may be the repeat of the other: each has to be done with.
    let undone: BTreeSet<&str> =
        kept.iter().filter(|(_, state)| !done(*state)).map(|(id, _)| id.as_str()).collect();
    let lost = acknowledged.iter().filter(|id| !ids.contains(id.as_str())).count();
    row.applied =
        acknowledged.iter().filter(|id| ids.contains(id.as_str()) && !undone.contains(id.as_str())).count();

    let behind = behind(load, account);
    row.lost = lost + behind.len();
    let backwards = backwards(&account.requests());
    let said = account.summary();
    let twice = said["double_commits"].as_u64().unwrap();
    let live = said["most_live_commits_of_a_key"].as_u64().unwrap();
    let strangers = account.orders().len().saturating_sub(row.orders);
    row.doubled = backwards.len() + strangers + usize::try_from(twice).unwrap() + usize::from(live > 1);

    let mut wrong = |holds: bool, what: String| {
        if !holds {
            row.wrong.push(what);
        }
    };
    wrong(lost == 0, format!("{lost} acknowledged webhooks are not in the store"));
    wrong(behind.is_empty(), format!("{} orders are not at their newest version", behind.len()));
    wrong(twice == 0, format!("a key that stood was committed {twice} times"));
    wrong(live <= 1, format!("{live} commits of one key stood at once"));
    wrong(strangers == 0, format!("{strangers} orders are there that nobody placed"));
    wrong(undone.is_empty(), format!("{} webhooks in the store are not done with", undone.len()));
    wrong(exceptions == 0, format!("{exceptions} exceptions are open"));
    wrong(shop.orders().len() == row.orders, "the shop has other orders".into());
    row.wrong.extend(backwards.into_iter().take(5));
    row
}
