//! Orders: what is written on them, and their tags.
//!
//! A field that is absent stays as it is, a text given as null is cleared. Another shipping address is not taxed anew
//! here, though the real shop does that to an unfulfilled order.

use serde_json::Value;

use super::super::super::actions::{self, Detail};
use super::super::super::order::{Address, Attribute, Order};
use super::super::schema::Args;
use super::super::types::root::parse_gid;
use super::{Acting, Payload, UserError, items, metafield, text};

/// `orderUpdate`.
pub(super) fn update(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let input = args.get("input").unwrap_or(&Value::Null);
    let unknown = || UserError::new(&["id"], "Order does not exist");
    let (id, order) = acting.find("Order", &input["id"]).ok_or_else(unknown)?;
    let details = read(order, input)?;
    acting
        .change(id, |change| {
            actions::revise(change, details);
            Ok(())
        })
        .map_err(|refused| UserError::new(&["id"], refused.to_string()))?;
    Ok(Payload::of("order", "Order", id))
}

fn read(order: &Order, input: &Value) -> Result<Vec<Detail>, UserError> {
    let mut details = Vec::new();
    for (name, detail) in [
        ("note", Detail::Note as fn(Option<String>) -> Detail),
        ("email", Detail::Email),
        ("phone", Detail::Phone),
        ("poNumber", Detail::PoNumber),
    ] {
        if let Some(given) = input.get(name) {
            details.push(detail(text(given)));
        }
    }
    let given = |name: &str| input.get(name).filter(|value| !value.is_null());
    if let Some(tags) = given("tags") {
        details.push(Detail::Tags(tags_of(Some(tags))));
    }
    if let Some(attributes) = given("customAttributes") {
        let attribute = |of: &Value| Attribute {
            name: text(&of["key"]).unwrap_or_default(),
            value: text(&of["value"]).unwrap_or_default(),
        };
        details.push(Detail::Attributes(items(Some(attributes)).iter().map(attribute).collect()));
    }
    if let Some(parts) = given("shippingAddress") {
        details.push(Detail::ShippingAddress(Some(Box::new(address(parts)))));
    }
    if let Some(metafields) = given("metafields") {
        details.push(Detail::Metafields(metafield::of_order(order, items(Some(metafields)))?));
    }
    Ok(details)
}

/// The shop knows the names of countries by their codes, and here those of its neighbourhood.
fn address(input: &Value) -> Address {
    let country_code = text(&input["countryCode"]);
    let country = match country_code.as_deref() {
        Some("US") => Some("United States".to_owned()),
        Some("CA") => Some("Canada".to_owned()),
        Some("MX") => Some("Mexico".to_owned()),
        _ => text(&input["country"]).or_else(|| country_code.clone()),
    };
    let province_code = text(&input["provinceCode"]);
    Address {
        id: 0,
        first_name: text(&input["firstName"]),
        last_name: text(&input["lastName"]),
        company: text(&input["company"]),
        address1: text(&input["address1"]),
        address2: text(&input["address2"]),
        city: text(&input["city"]),
        province: text(&input["province"]).or_else(|| province_code.clone()),
        province_code,
        country,
        country_code,
        zip: text(&input["zip"]),
        phone: text(&input["phone"]),
        latitude: None,
        longitude: None,
    }
}

/// Tags as given: one text may hold several, divided by commas.
fn tags_of(list: Option<&Value>) -> Vec<String> {
    items(list).iter().filter_map(Value::as_str).flat_map(|tags| tags.split(',')).map(str::to_owned).collect()
}

/// `tagsAdd`.
pub(super) fn add_tags(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let (id, tags) = tagged(acting, args)?;
    change_tags(acting, id, |change| actions::add_tags(change, &tags))
}

/// `tagsRemove`.
pub(super) fn remove_tags(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let (id, tags) = tagged(acting, args)?;
    change_tags(acting, id, |change| actions::remove_tags(change, &tags))
}

fn change_tags(
    acting: &mut Acting<'_>,
    id: i64,
    work: impl FnOnce(&mut super::super::super::state::Change<'_>),
) -> Result<Payload, UserError> {
    let done = acting.change(id, |change| {
        work(change);
        Ok(())
    });
    done.map_err(|refused| UserError::new(&["id"], refused.to_string()))?;
    Ok(Payload::of("node", "Order", id))
}

/// The order whose tags are meant. Nothing else has tags that can be changed here, so nothing else is there.
fn tagged(acting: &Acting<'_>, args: &Args) -> Result<(i64, Vec<String>), UserError> {
    let gid = args.get("id").unwrap_or(&Value::Null);
    let kind = gid.as_str().and_then(parse_gid).map_or("Resource", |(kind, _)| kind);
    match acting.find("Order", gid) {
        Some((id, _)) => Ok((id, tags_of(args.get("tags")))),
        None => Err(UserError::new(&["id"], format!("{kind} does not exist"))),
    }
}
