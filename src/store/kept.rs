//! What a connection keeps for itself from one run to the next: a renewed token, how far it was asked what changed.
//!
//! One value a name. It may be secret: it is never listed.

use jiff::Timestamp;

use super::on::{execute, fetch_optional};
use super::{Result, Store, micros, sql};

impl Store {
    /// What a connection kept under a name.
    pub async fn kept(&self, connection: &str, name: &'static str) -> Result<Option<String>> {
        let connection = connection.to_owned();
        self.read(move |mut on| {
            Box::pin(async move {
                let row = fetch_optional!(on, (String,), sql::KEPT, &connection, name)?;
                Ok(row.map(|(value,)| value))
            })
        })
        .await
    }

    /// Keeps a value in place of what was kept under that name.
    pub async fn keep(
        &self,
        connection: &str,
        name: &'static str,
        value: String,
        now: Timestamp,
    ) -> Result<()> {
        let connection = connection.to_owned();
        self.write(move |mut on| {
            Box::pin(async move {
                execute!(on, sql::KEEP, &connection, name, &value, micros(now))?;
                Ok(())
            })
        })
        .await
    }
}
