//! What a person must decide, as people and tools ask for it; who sees to it, and by when.
//!
//! Exceptions are opened and closed by passes alone; here nothing is decided about an order.

use jiff::Timestamp;

use super::admin::page;
use super::on::{execute, fetch_all};
use super::{ExceptionRow, Result, Store, instant, micros, sql};
use crate::domain::OrderRef;
use crate::domain::reason::{Duties, ReasonCode};

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
                let rows = fetch_all!(
                    on,
                    Columns,
                    sql::EXCEPTIONS,
                    code,
                    closed,
                    before,
                    id,
                    order.as_ref().map(|order| order.connection.as_str()),
                    order.as_ref().map(|order| order.id.as_str()),
                    owner,
                    due_by.map(micros),
                    page(limit)
                )?;
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
