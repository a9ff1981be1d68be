//! Sends what is due: many at once, signed, over kept-alive connections, within the vendor's deadlines.
//!
//! When something is due is the clock's business; how long a socket may take is not, so deadlines are real time.

use std::sync::Arc;

use base64::Engine;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::queue::Next;
use super::{Outbox, Outcome, Parcel, Setup, Vendor};
use crate::clock::Clock;

/// The sender's own HTTP client: it follows no redirect, since only a 2xx is a success.
pub(super) fn client(setup: &Setup) -> Option<reqwest::Client> {
    // Somebody may have installed a provider already; either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let built = reqwest::Client::builder()
        .connect_timeout(setup.connect_deadline)
        .timeout(setup.deadline)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(setup.user_agent)
        .tcp_nodelay(true)
        .no_proxy()
        .build();
    built.inspect_err(|error| tracing::error!(%error, "the simulator cannot send webhooks")).ok()
}

/// Sends what is due until `stop`, then waits for what is on the wire.
pub(in super::super) async fn run<V: Vendor>(outbox: Arc<Outbox<V>>, clock: Clock, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(outbox.concurrency));
    while let Some((slot, parcel)) = next(&outbox, &clock, &slots, &stop).await {
        let (outbox, clock) = (Arc::clone(&outbox), clock.clone());
        tokio::spawn(async move {
            let at = clock.now();
            let outcome = send(&outbox, &parcel).await;
            if book(&outbox, parcel, at, clock.now(), outcome) {
                outbox.unfinished.send_modify(|count| *count = count.saturating_sub(1));
            } else {
                outbox.wake.notify_one();
                // It waits again, which whoever waits for a quiet wire must see.
                outbox.unfinished.send_modify(|_| {});
            }
            drop(slot);
        });
    }
    let all = u32::try_from(outbox.concurrency).unwrap_or(u32::MAX);
    let _ = slots.acquire_many(all).await;
}

/// Writes one try down; returns whether that was the end of the delivery.
fn book<V: Vendor>(
    outbox: &Outbox<V>,
    mut parcel: Parcel,
    at: Timestamp,
    ended: Timestamp,
    outcome: Outcome,
) -> bool {
    parcel.tries += 1;
    let success = outcome.is_success();
    let wait = if success { None } else { outbox.vendor.wait_after(parcel.tries) };
    if wait.is_none() {
        outbox.vendor.ended(&parcel, success.then_some(ended));
    }
    let again = wait.map(|wait| ended.saturating_add(wait).unwrap_or(ended));
    outbox.queue().book(parcel, at, ended, outcome, again);
    again.is_none()
}

async fn next<V: Vendor>(
    outbox: &Outbox<V>,
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

async fn send<V: Vendor>(outbox: &Outbox<V>, parcel: &Parcel) -> Outcome {
    let headers = outbox.vendor.headers(parcel);
    match post(outbox, &parcel.webhook.url, headers, parcel.webhook.body.clone()).await {
        Ok((status, body)) => outbox.vendor.judge(status, &body),
        Err(reason) => Outcome::Error(reason),
    }
}

/// Sends one body at once, outside the queue; gives the answer's status and body, or why there is none.
pub(in super::super) async fn post<V: Vendor>(
    outbox: &Outbox<V>,
    url: &str,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
) -> Result<(u16, Bytes), String> {
    let Some(client) = &outbox.client else { return Err("no HTTP client".to_owned()) };
    let mut request = client.post(url).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.body(body).send().await.map_err(|error| reason(&error))?;
    let status = response.status().as_u16();
    // Reading to the end lets the connection be used again.
    let body = response.bytes().await.map_err(|error| reason(&error))?;
    Ok((status, body))
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
