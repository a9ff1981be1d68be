//! The vendor's HTTP surface: finds the operation, checks credentials, answers, and records the exchange.
//!
//! Paths, methods and bare statuses are those of the framework the vendor runs on: an unknown path is 404, a known one
//! with another method 405, wrong credentials 401 with an empty body, a body of another type 415. What an operation
//! does is elsewhere; every request is recorded here, whatever became of it.

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use crate::simulator::shipcompliant::Account;
use crate::simulator::shipcompliant::ledger::Exchange;
use crate::simulator::shipcompliant::sales::submission::{self, Purpose};
use crate::simulator::shipcompliant::sales::{self, quote, tracking};
use crate::simulator::shipcompliant::wire::{Problems, Reply};
use crate::simulator::shipcompliant::{catalogue, options::Options};

const PREFIX: &str = "/api/v1/";

/// What an operation is counted as when there is none.
const NO_OPERATION: &str = "unknown path or method";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    FetchOrder,
    VoidOrder,
    SaveOrder,
    CheckCompliance,
    CheckCommit,
    CommitOrder,
    Quote,
    QuoteCompliance,
    QuoteSalesTax,
    QuoteSalesTaxRate,
    SetShipmentStatus,
    ListTracking,
    AddTracking,
    RemoveTracking,
    ValidateAddress,
    FetchProduct,
    AddProduct,
    ChangeProduct,
    RemoveProduct,
    FetchBrand,
    AddBrand,
    ChangeBrand,
}

use Operation as Op;

impl Operation {
    /// What it is counted under.
    const fn name(self) -> &'static str {
        match self {
            Op::FetchOrder => "GET salesOrders",
            Op::VoidOrder => "DELETE salesOrders",
            Op::SaveOrder => "POST salesOrders",
            Op::CheckCompliance => "POST salesOrders/check-compliance",
            Op::CheckCommit => "POST salesOrders/check-commit",
            Op::CommitOrder => "POST salesOrders/commit",
            Op::Quote => "POST salesOrders/quote",
            Op::QuoteCompliance => "POST salesOrders/quote/compliance",
            Op::QuoteSalesTax => "POST salesOrders/quote/sales-tax",
            Op::QuoteSalesTaxRate => "POST salesOrders/quote/sales-tax-rate",
            Op::SetShipmentStatus => "PUT salesOrders/shipments/status",
            Op::ListTracking => "GET tracking",
            Op::AddTracking => "POST tracking",
            Op::RemoveTracking => "DELETE tracking",
            Op::ValidateAddress => "POST addresses/validate",
            Op::FetchProduct => "GET products",
            Op::AddProduct => "POST products",
            Op::ChangeProduct => "PUT products",
            Op::RemoveProduct => "DELETE products",
            Op::FetchBrand => "GET brands",
            Op::AddBrand => "POST brands",
            Op::ChangeBrand => "PUT brands",
        }
    }

    const fn has_body(self) -> bool {
        !matches!(
            self,
            Op::FetchOrder
                | Op::VoidOrder
                | Op::ListTracking
                | Op::RemoveTracking
                | Op::FetchProduct
                | Op::RemoveProduct
                | Op::FetchBrand
        )
    }
}

type Methods = &'static [(Method, Operation)];

