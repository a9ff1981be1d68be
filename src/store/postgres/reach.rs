//! How the database is reached: connections lent for a while, and transactions that need nothing of a session.
//!
//! Between may stand a pooler that lends its own connections by the transaction and knows nothing of prepared statements. Then
//! everything is in a transaction, which begins by forgetting what others prepared on the connection that it was given.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};

use super::connect::BY_KEY;
use crate::store::{Result, StoreError};

/// What begins the transactions of writers: a lock that somebody holds, or a statement that has gone astray, ends as an error and
/// not never. Where the network lost us, the database would hold our locks until it notices; it gives the transaction up instead.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = '8s'; SET LOCAL idle_in_transaction_session_timeout = '5s'";
/// How long anything may take; beyond it the network or the database is taken for gone.
pub(super) const AT_MOST: Duration = Duration::from_secs(10);
/// What follows where a pooler stands between.
static AFRESH: LazyLock<String> =
    LazyLock::new(|| format!("DEALLOCATE ALL; {}", BY_KEY.replace("SET ", "SET LOCAL ")));
static BEGIN_AFRESH: LazyLock<String> = LazyLock::new(|| format!("{BEGIN}; {}", *AFRESH));

/// The way to the database; clones are one.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) pool: PgPool,
    /// Whether a pooler stands between that lends by the transaction.
    pub(super) pooled: bool,
}

impl Reach {
    /// What begins the transactions of writers.
    pub(super) fn begins(&self) -> &'static str {
        if self.pooled { &BEGIN_AFRESH } else { BEGIN }
    }

    /// A transaction of one's own.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Postgres>> {
        let mut transaction = self.pool.begin().await?;
        self.afresh(&mut transaction).await?;
        Ok(transaction)
    }

    /// What a transaction needs that was begun just now.
    async fn afresh(&self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        if self.pooled {
            sqlx::raw_sql(AFRESH.as_str()).execute(transaction).await?;
        }
        Ok(())
    }

    /// Runs `work`, in a transaction where it has to be.
    pub(super) async fn apart<T>(
        &self,
        connection: &mut PgConnection,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        if !self.pooled {
            return work(connection).await;
        }
        let mut transaction = connection.begin().await?;
        self.afresh(&mut transaction).await?;
        let done = work(&mut transaction).await?;
        transaction.commit().await?;
        Ok(done)
    }

    /// Runs `work` on the connection that is kept, or else on one of the pool's, which is kept then; for so long at the most.
    pub(super) async fn bounded<T>(
        &self,
        kept: &mut Option<Lent>,
        at_most: Duration,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        let mut lent = match kept.take() {
            Some(lent) => lent,
            None => Lent { connection: self.pool.acquire().await?, at_most, spent: false },
        };
        lent.spent = true;
        let done = tokio::time::timeout(at_most, work(&mut lent.connection)).await.unwrap_or_else(|_| {
            let why = format!("the database did not answer within {} s", at_most.as_secs());
            Err(StoreError::Database(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, why))))
        });
        if !matches!(done, Err(StoreError::Database(_))) {
            lent.spent = false;
            *kept = Some(lent);
        }
        done
    }
}

/// Connections that are kept for one kind of work. What was used last is used first: each has to be told anew what every statement
/// means, which takes longer than the statement, the longer the more days are kept.
#[derive(Default)]
pub(super) struct Shelf {
    most: usize,
    kept: Mutex<Vec<Lent>>,
}

impl Shelf {
    /// For so many at the most; others go back to the pool, where others may be waiting for them.
    pub(super) fn of(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    pub(super) fn take(&self) -> Option<Lent> {
        self.kept().pop()
    }

    pub(super) fn put(&self, lent: Option<Lent>) {
        let mut kept = self.kept();
        if kept.len() < self.most {
            kept.extend(lent);
        }
    }

    /// Gives all of them back.
    pub(super) fn clear(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Lent>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection of the pool's, which goes back to it unless something is left undone on it.
pub(super) struct Lent {
    connection: PoolConnection<Postgres>,
    /// How long the database may take to answer.
    at_most: Duration,
    /// Something was begun and did not end well: nobody gets it again.
    spent: bool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.spent {
            self.connection.close_on_drop();
        } else {
            // The pool asks what it gets back whether it lives. Left to itself it would wait for the answer until the network
            // owns up, with one connection fewer to lend, and nothing could stop in order.
            tokio::spawn(tokio::time::timeout(self.at_most, self.connection.return_to_pool()));
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::store::seam::Database;

    const SOON: Duration = Duration::from_millis(500);

    /// A way over one connection, which carries nothing once the token is cancelled, and tells nobody.
    async fn reach(database: &Database) -> (Reach, CancellationToken) {
        let options: PgConnectOptions = database.url.parse().unwrap();
        let server = (options.get_host().to_owned(), options.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let dead = CancellationToken::new();
        tokio::spawn({
            let dead = dead.clone();
            async move {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = TcpStream::connect(server).await.unwrap();
                dead.run_until_cancelled(tokio::io::copy_bidirectional(&mut near, &mut far)).await;
                let _ = far.shutdown().await;
                std::future::pending::<()>().await;
            }
        });
        let options = options.host("127.0.0.1").port(port);
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        (Reach { pool, pooled: false }, dead)
    }

    #[tokio::test]
    async fn a_connection_that_died_unseen_is_not_waited_for() {
        let Some(database) = Database::make().await else { return };
        let (alive, _) = reach(&database).await;
        for _ in 0..3 {
            alive
                .bounded(&mut None, AT_MOST, async |on| Ok(sqlx::raw_sql("SELECT 1").execute(on).await?))
                .await
                .unwrap();
        }
        alive.pool.close().await;
        // It dies when all that was asked is answered, and where the answer is waited for.
        for while_waiting in [false, true] {
            let (dying, dead) = reach(&database).await;
            let work = async |on: &mut PgConnection| {
                sqlx::raw_sql("SELECT 1").execute(&mut *on).await?;
                dead.cancel();
                if while_waiting {
                    sqlx::raw_sql("SELECT 1").execute(on).await?;
                }
                Ok(())
            };
            assert_eq!(dying.bounded(&mut None, SOON, work).await.is_err(), while_waiting);
            // It is on its way back when the pool is closed.
            tokio::task::yield_now().await;
            let closed = tokio::time::timeout(AT_MOST, dying.pool.close()).await;
            assert!(closed.is_ok(), "it is held for ever, {while_waiting}");
        }
        database.drop().await;
    }
}
