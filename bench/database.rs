//! Empty databases in the cluster that a benchmark was given. It starts no cluster: `bin/postgres` does.

use std::process::{Command, Stdio};

/// An empty database of the cluster at `url`, under this name; everything that was written before is on disk.
pub(crate) fn database(url: &str, name: &str) -> String {
    for statement in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name}"),
        "CHECKPOINT".to_owned(),
    ] {
        let mut command = Command::new("psql");
        command.args([url, "--no-psqlrc", "--quiet", "--command", &statement]);
        command.env("PGOPTIONS", "-c client_min_messages=warning").stderr(Stdio::inherit());
        assert!(command.status().unwrap().success(), "psql: {statement}");
    }
    let (cluster, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{cluster}/{name}")
}