/// The methods a path takes; none if there is no such path. A word that is an operation under POST is an order's key
/// under any other method.
fn methods(path: &[&str]) -> Option<Methods> {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    Some(match path {
        ["salesOrders"] => &[(POST, Op::SaveOrder)],
        ["salesOrders", "check-compliance"] => {
            &[(POST, Op::CheckCompliance), (GET, Op::FetchOrder), (DELETE, Op::VoidOrder)]
        }
        ["salesOrders", "check-commit"] => {
            &[(POST, Op::CheckCommit), (GET, Op::FetchOrder), (DELETE, Op::VoidOrder)]
        }
        ["salesOrders", "commit"] => {
            &[(POST, Op::CommitOrder), (GET, Op::FetchOrder), (DELETE, Op::VoidOrder)]
        }
        ["salesOrders", "quote"] => &[(POST, Op::Quote), (GET, Op::FetchOrder), (DELETE, Op::VoidOrder)],
        ["salesOrders", _] => &[(GET, Op::FetchOrder), (DELETE, Op::VoidOrder)],
        ["salesOrders", "quote", "compliance"] => &[(POST, Op::QuoteCompliance)],
        ["salesOrders", "quote", "sales-tax"] => &[(POST, Op::QuoteSalesTax)],
        ["salesOrders", "quote", "sales-tax-rate"] => &[(POST, Op::QuoteSalesTaxRate)],
        ["salesOrders", "shipments", "status"] => &[(PUT, Op::SetShipmentStatus)],
        ["salesOrders", _, "tracking"] => {
            &[(GET, Op::ListTracking), (POST, Op::AddTracking), (DELETE, Op::RemoveTracking)]
        }
        ["salesOrders", _, "tracking", _]
        | ["salesOrders", _, "shipment", _, "tracking"]
        | ["salesOrders", _, "shipment", _, "tracking", _] => &[(DELETE, Op::RemoveTracking)],
        ["addresses", "validate"] => &[(POST, Op::ValidateAddress)],
        ["products"] => &[(POST, Op::AddProduct)],
        ["products", _] => &[(GET, Op::FetchProduct), (PUT, Op::ChangeProduct), (DELETE, Op::RemoveProduct)],
        ["brands"] => &[(POST, Op::AddBrand)],
        ["brands", _] => &[(GET, Op::FetchBrand), (PUT, Op::ChangeBrand)],
        _ => return None,
    })
}

/// Answers a request on any path that is not the remote control's.
pub(super) async fn serve(
    State(account): State<Account>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> http::Response<Body> {
    if uri.path().starts_with("/sim") {
        return respond(Reply::bare(StatusCode::NOT_FOUND), Bytes::new());
    }
    let authorized = is_authorized(&headers, account.options());
    let (operation, reply) = answer(&account, &method, &uri, &headers, authorized, &body);
    let answer = reply.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let exchange = Exchange {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().map(str::to_owned),
        // A copy, or the connection's whole read buffer would be kept alive.
        body: body.as_ref().into(),
        status: reply.status.as_u16(),
        answer: answer.as_ref().into(),
        authorized,
    };
    account.with(|ledger| ledger.record(operation, exchange));
    respond(reply, answer)
}

fn respond(reply: Reply, answer: Bytes) -> http::Response<Body> {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = reply.status;
    if let Some((name, value)) = reply.header {
        response.headers_mut().insert(name, value);
    }
    if reply.body.is_some() {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        *response.body_mut() = Body::from(answer);
    }
    response
}

fn answer(
    account: &Account,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    authorized: bool,
    body: &[u8],
) -> (&'static str, Reply) {
    let Some(segments) = uri.path().strip_prefix(PREFIX).and_then(segments) else {
        return (NO_OPERATION, Reply::bare(StatusCode::NOT_FOUND));
    };
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let Some(methods) = methods(&path) else {
        return (NO_OPERATION, Reply::bare(StatusCode::NOT_FOUND));
    };
    let Some((_, operation)) = methods.iter().find(|(known, _)| known == method) else {
        let allowed: Vec<&str> = methods.iter().map(|(known, _)| known.as_str()).collect();
        let allow = HeaderValue::from_str(&allowed.join(", ")).ok().map(|value| (header::ALLOW, value));
        return (NO_OPERATION, Reply { header: allow, ..Reply::bare(StatusCode::METHOD_NOT_ALLOWED) });
    };
    let reply = if !authorized {
        let challenge = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"ShipCompliant\""));
        Reply { header: Some(challenge), ..Reply::bare(StatusCode::UNAUTHORIZED) }
    } else if operation.has_body() && !is_json(headers) {
        Reply::bare(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    } else {
        perform(account, *operation, &path, uri, body).unwrap_or_else(|problems| Reply::failure(&problems))
    };
    (operation.name(), reply)
}

