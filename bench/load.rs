//! Prepared requests sent over connections of their own, and how long each answer took. It knows HTTP/1.1 and no more.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came of one phase of load.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) answered: Vec<usize>,
    /// How long each answer took, in milliseconds.
    pub(crate) took: Vec<f64>,
    pub(crate) elapsed: Duration,
}

impl Load {
    pub(crate) fn rate(&self) -> u64 {
        let micros = u64::try_from(self.elapsed.as_micros()).unwrap().max(1);
        self.answered.len() as u64 * 1_000_000 / micros
    }
}

/// Of all these the one that so many of a thousand are below; 0 of none.
pub(crate) fn percentile(numbers: &mut [f64], per_mille: usize) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let at = (numbers.len() * per_mille / 1000).min(numbers.len().saturating_sub(1));
    numbers.get(at).copied().unwrap_or_default()
}

/// To so many places.
pub(crate) fn rounded(number: f64, places: i32) -> f64 {
    (number * 10_f64.powi(places)).round() / 10_f64.powi(places)
}

/// Sends prepared requests over `connections` connections until they are used up, time is up, or `stop` is set: one
/// after each `pace`, or with none as fast as they are answered.
pub(crate) async fn drive(
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    from: usize,
    connections: usize,
    limit: Duration,
    pace: Duration,
    stop: Arc<AtomicBool>,
) -> Load {
    let next = Arc::new(AtomicUsize::new(from));
    let started = Instant::now();
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (requests, next, stop) = (Arc::clone(&requests), Arc::clone(&next), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut load = Load::default();
                let Ok(mut stream) = TcpStream::connect(address).await else { return load };
                let _ = stream.set_nodelay(true);
                let mut answer = vec![0; 4096];
                while !stop.load(Ordering::Relaxed) && started.elapsed() < limit {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(at) else { break };
                    if !pace.is_zero() {
                        let due = started + pace * u32::try_from(at - from).unwrap();
                        tokio::time::sleep_until(due.into()).await;
                    }
                    let sent = Instant::now();
                    match exchange(&mut stream, request, &mut answer).await {
                        Some(200) => {
                            load.answered.push(at);
                            load.took.push(sent.elapsed().as_secs_f64() * 1000.0);
                        }
                        Some(_) => {}
                        None => break,
                    }
                }
                load
            })
        })
        .collect();
    let mut all = Load::default();
    for worker in workers {
        let mut load = worker.await.unwrap();
        all.answered.append(&mut load.answered);
        all.took.append(&mut load.took);
    }
    all.elapsed = started.elapsed();
    all
}

/// One request and its answer's status; nothing where the connection broke.
async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut [u8]) -> Option<u16> {
    stream.write_all(request).await.ok()?;
    let mut filled = 0;
    loop {
        let read = stream.read(&mut answer[filled..]).await.ok().filter(|read| *read > 0)?;
        filled += read;
        let text = &answer[..filled];
        let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&text[..end]).ok()?.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let length: usize = length.and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        if filled >= end + 4 + length {
            return head.split(' ').nth(1)?.parse().ok();
        }
    }
}
