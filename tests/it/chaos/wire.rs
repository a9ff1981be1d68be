//! A wire between two ends, as a proxy on loopback, that can be cut, reset, slowed or made to forget.
//!
//! It carries bytes and knows nothing of what they say. A cut wire drops nothing of what it holds: once it is whole again
//! the bytes go on, as after a network that was away for a while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Carries.
    Whole,
    /// Carries nothing; neither end is told.
    Cut,
    /// Both ends of every connection are told that it is over, and so is who comes.
    Reset,
    /// One byte at a time.
    Drip,
}

#[derive(Clone, Copy)]
struct State {
    wire: Wire,
    /// Connections older than this are carried no more, though the wire be whole.
    remembered_from: u64,
}

/// The time a dripping wire takes for one byte.
const DROP: Duration = Duration::from_millis(2);

/// A proxy in front of `target`.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    opened: Arc<AtomicU64>,
    _stop: Arc<DropGuard>,
}

impl Proxy {
    pub(super) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State { wire: Wire::Whole, remembered_from: 0 }));
        let opened = Arc::new(AtomicU64::new(0));
        let stop = tokio_util::sync::CancellationToken::new();
        tokio::spawn({
            let (state, opened, stop) = (Arc::clone(&state), Arc::clone(&opened), stop.clone());
            async move {
                while let Some(Ok((near, _))) = stop.run_until_cancelled(listener.accept()).await {
                    let number = opened.fetch_add(1, Ordering::Relaxed);
                    let (seen, stop) = (state.subscribe(), stop.clone());
                    tokio::spawn(async move {
                        stop.run_until_cancelled(connect(near, target, number, seen)).await;
                    });
                }
            }
        });
        Self { address, state, opened, _stop: Arc::new(stop.drop_guard()) }
    }

    /// From now on the wire is like this.
    pub(super) fn set(&self, wire: Wire) {
        self.state.send_modify(|state| state.wire = wire);
    }

    /// The connections that are open are carried no more, and neither end is told; those to come are.
    pub(super) fn forget(&self) {
        let opened = self.opened.load(Ordering::Relaxed);
        self.state.send_modify(|state| {
            (state.wire, state.remembered_from) = (Wire::Whole, opened);
        });
    }
}

async fn connect(mut near: TcpStream, target: SocketAddr, number: u64, mut seen: watch::Receiver<State>) {
    let _ = near.set_nodelay(true);
    // Who comes while the wire is cut waits.
    if seen.wait_for(|state| state.wire != Wire::Cut).await.is_err() {
        return;
    }
    let far = if seen.borrow().wire == Wire::Reset { None } else { TcpStream::connect(target).await.ok() };
    let Some(mut far) = far else {
        let _ = near.set_zero_linger();
        return;
    };
    let _ = far.set_nodelay(true);
    let mut told = seen.clone();
    let reset = {
        let ((near_read, near_write), (far_read, far_write)) = (near.split(), far.split());
        let there = carry(near_read, far_write, number, seen.clone());
        let back = carry(far_read, near_write, number, seen);
        let both = async { tokio::join!(there, back) };
        tokio::select! {
            _ = both => false,
            _ = told.wait_for(|state| state.wire == Wire::Reset) => true,
        }
    };
    if reset {
        let _ = near.set_zero_linger();
        let _ = far.set_zero_linger();
    }
}

async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    number: u64,
    mut seen: watch::Receiver<State>,
) -> Option<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await.ok()?;
        let carries = |state: &State| number >= state.remembered_from && state.wire != Wire::Cut;
        let wire = seen.wait_for(carries).await.ok()?.wire;
        if count == 0 {
            return to.shutdown().await.ok();
        }
        if wire == Wire::Drip {
            for byte in &bytes[..count] {
                if seen.borrow().wire == Wire::Drip {
                    tokio::time::sleep(DROP).await;
                }
                to.write_all(&[*byte]).await.ok()?;
            }
        } else {
            to.write_all(&bytes[..count]).await.ok()?;
        }
    }
}
