//! The Shopify simulator over loopback, and against Shopify's own samples where they are at hand.

mod api;
mod bodies;
mod mutations;
mod recorded;
mod remote;
mod topics;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;

use crossdock::clock::Clock;
use crossdock::simulator::shopify::{Options, Shop};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::receiver::Receiver;

/// A loopback address with any port.
fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A shop whose clock stands at noon until moved.
fn shop(options: Options) -> (Shop, Clock) {
    let clock = Clock::manual("2026-11-22T12:00:00.123456789Z".parse().unwrap());
    (Shop::new(options, clock.clone()), clock)
}

/// A file of the shared specifications, or a loud word that it is not there.
fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/specs/shopify").join(path);
    if path.exists() {
        return Some(path);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test must say so")]
    {
        eprintln!("SKIPPED: {} needs ../shared", path.display());
    }
    None
}

fn sample(path: &str) -> Option<Value> {
    let path = shared(path)?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

/// A shop served over loopback.
struct Served {
    shop: Shop,
    clock: Clock,
    base: String,
    client: reqwest::Client,
    halt: CancellationToken,
}

impl Served {
    async fn start(options: Options) -> Self {
        let (shop, clock) = shop(options);
        let halt = CancellationToken::new();
        let address =
            crossdock::simulator::spawn(anywhere(), shop.router(), shop.faults().clone(), halt.clone())
                .await
                .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { shop, clock, base: format!("http://{address}"), client, halt }
    }

    /// Asks the GraphQL API.
    async fn ask(&self, query: &str, variables: Value) -> Value {
        self.ask_as("shpat_simulated", query, variables).await.1
    }

    async fn ask_as(&self, token: &str, query: &str, variables: Value) -> (u16, Value) {
        let response = self
            .client
            .post(format!("{}/admin/api/2026-10/graphql.json", self.base))
            .header("X-Shopify-Access-Token", token)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Sends to the remote control.
    async fn sim(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let response = self
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.halt.cancel();
    }
}
