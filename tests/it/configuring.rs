//! The configuration: everything that is wrong is told at once, each with its line, what and how to mend it.

mod mistakes;
mod sample;

use std::path::Path;

use crossdock::config::{Config, Kind, Problem};
use crossdock::domain::order::PaymentState;
use crossdock::domain::route::Pattern;
use secrecy::ExposeSecret;

/// A sound configuration without secrets; each case changes it.
const SOUND: &str = r#"[server]
listen = "127.0.0.1:0"
[store]
url = "sqlite:crossdock.db"
[connections.cellar]
kind = "shopify"
endpoint = "https://cellar-nine.myshopify.com"
webhook_secrets = ["file:SECRET"]
[connections.compliance]
kind = "shipcompliant"
endpoint = "https://api.shipcompliant.com"
username = "crossdock@winery.example"
password = "file:SECRET"
[[routes]]
from = "cellar"
to = "compliance"
methods = { "FedEx Ground" = "FXG" }
"#;

/// A folder with a secret in it, and the text with its references pointing there.
fn with_secret(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "hush\n").unwrap();
    (folder, text.replace("file:SECRET", &format!("file:{}", path.display())))
}

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let (_folder, text) = with_secret(text);
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::read("crossdock.toml", &text, &environment).map_err(|found| found.problems)
}

/// Problems as one line each: `line place what → mend`, where a line is known.
fn told(problems: &[Problem]) -> Vec<String> {
    let text = |Problem { line, place, what, mend }: &Problem| {
        let line = line.map(|line| format!("{line} ")).unwrap_or_default();
        format!("{line}{place} {what} → {mend}")
    };
    problems.iter().map(text).collect()
}

#[test]
fn a_sound_configuration_is_taken_with_its_defaults() {
    let config = read(SOUND, &[]).unwrap();
    assert_eq!(config.server.body_deadline.as_secs(), 5);
    assert!(config.admin.is_none());
    let Kind::Shopify { webhook_secrets, settings: shop, authorization } = &config.connections["cellar"].kind
    else {
        panic!("a shop")
    };
    assert_eq!(webhook_secrets[0].expose_secret(), "hush", "without the line's end");
    assert_eq!(shop.shop_domain.as_deref(), Some("cellar-nine.myshopify.com"));
    assert_eq!((shop.api_version.as_str(), authorization.is_none()), ("2026-10", true));
    let route = &config.routes[0];
    assert_eq!((route.lead_days, route.release.as_slice()), (1, &[PaymentState::Paid][..]));
    assert_eq!(route.filter.skip_sources, [Pattern("pos".into()), Pattern("shopify_draft_order".into())]);
}

#[test]
fn every_mistake_is_told_at_once_in_the_order_of_the_file() {
    let text = SOUND
        .replace("listen", "lissten")
        .replace("sqlite:", "mysql:")
        .replace("kind = \"shopify\"", "kind = \"shopify\"\nkind = \"shopify\"")
        .replace("https://cellar-nine", "cellar-nine")
        .replace("[\"file:SECRET\"]", "[\"env:CROSSDOCK_NOT_SET\"]")
        .replace("password = \"file:SECRET\"", "password = \"Corkscrew1\"")
        .replace("from = \"cellar\"", "from = \"celar\"")
        .replace("\"FXG\"", "7");
    let problems = Config::read("crossdock.toml", &text, &[]).unwrap_err();
    let lines: Vec<_> = problems.problems.iter().filter_map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 4, 7, 8, 9, 14, 16, 18]);
    let shown = problems.to_string();
    assert!(
        shown.starts_with("crossdock.toml: 8 problems\n  crossdock.toml:2: server.lissten is"),
        "{shown}"
    );
    assert_eq!(shown.matches("\n      → ").count(), 8, "each has its mend\n{shown}");
}

