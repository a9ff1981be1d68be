//! Connections: one configured account at one outside system each.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::reader::nearest;
use super::roles::{KINDS, Names, role};
use super::section::Section;
use super::{carriers, locations, secrets};
use crate::connectors::shipcompliant::{self, FULFILLMENT_TYPES, LICENSE_RELATIONSHIPS, ORDER_TYPES};
use crate::connectors::shiphero;
use crate::connectors::shopify::{self, Authorization};
use crate::domain::ConnectionName;
use crate::domain::fulfillment::TellShipments;
use crate::transport::Limits;

/// One configured account at one outside system.
#[derive(Debug)]
pub struct ConnectionConfig {
    /// Scheme, host and port of the system.
    pub endpoint: String,
    /// What its limits allow.
    pub limits: Limits,
    /// What kind of system it is, with what that kind needs.
    pub kind: Kind,
}

/// The kinds of outside systems.
#[derive(Debug)]
pub enum Kind {
    /// A Shopify shop.
    Shopify {
        /// Secrets that sign its webhooks; several while one is being rotated.
        webhook_secrets: Vec<SecretString>,
        /// How its Admin API is opened, if it is.
        authorization: Option<Authorization>,
        /// How it is spoken to.
        settings: shopify::Settings,
    },
    /// An account at ShipHero.
    ShipHero {
        /// Secrets that sign its webhooks, one for each type registered; none where none are taken.
        webhook_secrets: Vec<SecretString>,
        /// What the account gave access by.
        credentials: shiphero::Credentials,
        /// How it is spoken to.
        settings: shiphero::Settings,
    },
    /// An account at ShipCompliant.
    ShipCompliant {
        /// The web service user.
        username: SecretString,
        /// Its password.
        password: SecretString,
        /// What the account is told with every order.
        settings: shipcompliant::Settings,
    },
}

pub(super) struct Connections {
    pub(super) all: BTreeMap<ConnectionName, ConnectionConfig>,
    pub(super) names: Names,
}

pub(super) fn read(root: &mut Section<'_>) -> Connections {
    let named = root.peek("connections", "kind").into_iter();
    let names: Names = named.map(|(name, kind)| (name.to_owned(), kind.and_then(role))).collect();
    let mut all = BTreeMap::new();
    root.each("connections", |name, mut section| {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if name.is_empty() || !name.bytes().all(fits) {
            section.wrong("has a name that cannot stand in a URL", "use lower-case letters, digits, - and _");
        }
        let kind = section.needed_text("kind", "write kind = \"shopify\", \"shipcompliant\" or \"shiphero\"");
        let connection = match kind.as_deref() {
            Some("shopify") => shopify(&mut section, &names),
            Some("shipcompliant") => shipcompliant(&mut section),
            Some("shiphero") => shiphero(&mut section),
            Some(other) => {
                let kinds = || KINDS.iter().map(|(word, _)| *word);
                let mend = match nearest(other, kinds()) {
                    Some(kind) => format!("did you mean «{kind}»?"),
                    None => format!("choose one of {}", kinds().collect::<Vec<_>>().join(", ")),
                };
                section.wrong_at("kind", format!("«{other}» is no kind of system we know"), mend);
                return;
            }
            None => return,
        };
        if let Some(connection) = connection {
            all.insert(name.to_owned(), connection);
        }
        section.finish();
    });
    if names.is_empty() {
        root.wrong_at(
            "connections",
            "holds no connection",
            "add a table [connections.NAME] for the shop and for each destination",
        );
    }
    Connections { all, names }
}

fn endpoint(section: &mut Section<'_>, example: &str) -> Option<String> {
    if !section.has("endpoint") {
        section.needed_text("endpoint", &format!("write endpoint = \"{example}\""));
        return None;
    }
    section.parsed("endpoint", |text| {
        if text.contains(['@', '?']) {
            // Not quoted: it may well be a password or a token.
            return Err((
                "holds more than an address".to_owned(),
                format!("write scheme and host and nothing secret, as {example}"),
            ));
        }
        let usable = text.parse::<http::Uri>().ok().filter(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
        });
        match usable {
            Some(_) => Ok(text.trim_end_matches('/').to_owned()),
            None => Err((format!("«{text}» is no endpoint"), format!("write scheme and host, as {example}"))),
        }
    })
}

