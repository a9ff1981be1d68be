//! The documents that are sent, each valid against the vendor's schema.
//!
//! A change of one order is one document with as many mutations as it needs: the vendor performs them in order, and the
//! last of them shows the order as it is then. Pages are always named, for a connection without one costs a hundred.

/// All that is read of an order; `$lines` is the page of its lines.
const WHOLE: &str = "fragment Whole on Order{id legacy_id order_number partner_order_id shop_name fulfillment_status \
updated_at currency total_tax total_discounts packing_note gift_note required_ship_date tags incoterms tax_id \
holds{fraud_hold address_hold shipping_method_hold operator_hold payment_hold client_hold} \
shipping_lines{title carrier method price} \
shipping_address{first_name last_name company address1 address2 city state zip country phone} \
billing_address{first_name last_name company address1 address2 city state zip country phone} \
merged_orders{order_id is_master} allocations{is_locked ready_to_ship} \
line_items(first:$lines){pageInfo{hasNextPage} edges{node{id partner_line_item_id sku quantity \
quantity_pending_fulfillment quantity_shipped price customs_value fulfillment_status tote_picks{current}}}} \
shipments{id created_date completed refunded needs_refund picked_up delivered warehouse_id line_items(first:$lines){pageInfo{hasNextPage} \
edges{node{line_item_id shipping_label_id quantity}}} \
shipping_labels{id status refunded needs_refund carrier shipping_method tracking_number tracking_url created_date warehouse warehouse_id \
picked_up delivered tracking_status}}}";

/// Pages of lines: most orders fit the first.
pub(super) const PAGES: [u32; 3] = [15, 50, 250];

/// Orders that one answer shows by the channel's id.
const ORDERS: u32 = 5;

/// What a reading may cost: each page costs its nodes and what is below them.
pub(super) const fn cost_of_reading(several: bool, page: u32) -> u32 {
    let order = 2 * page;
    1 + if several { ORDERS * (order + 1) } else { order }
}

/// What so many mutations in one document may cost, the last of them showing the order.
pub(super) fn cost_of_mutations(count: usize) -> u32 {
    10 * u32::try_from(count).unwrap_or(u32::MAX / 20) + 2 * PAGES[0]
}

/// One order by the vendor's own id.
pub(super) fn order() -> String {
    format!("query Order($id:String!,$lines:Int!){{order(id:$id){{request_id data{{...Whole}}}}}} {WHOLE}")
}

/// Orders by the channel's id: one that was cancelled and entered again, or split, has several.
pub(super) fn by_partner() -> String {
    format!(
        "query Orders($partner:String!,$account:String,$after:String,$lines:Int!){{\
         orders(partner_order_id:$partner,customer_account_id:$account){{request_id \
         data(first:{ORDERS},after:$after){{pageInfo{{hasNextPage endCursor}} edges{{node{{...Whole}}}}}}}}}} {WHOLE}"
    )
}

/// Orders by the number that people use.
pub(super) const BY_NUMBER: &str = "query Numbered($number:String!,$account:String){\
orders(order_number:$number,customer_account_id:$account){request_id data(first:5){\
edges{node{id order_number partner_order_id shop_name fulfillment_status}}}}}";

/// Which orders changed since an instant, oldest change first where the vendor sorts at all.
pub(super) const CHANGED: &str = "query Changed($from:ISODateTime!,$account:String,$first:Int!,$after:String){\
orders(updated_from:$from,customer_account_id:$account){request_id data(first:$first,after:$after){pageInfo{hasNextPage endCursor} \
edges{node{partner_order_id updated_at}}}}}";

/// What the bucket holds.
pub(super) const QUOTA: &str = "query Quota{user_quota{credits_remaining max_available increment_rate}}";

/// The cheapest read that needs the scope for orders.
pub(super) const PROBE: &str = "query Probe{account{data{id email is_3pl}} orders(order_number:\"crossdock-check\"){request_id \
data(first:1){edges{node{id}}}}}";

/// Products that one call reads or writes.
pub(super) const MOST_PRODUCTS: usize = 25;

/// What so many products say of themselves to the customs; `of_account` names the brand's account, where we act for one.
pub(super) fn products(count: usize, of_account: bool) -> String {
    let (account, named) =
        if of_account { ("$account:String!,", ",customer_account_id:$account") } else { ("", "") };
    let variables: Vec<String> = (0..count).map(|at| format!("$p{at}:String!")).collect();
    let fields: Vec<String> = (0..count)
        .map(|at| {
            format!(
                "p{at}:products(sku:$p{at}{named}){{request_id data(first:2){{edges{{node{{sku tariff_code \
                 country_of_manufacture customs_description}}}}}}}}"
            )
        })
        .collect();
    format!("query Products({account}{}){{{}}}", variables.join(","), fields.join(" "))
}

