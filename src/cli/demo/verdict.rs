//! How the day ended: every copy against the rules, every acknowledged delivery against what is kept.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::rules::{demand, held};
use super::{Day, demanded, key, packing};
use crate::cli::say;
use crate::store::{Counts, DeliveryRow, OrderRow};

/// How the day ended.
pub(super) struct Verdict {
    counts: Counts,
    /// Orders all of whose copies are in step.
    in_step: usize,
    wrong: Vec<String>,
    lost: usize,
    /// Ascending.
    took: Vec<Duration>,
}

impl Verdict {
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.lost == 0
    }

    fn percentile(&self, percent: usize) -> u128 {
        let rank = (self.took.len() * percent).div_ceil(100).max(1);
        self.took.get(rank - 1).map_or(0, Duration::as_millis)
    }

    pub(super) fn tell(&self, day: &Day, folder: &Path) {
        for wrong in &self.wrong {
            say(format_args!("WRONG  {wrong}"));
        }
        if !self.is_right() {
            say(format_args!("What the server kept and logged lies in {}", folder.display()));
        }
        if self.wrong.is_empty() {
            let orders = day.stage.shop.orders().len();
            say(format_args!("\n{orders} orders compared with the rules: every copy is what they demand."));
        }
        say(format_args!(
            "{} changes made while ShipCompliant could be reached: p50 {} ms, p99 {} ms until every copy was right.",
            self.took.len(),
            self.percentile(50),
            self.percentile(99)
        ));
        let (Counts { deliveries, duplicates, orders, exceptions, .. }, in_step) =
            (&self.counts, self.in_step);
        say(format_args!(
            "crossdock demo: {deliveries} deliveries, {duplicates} duplicates, {orders} orders, {in_step} in step, \
             {exceptions} exceptions, {} lost, p99 change-to-copy {} ms",
            self.lost,
            self.percentile(99)
        ));
    }
}

impl Day {
    /// Compares everything with what the rules demand.
    pub(super) async fn judge(&self) -> anyhow::Result<Verdict> {
        let counts: Counts = self.stage.server.api.get("summary", &[]).await?;
        let exceptions = self.exceptions().await?;
        let mut wrong = Vec::new();
        let mut expected_exceptions = 0;
        for order in self.stage.shop.orders() {
            let there = self.packed(&order);
            let demand = demand(&order, packing::left(there.as_ref()));
            let held = held(self.stage.account.order(key(&order)).as_ref());
            if demand.copy != held {
                wrong.push(format!(
                    "{}: ShipCompliant holds {held:?}, and should {:?}",
                    order.name, demand.copy
                ));
            }
            let mut codes = demanded("compliance", demand.exception);
            if packing::is_packed(&order) {
                let (wanted, exception) = packing::demand(&order, there.as_ref());
                let held = packing::held(there.as_ref());
                if wanted != held {
                    wrong.push(format!("{}: ShipHero holds {held:?}, and should {wanted:?}", order.name));
                }
                if !packing::is_told(&order, there.as_ref()) {
                    wrong.push(format!("{}: the shop does not know of its parcels", order.name));
                }
                codes.extend(demanded("warehouse", exception));
            } else if there.is_some() {
                wrong.push(format!("{}: ShipHero holds it, and should not", order.name));
            }
            let open = exceptions.get(&order.name).cloned().unwrap_or_default();
            if open != codes {
                wrong.push(format!(
                    "{}: the open exceptions are {open:?}, and should be {codes:?}",
                    order.name
                ));
            }
            expected_exceptions += i64::try_from(codes.len()).unwrap_or_default();
            if let Some(why) = demand.stays_out {
                let query = [("name", order.name.clone())];
                let rows: Vec<OrderRow> = self.stage.server.api.get("orders", &query).await?;
                let told = rows.iter().flat_map(|row| &row.mirrors).any(|mirror| mirror.absence.is_some());
                if !told {
                    wrong.push(format!("{}: the API does not say why it stays out ({why})", order.name));
                }
            }
        }
        if counts.exceptions != expected_exceptions {
            wrong.push(format!(
                "{} exceptions are open, and should be {expected_exceptions}",
                counts.exceptions
            ));
        }
        for guest in &self.stage.account.orders().into_keys().collect::<Vec<_>>() {
            if !self.stage.shop.orders().iter().any(|order| key(order) == guest) {
                wrong.push(format!("ShipCompliant holds {guest}, which no order of the shop is"));
            }
        }
        let twice = self.stage.account.summary()["most_live_commits_of_a_key"].as_u64().unwrap_or_default();
        if twice > 1 {
            wrong.push(format!("an order was committed {twice} times at once"));
        }
        let mut entered = BTreeSet::new();
        for order in self.stage.house.orders() {
            let name = order["order_number"].as_str().unwrap_or_default().to_owned();
            if order["fulfillment_status"] != "canceled" && !entered.insert(name.clone()) {
                wrong.push(format!("{name}: it is at ShipHero twice"));
            }
        }
        let (kept, acknowledged) = (self.kept().await?, self.acknowledged());
        let lost = acknowledged.difference(&kept).count();
        let mut took = self.took.clone();
        took.sort_unstable();
        let rows: Vec<OrderRow> =
            self.stage.server.api.get("orders", &[("limit", "1000".to_owned())]).await?;
        let right = |row: &&OrderRow| row.mirrors.iter().all(|mirror| mirror.state == "in_step");
        let in_step = rows.iter().filter(right).count();
        Ok(Verdict { counts, in_step, wrong, lost, took })
    }

    /// Ids of the deliveries that were answered with a 2xx.
    fn acknowledged(&self) -> BTreeSet<String> {
        let deliveries = self.stage.shop.deliveries().into_iter();
        deliveries.filter(|d| d.acknowledged_at.is_some()).map(|d| d.webhook_id).collect()
    }

    /// Ids of the deliveries that the server has.
    async fn kept(&self) -> anyhow::Result<BTreeSet<String>> {
        let (mut kept, mut before) = (BTreeSet::new(), i64::MAX);
        loop {
            let query = [("limit", "1000".to_owned()), ("before", before.to_string())];
            let rows: Vec<DeliveryRow> = self.stage.server.api.get("deliveries", &query).await?;
            let Some(last) = rows.last() else { return Ok(kept) };
            before = last.id;
            kept.extend(rows.into_iter().map(|row| row.webhook_id));
        }
    }
}
