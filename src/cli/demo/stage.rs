//! What the demo plays on: a shop and a compliance service in this process, and the server as a child of it.
//!
//! The server is this very binary with a configuration like anybody's, so the demo shows nothing that a merchant would not
//! get, and it can be killed without taking the outside world with it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::packing::{CARRIERS, PACKED};
use super::rules::{BIRTH_DATE, BUNDLE, FORBIDDEN_STATES, METHODS, PRODUCTS};
use crate::cli::api::Api;
use crate::clock::Clock;
use crate::connectors::shiphero::TYPES;
use crate::simulator::{self, shipcompliant, shiphero, shopify};

const DOMAIN: &str = "cellar-nine.myshopify.com";
const CLIENT_ID: &str = "demo-client";
/// How long the server may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// How long the server may take to stop by itself.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// The outside world and the server between.
pub(super) struct Stage {
    pub(super) shop: shopify::Shop,
    pub(super) account: shipcompliant::Account,
    pub(super) house: shiphero::Account,
    pub(super) shop_at: SocketAddr,
    pub(super) account_at: SocketAddr,
    pub(super) house_at: SocketAddr,
    pub(super) server: Server,
    stop: CancellationToken,
}

impl Stage {
    /// Starts the played systems and the server, everything on loopback and in `folder`. The shop's day runs `speed` times
    /// as fast as the clock on the wall.
    pub(super) async fn set(
        folder: &Path,
        listen: Option<SocketAddr>,
        speed: u32,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let address = free_port(listen)?;
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let shop = shopify::Shop::new(
            shopify::Options {
                domain: DOMAIN.to_owned(),
                client_id: CLIENT_ID.to_owned(),
                client_secret: secret.clone(),
                signing_secret: secret.clone(),
                webhook_url: Some(format!("http://{address}/webhooks/cellar")),
                seed,
                ..shopify::Options::default()
            },
            Clock::scaled(speed),
        );
        let account = shipcompliant::Account::new(
            shipcompliant::Options {
                username: "demo@cellar-nine.example".to_owned(),
                forbidden_states: FORBIDDEN_STATES.iter().map(|state| (*state).to_owned()).collect(),
                ..shipcompliant::Options::default()
            },
            Clock::system(),
        );
        let house_secret = uuid::Uuid::new_v4().simple().to_string();
        let house = shiphero::Account::new(
            shiphero::Options {
                products: PRODUCTS
                    .iter()
                    .map(|(sku, _)| ((*sku).to_owned(), (*sku).to_owned(), 5000))
                    .collect(),
                webhook_url: Some(format!("http://{address}/webhooks/warehouse")),
                webhook_types: TYPES.iter().map(|name| (*name).to_owned()).collect(),
                webhook_secret: Some(house_secret.clone()),
                seed,
                ..shiphero::Options::default()
            },
            Clock::system(),
        );
        let stop = CancellationToken::new();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let shop_at = simulator::spawn(anywhere, shop.router(), shop.faults().clone(), stop.clone()).await?;
        let account_at =
            simulator::spawn(anywhere, account.router(), account.faults().clone(), stop.clone()).await?;
        let house_at =
            simulator::spawn(anywhere, house.router(), house.faults().clone(), stop.clone()).await?;
        tokio::spawn({
            let (shop, stop) = (shop.clone(), stop.clone());
            async move { shop.run(stop).await }
        });
        tokio::spawn({
            let (house, stop) = (house.clone(), stop.clone());
            async move { house.run(stop).await }
        });
        let token = uuid::Uuid::new_v4().simple().to_string();
        let secrets = [
            ("api-token", token.as_str()),
            ("shopify-secret", &secret),
            ("shipcompliant-password", &shipcompliant::Options::default().password),
            ("shiphero-refresh-token", &shiphero::Options::default().refresh_tokens[0]),
            ("shiphero-secret", &house_secret),
        ];
        for (name, text) in secrets {
            std::fs::write(folder.join(name), text)?;
        }
        let config = folder.join("crossdock.toml");
        std::fs::write(&config, configuration(folder, address, [shop_at, account_at, house_at]))?;
        let mut server = Server {
            address,
            log: folder.join("server.log"),
            api: Api::at(&format!("http://{address}"), token.into())?,
            config,
            child: None,
        };
        server.start().await?;
        Ok(Self { shop, account, house, shop_at, account_at, house_at, server, stop })
    }

