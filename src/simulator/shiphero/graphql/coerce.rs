//! Inputs: a value as it was sent against the type it is sent for.
//!
//! Stricter than the vendor is known to be: a number is no `String`, since those who send one rely on luck. Dates are
//! brought into the vendor's one spelling, so that texts can be compared.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::schema::{self, Of, Type};

/// The members of an enum; there is only one that is taken.
const ENTITIES: &[&str] = &[
    "Account",
    "User",
    "Warehouse",
    "PurchaseOrder",
    "Order",
    "LineItem",
    "Return",
    "Product",
    "Bin",
    "LocationType",
    "PurchaseOrderLineItem",
    "ReturnItem",
    "Shipment",
    "ShippedLineItem",
    "WarehouseProduct",
    "Vendor",
    "Tote",
];

/// The value as the type has it, or what is wrong with it and where.
pub(super) fn coerce(of: &Of, value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return if of.required() { Err(format!("Expected \"{of}\", found null.")) } else { Ok(Value::Null) };
    }
    match of {
        Of::List { of, .. } => match value {
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| coerce(of, item).map_err(|why| format!("In element #{at}: {why}")))
                .collect(),
            one => Ok(Value::Array(vec![coerce(of, one)?])),
        },
        Of::Named { name, .. } => match schema::input(name) {
            Some(input) => object(input, value),
            None => scalar(name, value),
        },
    }
}

fn object(of: &Type, value: &Value) -> Result<Value, String> {
    let Value::Object(given) = value else {
        return Err(format!("Expected \"{}\", found not an object.", of.name));
    };
    let mut taken = Map::new();
    for name in given.keys() {
        if of.field(name).is_none() {
            return Err(format!("In field \"{name}\": Unknown field."));
        }
    }
    for field in &of.fields {
        match given.get(field.name) {
            None if field.of.required() => {
                return Err(format!("In field \"{}\": Expected \"{}\", found null.", field.name, field.of));
            }
            None => {}
            Some(value) => {
                let value =
                    coerce(&field.of, value).map_err(|why| format!("In field \"{}\": {why}", field.name))?;
                taken.insert(field.name.to_owned(), value);
            }
        }
    }
    Ok(Value::Object(taken))
}

fn scalar(name: &str, value: &Value) -> Result<Value, String> {
    let fits = match name {
        "String" | "ID" => value.is_string(),
        "Boolean" => value.is_boolean(),
        "Int" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "Decimal" => decimal(value),
        "EntityType" => value.as_str().is_some_and(|text| ENTITIES.contains(&text)),
        "ISODateTime" | "Date" => {
            let moment = value.as_str().and_then(moment);
            return moment.map(Value::String).ok_or_else(|| unfit(name, value));
        }
        _ => true,
    };
    if fits { Ok(value.clone()) } else { Err(unfit(name, value)) }
}

fn unfit(name: &str, value: &Value) -> String {
    format!("Expected type \"{name}\", found {value}.")
}

fn decimal(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok())
}

/// A moment as the vendor spells it, from any of the forms it takes.
pub(in super::super) fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    let at = if let Ok(at) = text.parse::<jiff::Timestamp>() {
        at.to_zoned(TimeZone::UTC).datetime()
    } else if let Ok(at) = text.parse::<DateTime>() {
        at
    } else {
        text.parse::<Date>().ok()?.at(0, 0, 0, 0)
    };
    Some(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(name: &'static str, value: &Value) -> Result<Value, String> {
        coerce(&Of::Named { name, required: true }, value)
    }

    #[test]
    fn an_input_is_held_to_its_type() {
        let refused = [
            (json!({ "order_id": "a", "colour": "red" }), "In field \"colour\": Unknown field."),
            (json!({ "reason": "x" }), "In field \"order_id\": Expected \"String!\", found null."),
            (json!({ "order_id": 7 }), "In field \"order_id\": Expected type \"String\", found 7."),
        ];
        for (value, why) in refused {
            assert_eq!(data("CancelOrderInput", &value).unwrap_err(), why);
        }
        let taken = data("UpdateTagsInput", &json!({ "order_id": "a", "tags": "one" })).unwrap();
        assert_eq!(taken, json!({ "order_id": "a", "tags": ["one"] }));
    }

    #[test]
    fn moments_are_read_in_every_form_the_vendor_names() {
        for text in ["2026-11-20", "2026-11-20 00:00:00", "2026-11-20T00:00:00", "2026-11-20T00:00:00Z"] {
            assert_eq!(moment(text).unwrap(), "2026-11-20T00:00:00", "{text}");
        }
        assert_eq!(moment("soon"), None);
    }
}
