//! What kind of account to play; the default is a merchant with one warehouse that packs wine.

/// What kind of account to play.
#[derive(Clone, Debug)]
pub struct Options {
    /// Access tokens that are always good.
    pub access_tokens: Vec<String>,
    /// Refresh tokens that `/auth/refresh` takes.
    pub refresh_tokens: Vec<String>,
    /// Who may sign in at `/auth/token`.
    pub username: String,
    /// With this password.
    pub password: String,
    /// What every token may do: `view:orders`, `change:orders`, `view:pii` and so on; `view:*` and `change:*` for all.
    pub scopes: Vec<String>,
    /// Whether a refresh gives another refresh token and the old one is no longer good.
    pub rotates_refresh_tokens: bool,
    /// The account's number.
    pub account_id: i64,
    /// Whether this is a warehouse that packs for others: it may name `customer_accounts`, and may not set
    /// `client_hold`.
    pub is_3pl: bool,
    /// Numbers of the accounts it packs for.
    pub customer_accounts: Vec<i64>,
    /// Its warehouses: number and name; the first is where orders go unless told otherwise.
    pub warehouses: Vec<(i64, String)>,
    /// SKU, name and how many are on hand in the first warehouse.
    pub products: Vec<(String, String, i64)>,
    /// Carriers it knows; an order for another gets a `shipping_method_hold`. All if empty.
    pub carriers: Vec<String>,
    /// Where the webhooks of `webhook_types` go; whoever calls `webhook_create` adds others.
    pub webhook_url: Option<String>,
    /// What is registered for at `webhook_url` from the start.
    pub webhook_types: Vec<String>,
    /// What those are signed with; made up if absent.
    pub webhook_secret: Option<String>,
    /// Whether stock is allocated to orders by itself as they come and change.
    pub allocates: bool,
    /// Whether a second order with the same number or `partner_order_id` is refused. What the vendor does is not
    /// known.
    pub refuses_duplicates: bool,
    /// Whether lines of an order that is being picked may not lose units. The vendor says that such an edit needs the lock
    /// cleared, but not what its API answers; if false it is taken, and the picker never hears of it.
    pub refuses_edits_when_locked: bool,
    /// The most credits an access token's bucket holds.
    pub credits: u32,
    /// Credits a second that run back into it.
    pub credits_a_second: u32,
    /// The most requests in five minutes.
    pub requests_in_five_minutes: usize,
    /// How many webhooks are on the wire at once.
    pub concurrency: usize,
    /// How many finished deliveries and requests are remembered.
    pub history: usize,
    /// Seeds ids and chance.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        let text = str::to_owned;
        let product = |sku: &str, name: &str| (text(sku), text(name), 500);
        Self {
            access_tokens: vec![text("shiphero-access-simulated")],
            refresh_tokens: vec![text("shiphero-refresh-simulated")],
            username: text("crossdock@winery.example"),
            password: text("Corkscrew1"),
            scopes: ["view:*", "change:*", "view:pii"].map(text).to_vec(),
            rotates_refresh_tokens: false,
            account_id: 6_334,
            is_3pl: false,
            customer_accounts: Vec::new(),
            warehouses: vec![(76_733, text("Primary")), (76_734, text("Annex"))],
            products: vec![
                product("PN-2022-750", "Pinot Noir 2022"),
                product("CH-2023-750", "Chardonnay 2023"),
                product("CORK-1", "Corkscrew"),
            ],
            carriers: Vec::new(),
            webhook_url: None,
            webhook_types: ["Shipment Update", "Order Canceled", "Order Allocated", "Order Deallocated"]
                .map(text)
                .to_vec(),
            webhook_secret: None,
            allocates: true,
            refuses_duplicates: false,
            refuses_edits_when_locked: true,
            credits: 4004,
            credits_a_second: 60,
            requests_in_five_minutes: 7000,
            concurrency: 16,
            history: 100_000,
            seed: 1,
        }
    }
}