fn perform(
    account: &Account,
    operation: Operation,
    path: &[&str],
    uri: &Uri,
    body: &[u8],
) -> Result<Reply, Problems> {
    let key = path.get(1).copied().unwrap_or_default();
    let brand = || query(uri, "brandKey").pop();
    match operation {
        Op::FetchOrder => sales::fetch(account, key),
        Op::VoidOrder => sales::void(account, key),
        Op::SaveOrder => submission::submit(account, body, Purpose::Save),
        Op::CheckCompliance => submission::submit(account, body, Purpose::Check),
        Op::CheckCommit => submission::submit(account, body, Purpose::Commit),
        Op::CommitOrder => sales::commit(account, body),
        Op::Quote => quote::quote(account, body, true),
        Op::QuoteCompliance => quote::quote(account, body, false),
        Op::QuoteSalesTax => quote::sales_tax(account, body),
        Op::QuoteSalesTaxRate => quote::sales_tax_rate(body),
        Op::SetShipmentStatus => sales::put_status(account, body),
        Op::ListTracking => tracking::list(account, key, &query(uri, "shipmentKey")),
        Op::AddTracking => tracking::add(account, key, body),
        Op::RemoveTracking => {
            let (shipment, number) = match path {
                [_, _, "tracking", number] => (None, Some(*number)),
                [_, _, "shipment", shipment, "tracking", number] => (Some(*shipment), Some(*number)),
                [_, _, "shipment", shipment, "tracking"] => (Some(*shipment), None),
                _ => (None, None),
            };
            tracking::remove(account, key, shipment, number)
        }
        Op::ValidateAddress => quote::validate(body),
        Op::FetchProduct => catalogue::product(account, key, brand().as_deref()),
        Op::AddProduct => catalogue::add_product(account, body),
        Op::ChangeProduct => catalogue::change_product(account, key, brand().as_deref(), body),
        Op::RemoveProduct => catalogue::remove_product(account, key, brand().as_deref()),
        Op::FetchBrand => catalogue::brand(account, key),
        Op::AddBrand => catalogue::add_brand(account, body),
        Op::ChangeBrand => catalogue::change_brand(account, key, body),
    }
}

/// Every value of one query parameter, whose name is compared without regard to case.
fn query(uri: &Uri, name: &str) -> Vec<String> {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return Vec::new() };
    pairs.into_iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

/// A path's decoded segments, a closing slash aside; none if its escapes are broken.
fn segments(path: &str) -> Option<Vec<String>> {
    path.strip_suffix('/').unwrap_or(path).split('/').map(decoded).collect()
}

fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let [high, low, tail @ ..] = rest else { return None };
            let digit = |b: &u8| char::from(*b).to_digit(16);
            bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_authorized(headers: &HeaderMap, options: &Options) -> bool {
    let credentials = || {
        let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
        let (username, password) = decoded.split_once(':')?;
        Some(username == options.username && password == options.password)
    };
    credentials().unwrap_or(false)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json"
        || kind == "text/json"
        || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_one_by_one() {
        let split = |path| segments(path).unwrap();
        assert_eq!(split("salesOrders/10%2F01"), ["salesOrders", "10/01"]);
        assert_eq!(split("salesOrders/%C3%A9%20x/"), ["salesOrders", "é x"]);
        assert_eq!(segments("salesOrders/%zz"), None);
        assert_eq!(segments("salesOrders/%2"), None);
    }

    #[test]
    fn a_word_is_an_operation_only_under_its_method() {
        let find = |path: &[&str], method: Method| {
            methods(path).and_then(|all| all.iter().find(|(known, _)| *known == method).map(|(_, op)| *op))
        };
        assert_eq!(find(&["salesOrders", "commit"], Method::POST), Some(Op::CommitOrder));
        assert_eq!(find(&["salesOrders", "commit"], Method::GET), Some(Op::FetchOrder));
        assert_eq!(find(&["salesOrders", "1001"], Method::PUT), None);
        assert_eq!(find(&["salesOrders"], Method::GET), None);
        assert!(methods(&["orders"]).is_none());
    }

    #[test]
    fn json_goes_by_several_names() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/json", true),
            ("application/json-patch+json", true),
            ("text/plain", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_json(&headers), expected, "{kind}");
        }
    }
}
