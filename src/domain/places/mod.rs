//! What is known of the world's addresses: which parts a country's post needs, the shapes of postal codes, provinces, and
//! which of these cannot go together.
//!
//! It finds only what is certainly wrong. Of a country, a province or a script it does not know it says nothing, it knows
//! no streets and no cities, and it never corrects. What a finding says may be shown to anybody: it names parts,
//! provinces and countries, never what a person wrote for street, city or postal code.
//!
//! The facts are those of ISO 3166 and of the posts, by way of the address metadata of libaddressinput (Google, CC BY
//! 4.0, <https://creativecommons.org/licenses/by/4.0/>), rewritten into the tables of `provinces` and `postal` and
//! relaxed where people are known to write otherwise.

mod countries;
mod post_box;
mod postal;
mod provinces;

use super::address::Address;

/// What is certainly wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A part that the country's post needs is missing.
    Missing(&'static str),
    /// The country has no province of this code.
    NoSuchProvince {
        /// The code as written.
        province: String,
        /// The country.
        country: &'static str,
    },
    /// The postal code has none of the country's shapes.
    PostalCodeShape {
        /// The country.
        country: &'static str,
    },
    /// The postal code lies elsewhere than the address says.
    PostalCodeElsewhere {
        /// The code of the province that the address says.
        province: &'static str,
        /// Those that the postal code lies in; none where it lies nowhere.
        there: Vec<&'static str>,
    },
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(part) => write!(f, "it lacks its {part}"),
            Self::NoSuchProvince { province, country } => {
                write!(f, "«{province}» is no province of {country}")
            }
            Self::PostalCodeShape { country } => {
                write!(f, "the postal code is of no form that {country} has")
            }
            Self::PostalCodeElsewhere { province, there } if there.is_empty() => {
                write!(f, "no postal code of {province} begins like this one")
            }
            Self::PostalCodeElsewhere { province, there } => {
                write!(f, "the postal code lies in {}, not in {province}", there.join(" or "))
            }
        }
    }
}

/// The longest text that is taken for a province's code where it is none we know; longer text may be a name.
const LONGEST_CODE: usize = 3;
/// Countries that are a city, or whose province or postal code says the city.
const WITHOUT_CITY: &[&str] = &["JP", "MC", "SG", "SM", "TW", "VA"];

/// Everything that is certainly wrong with an address; nothing where nothing is known of its country.
pub fn flaws(address: &Address) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if address.street1.is_none() && address.street2.is_none() {
        flaws.push(Flaw::Missing("street"));
    }
    let Some((country, name)) = address.country.as_deref().and_then(country) else { return flaws };
    let needs_code = postal::is_needed(country);
    if address.city.is_none() && needs_code && !WITHOUT_CITY.contains(&country) {
        flaws.push(Flaw::Missing("city"));
    }
    let province = address.province.as_deref();
    let known = province.and_then(|province| provinces::find(country, province));
    match province {
        _ if known.is_some() || provinces::of(country).is_none() => {}
        None => flaws.push(Flaw::Missing("province")),
        Some(province) => {
            let code = provinces::code(country, province);
            if code.is_ascii() && code.len() <= LONGEST_CODE {
                flaws.push(Flaw::NoSuchProvince { province: code, country: name });
            }
        }
    }
    match address.postal_code.as_deref() {
        None if needs_code => flaws.push(Flaw::Missing("postal code")),
        None => {}
        Some(text) => flaws.extend(postal::plain(text).and_then(|code| {
            let Some(code) = postal::fit(country, &code) else {
                return Some(Flaw::PostalCodeShape { country: name });
            };
            let province = known?.code();
            let there = postal::provinces(country, code)?;
            (!there.contains(&province)).then_some(Flaw::PostalCodeElsewhere { province, there })
        })),
    }
    flaws
}

/// A country, or a province of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Code of ISO 3166-1.
    pub country: String,
    /// Code of ISO 3166-2 without the country; absent for all of it.
    pub province: Option<String>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.province {
            Some(province) => write!(f, "{province}, {}", self.country),
            None => f.write_str(&self.country),
        }
    }
}

impl Place {
    /// Where an address lies, by every name of it: a territory of the United States (`PR`) is a country in some shops
    /// and a state in others. None where the country is not said.
    pub fn of(address: &Address) -> Vec<Self> {
        let Some(text) = address.country.as_deref() else { return Vec::new() };
        let country = country(text).map_or_else(|| text.trim().to_uppercase(), |(code, _)| code.to_owned());
        let province = address.province.as_deref().map(|province| {
            provinces::find(&country, province)
                .map_or_else(|| provinces::code(&country, province), |known| known.code().to_owned())
        });
        let territory = |code: &str| TERRITORIES.contains(&code);
        let other = match &province {
            Some(province) if country == "US" && territory(province) => {
                Some(Self { country: province.clone(), province: None })
            }
            _ if territory(&country) => Some(Self { country: "US".into(), province: Some(country.clone()) }),
            _ => None,
        };
        std::iter::once(Self { country, province }).chain(other).collect()
    }
}

/// What is a country by ISO 3166-1 and a state by ISO 3166-2.
const TERRITORIES: &[&str] = &["AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI"];

/// The code and the name of a country by either, in any case.
pub fn country(text: &str) -> Option<(&'static str, &'static str)> {
    let text = text.trim().to_lowercase();
    let other = OTHERWISE.iter().find(|(word, _)| *word == text).map_or(text.as_str(), |(_, name)| name);
    countries::find(other)
}

/// The code of a province of a country by its code or name. Where no list of a country's provinces is kept, a code is
/// taken as it is.
pub fn province(country: &str, text: &str) -> Option<String> {
    if provinces::of(country).is_none() {
        return Some(provinces::code(country, text));
    }
    provinces::find(country, text).map(|row| row.code().to_owned())
}

/// Every country as (code, name).
pub fn countries() -> impl Iterator<Item = (&'static str, &'static str)> {
    countries::all()
}

/// The provinces of a country as (code, name), where a list of them is kept.
pub fn provinces_of(country: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    provinces::of(country).into_iter().flatten().map(|row| (row.code(), row.name))
}

/// What people write for countries beside code and name.
const OTHERWISE: &[(&str, &str)] = &[("usa", "us"), ("uk", "gb"), ("england", "gb"), ("holland", "nl")];
