//! What is measured beside the server: the Node programs of `bench/node` as processes of their own, and the databases of the
//! cluster that both keep their rows in. It knows no figure.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::webhook::SECRET;

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/node"));
    command.arg(script).env("NODE_ENV", "production").env("BENCH_SECRET", SECRET);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// What it prints, once it ended well.
fn said(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    String::from_utf8(output.stdout).unwrap()
}

/// A peer that takes webhooks; dropped, it is killed as by a power cut.
pub(crate) struct Peer {
    process: Child,
    pub(crate) address: SocketAddr,
    /// Kept open: one that prints into a closed pipe ends.
    _said: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it with an empty database.
    pub(crate) fn start(url: &str, flags: &[String]) -> Self {
        let mut process = node("ingest.js").arg(url).args(flags).stdout(Stdio::piped()).spawn().unwrap();
        let (mut said, mut line) = (BufReader::new(process.stdout.take().unwrap()), String::new());
        said.read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("the peer says its address");
        Self { process, address, _said: said }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The webhook's id of every row in the peer's table.
pub(crate) fn kept(url: &str) -> HashSet<String> {
    let mut command = node("stored.js");
    command.arg(url);
    said(command).lines().map(str::to_owned).collect()
}

/// Has graphile-worker drain its jobs, and returns what it says of it.
pub(crate) fn drain(url: &str, flags: &[String]) -> Value {
    let mut command = node("drain.js");
    command.arg(url).args(flags);
    serde_json::from_str(&said(command)).unwrap()
}