    /// Lets everything finish what is at hand, the server first.
    pub(super) async fn strike(mut self) {
        self.server.stop().await;
        self.stop.cancel();
    }
}

/// The server as a child process.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) config: PathBuf,
    pub(super) log: PathBuf,
    pub(super) api: Api,
    child: Option<Child>,
}

impl Server {
    /// Starts the server and waits until it is ready.
    pub(super) async fn start(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let binary = std::env::current_exe().context("this program does not know where it lies")?;
        let child = Command::new(binary)
            .arg("--config")
            .arg(&self.config)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the server could not be started")?;
        let child = self.child.insert(child);
        let ready = async {
            loop {
                if reqwest::get(format!("http://{}/readyz", self.address))
                    .await
                    .is_ok_and(|a| a.status() == 200)
                {
                    return Ok(());
                }
                if let Some(status) = child.try_wait()? {
                    bail!("the server ended at once ({status}); {} says why", self.log.display());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(READY_WITHIN, ready).await.unwrap_or_else(|_| {
            bail!("the server was not ready within {READY_WITHIN:?}; {} says why", self.log.display())
        })
    }

    /// Kills the server as a power cut would, and starts it again.
    pub(super) async fn kill_and_start(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("the server could not be killed")?;
        }
        self.start().await
    }

    /// Asks the server to stop, and waits until it has.
    async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let id = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(id) = id {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        if tokio::time::timeout(STOP_WITHIN, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

/// The address asked for, or a free one on loopback.
fn free_port(listen: Option<SocketAddr>) -> anyhow::Result<SocketAddr> {
    let wanted = listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = std::net::TcpListener::bind(wanted)
        .with_context(|| format!("cannot listen on {wanted}; choose another address with --listen"))?;
    Ok(listener.local_addr()?)
}

/// A winery's configuration, with the played systems at its endpoints.
fn configuration(folder: &Path, server: SocketAddr, [shop, account, house]: [SocketAddr; 3]) -> String {
    let folder = folder.display();
    let mut text = format!(
        r#"# Written by `crossdock demo`. The endpoints are simulators; all else is as a winery would have it.
[server]
listen = "{server}"

[admin]
token = "file:{folder}/api-token"

[store]
url = "sqlite:{folder}/crossdock.db"

[connections.cellar]
kind = "shopify"
endpoint = "http://{shop}"
shop_domain = "{DOMAIN}"
webhook_secrets = ["file:{folder}/shopify-secret"]
client_id = "{CLIENT_ID}"
client_secret = "file:{folder}/shopify-secret"

[connections.compliance]
kind = "shipcompliant"
endpoint = "http://{account}"
username = "demo@cellar-nine.example"
password = "file:{folder}/shipcompliant-password"
fulfillment_house = "InHouse"
tags = ["shopify"]
# Five minutes unless given; this day has none to spare.
poll_seconds = 2

[connections.compliance.limits]
burst = 400
per_second = 200

[connections.warehouse]
kind = "shiphero"
endpoint = "http://{house}"
refresh_token = "file:{folder}/shiphero-refresh-token"
webhook_secrets = ["file:{folder}/shiphero-secret"]
# A minute unless given.
poll_seconds = 2

[[routes]]
from = "cellar"
to = "compliance"
release = ["paid"]
birth_date = "{BIRTH_DATE}"
brand = "NINE"

[routes.methods]
"#
    );
    // Writing to a string does not fail.
    for (rate, service) in METHODS {
        let _ = writeln!(text, "\"{rate}\" = \"{service}\"");
    }
    let _ = writeln!(text, "\n[routes.skus]");
    for (sku, product) in PRODUCTS {
        let _ = writeln!(text, "\"{sku}\" = {{ brand = \"NINE\", product = \"{product}\" }}");
    }
    let parts = BUNDLE.1.map(|sku| format!("{{ sku = \"{sku}\", quantity = 1 }}")).join(", ");
    let _ = writeln!(text, "\n[routes.bundles]\n\"{}\" = [{parts}]", BUNDLE.0);
    let _ = writeln!(
        text,
        "\n[[routes]]\nfrom = \"cellar\"\nto = \"warehouse\"\nonly_tags = [\"{PACKED}\"]\norder_key = \"id\"\n\
         cleared_by = [\"compliance\"]\n\n[routes.methods]"
    );
    for (rate, carrier, method) in CARRIERS {
        let _ = writeln!(text, "\"{rate}\" = \"{carrier}/{method}\"");
    }
    text
}
