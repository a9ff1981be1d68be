//! The server as a process of its own, one of perhaps several over one store, which can be killed and started again.
//!
//! It listens where it likes and says so; the load asks for the address of each try, so a new one is known at once.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long it may take until it is ready; it waits a minute for its database.
const READY: Duration = Duration::from_secs(90);
/// How long it may take to stop in order.
const STOP: Duration = Duration::from_secs(40);

/// Where the living instances are; none where one is down.
pub(super) type Doors = Arc<Mutex<Vec<Option<String>>>>;

/// The server that is tried: the one built with the tests, or another build of it.
fn binary() -> PathBuf {
    std::env::var_os("CROSSDOCK_CHAOS_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_crossdock").into(), PathBuf::from)
}

/// One instance, running or not.
pub(super) struct Instance {
    number: usize,
    config: PathBuf,
    environment: Vec<(String, PathBuf)>,
    child: Option<Child>,
    doors: Doors,
    log: Arc<Mutex<Vec<String>>>,
}

impl Instance {
    /// One that does not run yet; `text` is its configuration, kept in `folder`.
    pub(super) fn new(
        number: usize,
        folder: &Path,
        text: &str,
        environment: Vec<(String, PathBuf)>,
        doors: &Doors,
    ) -> Self {
        let config = folder.join(format!("instance-{number}.toml"));
        std::fs::write(&config, text).unwrap();
        let (doors, log) = (Arc::clone(doors), Arc::default());
        Self { number, config, environment, child: None, doors, log }
    }

    fn door(&self, url: Option<String>) {
        self.doors.lock().unwrap()[self.number] = url;
    }

    /// Where it is, where it runs.
    pub(super) fn url(&self) -> Option<String> {
        self.doors.lock().unwrap()[self.number].clone()
    }

    /// Starts it and waits until it is ready; false where it ends before.
    pub(super) async fn start(&mut self) -> bool {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CROSSDOCK") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().cloned()).env("RUST_LOG", "info,crossdock=info");
        command.arg("--config").arg(&self.config).args(["--log-json", "serve"]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = self.child.insert(command.spawn().unwrap());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::clone(&self.log);
        let starting = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                log.lock().unwrap().push(line);
                if said["fields"]["message"] == "ready" {
                    let webhooks = said["fields"]["webhooks"].as_str().unwrap();
                    return Some(webhooks.split("/webhooks/").next().unwrap().to_owned());
                }
            }
            None
        };
        let url = tokio::time::timeout(READY, starting).await.expect("an instance is ready in time");
        if url.is_none() {
            child.wait().await.unwrap();
            self.child = None;
            return false;
        }
        self.door(url);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.lock().unwrap().push(line);
            }
        });
        true
    }

    /// Kills it as a power cut would.
    pub(super) async fn kill(&mut self) {
        self.door(None);
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
        }
    }

    /// Has it stop in order; true where it does so in time and says it went well.
    pub(super) async fn stop(&mut self) -> bool {
        self.door(None);
        let Some(mut child) = self.child.take() else { return true };
        let id = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let _ = id.map(|id| kill_process(id, Signal::TERM));
        let ended = tokio::time::timeout(STOP, child.wait()).await;
        ended.is_ok_and(|status| status.is_ok_and(|status| status.success()))
    }

    /// Whether its process is still there, though nobody killed it.
    pub(super) fn lives(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The last things it complained of.
    pub(super) fn complaints(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let loud = log.iter().rev().filter(|line| !line.contains("\"INFO\"")).take(8);
        loud.map(|line| format!("instance {}: {line}", self.number)).collect()
    }
}
