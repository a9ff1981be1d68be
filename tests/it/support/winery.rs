//! A whole winery for a test: the real server between a simulated shop and a simulated account at ShipCompliant, all over
//! loopback, on one clock that stands still until the test moves it.

use std::time::Duration;

use crossdock::clock::Clock;
use crossdock::simulator::shipcompliant::{self, Account, Request};
use crossdock::simulator::shiphero;
use crossdock::simulator::shopify::{self, NewOrder, Settings, Shop};
use crossdock::simulator::{self, fault::Faults};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::server::{SECRET, Server};

/// The route's maps, beside `from` and `to`.
pub(crate) const ROUTE: &str = r#"
brand = "NINE"
birth_date = "Date of Birth"
gift_note = "Gift Message"
methods = { "FedEx Ground" = "FXG", "UPS Ground" = "UPS", "UPS 2nd Day Air" = "UP2" }
skus = { "PN-2022-750" = { brand = "NINE", product = "22PN750" }, "CH-2023-750" = { brand = "NINE", product = "22CH750" }, "ZN-2021-750" = { brand = "HILL", product = "21ZN750" } }
bundles = { "TASTING-SET" = [{ sku = "PN-2022-750", quantity = 2 }, { sku = "ZN-2021-750" }] }
not_goods = ["INSURANCE"]
"#;

pub(crate) struct Winery {
    pub(crate) server: Server,
    pub(crate) shop: Shop,
    pub(crate) account: Account,
    /// The warehouse, where the test has one.
    pub(crate) house: Option<shiphero::Account>,
    pub(crate) clock: Clock,
    /// Where the shop's API is.
    pub(crate) shop_url: String,
    /// Where the warehouse's API is; empty where the test has none.
    pub(crate) house_url: String,
    /// The server's configuration.
    pub(crate) config: String,
    /// Types of webhooks that the warehouse does not send.
    deaf_to: Vec<String>,
    _stop: DropGuard,
}

/// What a test wants otherwise than it usually is.
#[derive(Default)]
pub(crate) struct Setup<'t> {
    pub(crate) shop: shopify::Options,
    pub(crate) account: shipcompliant::Options,
    /// More keys of the shop's connection.
    pub(crate) shop_keys: &'t str,
    /// More keys of the account's connection.
    pub(crate) connection: &'t str,
    /// The shop's connection has no credentials: it is known by its webhooks alone.
    pub(crate) unasked: bool,
    /// The route's maps, where not [`ROUTE`].
    pub(crate) route: Option<&'t str>,
    /// A warehouse that packs, beside the account.
    pub(crate) house: Option<House<'t>>,
}

/// A warehouse at ShipHero, and the route to it.
#[derive(Default)]
pub(crate) struct House<'t> {
    pub(crate) options: shiphero::Options,
    /// More keys of its connection.
    pub(crate) keys: &'t str,
    /// More keys of its route.
    pub(crate) route: &'t str,
    /// The route's maps, where not [`HOUSE_ROUTE`].
    pub(crate) maps: Option<&'t str>,
    /// Types of webhooks that are not registered for.
    pub(crate) deaf_to: &'t [&'t str],
}

/// The secret that signs the warehouse's webhooks.
pub(crate) const HOUSE_SECRET: &str = "tote and label";

/// The route to a warehouse, beside `from`, `to` and what a test adds.
const HOUSE_ROUTE: &str = r#"
order_key = "id"
gift_note = "Gift Message"
methods = { "FedEx Ground" = "FedEx/Ground", "UPS Ground" = "UPS/Ground", "UPS 2nd Day Air" = "UPS/2nd Day Air" }
not_goods = ["INSURANCE"]
"#;

async fn play(router: axum::Router, faults: &Faults, stop: &CancellationToken) -> String {
    let anywhere = ([127, 0, 0, 1], 0).into();
    format!("http://{}", simulator::spawn(anywhere, router, faults.clone(), stop.clone()).await.unwrap())
}

