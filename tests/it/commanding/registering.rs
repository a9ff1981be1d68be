//! `crossdock webhooks register`: each secret, shown once, goes into a file.

use std::os::unix::fs::PermissionsExt;

use crossdock::clock::Clock;
use crossdock::connectors::shiphero::TYPES;
use crossdock::simulator;
use crossdock::simulator::shiphero::{Account, Options};
use tokio_util::sync::CancellationToken;

use super::{Ended, Place};

#[tokio::test]
async fn each_type_of_webhook_is_registered_once_and_its_secret_kept() {
    let place = Place::new().await;
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    let account = Account::new(Options::default(), Clock::system());
    let anywhere = ([127, 0, 0, 1], 0).into();
    let at = simulator::spawn(anywhere, account.router(), account.faults().clone(), stop).await.unwrap();
    std::fs::write(place.folder.path().join("refresh"), &Options::default().refresh_tokens[0]).unwrap();
    let refresh = place.folder.path().join("refresh").display().to_string();
    place.change(
        "[[routes]]",
        &format!(
            "[connections.warehouse]\nkind = \"shiphero\"\nendpoint = \"http://{at}\"\nrefresh_token = \"file:{refresh}\"\n[[routes]]"
        ),
    );
    let register = |anew: &'static [&'static str]| {
        let url = "https://crossdock.example/webhooks/warehouse";
        let arguments = ["webhooks", "register", "warehouse", "--url", url, "--into", "secrets"];
        [&arguments[..], anew].concat()
    };
    let Ended { code, out, err } = place.run(&register(&[])).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let secret = |name: &str| {
        let file = format!("secrets/warehouse-{}", name.to_lowercase().replace(' ', "-"));
        let path = place.folder.path().join(file);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        std::fs::read_to_string(path).unwrap()
    };
    let first: Vec<String> = TYPES.iter().map(|name| secret(name)).collect();
    assert!(first.iter().all(|secret| !secret.is_empty() && !out.contains(secret.as_str())), "{out}");
    assert!(out.contains("webhook_secrets = [\"file:secrets/warehouse-shipment-update\","), "{out}");

    let Ended { out, .. } = place.run(&register(&[])).await;
    assert_eq!(out.matches("registered already").count(), TYPES.len(), "{out}");
    assert_eq!(TYPES.iter().map(|name| secret(name)).collect::<Vec<_>>(), first, "what is good stays");
    let Ended { code, out, .. } = place.run(&register(&["--anew"])).await;
    assert_eq!((code, out.matches("its secret is in").count()), (Some(0), TYPES.len()), "{out}");
    assert!(TYPES.iter().zip(&first).all(|(name, before)| secret(name) != *before));

    let Ended { code, err, .. } =
        place.run(&["webhooks", "register", "compliance", "--url", "https://x.example", "--into", "s"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("«compliance» is not of kind shiphero"), "{err}");
}
