//! How many signed webhooks a second the server acknowledges, durably, and how long each takes.
//!
//! The release binary runs on SQLite in a folder of its own and is driven over loopback by this process with bodies of
//! about 6.5 KB, prepared and signed beforehand, each with ids of its own. The limit it is held against is the same
//! router with a store that keeps nothing, measured in the same run, in turns. With `--kill N` nothing is measured:
//! the server is killed N times under load, and every delivery that was acknowledged has to be there in the end.

#![recursion_limit = "256"]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot run must stop"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded to a few digits anyway")]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SECRET: &str = "bench-secret";
const TOKEN: &str = "bench-token";
/// Requests prepared for each second of a phase; more than the hardware this is for can take.
const PREPARED_PER_SECOND: usize = 16_000;

struct Options {
    seconds: u64,
    rounds: usize,
    connections: usize,
    kill: usize,
}

impl Options {
    fn read() -> Self {
        let mut options = Self { seconds: 5, rounds: 3, connections: 64, kill: 0 };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let mut number =
                || words.next().and_then(|n| n.parse::<u64>().ok()).expect("a number after the option");
            match word.as_str() {
                "--seconds" => options.seconds = number().clamp(1, 60),
                "--rounds" => options.rounds = usize::try_from(number()).unwrap().clamp(1, 20),
                "--connections" => options.connections = usize::try_from(number()).unwrap().clamp(1, 512),
                "--kill" => options.kill = usize::try_from(number()).unwrap().min(1000),
                other => panic!("unknown option {other}"),
            }
        }
        options
    }
}

/// One request as it goes over the wire, and the id it is accounted by.
struct Prepared {
    id: String,
    bytes: Vec<u8>,
}

