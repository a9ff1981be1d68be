//! `crossdock webhooks register`: registers for a system's webhooks where that is done by its API.
//!
//! ShipHero shows the secret of each registration once and never again, so it goes straight into a file that only its owner
//! can read, before the next is asked for.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use secrecy::ExposeSecret;

use super::say;
use crate::clock::Clock;
use crate::config::{Config, Kind};
use crate::connectors::shiphero::{ShipHero, TYPES};
use crate::transport::{Client, Log};

#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    /// Register for the webhooks of a connection of kind shiphero, and keep their secrets in files.
    Register {
        /// The connection's name.
        connection: String,
        /// Where they are to go, as `https://crossdock.example/webhooks/warehouse`.
        #[arg(long)]
        url: String,
        /// The folder for the secrets; each gets a file of its own.
        #[arg(long)]
        into: PathBuf,
        /// Take back what is registered already and register it anew, with new secrets.
        #[arg(long)]
        anew: bool,
    },
}

impl Webhooks {
    pub(super) async fn run(self, path: &Path) -> anyhow::Result<ExitCode> {
        let Self::Register { connection, url, into, anew } = self;
        let mut config = Config::load(path)?;
        let Some(found) = config.connections.remove(&connection) else {
            bail!("there is no connection «{connection}»; name one of the configuration");
        };
        let Kind::ShipHero { credentials, settings, .. } = found.kind else {
            bail!("«{connection}» is not of kind shiphero: its webhooks are registered in its own admin");
        };
        std::fs::create_dir_all(&into).with_context(|| format!("cannot create {}", into.display()))?;
        let client = Client::new(&connection, &found.endpoint, found.limits, Clock::system())
            .map_err(anyhow::Error::msg)?;
        let account = ShipHero::new(client, credentials, settings, None);
        let mut kept = Vec::new();
        for name in TYPES {
            let registered = account
                .register(name, &url, anew, &Log::default())
                .await
                .map_err(|fault| anyhow::anyhow!("{fault}"))?;
            let Some(secret) = registered else {
                say(format_args!("  {name}: registered already; --anew gives it a new secret"));
                continue;
            };
            let file = into.join(format!("{connection}-{}", name.to_lowercase().replace(' ', "-")));
            write(&file, secret.expose_secret())
                .with_context(|| format!("cannot write {}; register «{name}» anew", file.display()))?;
            say(format_args!("  {name}: registered, its secret is in {}", file.display()));
            kept.push(format!("\"file:{}\"", file.display()));
        }
        if !kept.is_empty() {
            say(format_args!(
                "Add to [connections.{connection}], beside what stands there: webhook_secrets = [{}]",
                kept.join(", ")
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes a secret that only the owner of the file can read.
fn write(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut file: File =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()
}
