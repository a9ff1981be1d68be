//! `crossdock serve`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::app::{App, Options};
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Answers webhooks without keeping them, to measure what everything before the store costs.
    #[arg(long, hide = true)]
    keep_nothing: bool,
    /// Keeps webhooks and works on no order, to gather a backlog that another run is measured by.
    #[arg(long, hide = true)]
    take_only: bool,
}

impl Serve {
    pub(super) async fn run(self, config: &Path) -> anyhow::Result<ExitCode> {
        let started = Instant::now();
        let config = Config::load(config)?;
        let (connections, routes) = (config.connections.len(), config.routes.len());
        let options = Options {
            clock: Clock::system(),
            metrics: telemetry::install_metrics(),
            run_loop: !self.take_only,
            keep_nothing: self.keep_nothing,
        };
        let app = App::start(config, options).await?;
        tracing::info!(
            webhooks = %format_args!("http://{}/webhooks/…", app.address),
            api = %app.admin_address.map_or_else(|| "off".to_owned(), |address| format!("http://{address}/api/v1/")),
            connections,
            routes,
            ready_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "ready"
        );
        stop_signal().await;
        tracing::info!("stopping: finishing what is at hand");
        app.stop().await;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Waits for an interrupt or a request to terminate.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