fn limits(section: &mut Section<'_>, usual: Limits) -> Limits {
    section.sub("limits", |mut section| {
        let mut number = |key, usual: u32| {
            section.integer(key, 1..=1_000_000).and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
        };
        let limits = Limits {
            burst: number("burst", usual.burst),
            per_second: number("per_second", usual.per_second),
            concurrent: number("concurrent", usual.concurrent),
            timeout: Duration::from_millis(section.integer("timeout_ms", 100..=600_000).map_or_else(
                || u64::try_from(usual.timeout.as_millis()).unwrap_or(30_000),
                i64::unsigned_abs,
            )),
        };
        section.finish();
        limits
    })
}

fn shopify(section: &mut Section<'_>, names: &Names) -> Option<ConnectionConfig> {
    let endpoint = endpoint(section, "https://SHOP.myshopify.com");
    let mend = "write webhook_secrets = [\"env:SHOPIFY_SECRET\"]: the app's client secret";
    if !section.was_given("webhook_secrets") {
        section.missing("webhook_secrets", mend);
    }
    let webhook_secrets = section.secrets("webhook_secrets", mend);
    let token = section.parsed("access_token", secrets::resolve);
    let client_id = section.parsed("client_id", secrets::resolve_name);
    let client_secret = section.parsed("client_secret", secrets::resolve);
    if section.was_given("access_token")
        && (section.was_given("client_id") || section.was_given("client_secret"))
    {
        section.wrong(
            "has both an access_token and a client_id or client_secret",
            "keep the one the app was given: the token of an app made in the admin, or id and secret of one made elsewhere",
        );
    } else if section.was_given("client_id") != section.was_given("client_secret") {
        section.wrong("has only one of client_id and client_secret", "give both");
    }
    let authorization = match (token, client_id, client_secret) {
        (Some(token), _, _) => Some(Authorization::Token(token)),
        (None, Some(client_id), Some(client_secret)) => Some(Authorization::ClientCredentials {
            client_id: client_id.expose_secret().to_owned(),
            client_secret,
        }),
        _ => None,
    };
    let api_version = section.parsed("api_version", |text| {
        let (year, month) = text.split_once('-').unwrap_or_default();
        let numbers = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if text == "unstable" || (year.len() == 4 && month.len() == 2 && numbers(year) && numbers(month)) {
            Ok(text.to_owned())
        } else {
            Err((format!("«{text}» is no version"), format!("write it as {}", shopify::API_VERSION)))
        }
    });
    let shop_domain = section.parsed("shop_domain", |text| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if text.contains('.') && text.bytes().all(fits) {
            Ok(text.to_owned())
        } else {
            Err((format!("«{text}» is no domain"), "write it as SHOP.myshopify.com".into()))
        }
    });
    let shop_domain = shop_domain.or_else(|| {
        let host = endpoint.as_ref()?.parse::<http::Uri>().ok()?.host()?.to_owned();
        host.ends_with(".myshopify.com").then_some(host)
    });
    let settings = shopify::Settings {
        api_version: api_version.unwrap_or_else(|| shopify::API_VERSION.to_owned()),
        shop_domain,
        fulfill: section.boolean("fulfill").unwrap_or(true),
        tell_shipments: match section.one_of("tell_shipments", &["each", "complete"]).as_deref() {
            Some("complete") => TellShipments::Complete,
            _ => TellShipments::Each,
        },
        notify_customer: section.boolean("notify_customer").unwrap_or(true),
        refused_tag: section.text("refused_tag"),
        late_tag: section.text("late_tag"),
        write_note: section.boolean("write_note").unwrap_or(false),
        state_metafield: section.parsed("state_metafield", shopify::metafield),
        recheck_tag: section.text("recheck_tag"),
        carriers: carriers::read(section),
        locations: locations::read(section, names),
    };
    for (key, tag) in [("refused_tag", &settings.refused_tag), ("late_tag", &settings.late_tag)] {
        let same = |asks: &String| tag.as_ref().is_some_and(|tag| tag.eq_ignore_ascii_case(asks));
        if settings.recheck_tag.as_ref().is_some_and(same) {
            section.wrong_at(
                "recheck_tag",
                format!("is the {key} too, and would be taken for somebody's asking"),
                "give each a tag of its own",
            );
        }
    }
    let limits = limits(section, shopify::LIMITS);
    Some(ConnectionConfig {
        endpoint: endpoint?,
        limits,
        kind: Kind::Shopify { webhook_secrets: webhook_secrets?, authorization, settings },
    })
}

