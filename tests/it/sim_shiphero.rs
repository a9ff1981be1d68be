//! The ShipHero simulator over loopback; every answer is held against the vendor's schema where it is at hand.

mod edits;
mod floor;
mod gate;
mod judge;
mod orders;
mod random;
mod remote;
mod webhooks;

use std::net::SocketAddr;
use std::time::Duration;

use crossdock::clock::Clock;
use crossdock::simulator::shiphero::{Account, Options};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The fields of an order that tests look at.
const ORDER: &str = "
fragment O on Order {
  id legacy_id order_number partner_order_id shop_name fulfillment_status updated_at email tags total_price subtotal
  hold_until_date packing_note gift_note required_ship_date
  holds { fraud_hold address_hold shipping_method_hold operator_hold payment_hold client_hold }
  shipping_lines { title carrier method price }
  shipping_address { first_name last_name address1 city state zip country phone email }
  allocations { warehouse_id allocated_at ready_to_ship is_locked allocation_reference
    line_items { line_item_id sku quantity_allocated is_kit_component } }
  line_items(first: 25) { total_count pageInfo { hasNextPage endCursor } edges { cursor node {
    id legacy_id partner_line_item_id sku quantity quantity_allocated quantity_pending_fulfillment quantity_shipped
    backorder_quantity fulfillment_status price customs_value custom_options created_at
    product { sku name tariff_code } tote_picks { current picked_quantity tote_id } } } }
  merged_orders { order_id is_master }
  order_history { username information created_at order { id } }
  shipments { id completed order { order_number } shipping_labels { id status tracking_number carrier } }
}";

/// An order of two lines as a client enters it.
fn new_order(number: &str) -> Value {
    json!({
        "order_number": number, "partner_order_id": format!("partner-{number}"),
        "shop_name": "cellar-nine.myshopify.com",
        "fulfillment_status": "pending", "order_date": "2026-11-20", "currency": "USD", "email": "a@b.example",
        "total_tax": "1.00", "total_discounts": "0.00",
        "shipping_lines": { "title": "UPS Ground", "price": "5.00", "carrier": "UPS", "method": "Ground" },
        "shipping_address": {
            "first_name": "Ada", "last_name": "Byron", "address1": "1 Main St", "city": "Austin", "state": "TX",
            "zip": "78701", "country": "US", "phone": "5551112222",
        },
        "line_items": [
            { "sku": "PN-2022-750", "partner_line_item_id": "1380000001", "quantity": 2, "price": "10.00" },
            { "sku": "CORK-1", "partner_line_item_id": "1380000002", "quantity": 1, "price": "4.50" },
        ],
    })
}

/// An account served over loopback.
struct Served {
    account: Account,
    clock: Clock,
    base: String,
    client: reqwest::Client,
    halt: CancellationToken,
}

impl Served {
    async fn start(options: Options) -> Self {
        let clock = Clock::manual("2026-11-22T12:00:00.5Z".parse().unwrap());
        let account = Account::new(options, clock.clone());
        let halt = CancellationToken::new();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let faults = account.faults().clone();
        let bound =
            crossdock::simulator::spawn(anywhere, account.router(), faults, halt.clone()).await.unwrap();
        let (running, until) = (account.clone(), halt.clone());
        tokio::spawn(async move { running.run(until).await });
        let client = crate::support::server::http();
        Self { account, clock, base: format!("http://{bound}"), client, halt }
    }

    /// Posts JSON; gives status and body.
    async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(token).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Asks with a good token; the answer is held against the schema.
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let (status, answer) = self.post("/graphql", "shiphero-access-simulated", &body).await;
        assert_eq!(status, 200, "{answer}");
        judge::judge(query, &answer);
        answer
    }

    /// Carries out a mutation on an order; its order, or its one error.
    async fn mutate(&self, name: &str, input: &str, data: Value) -> Result<Value, Value> {
        let query = format!(
            "mutation M($data: {input}!) {{ {name}(data: $data) {{ request_id complexity order {{ ...O }} }} }} {ORDER}"
        );
        let mut answer = self.ask(&query, json!({ "data": data })).await;
        if let Some(errors) = answer["errors"].as_array() {
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert_eq!(answer["data"][name], Value::Null);
            return Err(errors[0].clone());
        }
        assert!(answer["data"][name]["request_id"].is_string());
        assert!(answer["extensions"]["throttling"]["cost"].is_u64());
        Ok(answer["data"][name]["order"].take())
    }

    async fn create(&self, order: Value) -> Value {
        self.mutate("order_create", "CreateOrderInput", order).await.unwrap()
    }

    async fn read(&self, id: &Value) -> Value {
        let query = format!(
            "query Q($id: String!) {{ order(id: $id) {{ request_id complexity data {{ ...O }} }} }} {ORDER}"
        );
        self.ask(&query, json!({ "id": id })).await["data"]["order"]["data"].take()
    }

    /// Sends to the remote control.
    async fn sim(&self, path: &str, body: Value) -> (u16, Value) {
        self.post(&format!("/sim{path}"), "", &body).await
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.halt.cancel();
    }
}

/// The number in an order as the API shows it.
fn number(order: &Value) -> i64 {
    order["legacy_id"].as_i64().unwrap()
}

/// A line of an order as the API shows it.
fn line(order: &Value, at: usize) -> &Value {
    &order["line_items"]["edges"][at]["node"]
}
