//! `crossdock store copy`: moves a merchant from SQLite to PostgreSQL while no server runs.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};

use super::{counted, say};
use crate::clock::Clock;
use crate::config::store_url;
use crate::store::{Copied, Tally, copy};

#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Copy everything kept into an empty database, and compare count and checksum of each table. The server must be stopped.
    Copy(Copy),
}

#[derive(Debug, Args)]
pub(super) struct Copy {
    /// What is copied: `sqlite:PATH`.
    #[arg(long, value_name = "URL", value_parser = place)]
    from: SecretString,
    /// Where to: `postgres://…`, or `env:NAME` or `file:PATH` for what holds that, which keeps the password out of sight.
    #[arg(long, value_name = "URL", value_parser = place)]
    to: SecretString,
}

fn place(written: &str) -> Result<SecretString, String> {
    store_url(written).map_err(|(what, mend)| format!("{what}; {mend}"))
}

impl Store {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Copy(Copy { from, to }) = self;
        say(format_args!("{:<16} {:>10}  {:32}  ok", "table", "rows", "checksum"));
        let mut rows = 0;
        let line = |copied: &Copied| {
            let Copied { table, written, read } = copied;
            let tally = |Tally { rows, checksum }: &Tally| format!("{rows:>10}  {checksum:032x}");
            if copied.is_same() {
                say(format_args!("{table:<16} {}  yes", tally(written)));
            } else {
                say(format_args!(
                    "{table:<16} {}  NO: read back {}",
                    tally(written),
                    tally(read).trim_start()
                ));
            }
            rows += written.rows;
        };
        let same = copy(from.expose_secret(), to.expose_secret(), Clock::system().now(), line).await?;
        if !same {
            say("what was read back is not what was written: nothing is kept in the new database");
            return Ok(ExitCode::FAILURE);
        }
        say(format_args!(
            "{} copied; write the new place into store.url and start the server",
            counted(usize::try_from(rows).unwrap_or(usize::MAX), "row", "rows")
        ));
        Ok(ExitCode::SUCCESS)
    }
}
