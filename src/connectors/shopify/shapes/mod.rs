//! What Shopify says, read: bodies of webhooks and answers of the Admin API, both as the same facts. Nothing is asked for here.

mod address;
mod customs;
pub(super) mod graph;
pub(super) mod refund;
pub(super) mod rest;
