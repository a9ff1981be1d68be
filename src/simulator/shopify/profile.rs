//! The facts of the shop itself: who it is, where it keeps its goods, how it writes times.
//!
//! Fixed when the simulator starts. Serializers take it beside the order, so that both stay pure functions.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// One place that goods leave from.
#[derive(Clone, Debug, Serialize)]
pub struct Location {
    /// Id.
    pub id: i64,
    /// Name as the merchant wrote it.
    pub name: String,
    /// Street.
    pub address1: String,
    /// City.
    pub city: String,
    /// State or province, in full.
    pub province: String,
    /// State or province code.
    pub province_code: String,
    /// Postal code.
    pub zip: String,
    /// Country, in full.
    pub country: String,
    /// Country code.
    pub country_code: String,
    /// Telephone.
    pub phone: Option<String>,
    /// Whether it is in use.
    pub active: bool,
    /// Whether online orders are fulfilled from it.
    pub fulfills_online: bool,
}

/// The shop.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Id of the shop.
    pub id: i64,
    /// Name.
    pub name: String,
    /// `*.myshopify.com`.
    pub domain: String,
    /// Contact.
    pub email: String,
    /// The shop's own currency.
    pub currency: String,
    /// IANA name of its time zone.
    pub timezone_name: String,
    /// Its time zone.
    pub timezone: TimeZone,
    /// The API version webhooks are written in.
    pub api_version: String,
    /// The places goods leave from; the first is the default.
    pub locations: Vec<Location>,
    /// When the shop was opened.
    pub created_at: Timestamp,
    /// Whether an order that is paid and fulfilled is archived.
    pub archives: bool,
    /// Whether a hold changes the order's `updated_at` and fires `orders/updated`. Shopify does not say.
    pub holds_touch_order: bool,
}

impl Profile {
    /// The location with this id.
    pub fn location(&self, id: i64) -> Option<&Location> {
        self.locations.iter().find(|location| location.id == id)
    }

    /// The location orders go to when nothing says otherwise.
    pub fn default_location(&self) -> i64 {
        self.locations.first().map_or(0, |location| location.id)
    }

    /// An instant as webhook bodies write it: the shop's offset, whole seconds.
    pub fn local_time(&self, at: Timestamp) -> String {
        at.to_zoned(self.timezone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

/// An instant as the GraphQL API writes it: UTC, whole seconds.
pub fn utc_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The instant cut to whole seconds, the finest the shop keeps.
pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Two warehouses and a shop counter of an imaginary winery, for whoever names none.
pub fn default_locations() -> Vec<Location> {
    let location = |id, name: &str, address1: &str, city: &str, zip: &str, fulfills_online| Location {
        id,
        name: name.to_owned(),
        address1: address1.to_owned(),
        city: city.to_owned(),
        province: "California".to_owned(),
        province_code: "CA".to_owned(),
        zip: zip.to_owned(),
        country: "United States".to_owned(),
        country_code: "US".to_owned(),
        phone: None,
        active: true,
        fulfills_online,
    };
    vec![
        location(106_318_430_514, "Napa warehouse", "1 Cask Road", "Napa", "94558", true),
        location(106_318_463_282, "Lodi overflow", "20 Vine Street", "Lodi", "95240", true),
        location(112_833_036_594, "Tasting room", "9 Main Street", "St. Helena", "94574", false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_interface_does() {
        let profile = Profile {
            id: 1,
            name: String::new(),
            domain: String::new(),
            email: String::new(),
            currency: "USD".into(),
            timezone_name: "America/Los_Angeles".into(),
            timezone: TimeZone::get("America/Los_Angeles").unwrap(),
            api_version: "2026-10".into(),
            locations: default_locations(),
            created_at: Timestamp::UNIX_EPOCH,
            archives: true,
            holds_touch_order: true,
        };
        let summer: Timestamp = "2026-07-01T00:30:15.999Z".parse().unwrap();
        assert_eq!(profile.local_time(summer), "2026-06-30T17:30:15-07:00");
        assert_eq!(utc_time(summer), "2026-07-01T00:30:15Z");
        let winter: Timestamp = "2026-12-01T00:30:15Z".parse().unwrap();
        assert_eq!(profile.local_time(winter), "2026-11-30T16:30:15-08:00");
    }
}
