//! Metafields: set several at once or none, if wanted only over the value that was read.
//!
//! There are no definitions, so a type is always needed, and values are checked for the simple types only.

use serde_json::Value;

use super::super::super::actions::{self, NewMetafield};
use super::super::super::order::{Metafield, Order};
use super::super::super::state::stable_id;
use super::super::schema::Args;
use super::{Acting, Payload, UserError, items, text};

/// The most metafields of one request.
const MOST: usize = 25;

/// The namespace meant: the app's own if none is given, or one below it.
pub(in super::super) fn namespace(given: Option<&str>) -> String {
    let own = || format!("app--{}", stable_id("app", "crossdock"));
    match given {
        None | Some("" | "$app") => own(),
        Some(given) => match given.strip_prefix("$app:") {
            Some(below) => format!("{}--{below}", own()),
            None => given.to_owned(),
        },
    }
}

/// `metafieldsSet`.
pub(super) fn set(acting: &mut Acting<'_>, args: &Args) -> Result<Payload, UserError> {
    let inputs = items(args.get("metafields"));
    if inputs.len() > MOST {
        let message = format!("Exceeded the maximum metafields input limit of {MOST}.");
        return Err(UserError::coded(&["metafields"], "LESS_THAN_OR_EQUAL_TO", message));
    }
    let mut wanted = Vec::new();
    for (at, input) in inputs.iter().enumerate() {
        let at = at.to_string();
        let Some((owner, order)) = acting.find("Order", &input["ownerId"]) else {
            let field = ["metafields", &at, "ownerId"];
            return Err(UserError::coded(&field, "INVALID", "Owner does not exist."));
        };
        let new = read(input, None, &["metafields", &at])?;
        let old = order.metafields.iter().find(|m| m.namespace == new.namespace && m.key == new.key);
        if let Some(digest) = input.get("compareDigest")
            && digest.as_str() != old.map(Metafield::digest).as_deref()
        {
            let message = "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value.";
            return Err(UserError::coded(&["metafields", &at], "STALE_OBJECT", message));
        }
        wanted.push((owner, new));
    }
    let mut payload = Payload::default();
    // Neighbours of one owner are one change with one webhook.
    for same_owner in wanted.chunk_by(|a, b| a.0 == b.0) {
        let new: Vec<NewMetafield> = same_owner.iter().map(|(_, new)| new.clone()).collect();
        let ids = acting
            .change(same_owner[0].0, |change| Ok(actions::set_metafields(change, &new)))
            .map_err(|refused| UserError::new(&["metafields"], refused.to_string()))?;
        for id in ids {
            payload = payload.and("metafields", "Metafield", id);
        }
    }
    Ok(payload)
}

/// The metafields of an `orderUpdate`: one that names another by its id changes that one.
pub(super) fn of_order(order: &Order, inputs: &[Value]) -> Result<Vec<NewMetafield>, UserError> {
    let one = |(at, input): (usize, &Value)| {
        let at = at.to_string();
        let id = super::number("Metafield", &input["id"]);
        let old = order.metafields.iter().find(|m| m.id == id);
        let plain = |error: UserError| UserError { code: None, ..error };
        read(input, old, &["metafields", &at]).map_err(plain)
    };
    inputs.iter().enumerate().map(one).collect()
}

fn read(input: &Value, old: Option<&Metafield>, at: &[&str]) -> Result<NewMetafield, UserError> {
    let wrong = |part: &'static str, code: &'static str, message: String| {
        Err(UserError::coded(&[at, &[part]].concat(), code, message))
    };
    let new = NewMetafield {
        namespace: old.map_or_else(|| namespace(input["namespace"].as_str()), |old| old.namespace.clone()),
        key: old.map_or_else(|| text(&input["key"]).unwrap_or_default(), |old| old.key.clone()),
        kind: text(&input["type"]).or_else(|| old.map(|old| old.kind.clone())).unwrap_or_default(),
        value: text(&input["value"]).unwrap_or_default(),
    };
    for (part, name, value, shortest, longest) in
        [("namespace", "Namespace", &new.namespace, 3, 255), ("key", "Key", &new.key, 2, 64)]
    {
        let length = value.chars().count();
        if length < shortest {
            let message = format!("{name} is too short (minimum is {shortest} characters)");
            return wrong(part, "TOO_SHORT", message);
        }
        if length > longest {
            return wrong(part, "TOO_LONG", format!("{name} is too long (maximum is {longest} characters)"));
        }
    }
    if new.kind.is_empty() {
        return wrong("type", "BLANK", "Type can't be blank".to_owned());
    }
    match unfit(&new.kind, &new.value) {
        Some(message) => wrong("value", "INVALID_VALUE", message.to_owned()),
        None => Ok(new),
    }
}

/// Why a value does not fit its type.
fn unfit(kind: &str, value: &str) -> Option<&'static str> {
    let (fits, message) = match kind {
        "number_integer" => (value.parse::<i64>().is_ok(), "Value must be an integer."),
        "boolean" => (["true", "false"].contains(&value), "Value must be true or false."),
        "json" => (serde_json::from_str::<Value>(value).is_ok(), "Value is invalid JSON."),
        "date" => (value.parse::<jiff::civil::Date>().is_ok(), "Value must be in YYYY-MM-DD format."),
        "single_line_text_field" if value.contains(['\n', '\r']) => {
            (false, "Value must be a single line text string.")
        }
        "single_line_text_field" | "multi_line_text_field" => {
            (!value.trim().is_empty(), "Value can't be blank.")
        }
        _ => (true, ""),
    };
    (!fits).then_some(message)
}
