//! A real server on loopback for a test: its own folder, port and database; the loop driven by the test.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crossdock::app::{App, Options};
use crossdock::clock::Clock;
use crossdock::config::Config;
use crossdock::telemetry;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use sha2::Sha256;

pub(crate) const SECRET: &str = "hush";
pub(crate) const TOKEN: &str = "let-me-in";

pub(crate) struct Server {
    pub(crate) app: App,
    pub(crate) url: String,
    pub(crate) http: Client,
    pub(crate) folder: tempfile::TempDir,
}

/// The base64 HMAC-SHA256 of a body.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    BASE64.encode(mac.finalize().into_bytes())
}

pub(crate) fn http() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_secs(20)).build().unwrap()
}

/// What every test's configuration begins with: a shop whose secret is [`SECRET`] and an API opened by [`TOKEN`].
pub(crate) fn preamble(folder: &Path, shop: &str) -> String {
    let secret = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        format!("file:{}", path.display())
    };
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nbody_deadline_ms = 500\n[admin]\ntoken = \"{}\"\n\
         [store]\nurl = \"{}\"\n[connections.cellar]\nkind = \"shopify\"\nendpoint = \"{shop}\"\n\
         webhook_secrets = [\"{}\", \"{}\"]\naccess_token = \"{}\"\nshop_domain = \"cellar-nine.myshopify.com\"\n",
        secret("token", TOKEN),
        super::engine::store_url(folder),
        secret("secret", SECRET),
        secret("old_secret", "older hush"),
        secret("access_token", "shpat_test"),
    )
}

impl Server {
    /// Starts a server whose shop answers nothing, on the system's clock.
    pub(crate) async fn start() -> Self {
        Self::start_with("http://127.0.0.1:9", "", Clock::system(), false).await
    }

    /// Starts a server with a shop's API at `shop` and further configuration.
    pub(crate) async fn start_with(shop: &str, more: &str, clock: Clock, run_loop: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{}{more}", preamble(folder.path(), shop));
        Self::reopen(folder, &text, clock, run_loop).await
    }

    /// Starts a server in a folder that may hold an earlier one's database.
    pub(crate) async fn reopen(folder: tempfile::TempDir, text: &str, clock: Clock, run_loop: bool) -> Self {
        let http = http();
        let config = Config::read("test.toml", text, &[]).unwrap_or_else(|problems| panic!("{problems}"));
        let options = Options { clock, metrics: telemetry::install_metrics(), run_loop, keep_nothing: false };
        let app = App::start(config, options).await.unwrap();
        let url = format!("http://{}", app.address);
        Self { app, url, http, folder }
    }

    /// A request with all a webhook needs but its signature.
    pub(crate) fn unsigned(&self, topic: &str, webhook_id: &str, body: impl Into<Vec<u8>>) -> RequestBuilder {
        self.http
            .post(format!("{}/webhooks/cellar", self.url))
            .header("Content-Type", "application/json")
            .header("X-Shopify-Topic", topic)
            .header("X-Shopify-Shop-Domain", "cellar-nine.myshopify.com")
            .header("X-Shopify-API-Version", "2026-10")
            .header("X-Shopify-Webhook-Id", webhook_id)
            .header("X-Shopify-Triggered-At", "2026-11-22T10:00:00.123456789Z")
            .body(body.into())
    }

    /// Sends a signed webhook; gives the answer's status.
    pub(crate) async fn deliver(&self, topic: &str, webhook_id: &str, body: impl AsRef<[u8]>) -> u16 {
        let signature = sign(SECRET, body.as_ref());
        let request = self.unsigned(topic, webhook_id, body.as_ref().to_vec());
        request.header("X-Shopify-Hmac-Sha256", signature).send().await.unwrap().status().as_u16()
    }

    /// Works until nothing is left to do at the clock's present instant.
    pub(crate) async fn settle(&self) {
        self.app.engine.settle().await.unwrap();
    }

    /// Asks the API.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let answer =
            self.http.get(format!("{}/api/v1/{path}", self.url)).bearer_auth(TOKEN).send().await.unwrap();
        json(answer).await
    }

    /// Tells the API to do something.
    pub(crate) async fn tell(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}/api/v1/{path}", self.url)).bearer_auth(TOKEN).json(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), json(answer).await)
    }
}

pub(crate) async fn json(answer: Response) -> Value {
    let bytes = answer.bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&bytes)))
}

/// The folder of the vendors' definitions, where it is there; otherwise says loudly what is skipped.
pub(crate) fn specs(what: &str) -> Option<std::path::PathBuf> {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs");
    if specs.is_dir() {
        return Some(specs);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test must say so")]
    {
        eprintln!("SKIPPED: {what} needs ../shared/specs, which is not here");
    }
    None
}