/// An order's body of about 6.5 KB with ids of its own.
fn body(number: u64) -> Vec<u8> {
    let mut rng = rand::rng();
    let order = 5_000_000_000_000_u64 + number;
    let money = |amount: &str| {
        json!({ "shop_money": { "amount": amount, "currency_code": "USD" },
                "presentment_money": { "amount": amount, "currency_code": "USD" } })
    };
    let line = |at: u64, price: &str| {
        json!({
            "id": order * 10 + at, "admin_graphql_api_id": format!("gid://shopify/LineItem/{}", order * 10 + at),
            "current_quantity": 2, "fulfillable_quantity": 2, "fulfillment_service": "manual", "fulfillment_status": null,
            "gift_card": false, "grams": 1500, "name": "Estate Pinot Noir 2022 - 750 ml", "price": price,
            "price_set": money(price), "product_exists": true, "product_id": 7_000_000_000_000_u64 + at,
            "properties": [], "quantity": 2, "requires_shipping": true, "sku": format!("PN-2022-{at}"), "taxable": true,
            "title": "Estate Pinot Noir 2022", "total_discount": "0.00", "total_discount_set": money("0.00"),
            "variant_id": 8_000_000_000_000_u64 + at, "variant_inventory_management": "shopify",
            "variant_title": "750 ml", "vendor": "Nine Hills Winery",
            "tax_lines": [{ "channel_liable": false, "price": "4.25", "price_set": money("4.25"), "rate": 0.085,
                            "title": "California State Tax" }],
            "duties": [], "discount_allocations": [],
        })
    };
    let address = json!({
        "first_name": "Emily", "last_name": format!("Sheehan{}", rng.random_range(0..9999)),
        "address1": format!("{} Vineyard Lane", rng.random_range(1..9999)), "address2": null, "city": "Healdsburg",
        "zip": "95448", "province": "California", "country": "United States", "company": null,
        "phone": format!("+1707555{:04}", rng.random_range(0..9999)), "latitude": 38.6, "longitude": -122.8,
        "name": "Emily Sheehan", "country_code": "US", "province_code": "CA",
    });
    let order = json!({
        "id": order, "admin_graphql_api_id": format!("gid://shopify/Order/{order}"), "app_id": 580_111,
        "browser_ip": "203.0.113.7", "buyer_accepts_marketing": false, "cancel_reason": null, "cancelled_at": null,
        "cart_token": format!("{:032x}", rng.random::<u128>()), "checkout_id": order + 7,
        "checkout_token": format!("{:032x}", rng.random::<u128>()), "closed_at": null, "confirmed": true,
        "confirmation_number": format!("{:09X}", rng.random_range(0..u32::MAX)),
        "contact_email": format!("buyer{number}@example.com"), "created_at": "2026-11-20T10:15:30-08:00",
        "currency": "USD", "current_subtotal_price": "150.00", "current_subtotal_price_set": money("150.00"),
        "current_total_discounts": "0.00", "current_total_discounts_set": money("0.00"),
        "current_total_price": "177.75", "current_total_price_set": money("177.75"), "current_total_tax": "12.75",
        "current_total_tax_set": money("12.75"), "customer_locale": "en-US", "discount_codes": [],
        "email": format!("buyer{number}@example.com"), "estimated_taxes": false, "financial_status": "paid",
        "fulfillment_status": null, "landing_site": "/collections/pinot", "name": format!("#{}", 1000 + number),
        "note": null, "note_attributes": [{ "name": "Date of Birth", "value": "1984-05-06" }],
        "number": number, "order_number": 1000 + number,
        "order_status_url": format!("https://nine-hills.example/orders/{:032x}/authenticate", rng.random::<u128>()),
        "payment_gateway_names": ["shopify_payments"], "phone": null, "presentment_currency": "USD",
        "processed_at": "2026-11-20T10:15:29-08:00", "source_name": "web", "subtotal_price": "150.00",
        "tags": "club, pinot", "tax_lines": [{ "price": "12.75", "rate": 0.085, "title": "California State Tax" }],
        "taxes_included": false, "test": false, "token": format!("{:032x}", rng.random::<u128>()),
        "total_discounts": "0.00", "total_line_items_price": "150.00", "total_outstanding": "0.00",
        "total_price": "177.75", "total_price_set": money("177.75"), "total_shipping_price_set": money("15.00"),
        "total_tax": "12.75", "total_tax_set": money("12.75"), "total_tip_received": "0.00", "total_weight": 4500,
        "updated_at": "2026-11-20T10:15:31-08:00", "billing_address": address, "shipping_address": address,
        "customer": { "id": 6_000_000_000_000_u64 + number, "email": format!("buyer{number}@example.com"),
                      "first_name": "Emily", "last_name": "Sheehan", "state": "disabled", "verified_email": true,
                      "tags": "", "currency": "USD", "default_address": address },
        "discount_applications": [], "fulfillments": [], "refunds": [], "payment_terms": null,
        "line_items": [line(1, "25.00"), line(2, "50.00")],
        "shipping_lines": [{ "id": order + 3, "code": "Ground", "discounted_price": "15.00",
                             "discounted_price_set": money("15.00"), "is_removed": false, "phone": null,
                             "price": "15.00", "price_set": money("15.00"), "source": "shopify",
                             "title": "FedEx Ground", "tax_lines": [], "discount_allocations": [] }],
    });
    order.to_string().into_bytes()
}

fn prepare(numbers: std::ops::Range<u64>) -> Vec<Prepared> {
    let keyed: Hmac<Sha256> = Hmac::new_from_slice(SECRET.as_bytes()).unwrap();
    numbers
        .map(|number| {
            let body = body(number);
            let mut mac = keyed.clone();
            mac.update(&body);
            let signature = BASE64.encode(mac.finalize().into_bytes());
            let id = uuid::Uuid::new_v4().to_string();
            let mut bytes = format!(
                "POST /webhooks/cellar HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\nX-Shopify-Topic: orders/updated\r\nX-Shopify-Hmac-Sha256: {signature}\r\n\
                 X-Shopify-Shop-Domain: nine-hills.myshopify.com\r\nX-Shopify-API-Version: 2026-10\r\n\
                 X-Shopify-Webhook-Id: {id}\r\nX-Shopify-Triggered-At: 2026-11-20T18:15:31.123456789Z\r\n\
                 X-Shopify-Event-Id: {id}\r\nUser-Agent: bench\r\n\r\n",
                body.len()
            )
            .into_bytes();
            bytes.extend_from_slice(&body);
            Prepared { id, bytes }
        })
        .collect()
}

