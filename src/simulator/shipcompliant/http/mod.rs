//! The account over HTTP: the vendor's API, and beside it the remote control.
//!
//! The two share a listener and nothing else: the control is under `/sim`, everything else is the vendor's.

mod control;
mod vendor;

use super::Account;

/// Routes for both.
pub(super) fn router(account: Account) -> axum::Router {
    let faults = account.faults().control();
    control::routes().merge(faults).fallback(vendor::serve).with_state(account)
}
