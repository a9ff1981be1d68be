//! Plays one Shopify shop: holds orders, sends signed webhooks, answers the Admin GraphQL API.
//!
//! Written from Shopify's own definition; it shares no type with the connector. Whatever happens in the shop is an
//! action on [`Shop`]: it takes effect whole, moves the order's `updated_at` (whole seconds, never back) and queues
//! the webhooks that the real shop fires. The shop answers on Shopify's paths:
//!
//! - `POST /admin/api/{version}/graphql.json` with `X-Shopify-Access-Token`: queries, and the mutations a fulfilment
//!   integration uses, which are the same actions
//! - `POST /admin/oauth/access_token`, the client credentials grant
//!
//! Its remote control, JSON in and out, needs no token and is never faulted. Errors are `{"error": …}` with 404 or
//! 422:
//!
//! | request | body | does |
//! |---|---|---|
//! | `POST /sim/orders` | [`NewOrder`], `{}` will do | places an order, answers `{"id": …}` |
//! | `GET /sim/orders` | | id, name, status and times of every order |
//! | `GET /sim/orders/{id}` | | the order as `{"rest": …, "graphql": …}` |
//! | `POST /sim/orders/{id}/mark_paid` | `{"amount"?}` | takes the money, all or a part |
//! | `…/authorize`, `…/void` | | has the buyer promise to pay; gives the promise back |
//! | `…/edit` | [`EditOrder`] | adds lines, sets quantities, removes lines |
//! | `…/change_shipping_line` | [`NewShipping`] | another way of delivery |
//! | `…/set_shipping_address` | [`Address`] or null | another address |
//! | `…/set_attributes` | `[{"name", "value"}]` | other note attributes |
//! | `…/set_tags` | `["…"]` | other tags |
//! | `…/set_note` | `"…"` or null | another note |
//! | `…/fulfill` | [`NewFulfillment`], `{}` for all | ships, answers `{"id": …}` |
//! | `…/update_tracking` | `{"fulfillment_id", "tracking":` [`Tracking`]`}` | other tracking |
//! | `…/set_shipment_status` | `{"fulfillment_id", "event":` [`NewShipmentEvent`]`}` | progress of a shipment |
//! | `…/cancel_fulfillment` | `{"fulfillment_id"}` | takes a shipment back |
//! | `…/hold`, `…/release` | [`NewHold`], [`Release`] | holds and lets go |
//! | `…/call_off` | `{"fulfillment_order_id"?}` | has another fulfillment order take the place of one |
//! | `…/assess` | `"cancel"`, `"investigate"`, … | has the analysis of fraud recommend that |
//! | `…/open_scheduled` | | opens what was scheduled for a later day |
//! | `…/refund` | [`NewRefund`] | gives money or goods back |
//! | `…/cancel` | [`CancelOrder`] | cancels |
//! | `…/close`, `…/reopen`, `…/delete` | | archives, brings back, deletes |
//! | `POST /sim/products/{sku}` | [`Origin`] | what the product tells the customs |
//! | `POST /sim/generate` | `{"count", "seed"}` | places varied orders, answers their ids |
//! | `GET /sim/deliveries` | | every [`Delivery`] |
//! | `GET /sim/requests` | | the newest GraphQL requests and answers |
//! | `GET`, `POST /sim/webhooks` | [`Settings`] | reads, changes where and how webhooks go |
//! | `POST /sim/faults` | [`Script`](super::fault::Script) | adds a fault |
//! | `POST /sim/faults/random` | [`Random`](super::fault::Random) | draws faults at random |
//! | `DELETE /sim/faults` | | removes all faults |
//! | `GET /sim/summary` | | counts |
//!
//! Money in these bodies is text (`"36.00"`), enum values are in snake case, and a key that is not known is refused.
//! [`generate`] draws varied orders, [`activity`] lets random things happen to them; both follow from a seed.

mod actions;
pub mod activity;
mod control;
pub mod generate;
pub mod graphql;
pub mod money;
pub mod new_order;
mod options;
pub mod order;
mod place;
pub mod profile;
pub mod rest;
mod server;
mod shop;
mod state;
pub mod webhook;

pub use actions::{
    CancelOrder, EditOrder, FulfillUnits, HoldUnits, NewFulfillment, NewHold, NewRefund, NewShipmentEvent,
    RefundUnits, Release, SetQuantity, Tracking, UnitsOfFulfillmentOrder,
};
pub use graphql::GraphqlRequest;
pub use new_order::{NewLine, NewOrder, NewShipping, Payment};
pub use options::Options;
pub use order::{Address, Attribute, Order};
pub use shop::Shop;
pub use state::{Origin, Refused};
pub use webhook::{Attempt, Delivery, Knobs, Outcome, Settings, SubscribedBy};