/// The release binary, serving from a folder of its own.
struct Server {
    process: Child,
    address: SocketAddr,
    ready: Duration,
}

impl Server {
    fn start(folder: &Path, keep_nothing: bool) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let config = folder.join("crossdock.toml");
        std::fs::write(
            &config,
            format!(
                "[server]\nlisten = \"{address}\"\n[admin]\ntoken = \"env:BENCH_TOKEN\"\n\
                 [store]\nurl = \"sqlite:{}\"\n[connections.cellar]\nkind = \"shopify\"\n\
                 endpoint = \"http://127.0.0.1:9\"\nwebhook_secrets = [\"env:BENCH_SECRET\"]\n",
                folder.join("crossdock.db").display()
            ),
        )
        .unwrap();
        let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/crossdock");
        let mut command = Command::new(binary);
        command
            .arg("--config")
            .arg(&config)
            .arg("serve")
            .env("BENCH_TOKEN", TOKEN)
            .env("BENCH_SECRET", SECRET);
        command.env("RUST_LOG", "warn").stdout(Stdio::null()).stderr(Stdio::inherit());
        if keep_nothing {
            command.arg("--keep-nothing");
        }
        let started = Instant::now();
        let process = command.spawn().unwrap();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "the server does not start");
            std::thread::yield_now();
        }
        Self { process, address, ready: started.elapsed() }
    }

    /// A number of `/proc/PID/status` in KiB.
    fn memory(&self, field: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_default()
    }

    /// Processor time used so far, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
    }

    fn ask(&self, path: &str) -> Value {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What came of one phase of load.
#[derive(Default)]
struct Load {
    answered: Vec<usize>,
    micros: Vec<u64>,
    elapsed: Duration,
}

impl Load {
    fn rate(&self) -> u64 {
        let micros = u64::try_from(self.elapsed.as_micros()).unwrap().max(1);
        self.answered.len() as u64 * 1_000_000 / micros
    }

    fn percentile(&mut self, per_mille: usize) -> f64 {
        self.micros.sort_unstable();
        let at = (self.micros.len() * per_mille / 1000).min(self.micros.len().saturating_sub(1));
        self.micros.get(at).map_or(0.0, |micros| Duration::from_micros(*micros).as_secs_f64() * 1000.0)
    }
}

/// Sends prepared requests over `connections` connections until they are used up, time is up, or `stop` is set.
async fn drive(
    address: SocketAddr,
    requests: Arc<Vec<Prepared>>,
    from: usize,
    connections: usize,
    limit: Duration,
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
                    let sent = Instant::now();
                    match exchange(&mut stream, &request.bytes, &mut answer).await {
                        Some(200) => {
                            load.answered.push(at);
                            load.micros.push(u64::try_from(sent.elapsed().as_micros()).unwrap());
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
        all.micros.append(&mut load.micros);
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

fn folder() -> PathBuf {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

async fn measure(options: &Options) {
    let per_phase = usize::try_from(options.seconds).unwrap() * PREPARED_PER_SECOND;
    let limit = Duration::from_secs(options.seconds);
    let (mut rates, mut limits, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut p50, mut p99, mut idle, mut peak, mut ready) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut answered, mut stored) = (0_u64, 0_u64);
    for round in 0..options.rounds {
        let first = (round * per_phase) as u64;
        let requests = Arc::new(prepare(first..first + per_phase as u64));
        let mut rate_of = [0.0; 2];
        for (phase, keep_nothing) in [(0, true), (1, false)] {
            let folder = folder();
            let server = Server::start(&folder, keep_nothing);
            let before = server.memory("VmRSS");
            let go = Arc::new(AtomicBool::new(false));
            let mut load =
                drive(server.address, Arc::clone(&requests), 0, options.connections, limit, go).await;
            rate_of[phase] = load.rate() as f64;
            eprintln!(
                "round {round} {}: {} answered in {:.2} s, {}/s, p50 {:.2} ms, p99 {:.2} ms, {:.1} µs of processor each",
                if keep_nothing { "limit " } else { "sqlite" },
                load.answered.len(),
                load.elapsed.as_secs_f64(),
                load.rate(),
                load.percentile(500),
                load.percentile(990),
                server.ticks() as f64 * 10_000.0 / load.answered.len() as f64,
            );
            if !keep_nothing {
                let kept = server.ask("/api/v1/summary")["deliveries"].as_u64().unwrap();
                answered += load.answered.len() as u64;
                stored += kept;
                p50.push(load.percentile(500));
                p99.push(load.percentile(990));
                idle.push(before as f64 / 1024.0);
                peak.push(server.memory("VmHWM") as f64 / 1024.0);
                ready.push(server.ready.as_secs_f64() * 1000.0);
            }
            server.kill();
            std::fs::remove_dir_all(&folder).unwrap();
        }
        limits.push(rate_of[0]);
        rates.push(rate_of[1]);
        ratios.push(rate_of[1] / rate_of[0]);
    }
    let round = |number: f64, places: i32| (number * 10_f64.powi(places)).round() / 10_f64.powi(places);
    println!(
        "{}",
        json!({
            "bench": "ingest", "engine": "sqlite", "rps": round(median(rates), 0), "p50_ms": round(median(p50), 2),
            "p99_ms": round(median(p99), 2), "limit_rps": round(median(limits), 0), "ratio": round(median(ratios), 3),
            "answered": answered, "stored": stored, "lost": answered.saturating_sub(stored),
            "idle_mib": round(median(idle), 1), "peak_mib": round(median(peak), 1), "ready_ms": round(median(ready), 0),
        })
    );
    assert!(stored >= answered, "deliveries were acknowledged and not stored");
}

/// Kills the server under load again and again; in the end every acknowledged delivery must be there.
async fn kill(options: &Options) {
    let folder = folder();
    let requests = Arc::new(prepare(0..60_000));
    let mut acknowledged = Vec::new();
    let mut from = 0;
    for _ in 0..options.kill {
        let server = Server::start(&folder, false);
        let stop = Arc::new(AtomicBool::new(false));
        let driving = tokio::spawn(drive(
            server.address,
            Arc::clone(&requests),
            from,
            options.connections,
            Duration::from_secs(10),
            Arc::clone(&stop),
        ));
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(50..400))).await;
        server.kill();
        stop.store(true, Ordering::Relaxed);
        let load = driving.await.unwrap();
        from = load.answered.iter().max().map_or(from, |at| at + 1 + options.connections);
        acknowledged.extend(load.answered);
    }
    let server = Server::start(&folder, false);
    let (mut kept, mut before) = (HashSet::new(), i64::MAX);
    loop {
        let page = server.ask(&format!("/api/v1/deliveries?limit=1000&before={before}"));
        let rows = page.as_array().unwrap();
        let Some(last) = rows.last() else { break };
        before = last["id"].as_i64().unwrap();
        kept.extend(rows.iter().map(|row| row["webhook_id"].as_str().unwrap().to_owned()));
    }
    server.kill();
    let lost = acknowledged.iter().filter(|at| !kept.contains(&requests[**at].id)).count();
    println!(
        "{}",
        json!({ "bench": "ingest-kill", "engine": "sqlite", "kills": options.kill, "answered": acknowledged.len(),
                "stored": kept.len(), "lost": lost })
    );
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(lost, 0, "acknowledged deliveries are missing");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let options = Options::read();
    if options.kill > 0 { kill(&options).await } else { measure(&options).await }
}
