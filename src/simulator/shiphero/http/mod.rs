//! The account over HTTP: the vendor's API, and beside it the remote control under `/sim`.

mod control;
mod vendor;

use super::Account;

/// The largest request body.
const LARGEST_BODY: usize = 2 * 1024 * 1024;

/// Routes for both.
pub(super) fn router(account: &Account) -> axum::Router {
    vendor::routes()
        .merge(control::routes())
        .merge(account.faults().control())
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(account.clone())
}
