//! Which order a part of one belongs to, and handing over what waited under the part to its order.
//!
//! A part never changes its order, so what is learnt once is true for ever.

use jiff::Timestamp;

use crate::domain::{OrderRef, RemoteId};
use crate::store::on::{On, execute, fetch_optional};
use crate::store::{Result, micros, sql};

/// The order that a part belongs to, where it is known.
pub(in crate::store) async fn order_of(
    on: &mut On<'_>,
    channel: &str,
    part: &RemoteId,
) -> Result<Option<RemoteId>> {
    let row = fetch_optional!(*on, (String,), sql::PART, channel, part.as_str())?;
    Ok(row.map(|(order,)| RemoteId(order)))
}

/// Keeps that a part belongs to an order.
pub(in crate::store) async fn learn(
    on: &mut On<'_>,
    channel: &str,
    part: &RemoteId,
    order: &RemoteId,
) -> Result<()> {
    execute!(*on, sql::ADD_PART, channel, part.as_str(), order.as_str())?;
    Ok(())
}

/// Makes the order due that a part turned out to belong to, with the deliveries and tries that waited under the part.
pub(in crate::store) async fn hand_over(
    on: &mut On<'_>,
    waiting: &OrderRef,
    order: &RemoteId,
    urgent: bool,
    now: Timestamp,
) -> Result<()> {
    let (channel, part, order) = (&waiting.connection, waiting.id.as_str(), order.as_str());
    execute!(*on, sql::HAND_OVER_DELIVERIES, channel, part, order)?;
    execute!(*on, sql::HAND_OVER_ATTEMPTS, channel, part, order)?;
    // How long they waited under the part is not looked up.
    execute!(*on, sql::TOUCH, channel, order, micros(now), i64::from(!urgent), Some(0_i64))?;
    Ok(())
}
