//! Takes a shop's webhooks in place of a server, to look at them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use crossdock::simulator::fault::Faults;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// One request that reached the receiver.
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Takes webhooks and answers all of them alike.
pub(crate) struct Receiver {
    pub(crate) url: String,
    status: Arc<AtomicU16>,
    received: mpsc::UnboundedReceiver<Received>,
    halt: CancellationToken,
}

impl Receiver {
    pub(crate) async fn start(status: u16) -> Self {
        let status = Arc::new(AtomicU16::new(status));
        let (sender, received) = mpsc::unbounded_channel();
        let take =
            async |State((status, sender)): State<(Arc<AtomicU16>, mpsc::UnboundedSender<Received>)>,
                   headers: HeaderMap,
                   body: Bytes| {
                sender.send(Received { headers, body }).unwrap();
                StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap()
            };
        let router = Router::new()
            .route("/webhooks/cellar", axum::routing::post(take))
            .with_state((Arc::clone(&status), sender));
        let halt = CancellationToken::new();
        let address =
            crossdock::simulator::spawn(([127, 0, 0, 1], 0).into(), router, Faults::none(), halt.clone())
                .await
                .unwrap();
        Self { url: format!("http://{address}/webhooks/cellar"), status, received, halt }
    }

    pub(crate) async fn next(&mut self) -> Received {
        self.received.recv().await.unwrap()
    }

    /// Everything that came and was not looked at yet.
    pub(crate) fn taken(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }

    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.halt.cancel();
    }
}
