//! The shop, its locations, its app and its webhook subscriptions as the GraphQL API shows them.

use super::super::schema::Shape::{Leaf, Many, One};
use super::super::schema::{Args, Cx, Field, Node, Out, Type, object};
use super::{gid, nodes};

object! {
    SHOP = "Shop" costs 1, Shop(s), |cx, args| {
        "id": Leaf => gid("Shop", s.id);
        "name": Leaf => s.name.as_str();
        "email": Leaf => s.email.as_str();
        "contactEmail": Leaf => s.email.as_str();
        "myshopifyDomain": Leaf => s.domain.as_str();
        "url": Leaf => format!("https://{}", s.domain);
        "primaryDomain": One(&DOMAIN) => (&DOMAIN, Node::Shop(s));
        "ianaTimezone": Leaf => s.timezone_name.as_str();
        "timezoneAbbreviation": Leaf =>
            cx.now.to_zoned(s.timezone.clone()).strftime("%Z").to_string();
        "timezoneOffset": Leaf => cx.now.to_zoned(s.timezone.clone()).strftime("%z").to_string();
        "timezoneOffsetMinutes": Leaf =>
            Out::Int((s.timezone.to_offset(cx.now).seconds() / 60).into());
        "currencyCode": Leaf => s.currency.as_str();
        "enabledPresentmentCurrencies": Leaf => vec![s.currency.as_str()];
        "taxesIncluded": Leaf => false;
        "taxShipping": Leaf => false;
        "unitSystem": Leaf => "METRIC_SYSTEM";
        "weightUnit": Leaf => "GRAMS";
        "orderNumberFormatPrefix": Leaf => "#";
        "orderNumberFormatSuffix": Leaf => "";
        "setupRequired": Leaf => false;
        "createdAt": Leaf => s.created_at;
        "updatedAt": Leaf => s.created_at;
        "plan": One(&SHOP_PLAN) => (&SHOP_PLAN, Node::Shop(s));
    }
}

object! {
    SHOP_PLAN = "ShopPlan" costs 1, Shop(s), |cx, args| {
        "displayName": Leaf => "Basic";
        "publicDisplayName": Leaf => "Basic";
        "shopifyPlus": Leaf => false;
        "partnerDevelopment": Leaf => true;
    }
}

object! {
    DOMAIN = "Domain" costs 1, Shop(s), |cx, args| {
        "id": Leaf => gid("Domain", s.id);
        "host": Leaf => s.domain.as_str();
        "url": Leaf => format!("https://{}", s.domain);
        "sslEnabled": Leaf => true;
    }
}

object! {
    APP_INSTALLATION = "AppInstallation" costs 1, App(name), |cx, args| {
        "id": Leaf => gid("AppInstallation", crate::simulator::shopify::state::stable_id("installation", name));
        "accessScopes": Many(&ACCESS_SCOPE) => nodes(&ACCESS_SCOPE, cx.scopes.iter().map(|s| Node::Scope(s)));
        "app": One(&APP) => (&APP, Node::App(name));
        "launchUrl": Leaf => format!("https://{}/admin/apps/{name}", cx.state.profile.domain);
    }
}

object! {
    ACCESS_SCOPE = "AccessScope" costs 1, Scope(s), |cx, args| {
        "handle": Leaf => s;
        "description": Leaf => s.replace('_', " ");
    }
}

object! {
    APP = "App" costs 1, App(name), |cx, args| {
        "id": Leaf => gid("App", crate::simulator::shopify::state::stable_id("app", name));
        "title": Leaf => name;
        "handle": Leaf => name;
    }
}

object! {
    API_VERSION = "ApiVersion" costs 1, Version(v), |cx, args| {
        "handle": Leaf => v;
        "displayName": Leaf => match v {
            "2026-10" => format!("{v} (Latest)"),
            "2027-01" => format!("{v} (Release candidate)"),
            _ => v.to_owned(),
        };
        "supported": Leaf => v.starts_with("20") && v <= "2026-10";
    }
}

object! {
    LOCATION = "Location" costs 1, Location(l), |cx, args| {
        "id": Leaf => gid("Location", l.id);
        "legacyResourceId": Leaf => l.id.to_string();
        "name": Leaf => l.name.as_str();
        "isActive": Leaf => l.active;
        "isPrimary": Leaf => cx.state.profile.default_location() == l.id;
        "isFulfillmentService": Leaf => false;
        "fulfillsOnlineOrders": Leaf => l.fulfills_online;
        "shipsInventory": Leaf => l.fulfills_online;
        "hasActiveInventory": Leaf => l.active;
        "addressVerified": Leaf => true;
        "activatable": Leaf => !l.active;
        "deactivatable": Leaf => l.active;
        "deactivatedAt": Leaf => Out::Null;
        "deletable": Leaf => false;
        "createdAt": Leaf => cx.state.profile.created_at;
        "updatedAt": Leaf => cx.state.profile.created_at;
        "address": One(&LOCATION_ADDRESS) => (&LOCATION_ADDRESS, Node::Location(l));
    }
}

object! {
    LOCATION_ADDRESS = "LocationAddress" costs 1, Location(l), |cx, args| {
        "address1": Leaf => l.address1.as_str();
        "address2": Leaf => Out::Null;
        "city": Leaf => l.city.as_str();
        "province": Leaf => l.province.as_str();
        "provinceCode": Leaf => l.province_code.as_str();
        "zip": Leaf => l.zip.as_str();
        "country": Leaf => l.country.as_str();
        "countryCode": Leaf => l.country_code.as_str();
        "phone": Leaf => l.phone.as_deref();
        "formatted": Leaf => Out::Texts(vec![
            l.address1.as_str().into(),
            format!("{} {} {}", l.city, l.province_code, l.zip).into(),
            l.country.as_str().into(),
        ]);
        "latitude": Leaf => Out::Null;
        "longitude": Leaf => Out::Null;
    }
}

object! {
    WEBHOOK_SUBSCRIPTION = "WebhookSubscription" costs 1, Subscription(s), |cx, args| {
        "id": Leaf => gid("WebhookSubscription", s.1);
        "legacyResourceId": Leaf => s.1.to_string();
        "topic": Leaf => s.0.replace('/', "_").to_uppercase();
        "uri": Leaf => s.2.as_str();
        "callbackUrl": Leaf => s.2.as_str();
        "format": Leaf => "JSON";
        "filter": Leaf => Out::Null;
        "name": Leaf => Out::Null;
        "includeFields": Leaf => Out::Texts(Vec::new());
        "metafieldNamespaces": Leaf => Out::Texts(Vec::new());
        "createdAt": Leaf => cx.state.profile.created_at;
        "updatedAt": Leaf => cx.state.profile.created_at;
        "apiVersion": One(&API_VERSION) =>
            (&API_VERSION, Node::Version(super::root::known_version(&cx.state.profile.api_version)));
    }
}
