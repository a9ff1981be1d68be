//! The access token: 28 days long, renewed well before it ends, and kept, for the vendor may give a new refresh token with
//! each renewal and take only that from then on.
//!
//! One task renews; the others wait for it. What is kept belongs to the refresh token of the configuration: when that is
//! another, a person gave access anew, and what was kept is forgotten.

use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

use crate::crypto;
use crate::store::Store;
use crate::transport::{Body, Call, Client, Effect, Fault, Log};

/// How long a token is good where the vendor does not say (developer.shiphero.com: 28 days).
const LIFE: i64 = 28 * 24 * 3600;
/// Under which name it is kept.
const NAME: &str = "token";

/// What the vendor gave access by: both are shown when a developer user is added in ShipHero.
#[derive(Debug)]
pub struct Credentials {
    /// A token that is good now; one is asked for where there is none.
    pub access_token: Option<SecretString>,
    /// The token that renews it; without one the access token is used until it ends.
    pub refresh_token: Option<SecretString>,
}

/// A token and what renews it, as kept.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    /// Digest of the configured refresh token that it came from.
    source: String,
    access_token: String,
    refresh_token: String,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    expires_in: Option<i64>,
}

pub(super) struct Tokens {
    credentials: Credentials,
    store: Option<Store>,
    issued: Mutex<Issued>,
}

/// The token that was issued to us.
#[derive(Default)]
struct Issued {
    /// Whether the store was asked for one that was kept.
    asked: bool,
    token: Option<Kept>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    pub(super) fn new(credentials: Credentials, store: Option<Store>) -> Self {
        Self { credentials, store, issued: Mutex::default() }
    }

    fn source(&self) -> String {
        let token = self.credentials.refresh_token.as_ref().map_or("", |token| token.expose_secret());
        crypto::hex(&crypto::digest(&[b"shiphero refresh token", token.as_bytes()]))
    }

    /// A token that is good now. `refused` is one that the vendor did not take: it is renewed, whatever its time.
    pub(super) async fn get(
        &self,
        client: &Client,
        refused: Option<&SecretString>,
        log: &Log,
    ) -> Result<SecretString, Fault> {
        let mut issued = self.issued.lock().await;
        if !issued.asked {
            *issued = Issued { asked: true, token: self.recall(client.connection()).await };
        }
        let now = client.clock().now();
        let known = issued.token.clone();
        let is_refused = |token: &str| refused.is_some_and(|refused| refused.expose_secret() == token);
        if let Some(known) =
            known.as_ref().filter(|known| now < known.renew_at && !is_refused(&known.access_token))
        {
            return Ok(known.access_token.clone().into());
        }
        if known.is_none()
            && let Some(configured) = &self.credentials.access_token
            && !is_refused(configured.expose_secret())
        {
            return Ok(configured.clone());
        }
        let Some(configured) = &self.credentials.refresh_token else {
            return Err(Fault::Unauthorized(
                "the access token is not accepted, and there is no refresh token".into(),
            ));
        };
        let refresh =
            known.as_ref().map_or_else(|| configured.clone(), |known| known.refresh_token.clone().into());
        match self.renew(client, &refresh, log).await {
            Ok(fresh) => {
                let token = fresh.access_token.clone();
                self.keep(client.connection(), &fresh, now).await;
                issued.token = Some(fresh);
                Ok(token.into())
            }
            // Renewed early, so the old one may still be good.
            Err(fault) => {
                match known.filter(|known| now < known.expires_at && !is_refused(&known.access_token)) {
                    Some(known) => Ok(known.access_token.into()),
                    None => Err(fault),
                }
            }
        }
    }

    async fn renew(&self, client: &Client, refresh: &SecretString, log: &Log) -> Result<Kept, Fault> {
        let body = json!({ "refresh_token": refresh.expose_secret() }).to_string();
        let call = Call {
            operation: "auth/refresh",
            method: Method::POST,
            path: "/auth/refresh".into(),
            effect: Effect::Read,
            headers: Vec::new(),
            body: Some(Body::SecretJson(Bytes::from(body))),
            cost: 0,
            urgent: true,
        };
        let answer = client.send(call, log, |_| None).await?;
        if answer.status != StatusCode::OK {
            return Err(Fault::Unauthorized(format!(
                "HTTP {}: the refresh token was not accepted",
                answer.status.as_u16()
            )));
        }
        let grant: Grant = answer.json().map_err(Fault::retry)?;
        let now = client.clock().now();
        let life = grant.expires_in.unwrap_or(LIFE).max(0);
        let after = |seconds| now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        Ok(Kept {
            source: self.source(),
            access_token: grant.access_token,
            refresh_token: grant.refresh_token.unwrap_or_else(|| refresh.expose_secret().to_owned()),
            // With a quarter of its life left: a week, for tokens of 28 days.
            renew_at: after(life / 4 * 3),
            expires_at: after(life),
        })
    }

    async fn recall(&self, connection: &str) -> Option<Kept> {
        let text = self.store.as_ref()?.kept(connection, NAME).await.ok().flatten()?;
        serde_json::from_str::<Kept>(&text).ok().filter(|kept| kept.source == self.source())
    }

    async fn keep(&self, connection: &str, kept: &Kept, now: Timestamp) {
        let Some(store) = &self.store else { return };
        let text = serde_json::to_string(kept).unwrap_or_default();
        if let Err(error) = store.keep(connection, NAME, text, now).await {
            tracing::error!(connection, %error, "a renewed token could not be kept; it is asked for again at the next start");
        }
    }
}
