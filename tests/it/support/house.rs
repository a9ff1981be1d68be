//! Both outside systems played on loopback and a real server between them.
//!
//! Time stands still until a test moves it and no budget is short, so that a run is the same every time. The shop's
//! webhooks come to the server by themselves; the loop is driven by the test.

use std::time::Duration;

use crossdock::clock::Clock;
use crossdock::simulator;
use crossdock::simulator::shipcompliant::{Account, Options as AccountOptions};
use crossdock::simulator::shopify::{Options as ShopOptions, Settings, Shop};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::server::{SECRET, Server, preamble};

/// A route that knows the rates and products of the simulated systems.
pub(crate) const ROUTE: &str = r#"
[[routes]]
from = "cellar"
to = "compliance"
methods = { "FedEx Ground" = "FXG", "UPS Ground" = "UPS", "UPS 2nd Day Air" = "UP2" }
skus = { "PN-2022-750" = { brand = "NINE", product = "22PN750" }, "CH-2023-750" = { brand = "NINE", product = "22CH750" } }
birth_date = "birthdate"
ship_date = "ship date"
gift_note = "gift message"
"#;

pub(crate) struct House {
    pub(crate) shop: Shop,
    pub(crate) account: Account,
    pub(crate) server: Server,
    pub(crate) clock: Clock,
    _halt: DropGuard,
}

impl House {
    /// A shop, an account and a server with [`ROUTE`].
    pub(crate) async fn start() -> Self {
        Self::start_with(ShopOptions::default(), "", ROUTE).await
    }

    /// The same with another shop, more said of the account's connection, and other routes.
    pub(crate) async fn start_with(options: ShopOptions, connection: &str, routes: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let halt = CancellationToken::new();
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().unwrap());
        let shop = Shop::new(
            ShopOptions {
                access_tokens: vec!["shpat_test".into()],
                signing_secret: SECRET.into(),
                bucket: 1_000_000,
                restore_rate: 1_000_000,
                ..options
            },
            clock.clone(),
        );
        let account = Account::new(AccountOptions::default(), clock.clone());
        let spawn = async |router, faults| {
            let anywhere = ([127, 0, 0, 1], 0).into();
            let address = simulator::spawn(anywhere, router, faults, halt.clone()).await.unwrap();
            format!("http://{address}")
        };
        let at_shop = spawn(shop.router(), shop.faults().clone()).await;
        let at_account = spawn(account.router(), account.faults().clone()).await;

        let AccountOptions { username, password, .. } = AccountOptions::default();
        let secret = folder.path().join("password");
        std::fs::write(&secret, password).unwrap();
        let text = format!(
            "{}[connections.compliance]\nkind = \"shipcompliant\"\nendpoint = \"{at_account}\"\nusername = \"{username}\"\n\
             password = \"file:{}\"\nlimits = {{ burst = 1000000, per_second = 1000000 }}\n{connection}{routes}",
            preamble(folder.path(), &at_shop),
            secret.display(),
        );
        let server = Server::reopen(folder, &text, clock.clone(), false).await;
        shop.configure_webhooks(&Settings {
            url: Some(format!("{}/webhooks/cellar", server.url)),
            ..Settings::default()
        });
        let (running, until) = (shop.clone(), halt.clone());
        tokio::spawn(async move { running.run(until).await });
        Self { shop, account, server, clock, _halt: halt.drop_guard() }
    }

    /// Waits until the shop's webhooks are delivered, then works until nothing is left to do.
    pub(crate) async fn settle(&self) {
        self.shop.settled().await;
        self.server.settle().await;
    }

    /// The same a moment later, so that what happens next has a later version.
    pub(crate) async fn settle_later(&self) {
        self.settle().await;
        self.clock.advance(Duration::from_secs(5));
    }
}
