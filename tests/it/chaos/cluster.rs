//! A PostgreSQL of a scenario's own, by `bin/postgres`, so that it can be crashed, filled and starved.
//!
//! Where PostgreSQL is not installed that is said, and the scenario left out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bin/postgres");

/// A running cluster; dropped, it is stopped.
pub(super) struct Cluster {
    folder: PathBuf,
    /// Its database `postgres`.
    pub(super) url: String,
}

impl Cluster {
    /// Starts one in `folder` with these settings, under this environment.
    pub(super) fn start(folder: &Path, settings: &[&str], environment: &[(String, PathBuf)]) -> Option<Self> {
        let folder = folder.join("postgres");
        let mut command = Command::new(SCRIPT);
        command.arg("start").arg(&folder).args(settings).envs(environment.iter().cloned());
        let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
        let (said, why) = (String::from_utf8(stdout).unwrap(), String::from_utf8_lossy(&stderr));
        if why.contains("is not installed") {
            super::skip("scenarios on PostgreSQL need PostgreSQL, which is not here");
            return None;
        }
        assert!(status.success(), "{why}");
        Some(Self { folder, url: said.trim().to_owned() })
    }

    async fn run(&self, verb: &str) -> bool {
        let mut command = tokio::process::Command::new(SCRIPT);
        command.arg(verb).arg(&self.folder).stdin(Stdio::null());
        command.output().await.unwrap().status.success()
    }

    /// Crashes it, if it runs, and starts it again; false where it does not start.
    pub(super) async fn restart(&self) -> bool {
        self.run("restart").await
    }

    /// Crashes it.
    pub(super) async fn crash(&self) -> bool {
        self.run("stop").await
    }

    /// What it writes down about itself.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        let port = self.url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
        ([127, 0, 0, 1], port.parse().unwrap()).into()
    }

    /// A connection of somebody else's.
    pub(super) async fn connect(&self) -> sqlx::Result<PgConnection> {
        self.url.parse::<PgConnectOptions>()?.application_name("chaos").connect().await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(SCRIPT).arg("stop").arg(&self.folder).stderr(Stdio::null()).status();
    }
}
