//! The accept loop that every server of this binary shares: HTTP/1.1, keep-alive, a deadline on the request head, and
//! a stop that lets requests in flight finish.
//!
//! It knows nothing of routes. A service that answers `Err` closes its connection without a reply, which is how a
//! simulator plays a reset; the real server's services are infallible.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long a client may take to send its request line and headers.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long a stop waits for requests in flight.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long the loop rests after the system refused a connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `service` on `listener` until `stop` is cancelled, then lets open requests finish for up to ten seconds.
pub async fn serve<S, E>(listener: TcpListener, service: S, stop: CancellationToken)
where
    S: Service<http::Request<Incoming>, Response = http::Response<Body>, Error = E> + Clone + Send + 'static,
    S::Future: Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are small and whole: waiting to fill a segment only adds latency.
        let _ = stream.set_nodelay(true);
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still open after {} s; closing them", DRAIN_DEADLINE.as_secs());
    }
}

/// An axum router as a service over raw connections.
pub fn router_service(
    router: axum::Router,
) -> impl Service<http::Request<Incoming>, Response = http::Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    tower::service_fn(move |request: http::Request<Incoming>| {
        let mut router = router.clone();
        async move { Service::call(&mut router, request.map(Body::new)).await }
    })
}
