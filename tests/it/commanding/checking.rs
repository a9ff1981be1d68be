//! `crossdock check`, and command lines that are wrong.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crossdock::simulator::shipcompliant::Options;
use crossdock::simulator::shopify;

use super::{Ended, Place, crossdock, ended};

#[tokio::test]
async fn check_tells_every_mistake_of_the_configuration_and_fails() {
    let place = Place::new().await;
    place.change("[server]\nlisten", "[server]\nlissten");
    place.change("methods", "release = [\"payed\"]\nmethods");
    place.change("from = \"cellar\"", "from = \"celar\"");
    let Ended { code, out, err } = place.run(&["check"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("crossdock: crossdock.toml: 3 problems\n"), "{err}");
    for words in ["crossdock.toml:2: server.lissten", "did you mean «listen»?", "«celar»", "«payed»"] {
        assert!(err.contains(words), "{words} is not in {err}");
    }
    assert!(place.account.requests().is_empty(), "nobody is called");
}

#[tokio::test]
async fn check_says_what_it_found_at_each_connection() {
    let place = Place::new().await;
    let Ended { code, out, err } = place.run(&["check"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(
        out,
        "crossdock.toml: 2 connections and 1 route, all in order\n  \
         cellar: Cellar Nine (cellar-nine.myshopify.com, time zone America/Los_Angeles)\n  \
         compliance: the web service user is accepted\n"
    );
    assert!(place.account.requests().iter().all(|request| request.method == "GET"), "it changes nothing");
    let asked = place.account.requests().len();
    let Ended { code, out, .. } = place.run(&["check", "--offline"]).await;
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    assert_eq!(place.account.requests().len(), asked, "offline calls nobody");
}

#[tokio::test]
async fn check_names_the_connection_that_fails_and_how_to_mend_it() {
    let place = Place::new().await;
    std::fs::write(place.folder.path().join("password"), "Wr0ngPass").unwrap();
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("  cellar: Cellar Nine"), "the others are checked all the same: {out}");
    assert!(out.contains("  compliance: not authorised: HTTP 401"), "{out}");
    assert!(out.contains("      → correct the connection's credentials"), "{out}");
    assert!(!out.contains("Wr0ngPass") && !out.contains("shpat_test"), "{out}");

    std::fs::write(place.folder.path().join("password"), Options::default().password).unwrap();
    std::fs::write(place.folder.path().join("access_token"), "shpat_revoked").unwrap();
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("  cellar: not authorised: HTTP 401"), "{out}");
    assert!(out.contains("  compliance: the web service user is accepted"), "{out}");

    place.change("endpoint = \"http://127.0.0.1:", "endpoint = \"http://127.0.0.1:9\" #");
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("check the connection's endpoint, and that it can be reached from here"), "{out}");
}

#[tokio::test]
async fn the_sample_checks_with_its_secrets_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let sample = include_str!("../../../fixtures/config/winery.toml");
    std::fs::write(folder.path().join("winery.toml"), sample).unwrap();
    let names = [
        "CROSSDOCK_TOKEN",
        "SHOPIFY_SECRET",
        "SHOPIFY_TOKEN",
        "CLUB_CLIENT_ID",
        "CLUB_CLIENT_SECRET",
        "SHIPHERO_TOKEN",
        "SHIPHERO_REFRESH_TOKEN",
    ];
    let mut command = crossdock(folder.path(), &["check", "--offline", "--config", "winery.toml"]);
    command.envs(names.map(|name| (name, "x")));
    let Ended { code, err, .. } = ended(&mut command).await;
    assert_eq!(code, Some(1));
    for name in ["SHIPCOMPLIANT_USER is not set", "SHIPCOMPLIANT_PASSWORD is not set", "/run/secrets/"] {
        assert!(err.contains(name), "{name}: {err}");
    }
    assert!(err.starts_with("crossdock: winery.toml: 4 problems"), "{err}");
    command.env("SHIPCOMPLIANT_USER", "x").env("SHIPCOMPLIANT_PASSWORD", "x");
    command.env("CROSSDOCK__CONNECTIONS__CELLAR__WEBHOOK_SECRETS", "[\"env:SHOPIFY_SECRET\"]");
    command.env("CROSSDOCK__CONNECTIONS__WAREHOUSE__WEBHOOK_SECRETS", "[\"env:SHOPIFY_SECRET\"]");
    // A variable that is no text is no business of ours.
    command.env("STRANGE", OsStr::from_bytes(b"\xff\xfe"));
    let Ended { code, out, err } = ended(&mut command).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "winery.toml: 4 connections and 3 routes, all in order\n");
}

