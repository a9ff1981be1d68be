//! Secrets and personal data: in no metric, no problem document and no address, and secrets in nothing that is kept.

use crossdock::simulator::shipcompliant::Options;
use crossdock::simulator::shopify::{Address, Attribute, NewOrder};
use serde_json::json;

use crate::support::server::{SECRET, TOKEN};
use crate::support::winery::{Setup, Winery, unchecked};

/// What must be found nowhere: of a person, and of the configuration.
const PERSONAL: &[&str] =
    &["Zebedee", "Quillfeather", "zebedee@", "Larkspur", "Wexford", "5558675309", "1951-04-01"];

fn secrets() -> Vec<String> {
    let password = Options::default().password;
    let basic = {
        use base64::Engine;
        let pair = format!("{}:{password}", Options::default().username);
        base64::engine::general_purpose::STANDARD.encode(pair)
    };
    vec![SECRET.into(), "older hush".into(), TOKEN.into(), "shpat_test".into(), password, basic]
}

fn zebedee() -> NewOrder {
    let text = |text: &str| Some(text.to_owned());
    let address = Address {
        first_name: text("Zebedee"),
        last_name: text("Quillfeather"),
        address1: text("7 Larkspur Ln"),
        city: text("Wexford"),
        province_code: text("NV"),
        country_code: text("US"),
        // A ZIP code of California: refused, with a suggestion.
        zip: text("95814"),
        phone: text("5558675309"),
        ..Address::default()
    };
    NewOrder {
        shipping_address: Some(address.clone()),
        billing_address: Some(address),
        email: text("zebedee@example.com"),
        attributes: vec![Attribute { name: "Date of Birth".into(), value: "1951-04-01".into() }],
        ..NewOrder::default()
    }
}

#[tokio::test]
async fn metrics_and_problem_documents_hold_nothing_secret_or_personal() {
    let winery = Winery::with(Setup { route: Some(&unchecked()), ..Setup::default() }).await;
    winery.place(zebedee()).await;
    winery.only_exception("address_rejected").await;
    let broken = r#"{"id": "Zebedee", "email": "zebedee@example.com"}"#;
    winery.deliver("orders/create", "w1", broken).await;
    let server = &winery.server;
    let mut told = Vec::new();
    for path in ["/metrics", "/readyz", "/livez"] {
        told.push(
            server.http.get(format!("{}{path}", server.url)).send().await.unwrap().text().await.unwrap(),
        );
    }
    // A sender whose signature is not ours, and one whose headers are missing.
    for signature in ["guess", ""] {
        let request =
            server.unsigned("orders/create", "w2", broken).header("X-Shopify-Hmac-Sha256", signature);
        told.push(request.send().await.unwrap().text().await.unwrap());
    }
    let (_, problem) = server.tell("replay", &json!({ "deliveries": [99] })).await;
    told.push(problem.to_string());
    let unauthorized = server.http.get(format!("{}/api/v1/orders", server.url)).bearer_auth("guess");
    told.push(unauthorized.send().await.unwrap().text().await.unwrap());
    for text in told {
        for word in PERSONAL.iter().map(|word| (*word).to_owned()).chain(secrets()) {
            assert!(!text.contains(&word), "«{word}» is in {text}");
        }
    }
}

#[tokio::test]
async fn what_is_kept_of_an_order_holds_no_credential_and_no_address_holds_a_person() {
    let winery = Winery::with(Setup { route: Some(&unchecked()), ..Setup::default() }).await;
    winery.place(zebedee()).await;
    let story = winery.server.api("orders/1001").await;
    // A reading of the shop, so that its access token was used too.
    winery.shop.set_note(story["order"]["order_id"].as_str().unwrap().parse().unwrap(), None).unwrap();
    winery
        .deliver(
            "orders/edited",
            "w1",
            format!(r#"{{"order_edit": {{"order_id": {}}}}}"#, story["order"]["order_id"].as_str().unwrap()),
        )
        .await;
    assert!(!winery.shop.requests().is_empty());
    let mut kept = Vec::new();
    for path in ["orders/1001", "orders", "deliveries", "exceptions?closed=true"] {
        kept.push(winery.server.api(path).await.to_string());
    }
    assert!(kept[0].contains("Quillfeather"), "who may ask may see the order itself");
    for text in kept {
        for secret in secrets() {
            assert!(!text.contains(&secret), "«{secret}» is in {text}");
        }
    }
    let story = winery.server.api("orders/1001").await;
    let mut lines: Vec<String> = story["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["request_line"].as_str().unwrap().to_owned())
        .collect();
    lines.extend(
        winery.account.requests().into_iter().map(|request| format!("{} {:?}", request.path, request.query)),
    );
    assert!(lines.len() >= 3);
    for line in lines {
        assert!(PERSONAL.iter().all(|word| !line.contains(word)), "{line}");
    }
    let list = winery.server.api("deliveries").await.to_string();
    assert!(PERSONAL.iter().all(|word| !list.contains(word)), "a list of deliveries shows no body: {list}");
}
