//! Registering for webhooks.

use super::super::order::text;
use super::super::refused::Refused;
use super::super::state::State;
use super::super::webhook::{Registration, TYPES};
use super::{Given, customer};

/// Registers; returns the registration with its secret, which is never told again.
pub(in super::super) fn create_webhook(state: &mut State, data: &Given) -> Result<Registration, Refused> {
    customer(state, data)?;
    let (name, shop, url) = (text(data, "name"), text(data, "shop_name"), text(data, "url"));
    if !TYPES.contains(&name) {
        return Err(Refused::invalid(format!("{name} is not a valid webhook type")));
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Refused::invalid("url is not a valid URL"));
    }
    if state.registrations.iter().any(|known| known.name == name && known.shop == shop) {
        return Err(Refused::exists("Webhook"));
    }
    let id = state.next_id();
    let (name, shop, url) = (name.to_owned(), shop.to_owned(), url.to_owned());
    // Anything hard to guess in a real house; here it only has to differ and be the same for the same seed.
    let secret = format!("{:016x}{id:016x}", state.options.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let registration = Registration { id, name, shop, url, secret };
    state.registrations.push(registration.clone());
    Ok(registration)
}

/// Takes a registration back.
pub(in super::super) fn delete_webhook(state: &mut State, data: &Given) -> Result<(), Refused> {
    customer(state, data)?;
    let (name, shop) = (text(data, "name"), text(data, "shop_name"));
    let at = state.registrations.iter().position(|known| known.name == name && known.shop == shop);
    let at = at.ok_or_else(|| Refused::missing("Webhook"))?;
    state.registrations.remove(at);
    Ok(())
}
