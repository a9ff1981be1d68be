//! What happens outside the warehouse: customers and merchants at the shop, the compliance service's own fulfilment house, and
//! what goes wrong with calls.

use crossdock::simulator::fault::{Fault, Script};
use crossdock::simulator::shopify::order::RestockType;
use crossdock::simulator::shopify::{self, CancelOrder, NewHold, NewOrder, NewRefund, Release, generate};
use rand::RngExt;
use rand::rngs::StdRng;

use super::checks::REFUND;
use super::world::World;

/// What the compliance service's own fulfilment house begins its tracking numbers with.
pub(super) const THEIRS: &str = "7489";
/// The tag by which somebody asks for a re-check.
pub(super) const RECHECK: &str = "recheck";

const FAULTS: [Fault; 9] = [
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::ResetAfter,
    Fault::Error(500),
    Fault::Error(503),
    Fault::ErrorAfter(502),
    Fault::Throttle(2),
    Fault::Truncated,
    Fault::NotJson,
];

/// Whether an order can go to every destination, as far as the routes' maps are concerned.
fn can_be_sent(order: &NewOrder) -> bool {
    order.source_name != "pos"
        && order.shipping_address.is_some()
        && order.shipping.iter().any(|line| line.title != "Tasting room")
        && order.lines.iter().all(|line| line.sku.as_ref().is_some_and(|sku| !sku.is_empty()))
}

impl World {
    /// Any order of the shop, the newest more often.
    pub(super) fn any(&self, rng: &mut StdRng) -> Option<i64> {
        if rng.random_bool(0.4) {
            return self.ids.last().copied();
        }
        (!self.ids.is_empty()).then(|| self.ids[rng.random_range(0..self.ids.len())])
    }

    pub(super) fn place(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let mut new = generate::generate(rng, self.winery.shop.profile());
        // Most can be sent out as they are.
        while !can_be_sent(&new) && rng.random_bool(0.9) {
            new = generate::generate(rng, self.winery.shop.profile());
        }
        self.ids.push(self.winery.shop.place_order(&new).ok()?);
        Some("place")
    }

    pub(super) fn stop_goods(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let (id, shop) = (self.any(rng)?, &self.winery.shop);
        let all = if self.is_caught() { 2 } else { 6 };
        let (name, done) = match rng.random_range(0..all) {
            0 => ("cancel", shop.cancel_order(id, &CancelOrder::default())),
            1 | 2 => ("hold", shop.hold(id, &NewHold::default()).map(|_| ())),
            3 => ("void", shop.void_payment(id)),
            _ => {
                let order = shop.order(id)?;
                let line = order.lines.iter().find(|line| order.unfulfilled(line.id) > 0);
                let line = match line {
                    Some(line) => (line.id, order.unfulfilled(line.id), RestockType::Cancel),
                    // Everything left, and some of it comes back.
                    None => {
                        let line = order.lines.iter().find(|line| line.current_quantity() > 0)?;
                        (line.id, line.current_quantity(), RestockType::Return)
                    }
                };
                let line = shopify::RefundUnits {
                    line_id: line.0,
                    quantity: rng.random_range(1..=line.1),
                    restock: line.2,
                    location_id: None,
                };
                let refund = NewRefund { lines: vec![line], ..NewRefund::default() };
                ("refund", shop.refund(id, &refund).map(|_| ()))
            }
        };
        done.ok().map(|()| name)
    }

    pub(super) fn free(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let (id, shop) = (self.any(rng)?, &self.winery.shop);
        if rng.random() {
            return shop.mark_paid(id, None).ok().map(|()| "pay");
        }
        shop.release(id, &Release::default()).ok().map(|()| "let go")
    }

    /// Somebody who waited asks to have an order judged anew.
    pub(super) fn ask(&self, rng: &mut StdRng) -> Option<&'static str> {
        let id = self.any(rng).filter(|_| rng.random_bool(0.4))?;
        let mut tags = self.winery.shop.order(id)?.tags;
        tags.push(RECHECK.to_owned());
        self.winery.shop.set_tags(id, &tags).ok().map(|()| "ask for a re-check")
    }

    /// The compliance service's own fulfilment house ships something, corrects its tracking, or hands it over.
    pub(super) fn ship_there(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let keys = self.winery.account.orders().into_keys();
        let keys: Vec<String> = keys.filter(|key| !key.contains(REFUND)).collect();
        if keys.is_empty() {
            return None;
        }
        let key = &keys[rng.random_range(0..keys.len())];
        let number = format!("{THEIRS}{}", rng.random_range(0..1000));
        // What is not committed cannot be shipped, and the account says so.
        match rng.random_range(0..3) {
            0 => self.winery.account.add_tracking(key, "1", &[number]),
            1 => self.winery.account.set_status(key, "1", "Shipped"),
            _ => self.winery.account.set_status(key, "1", "Delivered"),
        }
        .ok()
        .map(|()| "ship elsewhere")
    }

    pub(super) fn access(&mut self, rng: &mut StdRng) -> Option<&'static str> {
        let house = self.winery.house.as_ref()?;
        match rng.random_range(0..3) {
            0 => {
                house.revoke_tokens();
                Some("end tokens")
            }
            1 => {
                // Where the quota is still to be asked, the answer has a call wait for credits on a clock that stands still.
                let asked: Vec<bool> =
                    house.requests().iter().rev().map(|r| r.operations == ["user_quota"]).collect();
                if !asked.iter().skip(2).any(|quota| *quota) || asked.iter().take(2).any(|quota| *quota) {
                    return None;
                }
                house.drain_credits();
                Some("use up credits")
            }
            _ => {
                house.answer_done_with_errors(1);
                Some("answer done with an error")
            }
        }
    }

    pub(super) fn spoil(&mut self, rng: &mut StdRng) -> &'static str {
        let fault = FAULTS[rng.random_range(0..FAULTS.len())];
        let at = match (&self.winery.house, rng.random_range(0..4)) {
            (_, 0) => self.winery.shop.faults(),
            (Some(house), 1 | 2) => house.faults(),
            _ => self.winery.account.faults(),
        };
        let times = if rng.random_bool(0.15) { rng.random_range(2..9) } else { 1 };
        at.script_after(rng.random_range(0..3), Script { fault, method: None, path: None, times });
        "spoil"
    }
}