#[tokio::test]
async fn a_command_line_that_is_wrong_ends_with_two_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["serve", "--fast"][..], "unexpected argument '--fast'"),
        (&["cheque"], "check"),
        (&["orders", "show"], "<NAME>"),
        (&["deliveries", "show", "first"], "invalid value 'first'"),
        (&["exceptions", "retry"], "required"),
        (&["exceptions", "retry", "1", "--code", "refused"], "cannot be used with"),
        (&["replay", "--since", "yesterday"], "invalid value 'yesterday'"),
        (&[], "Usage: crossdock"),
    ] {
        let Ended { code, out, err } = ended(&mut crossdock(folder.path(), arguments)).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
}

#[tokio::test]
async fn a_command_without_a_server_says_how_to_start_one() {
    let place = Place::new().await;
    let url = "http://127.0.0.1:9";
    for arguments in [
        &["orders", "list"][..],
        &["orders", "show", "1001"],
        &["deliveries", "list"],
        &["deliveries", "show", "1"],
        &["exceptions", "list"],
        &["exceptions", "retry", "1"],
        &["replay", "--order", "1001"],
    ] {
        let arguments = [arguments, &["--url", url]].concat();
        let Ended { code, out, err } = place.run(&arguments).await;
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        let expected = format!(
            "crossdock: no server answers at {url}; start one with `crossdock serve`, or name it with --url\n"
        );
        assert_eq!(err, expected, "{arguments:?}");
    }
    place.change("[admin]\n", "# [admin]\n# ");
    let Ended { code, err, .. } = place.run(&["orders", "list"]).await;
    assert_eq!(code, Some(1));
    assert!(
        err.contains("give crossdock.toml an [admin] table with a token, or set CROSSDOCK_API_TOKEN"),
        "{err}"
    );
}

#[tokio::test]
async fn check_names_the_mapped_locations_that_goods_cannot_leave_from() {
    let mut shop = shopify::Options::default();
    shop.locations[1].active = false;
    let [here, closed] = [0, 1].map(|at| shop.locations[at].id);
    let place = Place::with(shop).await;
    let map = |rows: &str| format!("kind = \"shopify\"\nlocations = {{ compliance = {{ {rows} }} }}");
    let good = map(&format!("InHouse = \"{here}\""));
    place.change("kind = \"shopify\"", &good);
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(0), "{out}");

    place.change(&good, &map(&format!("A = \"{here}\", B = \"{closed}\", C = \"17\", D = \"17\"")));
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(1), "{out}");
    let words = format!(
        "  cellar: refused: unknown_location: of the locations that warehouses are mapped to, 17 is not there, {closed} (Lodi overflow) is \
         deactivated\n      → correct the connection's locations: an id is the number at the end"
    );
    assert!(out.contains(&words), "{out}");
    assert!(out.contains("  compliance: the web service user is accepted"), "{out}");
    let Ended { code, .. } = place.run(&["check", "--offline"]).await;
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn check_names_the_scopes_that_are_missing_and_fails_only_for_those_the_main_job_needs() {
    let without = |words: &[&str]| {
        let mut shop = shopify::Options::default();
        shop.scopes.retain(|scope| !words.contains(&scope.as_str()));
        shop
    };
    let place = Place::with(without(&["write_fulfillments"])).await;
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(0), "{out}");
    let words = "the app may not write, for lack of write_fulfillments (how far they have come)";
    assert!(out.contains(words), "{out}");

    let place = Place::with(without(&["read_customers", "read_locations"])).await;
    let Ended { code, out, .. } = place.run(&["check"]).await;
    assert_eq!(code, Some(1), "{out}");
    let words =
        "the app lacks read_customers (the customer's id), read_locations (where a fulfilment left from)";
    assert!(out.contains(words), "{out}");
    assert!(out.contains("      → add the scopes to the app and install it anew"), "{out}");
}
