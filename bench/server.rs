//! The server of the release binary as a process of its own, in a folder of its own, and what the system says of it.
//! It knows no benchmark: what is measured is the caller's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::webhook::SECRET;

const TOKEN: &str = "bench-token";

/// The server that is measured: the one that `CROSSDOCK_BENCH_SERVER` names, which the scripts build as a user does; otherwise
/// the one that was built beside the benchmark, with what only tests ask of its dependencies.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("CROSSDOCK_BENCH_SERVER")
        .map_or_else(|| env!("CARGO_BIN_EXE_crossdock").into(), PathBuf::from)
}

/// A server at work; dropped, it is killed as by a power cut.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) ready: Duration,
}

impl Server {
    /// Starts `binary` as a server with its configuration in `folder`, and its database too, unless `store_url` names
    /// another; `more` is configuration beyond the shop's, `flags` are options of `serve`.
    pub(crate) fn start(
        binary: &Path,
        folder: &Path,
        store_url: Option<&str>,
        more: &str,
        flags: &[&str],
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let config = folder.join("crossdock.toml");
        let own_url = format!("sqlite:{}", folder.join("crossdock.db").display());
        std::fs::write(
            &config,
            format!(
                "[server]\nlisten = \"{address}\"\n[admin]\ntoken = \"env:BENCH_TOKEN\"\n\
                 [store]\nurl = \"{}\"\n[connections.cellar]\nkind = \"shopify\"\n\
                 endpoint = \"http://127.0.0.1:9\"\nwebhook_secrets = [\"env:BENCH_SECRET\"]\n{more}",
                store_url.unwrap_or(&own_url)
            ),
        )
        .unwrap();
        let mut command = Command::new(binary);
        command.arg("--config").arg(&config).arg("serve").args(flags);
        command.env("BENCH_TOKEN", TOKEN).env("BENCH_SECRET", SECRET).env("RUST_LOG", "warn");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let started = Instant::now();
        let mut process = command.spawn().unwrap();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(process.try_wait().unwrap().is_none(), "the server ended; its words are above");
            assert!(started.elapsed() < Duration::from_secs(30), "the server does not start");
            std::thread::yield_now();
        }
        Self { process, address, ready: started.elapsed() }
    }

    /// A number of `/proc/PID/status`, which are in KiB, or of another file there.
    pub(crate) fn number(&self, file: &str, field: &str) -> u64 {
        number(&self.process.id().to_string(), file, field)
    }

    /// Processor time used so far, in hundredths of a second.
    pub(crate) fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
    }

    /// What a `GET` of its API answers.
    pub(crate) fn ask(&self, path: &str) -> Value {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }
}

/// A number that the system has of a process.
pub(crate) fn number(process: &str, file: &str, field: &str) -> u64 {
    let said = std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
    let line = said.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_default()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