/// The two simulators, without a server between them: a shop, an account, and where they are.
pub(crate) async fn vendors(
    shop: shopify::Options,
    account: shipcompliant::Options,
    clock: &Clock,
    stop: &CancellationToken,
) -> (Shop, String, Account, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = shopify::Options {
        access_tokens: vec!["shpat_test".into()],
        client_secret: SECRET.into(),
        signing_secret: SECRET.into(),
        // One after another, so that they arrive in the order in which things happened.
        concurrency: 1,
        bucket: 1_000_000,
        restore_rate: 1_000_000,
        ..shop
    };
    let shop = Shop::new(options, clock.clone());
    let account = Account::new(account, clock.clone());
    let shop_url = play(shop.router(), shop.faults(), stop).await;
    let account_url = play(account.router(), account.faults(), stop).await;
    tokio::spawn({
        let (shop, stop) = (shop.clone(), stop.clone());
        async move { shop.run(stop).await }
    });
    (shop, shop_url, account, account_url)
}

/// Plays a warehouse; gives it with the configuration of its connection and its route.
async fn play_house(
    folder: &std::path::Path,
    house: House<'_>,
    clock: &Clock,
    stop: &CancellationToken,
) -> (shiphero::Account, String, String) {
    let House { options, keys, route, maps, .. } = house;
    let maps = maps.unwrap_or(HOUSE_ROUTE);
    let refresh = options.refresh_tokens[0].clone();
    let account = shiphero::Account::new(options, clock.clone());
    let url = play(account.router(), account.faults(), stop).await;
    tokio::spawn({
        let (account, stop) = (account.clone(), stop.clone());
        async move { account.run(stop).await }
    });
    for (name, text) in [("house_secret", HOUSE_SECRET), ("house_refresh", refresh.as_str())] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let at = folder.display();
    let text = format!(
        "\n[connections.warehouse]\nkind = \"shiphero\"\nendpoint = \"{url}\"\n\
         refresh_token = \"file:{at}/house_refresh\"\nwebhook_secrets = [\"file:{at}/house_secret\"]\n{keys}\n\
         [[routes]]\nfrom = \"cellar\"\nto = \"warehouse\"\n{maps}{route}\n"
    );
    (account, url, text)
}

/// The configuration of the account and the route, after the shop's; secrets go to files in `folder`. No budget is short,
/// so that a run is the same every time.
pub(crate) fn route(folder: &std::path::Path, account: &str, connection: &str, route: &str) -> String {
    let shipcompliant::Options { username, password, .. } = shipcompliant::Options::default();
    let path = folder.join("password");
    std::fs::write(&path, password).unwrap();
    format!(
        "[connections.compliance]\nkind = \"shipcompliant\"\nendpoint = \"{account}\"\nusername = \"{username}\"\n\
         password = \"file:{}\"\nlimits = {{ burst = 1000000, per_second = 1000000 }}\n{connection}\n\
         [[routes]]\nfrom = \"cellar\"\nto = \"compliance\"\n{route}",
        path.display()
    )
}

/// [`ROUTE`] for what ShipCompliant itself says of an address that is wrong.
pub(crate) fn unchecked() -> String {
    format!("{ROUTE}check_address = false\n")
}

