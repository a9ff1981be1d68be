//! What every answer is made of: problems, the two shells around them, and how moments and amounts are spelled.
//!
//! Inside, an amount is an exact decimal and a moment an instant; only here do they become JSON doubles and dates
//! without offset. Nothing here knows what an order is.

use std::str::FromStr;

use http::{HeaderValue, StatusCode, header};
use jiff::{Timestamp, civil, tz::Offset};
use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

/// One entry of an answer's `errors`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    target: &'static str,
    code: Option<&'static str>,
    key: String,
    message: String,
    kind: &'static str,
    suggestion: Option<Value>,
}

/// All that is wrong with one request; never empty.
pub(super) type Problems = Vec<Problem>;

impl Problem {
    /// The request itself is malformed at `key`.
    pub(super) fn request(target: &'static str, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: "Request", ..Self::validation(target, None, key, message) }
    }

    /// The request is well formed and cannot be accepted.
    pub(super) fn validation(
        target: &'static str,
        code: Option<&'static str>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            target,
            code,
            key: key.into(),
            message: message.into(),
            kind: "Validation",
            suggestion: None,
        }
    }

    /// What the request is about does not exist.
    pub(super) fn absent(
        target: &'static str,
        code: Option<&'static str>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::validation(target, code, key, message) }
    }

    /// The same where the operation knows no 404.
    pub(super) fn refused(self) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..self }
    }

    /// With the address that the check would rather see.
    pub(super) fn suggesting(self, suggestion: Option<Value>) -> Self {
        Self { suggestion, ..self }
    }

    /// Its message.
    pub(super) fn told(&self) -> &str {
        &self.message
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "statusCode": self.status.as_u16(),
            "target": self.target,
            "code": self.code,
            "key": self.key,
            "message": self.message,
            "type": self.kind,
        });
        if let Some(suggestion) = &self.suggestion {
            body["data"] = json!({ "addressSuggestion": suggestion });
        }
        body
    }
}

/// An answer before it becomes HTTP.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Option<Value>,
    pub(super) header: Option<(header::HeaderName, HeaderValue)>,
}

impl Reply {
    /// 200 with these fields beside the two that every answer has.
    pub(super) fn success(mut fields: Value) -> Self {
        fields["responseStatus"] = json!("Success");
        fields["statusCode"] = json!(200);
        Self { status: StatusCode::OK, body: Some(fields), header: None }
    }

    /// The first problem's status with all problems in the body.
    pub(super) fn failure(problems: &[Problem]) -> Self {
        let status = problems.first().map_or(StatusCode::BAD_REQUEST, |problem| problem.status);
        let body = json!({
            "errors": problems.iter().map(Problem::body).collect::<Vec<_>>(),
            "responseStatus": "Failure",
            "statusCode": status.as_u16(),
        });
        Self { status, body: Some(body), header: None }
    }

    /// A status with no body, as the framework under the vendor's operations answers.
    pub(super) fn bare(status: StatusCode) -> Self {
        Self { status, body: None, header: None }
    }
}

/// An RFC 3339 date and time; one without offset, as the vendor's own answers have, counts as UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if !text.contains(['T', 't']) {
        return None;
    }
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| Offset::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok())
}

/// A number's exact value by its text.
pub(super) fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// A decimal as the double that the wire has.
pub(super) fn double(value: Decimal) -> f64 {
    value.normalize().to_string().parse().unwrap_or_default()
}

/// An instant as answers spell it: the UTC date and time without offset.
pub(super) fn civil<S: serde::Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Offset::UTC.to_datetime(*moment))
}

/// [`civil`] for an instant that may be absent.
#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
pub(super) fn civil_if_any<S: serde::Serializer>(
    moment: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => civil(moment, serializer),
        None => serializer.serialize_none(),
    }
}

/// Serde of a [`Decimal`] as a JSON double.
pub(super) mod amount {
    use super::{Decimal, Number};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Decimal,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(super::double(*value))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Decimal, D::Error> {
        let number = Number::deserialize(deserializer)?;
        super::decimal(&number).ok_or_else(|| D::Error::custom("a number is out of range"))
    }
}

/// Serde of an optional [`Decimal`] as a JSON double or null.
pub(super) mod amount_if_any {
    use super::{Decimal, Number};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde passes the field by reference")]
    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_f64(super::double(*value)),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        let number = Option::<Number>::deserialize(deserializer)?;
        number
            .map(|number| super::decimal(&number).ok_or_else(|| D::Error::custom("a number is out of range")))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_may_lack_an_offset_but_not_a_time() {
        let expected: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        for text in ["2026-11-24T08:00:00Z", "2026-11-24T00:00:00-08:00", "2026-11-24T08:00:00"] {
            assert_eq!(moment(text), Some(expected), "{text}");
        }
        for text in ["2026-11-24", "yesterday", "", "2026-13-01T00:00:00Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_keep_their_text() {
        let number = |text: &str| decimal(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(number("95.66"), Decimal::new(9566, 2));
        assert_eq!(number("-6"), Decimal::from(-6));
        assert_eq!(number("1e3"), Decimal::from(1000));
        assert_eq!(decimal(&serde_json::from_str("1e300").unwrap()), None);
        assert_eq!(json!(double(Decimal::new(133_125, 5))).to_string(), "1.33125");
        assert_eq!(json!(double(Decimal::new(7600, 2))).to_string(), "76.0");
    }
}