/// What reading them may cost.
pub(super) fn cost_of_products(count: usize) -> u32 {
    3 * u32::try_from(count).unwrap_or(u32::MAX / 3)
}

/// Changes so many products.
pub(super) fn update_products(count: usize) -> String {
    let variables: Vec<String> = (0..count).map(|at| format!("$p{at}:UpdateProductInput!")).collect();
    let fields: Vec<String> =
        (0..count).map(|at| format!("p{at}:product_update(data:$p{at}){{request_id}}")).collect();
    format!("mutation Keep({}){{{}}}", variables.join(","), fields.join(" "))
}

/// What changing them may cost: ten for each.
pub(super) fn cost_of_product_updates(count: usize) -> u32 {
    10 * u32::try_from(count).unwrap_or(u32::MAX / 10)
}

/// Registers for a type of webhook; the secret is shown this once.
pub(super) const REGISTER: &str = "mutation Register($data:CreateWebhookInput!){webhook_create(data:$data){request_id \
webhook{id name url shared_signature_secret}}}";

/// Takes a registration back.
pub(super) const UNREGISTER: &str =
    "mutation Unregister($data:DeleteWebhookInput!){webhook_delete(data:$data){request_id}}";

/// A mutation with the type of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    Create,
    Update,
    Add,
    Change,
    Remove,
    Holds,
    Cancel,
}

impl Mutation {
    /// Its field in the schema.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "order_create",
            Self::Update => "order_update",
            Self::Add => "order_add_line_items",
            Self::Change => "order_update_line_items",
            Self::Remove => "order_remove_line_items",
            Self::Holds => "order_update_holds",
            Self::Cancel => "order_cancel",
        }
    }

    const fn input(self) -> &'static str {
        match self {
            Self::Create => "CreateOrderInput",
            Self::Update => "UpdateOrderInput",
            Self::Add => "AddLineItemsInput",
            Self::Change => "UpdateLineItemsInput",
            Self::Remove => "RemoveLineItemsInput",
            Self::Holds => "UpdateOrderHoldsInput",
            Self::Cancel => "CancelOrderInput",
        }
    }
}

/// The key of each mutation in variables and answer: its name, with a count behind it where it comes again.
pub(super) fn keys(mutations: &[Mutation]) -> Vec<String> {
    let key = |at: usize| {
        let name = mutations[at].name();
        let before = mutations[..at].iter().filter(|other| **other == mutations[at]).count();
        if before == 0 { name.to_owned() } else { format!("{name}_{}", before + 1) }
    };
    (0..mutations.len()).map(key).collect()
}

/// One document of these mutations, in this order.
pub(super) fn mutate(mutations: &[Mutation]) -> String {
    let keyed = || mutations.iter().zip(keys(mutations));
    let variables: Vec<String> = keyed().map(|(one, key)| format!("${key}:{}!", one.input())).collect();
    let last = mutations.len().saturating_sub(1);
    let fields: Vec<String> = keyed()
        .enumerate()
        .map(|(at, (one, key))| {
            let shown = if at == last { " order{...Whole}" } else { "" };
            let alias = if key == one.name() { String::new() } else { format!("{key}:") };
            format!("{alias}{}(data:${key}){{request_id{shown}}}", one.name())
        })
        .collect();
    format!("mutation Change({},$lines:Int!){{{}}} {WHOLE}", variables.join(","), fields.join(" "))
}

/// Every document there is, for whoever checks them against the schema.
#[doc(hidden)]
pub fn all() -> Vec<String> {
    use Mutation::{Add, Cancel, Change, Create, Holds, Remove, Update};
    let mut all = vec![order(), by_partner(), mutate(&[Create]), mutate(&[Holds]), mutate(&[Cancel])];
    all.extend([mutate(&[Holds; 3]), mutate(&[Cancel; 2])]);
    all.extend([products(1, false), products(2, true), update_products(2)]);
    all.extend([BY_NUMBER, CHANGED, QUOTA, PROBE, REGISTER, UNREGISTER].map(str::to_owned));
    for chosen in 1_u8..16 {
        let one = |at: u8, mutation| (chosen & (1 << at) != 0).then_some(mutation);
        let mutations = [one(0, Remove), one(1, Change), one(2, Add), one(3, Update)];
        all.push(mutate(&mutations.into_iter().flatten().collect::<Vec<_>>()));
    }
    all
}
