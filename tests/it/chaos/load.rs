//! The load: a played shop at work at an even pace, and its webhooks on their way to whichever instance lives.
//!
//! The shop signs them and hands them to a post office in this process, which sends each again until it is acknowledged, as
//! Shopify does, only sooner. It writes down what was acknowledged and when, and judges nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use crossdock::simulator::shopify::{NewOrder, Settings, Shop};
use rand::{RngExt, SeedableRng};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::instance::Doors;

/// Webhooks on the wire at once.
const SENDERS: usize = 24;
/// How long Shopify waits for an answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The wait before a webhook is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// An order is not changed again before its `updated_at`, which has whole seconds, is another.
const REST: Duration = Duration::from_millis(1100);

struct Webhook {
    id: String,
    headers: HeaderMap,
    body: Bytes,
}

/// What the post office wrote down.
#[derive(Default)]
pub(super) struct Books {
    /// Webhooks it was given.
    pub(super) taken: usize,
    /// When each was acknowledged.
    pub(super) acknowledged: HashMap<String, Instant>,
    /// What came of the tries that were not acknowledged.
    pub(super) refused: BTreeMap<String, usize>,
}

/// A load at work.
pub(super) struct Load {
    pub(super) books: Arc<Mutex<Books>>,
    /// How many orders there are, and when each was changed last; its version is how often it was.
    pub(super) orders: Arc<Mutex<Vec<(i64, u32, Instant)>>>,
    pub(super) started: Instant,
    waiting: watch::Receiver<usize>,
    stop: CancellationToken,
    working: tokio::task::JoinHandle<()>,
}

/// The street of an order's version, which can be seen wherever the order is.
pub(super) fn street(version: u32) -> String {
    format!("{version} Harbor Boulevard")
}

/// The version that a street tells.
pub(super) fn version(street: &str) -> Option<u32> {
    street.strip_suffix(" Harbor Boulevard")?.parse().ok()
}

#[derive(Clone)]
struct Post {
    queue: mpsc::UnboundedSender<Webhook>,
    waiting: Arc<watch::Sender<usize>>,
    books: Arc<Mutex<Books>>,
}

async fn take(State(post): State<Post>, headers: HeaderMap, body: Bytes) {
    let id = headers["x-shopify-webhook-id"].to_str().unwrap().to_owned();
    let mut kept = HeaderMap::new();
    for (name, value) in &headers {
        if name.as_str().starts_with("x-shopify") || name == "content-type" {
            kept.insert(name.clone(), value.clone());
        }
    }
    post.books.lock().unwrap().taken += 1;
    post.waiting.send_modify(|waiting| *waiting += 1);
    post.queue.send(Webhook { id, headers: kept, body }).unwrap();
}

impl Load {
    /// Sets the shop to work: so many things happen a second, to so many orders at the most.
    pub(super) async fn start(shop: &Shop, doors: &Doors, per_second: u32, most: usize) -> Self {
        let (queue, waits) = mpsc::unbounded_channel();
        let (waiting, seen) = watch::channel(0);
        let post = Post { queue, waiting: Arc::new(waiting), books: Arc::default() };
        let stop = CancellationToken::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Some(format!("http://{}/", listener.local_addr().unwrap()));
        let office = axum::Router::new().route("/", axum::routing::post(take)).with_state(post.clone());
        tokio::spawn(crossdock::listener::serve(
            listener,
            crossdock::listener::router_service(office),
            CancellationToken::new(),
        ));
        shop.configure_webhooks(&Settings { url, ..Settings::default() });
        let waits = Arc::new(tokio::sync::Mutex::new(waits));
        for number in 0..SENDERS {
            tokio::spawn(send(number, Arc::clone(&waits), post.clone(), Arc::clone(doors)));
        }
        let orders = Arc::default();
        let working = tokio::spawn(work(shop.clone(), Arc::clone(&orders), per_second, most, stop.clone()));
        let (books, started) = (post.books, Instant::now());
        Self { books, orders, started, waiting: seen, stop, working }
    }

    /// Lets nothing more happen at the shop, and waits until all of it is acknowledged; false where that takes too long.
    pub(super) async fn finish(&mut self, shop: &Shop, patience: Duration) -> bool {
        self.stop.cancel();
        let _ = (&mut self.working).await;
        let all = async {
            shop.settled().await;
            let _ = self.waiting.wait_for(|waiting| *waiting == 0).await;
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}

async fn work(
    shop: Shop,
    orders: Arc<Mutex<Vec<(i64, u32, Instant)>>>,
    per_second: u32,
    most: usize,
    stop: CancellationToken,
) {
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
    for turn in 0_usize.. {
        tokio::select! {
            _ = pace.tick() => {}
            () = stop.cancelled() => return,
        }
        let mut orders = orders.lock().unwrap();
        let rested = orders.len().checked_sub(1).and_then(|last| {
            let at = rng.random_range(0..=last);
            (orders[at].2.elapsed() >= REST).then_some(at)
        });
        match rested.filter(|_| orders.len() >= most || turn % 3 != 0) {
            Some(at) => {
                let (id, version, changed) = &mut orders[at];
                (*version, *changed) = (*version + 1, Instant::now());
                let mut address = NewOrder::default().shipping_address.unwrap();
                address.address1 = Some(street(*version));
                shop.set_shipping_address(*id, Some(address)).unwrap();
            }
            None if orders.len() < most => {
                let mut order = NewOrder::default();
                order.shipping_address.as_mut().unwrap().address1 = Some(street(0));
                let id = shop.place_order(&order).unwrap();
                orders.push((id, 0, Instant::now()));
            }
            None => {}
        }
    }
}

async fn send(
    number: usize,
    waits: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Webhook>>>,
    post: Post,
    doors: Doors,
) {
    let client = reqwest::Client::builder().timeout(DEADLINE).no_proxy().build().unwrap();
    let mut turn = number;
    loop {
        let next = waits.lock().await.recv().await;
        let Some(Webhook { id, headers, body }) = next else { return };
        loop {
            turn += 1;
            let living: Vec<String> = doors.lock().unwrap().iter().flatten().cloned().collect();
            let outcome = match living.get(turn % living.len().max(1)) {
                None => "nobody there".to_owned(),
                Some(door) => {
                    let request = client.post(format!("{door}/webhooks/cellar"));
                    match request.headers(headers.clone()).body(body.clone()).send().await {
                        Ok(answer) if answer.status().is_success() => break,
                        Ok(answer) => answer.status().as_u16().to_string(),
                        Err(error) if error.is_timeout() => "time-out".to_owned(),
                        Err(error) if error.is_connect() => "not connected".to_owned(),
                        Err(_) => "connection lost".to_owned(),
                    }
                }
            };
            *post.books.lock().unwrap().refused.entry(outcome).or_default() += 1;
            tokio::time::sleep(AGAIN).await;
        }
        post.books.lock().unwrap().acknowledged.insert(id, Instant::now());
        post.waiting.send_modify(|waiting| *waiting -= 1);
    }
}
