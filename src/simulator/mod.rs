//! Plays the outside systems over loopback, for the demo, the tests and a merchant's rehearsals.
//!
//! Each simulator is written from the vendor's own definition and shares no type with the connector that talks to it:
//! were they to share one, both would agree on the same mistake. A simulator speaks the vendor's protocol on the
//! vendor's paths; everything under `/sim` is its own remote control and state, and is never faulted.

mod bucket;
pub mod fault;
mod graphql;
pub mod shipcompliant;
pub mod shiphero;
pub mod shopify;
mod webhook;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::listener;
use fault::Faults;

/// Serves a simulator's router behind its faults until `stop`.
pub async fn serve(listener: TcpListener, router: axum::Router, faults: Faults, stop: CancellationToken) {
    listener::serve(listener, faults.layer(listener::router_service(router)), stop).await;
}

/// Binds `address` (port 0 for any) and serves in the background; returns the bound address.
pub async fn spawn(
    address: SocketAddr,
    router: axum::Router,
    faults: Faults,
    stop: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    tokio::spawn(serve(listener, router, faults, stop));
    Ok(bound)
}