#[test]
fn what_may_be_a_secret_is_never_quoted() {
    for (old, new) in [
        ("\npassword = \"file:SECRET\"", "\npassword = \"hunter2\""),
        ("[\"file:SECRET\"]", "[\"hunter2\"]"),
        ("[connections.compliance]", "access_token = \"hunter2\"\n[connections.compliance]"),
        ("https://cellar-nine", "https://user:hunter2@cellar-nine"),
        ("myshopify.com", "myshopify.com/?token=hunter2"),
        ("sqlite:crossdock.db", "mysql://user:hunter2@db/crossdock"),
        ("[server]", "[admin]\ntoken = \"hunter2\"\n[server]"),
        ("\"file:SECRET\"\n[[routes]]", "hunter2\n[[routes]]"),
    ] {
        assert!(SOUND.contains(old), "{old:?} is not there to be changed");
        let text = SOUND.replacen(old, new, 1);
        let problems = Config::read("crossdock.toml", &text, &[]).expect_err(new);
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
    }
}

#[test]
fn the_environment_goes_before_the_file() {
    let config = read(
        SOUND,
        &[
            ("CROSSDOCK__SERVER__LISTEN", "0.0.0.0:9000"),
            ("CROSSDOCK__SERVER__BODY_LIMIT", "2048"),
            ("CROSSDOCK__ENGINE__WORKERS", "4"),
            ("CROSSDOCK__STORE__URL", "sqlite:other.db"),
            ("CROSSDOCK__CONNECTIONS__CELLAR__ENDPOINT", "http://127.0.0.1:9191"),
            ("CROSSDOCK__CONNECTIONS__COMPLIANCE__TAGS", "[\"rehearsal\"]"),
            ("CROSSDOCK_CONFIG", "one underscore is not ours"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:9000");
    assert_eq!((config.server.body_limit, config.workers), (2048, 4));
    assert_eq!(config.store_url.expose_secret(), "sqlite:other.db");
    assert_eq!(config.connections["cellar"].endpoint, "http://127.0.0.1:9191");
    let Kind::ShipCompliant { settings, .. } = &config.connections["compliance"].kind else {
        panic!("an account")
    };
    assert_eq!(settings.tags, ["rehearsal"]);
}

#[test]
fn a_mistake_in_the_environment_names_its_variable() {
    for (variable, value, expected) in [
        ("SERVER__LISTEN", "8080", "server.listen (from VARIABLE) is a number → make it text in quotes"),
        (
            "SERVER__LISTEN__PORT",
            "8080",
            "server.listen (from VARIABLE) is text, of which no part can be set alone → set the whole of it, by \
             CROSSDOCK__SERVER__LISTEN",
        ),
        (
            "ROUTES__0__FROM",
            "club",
            "routes (from VARIABLE) is a list, of which no part can be set alone → set the whole of it, by \
             CROSSDOCK__ROUTES",
        ),
        (
            "SERVR__LISTEN",
            "x",
            "servr (from VARIABLE) is not a key of the configuration → did you mean «server»?",
        ),
        (
            "STORE__URL",
            "mysql:x",
            "store.url (from VARIABLE) is no place to keep things → write sqlite:PATH or \
             postgres://USER:PASSWORD@HOST/DATABASE, or refer to that as env:NAME",
        ),
        ("STORE", "sqlite:x", "store (from VARIABLE) is text → make it a table"),
        (
            "CONNECTIONS__CELLAR__WEBHOOK_SECRETS",
            "[\"shpss_written\"]",
            "connections.cellar.webhook_secrets (from VARIABLE) is a secret written out → refer to it as env:NAME or \
             file:/path and keep it out of this file",
        ),
    ] {
        let variable = format!("CROSSDOCK__{variable}");
        let problems = read(SOUND, &[(&variable, value)]).expect_err(&variable);
        assert_eq!(told(&problems), [expected.replace("VARIABLE", &variable)]);
    }
}

#[test]
fn a_file_that_is_not_there_is_told_with_the_way_to_name_another() {
    let problems = Config::load(Path::new("/nowhere/crossdock.toml")).unwrap_err().to_string();
    assert!(
        problems.contains("/nowhere/crossdock.toml: the file cannot be read: No such file"),
        "{problems}"
    );
    assert!(problems.contains("--config"), "{problems}");
}