fn shipcompliant(section: &mut Section<'_>) -> Option<ConnectionConfig> {
    let endpoint = endpoint(section, "https://api.shipcompliant.com");
    let username = section.parsed("username", secrets::resolve_name);
    let password = section.parsed("password", secrets::resolve);
    for key in ["username", "password"] {
        if !section.was_given(key) {
            section.missing(key, "refer to the web service user's, as env:SHIPCOMPLIANT_USER");
        }
    }
    let settings = shipcompliant::Settings {
        order_type: section.one_of("order_type", ORDER_TYPES).unwrap_or_else(|| "Internet".into()),
        fulfillment_type: section.one_of("fulfillment_type", FULFILLMENT_TYPES),
        license_relationship: section
            .one_of("license_relationship", LICENSE_RELATIONSHIPS)
            .unwrap_or_else(|| "SupplierToConsumer".into()),
        fulfillment_house: section.text("fulfillment_house"),
        tags: section.texts("tags").unwrap_or_default(),
        poll: poll(section, shipcompliant::POLL),
    };
    let limits = limits(section, shipcompliant::LIMITS);
    Some(ConnectionConfig {
        endpoint: endpoint?,
        limits,
        kind: Kind::ShipCompliant { username: username?, password: password?, settings },
    })
}

fn shiphero(section: &mut Section<'_>) -> Option<ConnectionConfig> {
    let endpoint = endpoint(section, "https://public-api.shiphero.com");
    let access_token = section.parsed("access_token", secrets::resolve);
    let refresh_token = section.parsed("refresh_token", secrets::resolve);
    if !section.was_given("access_token") && !section.was_given("refresh_token") {
        section.missing(
            "refresh_token",
            "refer to the one that ShipHero shows when a third-party developer user is added, as env:SHIPHERO_REFRESH_TOKEN",
        );
    }
    let webhook_secrets = if section.was_given("webhook_secrets") {
        section.secrets("webhook_secrets", "leave the key out where no webhooks are taken")
    } else {
        Some(Vec::new())
    };
    let settings = shiphero::Settings {
        native: section.one_of("mode", &["api", "native"]).is_some_and(|mode| mode == "native"),
        hold: match section.one_of("hold", &["operator", "client"]).as_deref() {
            Some("client") => shiphero::OurHold::Client,
            _ => shiphero::OurHold::Operator,
        },
        shop_name: section.text("shop_name"),
        customer_account: section.text("customer_account_id"),
        at_label: section.one_of("ship_when", &["completed", "label"]).is_some_and(|when| when == "label"),
        poll: poll(section, shiphero::POLL),
        open_when_unknown: section.one_of("capture_payment", &["open", "shut"]).is_none_or(|at| at == "open"),
    };
    let limits = limits(section, shiphero::LIMITS);
    Some(ConnectionConfig {
        endpoint: endpoint?,
        limits,
        kind: Kind::ShipHero {
            webhook_secrets: webhook_secrets?,
            credentials: shiphero::Credentials { access_token, refresh_token },
            settings,
        },
    })
}

/// How often a system is asked by itself; zero for never.
fn poll(section: &mut Section<'_>, usual: Duration) -> Option<Duration> {
    match section.integer("poll_seconds", 0..=86_400) {
        None => Some(usual),
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds.unsigned_abs())),
    }
}

impl Section<'_> {
    /// A list of references to secrets, at least one.
    fn secrets(&mut self, key: &'static str, mend: &str) -> Option<Vec<SecretString>> {
        let references = self.texts(key)?;
        if references.is_empty() {
            self.wrong_at(key, "holds no secret", mend);
        }
        let mut resolved = Vec::new();
        for reference in references {
            match secrets::resolve(&reference) {
                Ok(secret) => resolved.push(secret),
                Err((what, mend)) => self.wrong_at(key, what, mend),
            }
        }
        Some(resolved)
    }

    /// One word of a list, compared without regard to case and given as the list spells it.
    fn one_of(&mut self, key: &'static str, words: &'static [&'static str]) -> Option<String> {
        self.parsed(key, |text| {
            words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| (*word).to_owned())
                .ok_or_else(|| {
                    (format!("«{text}» is not known"), format!("choose one of {}", words.join(", ")))
                })
        })
    }
}
