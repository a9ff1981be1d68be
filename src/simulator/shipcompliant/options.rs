//! What the played winery's account is like: its web service user, its catalogue, where it may ship, and the choices
//! the vendor's definition leaves open.
//!
//! Options are fixed when the account is made; what people later change inside ShipCompliant (products, states) lives
//! in the ledger. Nothing here decides anything.

use std::collections::{BTreeMap, BTreeSet};

/// A product that exists in the account, known by its two keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Product {
    /// The brand's key.
    pub brand: String,
    /// The product's key within the brand.
    pub key: String,
}

/// How the account is set up.
#[derive(Clone)]
pub struct Options {
    /// The web service user's name.
    pub username: String,
    /// The web service user's password.
    pub password: String,
    /// The products that exist at the start; their brands exist too.
    pub catalogue: Vec<Product>,
    /// States to which a shipment is never compliant at the start.
    pub forbidden_states: BTreeSet<String>,
    /// Accepted shipping service codes; empty means every published code and any `CST<n>`.
    pub services: BTreeSet<String>,
    /// Bottles a customer may receive in a calendar year, by state; a state that is not named has no limit.
    pub volume_limit: Option<BTreeMap<String, u32>>,
    /// The age a purchaser and a recipient must have on the ship date.
    pub minimum_age: u8,
    /// States where a missing date of birth makes a shipment not compliant.
    pub require_birth_date_in: BTreeSet<String>,
    /// Whether `OverrideExisting` replaces a committed order. The vendor does not say; by default it is refused like
    /// any other resubmission of a committed key.
    pub override_committed: bool,
    /// Whether a ship-to street is stored as the address check would spell it ("Street" becomes "St"). Recorded
    /// answers hint at it; off by default.
    pub normalize_addresses: bool,
}

impl Default for Options {
    fn default() -> Self {
        let catalogue = DEFAULT_CATALOGUE
            .iter()
            .flat_map(|(brand, keys)| {
                keys.iter().map(|key| Product { brand: (*brand).to_owned(), key: (*key).to_owned() })
            })
            .collect();
        Self {
            username: "rehearsal@winery.example".to_owned(),
            password: "Rehearse1".to_owned(),
            catalogue,
            forbidden_states: ["AR", "DE", "MS", "UT"].map(str::to_owned).into(),
            services: BTreeSet::new(),
            volume_limit: None,
            minimum_age: 21,
            require_birth_date_in: BTreeSet::new(),
            override_committed: false,
            normalize_addresses: false,
        }
    }
}

impl Options {
    /// Whether the account knows this shipping service code. Codes are compared exactly.
    pub(super) fn knows_service(&self, code: &str) -> bool {
        if !self.services.is_empty() {
            return self.services.contains(code);
        }
        let custom = code.strip_prefix("CST").is_some_and(|number| {
            !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit())
        });
        custom || PUBLISHED_SERVICES.contains(&code)
    }

    /// How many bottles a customer in this state may receive in a calendar year.
    pub(super) fn limit_in(&self, state: &str) -> Option<u32> {
        self.volume_limit.as_ref()?.get(state).copied()
    }
}

const DEFAULT_CATALOGUE: [(&str, &[&str]); 2] = [
    ("NINE", &["22PN750", "22CH750", "23RS750", "21CS750", "22SY750", "20CS1500", "NVBR750"]),
    ("HILL", &["21ZN750", "22SB750", "22GR750", "21PS750", "19LH375"]),
];

/// `FedEx`, then UPS, then the fallback.
const PUBLISHED_SERVICES: [&str; 30] = [
    "FEX", "FEX3", "FEXCC", "FXES", "FXE", "FXFO", "FXG", "FGH", "FXIE", "FXIF", "FXIP", "FXP", "FEXA",
    "FXO", "UPS", "UP2", "2DM", "UP3", "UP1", "UPO", "UPA", "UPAS", "UPSNS", "UPSA", "FTS", "FTX", "UPWEXD",
    "UPWEXP", "UPWEXS", "OTHER",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_account_is_a_plausible_winery() {
        let options = Options::default();
        assert_eq!(options.catalogue.len(), 12);
        let brands: BTreeSet<_> = options.catalogue.iter().map(|p| p.brand.as_str()).collect();
        assert_eq!(brands.len(), 2);
        assert!(options.forbidden_states.contains("UT"));
        assert!((6..=12).contains(&options.password.len()));
    }

    #[test]
    fn services_are_the_published_ones_unless_named() {
        let mut options = Options::default();
        for code in ["FXG", "UPS", "2DM", "OTHER", "CST9", "CST19"] {
            assert!(options.knows_service(code), "{code}");
        }
        for code in ["", "UPG", "fxg", "CST", "CSTx", "GSO"] {
            assert!(!options.knows_service(code), "{code}");
        }
        options.services = ["GSO".to_owned()].into();
        assert!(options.knows_service("GSO"));
        assert!(!options.knows_service("FXG"));
    }
}
