//! How Shopify spells carriers, and which of their tracking pages it has to be given.
//!
//! It knows a company only by the exact spelling, capitals and all, and makes up the pages of those it knows. Of a company
//! that it does not know it guesses a page from the number, often a wrong one. What it knows in some countries only is given
//! its pages too, for the shop may be elsewhere.

use crate::domain::carrier::named;
use crate::domain::fulfillment::Tracking;

/// Carriers by our name and Shopify's, known to every shop.
const EVERYWHERE: &[(&str, &str)] = &[
    ("4PX", "4PX"),
    ("APC Postal Logistics", "APC"),
    ("Amazon Logistics", "Amazon"),
    ("Amazon Logistics UK", "Amazon Logistics UK"),
    ("An Post", "An Post"),
    ("Asendia USA", "Asendia USA"),
    ("Australia Post", "Australia Post"),
    ("bpost", "BPost"),
    ("CDL Last Mile", "CDL Last Mile"),
    ("Canada Post", "Canada Post"),
    ("Canpar", "Canpar"),
    ("China Post", "China Post"),
    ("Chronopost", "Chronopost"),
    ("Colissimo", "Colissimo"),
    ("Correos", "Correos"),
    ("CTT", "CTT"),
    ("CTT Express", "CTT Express"),
    ("Deutsche Post", "Deutsche Post"),
    ("DHL eCommerce", "DHL eCommerce"),
    ("DHL eCommerce Asia", "DHL eCommerce Asia"),
    ("DHL Express", "DHL Express"),
    ("DPD", "DPD"),
    ("DPD Local", "DPD Local"),
    ("DPD UK", "DPD UK"),
    ("DX", "DX"),
    ("Estes", "Estes"),
    ("Evri", "Evri"),
    ("FedEx", "FedEx"),
    ("GLS", "GLS"),
    ("Japan Post", "Japan Post (EN)"),
    ("LaserShip", "Lasership"),
    ("Lone Star Overnight", "Lone Star Overnight"),
    ("Mondial Relay", "Mondial Relay"),
    ("New Zealand Post", "New Zealand Post"),
    ("NinjaVan", "NinjaVan"),
    ("OnTrac", "OnTrac"),
    ("Packeta", "Packeta"),
    ("Pitney Bowes", "Pitney Bowes"),
    ("PostNL", "PostNL"),
    ("PostNord", "Portal PostNord"),
    ("PostNord Denmark", "PostNord DK"),
    ("PostNord Sweden", "PostNord SE"),
    ("Poste Italiane", "Poste Italiane"),
    ("Purolator", "Purolator"),
    ("Royal Mail", "Royal Mail"),
    ("SF Express", "SF Express"),
    ("Sagawa Express", "Sagawa (EN)"),
    ("Sendle", "Sendle"),
    ("Singapore Post", "Singapore Post"),
    ("StarTrack", "StarTrack"),
    ("Swiss Post", "Swiss Post"),
    ("TForce Final Mile", "TForce Final Mile"),
    ("TNT", "TNT"),
    ("Toll IPEC", "Toll IPEC"),
    ("UPS", "UPS"),
    ("USPS", "USPS"),
    ("United Delivery Service", "United Delivery Service"),
    ("XPO Logistics", "XPO Logistics"),
    ("Yamato Transport", "Yamato (EN)"),
    ("YunExpress", "YunExpress"),
];

/// The same, known to shops of some countries.
const SOMEWHERE: &[(&str, &str)] = &[
    ("Aramex Australia", "Aramex Australia"),
    ("Austrian Post", "Österreichische Post"),
    ("BRT", "BRT"),
    ("Blue Dart", "Bluedart"),
    ("Bring", "Bring"),
    ("CouriersPlease", "Couriers Please"),
    ("DHL", "DHL"),
    ("DHL Paket", "DHL"),
    ("DHL Parcel UK", "DHL Parcel"),
    ("DPD Ireland", "DPD Ireland"),
    ("Delhivery", "Delhivery"),
    ("GLS Italy", "GLS Italy"),
    ("GLS US", "GLS"),
    ("Hermes", "Hermes"),
    ("InPost", "Inpost"),
    ("Intelcom", "Intelcom"),
    ("Loomis Express", "Loomis"),
    ("Old Dominion", "Old Dominion"),
    ("Parcelforce", "Parcelforce"),
    ("R+L Carriers", "R+L Carriers"),
    ("SEUR", "SEUR"),
    ("Yodel", "Yodel"),
    ("Yurtiçi Kargo", "Yurtiçi Kargo"),
];

/// A carrier's name as Shopify spells it, and whether every shop has pages of its own for it. One that Shopify does not list
/// keeps its name.
pub fn company(carrier: &str) -> (&str, bool) {
    let listed = |list: &'static [(&str, &'static str)]| {
        list.iter().find(|(name, _)| *name == carrier).map(|(_, company)| *company)
    };
    match (listed(EVERYWHERE), listed(SOMEWHERE)) {
        (Some(company), _) => (company, true),
        (None, Some(company)) => (company, false),
        (None, None) => (carrier, false),
    }
}

/// The pages that Shopify is to be given, one for each number; none where it has its own, or where one is not sure.
pub(super) fn pages(tracking: &Tracking) -> Vec<String> {
    if !tracking.urls.is_empty() {
        return tracking.urls.clone();
    }
    let carrier = tracking.carrier.as_deref().filter(|carrier| !company(carrier).1).and_then(named);
    let pages = carrier.map(|carrier| tracking.numbers.iter().map(|number| carrier.page(number)).collect());
    pages.flatten().unwrap_or_default()
}