impl Winery {
    pub(crate) async fn open() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup<'_>) -> Self {
        let Setup { shop, account, shop_keys, connection, unasked, route: maps, house } = setup;
        let clock = Clock::manual("2026-11-22T12:00:00Z".parse().unwrap());
        let stop = CancellationToken::new();
        let (shop, shop_url, account, account_url) = vendors(shop, account, &clock, &stop).await;
        let folder = tempfile::tempdir().unwrap();
        let mut text = super::server::preamble(folder.path(), &shop_url)
            + shop_keys
            + &route(folder.path(), &account_url, connection, maps.unwrap_or(ROUTE));
        if unasked {
            text = text.replace("access_token", "# access_token");
        }
        let (mut playing, mut house_url) = (None, String::new());
        let deaf_to = house.as_ref().map_or(&[][..], |house| house.deaf_to);
        let deaf_to = deaf_to.iter().map(|name| (*name).to_owned()).collect();
        if let Some(house) = house {
            let (account, url, more) = play_house(folder.path(), house, &clock, &stop).await;
            text += &more;
            (playing, house_url) = (Some(account), url);
        }
        let server = Server::reopen(folder, &text, clock.clone(), false).await;
        let stop = stop.drop_guard();
        let winery = Self {
            server,
            shop,
            account,
            house: playing,
            clock,
            shop_url,
            house_url,
            deaf_to,
            config: text,
            _stop: stop,
        };
        winery.hear();
        winery
    }

    /// Has shop and warehouse send their webhooks to the server, as they do until told otherwise.
    pub(crate) fn hear(&self) {
        let url = Some(format!("{}/webhooks/cellar", self.server.url));
        self.shop.configure_webhooks(&Settings { url, ..Settings::default() });
        let url = format!("{}/webhooks/warehouse", self.server.url);
        for name in crossdock::connectors::shiphero::TYPES
            .iter()
            .filter(|name| !self.deaf_to.iter().any(|deaf| deaf == *name))
        {
            if let Some(house) = &self.house {
                // One that is registered already goes on.
                let _ = house.register(name, &url, Some(HOUSE_SECRET.into()));
            }
        }
    }

    /// Has the shop send no webhooks; those of what happens meanwhile never come.
    pub(crate) fn hear_nothing(&self) {
        self.shop.configure_webhooks(&Settings { url: Some(String::new()), ..Settings::default() });
    }

    /// Stops the server in order and starts another on the same database.
    pub(crate) async fn restart(self) -> Self {
        let Server { app, folder, .. } = self.server;
        app.stop().await;
        let server = Server::reopen(folder, &self.config, self.clock.clone(), false).await;
        let winery = Self { server, ..self };
        winery.hear();
        winery
    }

    /// Delivers a body as the warehouse does, signed by this secret or not at all; gives status and answer.
    pub(crate) async fn deliver_house(&self, body: &Value, secret: Option<&str>) -> (u16, Value) {
        let body = body.to_string();
        let url = format!("{}/webhooks/warehouse", self.server.url);
        let mut request = self.server.http.post(url).header("Content-Type", "application/json");
        if let Some(secret) = secret {
            request = request.header("x-shiphero-hmac-sha256", super::server::sign(secret, body.as_bytes()));
        }
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), super::server::json(answer).await)
    }

    /// A winery with a warehouse.
    pub(crate) async fn with_house(house: House<'_>) -> Self {
        Self::with(Setup { house: Some(house), ..Setup::default() }).await
    }

    /// The warehouse.
    pub(crate) fn house(&self) -> &shiphero::Account {
        self.house.as_ref().unwrap()
    }

    /// The order at the warehouse for an order of the shop: the newest that is not cancelled, or the newest.
    pub(crate) fn packed(&self, order: i64) -> Value {
        let all = self.house().orders();
        let order = order.to_string();
        let of = |one: &&Value| one["partner_order_id"] == order;
        let live = |one: &&Value| one["fulfillment_status"] != "canceled";
        let found = all.iter().rev().filter(of).find(live).or_else(|| all.iter().rev().find(of));
        found.unwrap_or_else(|| panic!("order {order} is not at the warehouse")).clone()
    }

    /// Its number there.
    pub(crate) fn number(&self, order: i64) -> i64 {
        self.packed(order)["legacy_id"].as_i64().unwrap()
    }

    /// What changed at the warehouse, by operation.
    pub(crate) fn house_writes(&self) -> Vec<String> {
        let all = self.house().requests();
        let names = all.into_iter().flat_map(|request| request.operations);
        names.filter(|name| name.starts_with("order_")).collect()
    }

    /// Waits until the shop's webhooks are delivered, then works until nothing is left to do.
    pub(crate) async fn settle(&self) {
        loop {
            self.shop.settled().await;
            if let Some(house) = &self.house {
                house.settled().await;
            }
            self.server.settle().await;
            let quiet = self.shop.unfinished_deliveries() == 0
                && self.house.as_ref().is_none_or(|house| house.unfinished_deliveries() == 0);
            if quiet {
                return;
            }
        }
    }

    /// Asks the warehouse what changed, then lets everything owed be done.
    pub(crate) async fn poll_house(&self) {
        self.server.app.engine.poll().await.unwrap();
        self.sync().await;
    }

    /// Lets every webhook arrive and everything owed be done; then a little time passes.
    pub(crate) async fn sync(&self) {
        self.settle().await;
        self.clock.advance(Duration::from_secs(10));
    }

    /// Places an order and syncs; gives its id.
    pub(crate) async fn place(&self, order: NewOrder) -> i64 {
        let id = self.shop.place_order(&order).unwrap();
        self.sync().await;
        id
    }

    /// Delivers a signed body by hand and syncs; it has to be taken.
    pub(crate) async fn deliver(&self, topic: &str, webhook_id: &str, body: impl AsRef<[u8]>) {
        assert_eq!(self.server.deliver(topic, webhook_id, body).await, 200, "{webhook_id}");
        self.sync().await;
    }

    /// What ShipCompliant was asked, but for looks, of which one is a commit of nothing.
    pub(crate) fn writes(&self) -> Vec<Request> {
        let looks = |request: &Request| request.method == "GET" || request.path.ends_with("/commit");
        self.account.requests().into_iter().filter(|request| !looks(request)).collect()
    }

    /// The same as method and path.
    pub(crate) fn written(&self) -> Vec<String> {
        self.writes().into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// The one copy of an order, as the API lists it.
    pub(crate) async fn copy(&self, order: impl std::fmt::Display) -> Value {
        self.server.api(&format!("orders/{order}")).await["order"]["mirrors"]
            .as_array()
            .unwrap()
            .iter()
            .find(|copy| copy["destination"] == "compliance")
            .unwrap()
            .clone()
    }

    /// Open exceptions as (code, exception).
    pub(crate) async fn exceptions(&self) -> Vec<(String, Value)> {
        let Value::Array(rows) = self.server.api("exceptions").await else { panic!("a list") };
        rows.into_iter().map(|row| (row["code"].as_str().unwrap().to_owned(), row)).collect()
    }

    /// The one open exception, which must have this code.
    pub(crate) async fn only_exception(&self, code: &str) -> Value {
        let open = self.exceptions().await;
        let codes: Vec<&str> = open.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(codes, [code], "{open:#?}");
        open[0].1.clone()
    }

    /// Retries an exception by the API and syncs.
    pub(crate) async fn retry(&self, exception: &Value) {
        let (status, answer) =
            self.server.tell(&format!("exceptions/{}/retry", exception["id"]), &Value::Null).await;
        assert_eq!(status, 200, "{answer}");
        self.sync().await;
    }
}

