//! How commands ask a running server: its API, found by the configuration or by flags.

use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where the server is and how it is opened.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// The server's API, as `http://127.0.0.1:8080`; otherwise the configuration's [admin] or [server] address.
    #[arg(long, env = "CROSSDOCK_URL")]
    url: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) struct Api {
    url: String,
    token: SecretString,
    http: reqwest::Client,
}

impl Server {
    pub(super) fn open(&self, config: &Path) -> anyhow::Result<Api> {
        let configured = crate::config::admin_access(config);
        let token = std::env::var("CROSSDOCK_API_TOKEN")
            .ok()
            .map(SecretString::from)
            .or_else(|| configured.as_ref().map(|(_, token)| token.clone()))
            .with_context(|| {
                format!(
                    "the API's token is not known: give {} an [admin] table with a token, or set CROSSDOCK_API_TOKEN",
                    config.display()
                )
            })?;
        let url = self
            .url
            .clone()
            .or_else(|| configured.map(|(address, _)| format!("http://{address}")))
            .context("the server's address is not known: name it with --url")?;
        Api::at(&url, token)
    }
}

impl Api {
    /// The API of the server at `url`, opened by `token`.
    pub(super) fn at(url: &str, token: SecretString) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().build().context("no HTTP client could be made")?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token, http })
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        self.ask(Method::GET, path, query, None::<&()>).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&impl Serialize>,
    ) -> anyhow::Result<T> {
        let mut request = self
            .http
            .request(method, format!("{}/api/v1/{path}", self.url))
            .query(query)
            .bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|_| {
            anyhow::anyhow!(
                "no server answers at {}; start one with `crossdock serve`, or name it with --url",
                self.url
            )
        })?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            bail!("{}", problem["detail"].as_str().map_or_else(|| format!("HTTP {status}"), str::to_owned));
        }
        serde_json::from_slice(&bytes).context("the server's answer is not what this version expects")
    }
}
