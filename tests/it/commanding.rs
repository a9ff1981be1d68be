//! The command line, by running the program itself: what it prints, and how it ends.

mod checking;
mod looking;
mod moving;
mod registering;
mod serving;

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossdock::clock::Clock;
use crossdock::simulator::shipcompliant::{self, Account};
use crossdock::simulator::shopify::{self, Settings, Shop};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::server::{http, preamble};
use crate::support::winery::{ROUTE, route, vendors};

/// The longest anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a command ended and what it said.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// The program in `folder`, with none of this process's settings.
fn crossdock(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crossdock"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CROSSDOCK") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn ended(command: &mut Command) -> Ended {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Two played vendors, and a folder with a configuration that names them.
struct Place {
    folder: tempfile::TempDir,
    shop: Shop,
    account: Account,
    _stop: DropGuard,
}

impl Place {
    async fn new() -> Self {
        Self::with(shopify::Options::default()).await
    }

    async fn with(shop: shopify::Options) -> Self {
        let (clock, stop) = (Clock::system(), CancellationToken::new());
        let (shop, shop_url, account, account_url) =
            vendors(shop, shipcompliant::Options::default(), &clock, &stop).await;
        let folder = tempfile::tempdir().unwrap();
        let text = preamble(folder.path(), &shop_url) + &route(folder.path(), &account_url, "", ROUTE);
        std::fs::write(folder.path().join("crossdock.toml"), text).unwrap();
        Self { folder, shop, account, _stop: stop.drop_guard() }
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        ended(&mut crossdock(self.folder.path(), arguments)).await
    }

    fn change(&self, old: &str, new: &str) {
        let path = self.folder.path().join("crossdock.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{old:?} is not there to be changed");
        std::fs::write(path, text.replacen(old, new, 1)).unwrap();
    }
}

/// The server as a process of its own.
struct Served {
    child: Child,
    url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// Starts it, and returns once it says that it is ready; the shop's webhooks go to it.
    async fn start(place: &Place) -> Self {
        let mut command = crossdock(place.folder.path(), &["--log-json", "serve"]);
        command.env("RUST_LOG", "debug,crossdock=trace");
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let starting = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                log.lock().unwrap().push(line);
                if said["fields"]["message"] == "ready" {
                    let webhooks = said["fields"]["webhooks"].as_str().unwrap();
                    return webhooks.split("/webhooks/").next().unwrap().to_owned();
                }
            }
            panic!("it ended before it was ready: {:#?}", log.lock().unwrap());
        };
        let url = tokio::time::timeout(PATIENCE, starting).await.expect("it is ready in time");
        tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    log.lock().unwrap().push(line);
                }
            }
        });
        let webhooks = Some(format!("{url}/webhooks/cellar"));
        place.shop.configure_webhooks(&Settings { url: webhooks, ..Settings::default() });
        Self { child, url, log }
    }

    /// Asks until the server says that nothing waits.
    async fn settled(&self, place: &Place) {
        let client = http();
        let asking = async {
            place.shop.settled().await;
            loop {
                let answer = client.get(format!("{}/readyz", self.url)).send().await.unwrap();
                let ready = crate::support::server::json(answer).await;
                if ready["deliveries_unsorted"] == 0 && ready["orders_due"] == 0 {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("everything owed is done in time");
    }

    /// Asks it to terminate, as a service manager does, and waits for its end.
    async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().unwrap();
        let told = std::process::Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status();
        assert!(told.unwrap().success());
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it stops in time").unwrap()
    }
}

/// Waits until something outside is as expected.
async fn until(what: &str, expected: impl Fn() -> bool) {
    let waiting = async {
        while !expected() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what} did not come about"));
}
