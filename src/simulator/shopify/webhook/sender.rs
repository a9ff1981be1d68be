//! Sends what is due: many at once, signed, over kept-alive connections, within Shopify's deadlines.
//!
//! When something is due is the clock's business; how long a socket may take is not, so deadlines are real time.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::queue::Next;
use super::{Outbox, Outcome, Parcel};
use crate::clock::Clock;

const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);

/// The sender's own HTTP client: it follows no redirect, since only a 2xx is a success.
pub(super) fn client() -> Option<reqwest::Client> {
    // Somebody may have installed a provider already; either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = reqwest::Client::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(REQUEST_DEADLINE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("Shopify-Captain-Hook")
        .tcp_nodelay(true)
        .no_proxy()
        .build();
    built.inspect_err(|error| tracing::error!(%error, "the simulator cannot send webhooks")).ok()
}

/// Sends what is due until `stop`, then waits for what is on the wire.
pub(in super::super) async fn run(outbox: Arc<Outbox>, clock: Clock, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(outbox.concurrency));
    while let Some((slot, parcel)) = next(&outbox, &clock, &slots, &stop).await {
        let (outbox, clock) = (Arc::clone(&outbox), clock.clone());
        tokio::spawn(async move {
            let at = clock.now();
            let outcome = send(&outbox, &parcel).await;
            let finished = outbox.queue().book(parcel, at, clock.now(), outcome);
            if finished {
                outbox.unfinished.send_modify(|count| *count = count.saturating_sub(1));
            } else {
                outbox.wake.notify_one();
            }
            drop(slot);
        });
    }
    let all = u32::try_from(outbox.concurrency).unwrap_or(u32::MAX);
    let _ = slots.acquire_many(all).await;
}

async fn next(
    outbox: &Outbox,
    clock: &Clock,
    slots: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(tokio::sync::OwnedSemaphorePermit, Parcel)> {
    let slot = tokio::select! {
        slot = Arc::clone(slots).acquire_owned() => slot.ok()?,
        () = stop.cancelled() => return None,
    };
    loop {
        if stop.is_cancelled() {
            return None;
        }
        let next = outbox.queue().next(clock.now());
        match next {
            Next::Send(parcel) => return Some((slot, parcel)),
            Next::WaitUntil(due) => tokio::select! {
                () = clock.sleep_until(due) => {}
                () = outbox.wake.notified() => {}
                () = stop.cancelled() => return None,
            },
            Next::Nothing => tokio::select! {
                () = outbox.wake.notified() => {}
                () = stop.cancelled() => return None,
            },
        }
    }
}

async fn send(outbox: &Outbox, parcel: &Parcel) -> Outcome {
    let Some(client) = &outbox.client else { return Outcome::Error("no HTTP client".to_owned()) };
    let secret = outbox.queue().secret.clone();
    let mut request = client
        .post(&parcel.url)
        .header("Content-Type", "application/json")
        .header("X-Shopify-Topic", &parcel.topic)
        .header("X-Shopify-Hmac-Sha256", signature(&secret, &parcel.body))
        .header("X-Shopify-Shop-Domain", &outbox.domain)
        .header("X-Shopify-API-Version", &outbox.api_version)
        .header("X-Shopify-Webhook-Id", &parcel.webhook_id)
        .header("X-Shopify-Event-Id", &parcel.event_id)
        .header("X-Shopify-Triggered-At", format!("{:.9}", parcel.triggered_at));
    if let Some(name) = &outbox.name {
        request = request.header("X-Shopify-Name", name);
    }
    match request.body(parcel.body.clone()).send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            // Reading to the end lets the connection be used again.
            match response.bytes().await {
                Ok(_) => Outcome::Status(status),
                Err(error) => Outcome::Error(reason(&error)),
            }
        }
        Err(error) => Outcome::Error(reason(&error)),
    }
}

fn reason(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "connection failed"
    };
    kind.to_owned()
}

/// The signature of a body: base64 of its HMAC-SHA256.
pub(in super::super) fn signature(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn signs_as_shopify_does() {
        // From the official library's own test.
        assert_eq!(
            super::signature("test_secret_key", br#"{"foo": "bar"}"#),
            "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="
        );
    }
}
