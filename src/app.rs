//! Builds everything from the configuration, starts it in order and stops it in order.
//!
//! Start: store, connections, loop, listeners. Stop: no new connections, deliveries at hand committed and answered, calls
//! in flight finished, leases let go, store closed. What is not reached by then is picked up at the next start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Config, ConnectionConfig, Kind};
use crate::connectors::shipcompliant::ShipCompliant;
use crate::connectors::shiphero::ShipHero;
use crate::connectors::shopify::Shopify;
use crate::connectors::{Connected, Registry, Webhooks as _};
use crate::console::{self, Console};
use crate::engine::{Engine, Presence, Wake};
use crate::http::health::{self, Health};
use crate::http::problem::or_problem;
use crate::http::webhooks::{self, Webhooks};
use crate::intake::{Inbox, Signatures, Sources};
use crate::listener;
use crate::schedule;
use crate::store::Store;
use crate::transport::{Client, Share};

/// A running server.
pub struct App {
    /// Where webhooks are taken.
    pub address: SocketAddr,
    /// Where the API is, if it is.
    pub admin_address: Option<SocketAddr>,
    /// The loop.
    pub engine: Arc<Engine>,
    stop: CancellationToken,
    /// Ends once nothing is accepted any more and what was is answered.
    serving: Vec<tokio::task::JoinHandle<()>>,
    inbox: tokio::task::JoinHandle<()>,
    looping: tokio::task::JoinHandle<()>,
    removing: Option<tokio::task::JoinHandle<()>>,
    stop_inbox: CancellationToken,
    stop_loop: CancellationToken,
}

/// How an [`App`] is to run.
pub struct Options {
    /// The clock.
    pub clock: Clock,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Whether the loop runs by itself; tests may drive it instead.
    pub run_loop: bool,
    /// Answers deliveries without keeping them, to measure what everything before the store costs.
    pub keep_nothing: bool,
}

/// Every configured connection, and those that take webhooks with their signatures.
pub fn connect(
    connections: BTreeMap<String, ConnectionConfig>,
    clock: &Clock,
    store: Option<&Store>,
    share: &Share,
) -> anyhow::Result<(Registry, Sources)> {
    let mut registry = Registry::new();
    let mut sources = Vec::new();
    for (name, ConnectionConfig { endpoint, limits, kind }) in connections {
        let client = Client::shared(&name, &endpoint, limits, share.clone(), clock.clone())
            .map_err(anyhow::Error::msg)?;
        let connected = match kind {
            Kind::Shopify { webhook_secrets, authorization, settings } => {
                let shop = Arc::new(Shopify::new(client, authorization, settings));
                sources.push((name.clone(), shop.scheme(), Signatures::new(&webhook_secrets)));
                Connected {
                    connection: shop.clone(),
                    webhooks: Some(shop.clone()),
                    channel: Some(shop),
                    destination: None,
                }
            }
            Kind::ShipHero { webhook_secrets, credentials, settings } => {
                let account = Arc::new(ShipHero::new(client, credentials, settings, store.cloned()));
                if !webhook_secrets.is_empty() {
                    sources.push((name.clone(), account.scheme(), Signatures::new(&webhook_secrets)));
                }
                Connected {
                    connection: account.clone(),
                    webhooks: Some(account.clone()),
                    channel: None,
                    destination: Some(account),
                }
            }
            Kind::ShipCompliant { username, password, settings } => {
                let account = ShipCompliant::new(client, username.expose_secret(), &password, settings);
                let account = Arc::new(account);
                Connected {
                    connection: account.clone(),
                    webhooks: None,
                    channel: None,
                    destination: Some(account),
                }
            }
        };
        registry.insert(name, connected);
    }
    Ok((registry, Sources::new(sources)))
}

impl App {
    /// Starts everything `config` asks for.
    pub async fn start(config: Config, options: Options) -> anyhow::Result<Self> {
        let Config { server, admin, store_url, workers, connections, routes, duties, retention } = config;
        let Options { clock, metrics, run_loop, keep_nothing } = options;
        let store = Store::open(store_url.expose_secret()).await?;
        store.set_duties(&duties).await?;
        let listener = bind(server.listen).await?;
        let address = listener.local_addr()?;
        let instance = server.instance.unwrap_or_else(|| format!("{}:{}", host(), address.port()));
        let share = if store.is_shared() && run_loop { Share::none() } else { Share::whole() };
        let presence = Presence::new(instance, share.clone(), clock.clone());
        if store.is_shared() {
            let asked = Instant::now();
            presence.follow(store.now().await?, asked);
        }
        let left_behind = store.release_left_behind(presence.name(), clock.now()).await?;
        if left_behind > 0 {
            tracing::warn!(
                orders = left_behind,
                "the last run did not stop in order; its orders are taken up again"
            );
        }
        let (registry, sources) = connect(connections, &clock, Some(&store), &share)?;
        let wake = Wake::default();
        let engine = Engine::new(store.clone(), registry, routes, presence, wake.clone(), workers);

        let (stop, stop_inbox, stop_loop) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (inbox, writing) = Inbox::open(store.clone(), wake, stop_inbox.clone());
        let inbox = if keep_nothing { Inbox::keeping_nothing() } else { inbox };
        let looping = tokio::spawn({
            let (engine, stop) = (Arc::clone(&engine), stop_loop.clone());
            async move {
                if run_loop && !keep_nothing {
                    engine.run(stop).await;
                }
            }
        });

        let removing = schedule::retention::run(
            store.clone(),
            engine.presence().name().to_owned(),
            retention,
            clock.clone(),
            stop_loop.clone(),
        );
        let removing = (run_loop && !keep_nothing).then(|| tokio::spawn(removing));

        let health = health::router(Health { store, metrics, clock: clock.clone(), stop: stop.clone() });
        let mut public = webhooks::router(Webhooks {
            sources,
            inbox,
            engine: Arc::clone(&engine),
            clock,
            body_limit: server.body_limit,
            body_deadline: server.body_deadline,
        })
        .merge(health.clone());
        let mut serving = Vec::new();
        let mut admin_address = None;
        if let Some(admin) = admin {
            let api = console::router(Console { engine: Arc::clone(&engine), token: Arc::new(admin.token) });
            match admin.listen {
                Some(listen) => {
                    let listener = bind(listen).await?;
                    admin_address = Some(listener.local_addr()?);
                    let service = listener::router_service(or_problem(api.merge(health)));
                    serving.push(tokio::spawn(listener::serve(listener, service, stop.clone())));
                }
                None => {
                    admin_address = Some(address);
                    public = public.merge(api);
                }
            }
        }
        let service = listener::router_service(or_problem(public));
        serving.push(tokio::spawn(listener::serve(listener, service, stop.clone())));
        Ok(Self {
            address,
            admin_address,
            engine,
            stop,
            serving,
            inbox: writing,
            looping,
            removing,
            stop_inbox,
            stop_loop,
        })
    }

    /// Stops in order; returns once everything at hand is finished and kept.
    pub async fn stop(self) {
        self.stop.cancel();
        for serving in self.serving {
            let _ = serving.await;
        }
        self.stop_inbox.cancel();
        let _ = self.inbox.await;
        self.stop_loop.cancel();
        let _ = self.looping.await;
        if let Some(removing) = self.removing {
            let _ = removing.await;
        }
        self.engine.store().close().await;
    }
}

/// The machine's name.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; choose another address or stop what listens there")
    })
}