/// An order's webhook body, complete and paid, with `changes` laid over its members; a null there is a null, and
/// `"absent"` takes the member out.
pub(crate) fn order_body(id: i64, changes: Value) -> Value {
    let address = json!({
        "first_name": "Emily", "last_name": "Sheehan", "address1": "253 Broadway", "city": "New York",
        "province_code": "NY", "zip": "10007", "country_code": "US", "phone": null,
    });
    let mut body = json!({
        "id": id, "admin_graphql_api_id": format!("gid://shopify/Order/{id}"), "name": format!("#{id}"),
        "created_at": "2026-11-22T04:00:00-08:00", "updated_at": "2026-11-22T04:00:00-08:00",
        "currency": "USD", "financial_status": "paid", "source_name": "web", "email": "emily@example.com",
        "payment_gateway_names": ["shopify_payments"], "tags": "", "note_attributes": [],
        "customer": { "id": 77 }, "billing_address": address, "shipping_address": address,
        "shipping_lines": [{ "title": "FedEx Ground", "code": "FEDEX_GROUND", "price": "15.00" }],
        "total_price": "95.00", "total_tax": "0.00",
        "line_items": [line_body(id + 1, json!({}))],
    });
    lay(&mut body, changes);
    body
}

/// A line of such a body: two bottles that are known at ShipCompliant.
pub(crate) fn line_body(id: i64, changes: Value) -> Value {
    let mut line = json!({
        "id": id, "variant_id": 9, "product_id": 8, "sku": "22PN750", "title": "Pinot Noir 2022", "quantity": 2,
        "current_quantity": 2, "price": "40.00", "requires_shipping": true, "gift_card": false,
    });
    lay(&mut line, changes);
    line
}

fn lay(document: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else { panic!("members") };
    for (key, value) in changes {
        if value == "absent" {
            document.as_object_mut().unwrap().remove(&key);
        } else {
            document[key] = value;
        }
    }
}
