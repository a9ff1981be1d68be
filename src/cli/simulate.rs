//! `crossdock simulate`: plays an outside system until interrupted.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use super::say;
use super::serve::stop_signal;
use crate::clock::Clock;
use crate::simulator::{self, shipcompliant, shiphero, shopify};

#[derive(Debug, Args)]
pub(super) struct Simulate {
    #[command(subcommand)]
    system: System,
}

#[derive(Debug, Subcommand)]
enum System {
    /// A Shopify shop: sends signed webhooks, answers the Admin GraphQL API.
    Shopify {
        /// Address and port; port 0 takes any.
        #[arg(long, default_value = "127.0.0.1:9191")]
        listen: SocketAddr,
        /// Where its webhooks go, as `http://127.0.0.1:8080/webhooks/cellar`; none are sent without it.
        #[arg(long)]
        webhook_url: Option<String>,
        /// What its webhooks are signed with, and the secret of the app `simulated-client`.
        #[arg(long, env = "SIMULATED_SHOPIFY_SECRET", default_value = "simulated-secret")]
        secret: String,
        /// An access token of its Admin API.
        #[arg(long, env = "SIMULATED_SHOPIFY_TOKEN", default_value = "shpat_simulated")]
        access_token: String,
        /// Its domain.
        #[arg(long, default_value = "cellar-nine.myshopify.com")]
        domain: String,
        /// How many times as fast as the real one its clock runs, so that four hours of retries pass in seconds.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        speed: u32,
        /// Seeds ids and chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// ShipCompliant, by its REST API v1.
    Shipcompliant {
        /// Address and port; port 0 takes any.
        #[arg(long, default_value = "127.0.0.1:9292")]
        listen: SocketAddr,
        /// The web service user.
        #[arg(long, default_value = "crossdock@winery.example")]
        username: String,
        /// Its password.
        #[arg(long, env = "SIMULATED_SHIPCOMPLIANT_PASSWORD", default_value = "Corkscrew1")]
        password: String,
    },
    /// ShipHero, a warehouse: answers its GraphQL API, sends signed webhooks.
    Shiphero {
        /// Address and port; port 0 takes any.
        #[arg(long, default_value = "127.0.0.1:9393")]
        listen: SocketAddr,
        /// Where webhooks go from the start, as `http://127.0.0.1:8080/webhooks/warehouse`; `webhook_create` adds
        /// others.
        #[arg(long)]
        webhook_url: Option<String>,
        /// What those are signed with.
        #[arg(long, env = "SIMULATED_SHIPHERO_SECRET", default_value = "simulated-secret")]
        secret: String,
        /// An access token that is always good.
        #[arg(long, env = "SIMULATED_SHIPHERO_TOKEN", default_value = "shiphero-access-simulated")]
        access_token: String,
        /// A refresh token, good for another access token of 28 days.
        #[arg(long, env = "SIMULATED_SHIPHERO_REFRESH_TOKEN", default_value = "shiphero-refresh-simulated")]
        refresh_token: String,
        /// A SKU with 500 on hand; may be given several times. A winery's few if there is none.
        #[arg(long = "sku")]
        skus: Vec<String>,
        /// How many times as fast as the real one its clock runs.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        speed: u32,
        /// Seeds ids and chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

impl Simulate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let stop = CancellationToken::new();
        match self.system {
            System::Shopify { listen, webhook_url, secret, access_token, domain, speed, seed } => {
                let options = shopify::Options {
                    domain,
                    access_tokens: vec![access_token],
                    client_secret: secret.clone(),
                    signing_secret: secret,
                    webhook_url,
                    seed,
                    ..shopify::Options::default()
                };
                let clock = if speed == 1 { Clock::system() } else { Clock::scaled(speed) };
                let shop = shopify::Shop::new(options, clock);
                let bound =
                    simulator::spawn(listen, shop.router(), shop.faults().clone(), stop.clone()).await?;
                say(format_args!(
                    "Shopify is played at http://{bound}; its remote control is http://{bound}/sim/"
                ));
                let until = stop.clone();
                tokio::spawn(async move { shop.run(until).await });
            }
            System::Shipcompliant { listen, username, password } => {
                let options =
                    shipcompliant::Options { username, password, ..shipcompliant::Options::default() };
                let account = shipcompliant::Account::new(options, Clock::system());
                let faults = account.faults().clone();
                let bound = simulator::spawn(listen, account.router(), faults, stop.clone()).await?;
                say(format_args!(
                    "ShipCompliant is played at http://{bound}; its remote control is http://{bound}/sim/"
                ));
            }
            System::Shiphero {
                listen,
                webhook_url,
                secret,
                access_token,
                refresh_token,
                skus,
                speed,
                seed,
            } => {
                let mut options = shiphero::Options {
                    access_tokens: vec![access_token],
                    refresh_tokens: vec![refresh_token],
                    webhook_url,
                    webhook_secret: Some(secret),
                    seed,
                    ..shiphero::Options::default()
                };
                if !skus.is_empty() {
                    options.products = skus.into_iter().map(|sku| (sku.clone(), sku, 500)).collect();
                }
                let clock = if speed == 1 { Clock::system() } else { Clock::scaled(speed) };
                let account = shiphero::Account::new(options, clock);
                let faults = account.faults().clone();
                let bound = simulator::spawn(listen, account.router(), faults, stop.clone()).await?;
                say(format_args!(
                    "ShipHero is played at http://{bound}; its remote control is http://{bound}/sim/"
                ));
                let until = stop.clone();
                tokio::spawn(async move { account.run(until).await });
            }
        }
        stop_signal().await;
        stop.cancel();
        Ok(ExitCode::SUCCESS)
    }
}
