//! What a person must decide, as people and tools ask for it; who sees to it, and by when.
//!
//! Exceptions are opened and closed by passes alone; here nothing is decided about an order.

use jiff::Timestamp;

use super::page;
use crate::domain::reason::{Duties, ReasonCode};
use crate::domain::{OrderRef, RemoteId};
use crate::store::filter::Filter;
use crate::store::on::{execute, fetch_filtered};
use crate::store::{ExceptionRow, Result, Store, instant, micros, sql};

/// Which exceptions to list; absent means any that is open.
#[derive(Clone, Debug, Default)]
pub struct ExceptionQuery {
    /// With this code.
    pub code: Option<String>,
    /// Those that are over too.
    pub closed: bool,
    /// This one.
    pub id: Option<i64>,
    /// Of this order.
    pub order: Option<OrderRef>,
    /// That this one sees to.
    pub owner: Option<String>,
    /// That were to be done by then.
    pub due_by: Option<Timestamp>,
    /// Only those before this id, for the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: Option<i64>,
}

type Columns = (
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    String,
    String,
    Option<String>,
    String,
    i64,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

fn row(row: Columns) -> ExceptionRow {
    let (id, channel, order_id, order_name, destination, delivery_id, code, message, vendor, mend, ..) = row;
    let (.., opened, closed, owner, due) = row;
    ExceptionRow {
        id,
        channel,
        order_id,
        order_name: order_name.filter(|name| !name.is_empty()),
        destination,
        delivery_id,
        task: ReasonCode::parse(&code).task().map(str::to_owned),
        code,
        message,
        vendor,
        mend,
        owner,
        due_at: due.map(instant),
        opened_at: instant(opened),
        closed_at: closed.map(instant),
    }
}

impl Store {
    /// Exceptions, newest first.
    pub async fn exceptions(&self, query: ExceptionQuery) -> Result<Vec<ExceptionRow>> {
        self.read(move |mut on| {
            Box::pin(async move {
                let ExceptionQuery { code, closed, id, order, owner, due_by, before, limit } = query;
                let (channel, order) = order.map(|order| (order.connection, order.id)).unzip();
                let mut filter = Filter::of(sql::EXCEPTIONS);
                if !closed {
                    filter = filter.and("e.closed_at IS NULL", Vec::new());
                }
                let filter = filter
                    .when("e.code = $1", code)
                    .when("e.id < $1", before)
                    .when("e.id = $1", id)
                    .when("e.channel = $1", channel)
                    .when("e.order_id = $1", order.as_ref().map(RemoteId::as_str))
                    .when("e.owner = $1", owner)
                    .when("e.due_at <= $1", due_by.map(micros))
                    .first("e.id DESC", page(limit));
                let rows = fetch_filtered!(on, Columns, filter)?;
                Ok(rows.into_iter().map(row).collect())
            })
        })
        .await
    }

    /// Gives an open exception to somebody, by a time or by none. False where it is not open.
    pub async fn assign(&self, id: i64, owner: Option<String>, due: Option<Timestamp>) -> Result<bool> {
        self.write(move |mut on| {
            Box::pin(async move { Ok(execute!(on, sql::ASSIGN, id, owner, due.map(micros))? > 0) })
        })
        .await
    }

    /// Who sees to exceptions that are opened from now on.
    pub async fn set_duties(&self, duties: &Duties) -> Result<()> {
        let rows = duties.rows();
        self.write(move |mut on| {
            Box::pin(async move {
                execute!(on, sql::CLEAR_DUTIES)?;
                for (code, duty) in rows {
                    let within =
                        duty.within.map(|within| i64::try_from(within.as_micros()).unwrap_or(i64::MAX));
                    execute!(on, sql::ADD_DUTY, code, duty.owner, within)?;
                }
                Ok(())
            })
        })
        .await
    }
}
