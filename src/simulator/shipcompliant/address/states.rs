//! The states, districts, territories and military areas of the United States: their ZIP prefixes and a plausible tax.
//!
//! Prefixes are as the post gives them out; a few are shared. Tax rates are flat and only plausible. A table, no rule.

/// A state, district, territory or military area as the check knows it.
pub(in super::super) struct State {
    pub(in super::super) code: &'static str,
    /// First and last of each run of three-digit ZIP prefixes.
    zips: &'static [(u16, u16)],
    /// A plausible flat sales tax, in thousandths of a percent.
    pub(in super::super) sales_tax: u32,
    /// Whether freight is taxed too.
    pub(in super::super) freight_taxed: bool,
}

/// The state of this two-letter code.
pub(in super::super) fn state(code: &str) -> Option<&'static State> {
    STATES.iter().find(|state| state.code.eq_ignore_ascii_case(code.trim()))
}

/// The state where a five-digit ZIP code lies.
pub(in super::super) fn state_of_zip(zip: &str) -> Option<&'static State> {
    let prefix = prefix(zip)?;
    STATES.iter().find(|state| state.has(prefix))
}

impl State {
    pub(super) fn has(&self, prefix: u16) -> bool {
        self.zips.iter().any(|(first, last)| (*first..=*last).contains(&prefix))
    }
}

/// The first three digits of a five-digit ZIP code.
pub(super) fn prefix(zip: &str) -> Option<u16> {
    (zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit())).then(|| zip[..3].parse().ok()).flatten()
}

const fn at(code: &'static str, sales_tax: u32, freight_taxed: bool, zips: &'static [(u16, u16)]) -> State {
    State { code, zips, sales_tax, freight_taxed }
}

pub(super) const STATES: &[State] = &[
    at("AL", 9_250, false, &[(350, 352), (354, 369)]),
    at("AK", 0, false, &[(995, 999)]),
    at("AZ", 8_400, false, &[(850, 853), (855, 857), (859, 860), (863, 865)]),
    at("AR", 9_450, true, &[(716, 729)]),
    at("CA", 8_250, false, &[(900, 908), (910, 928), (930, 961)]),
    at("CO", 8_810, false, &[(800, 816)]),
    at("CT", 6_350, true, &[(60, 69)]),
    at("DE", 0, false, &[(197, 199)]),
    at("DC", 10_250, true, &[(200, 200), (202, 205), (569, 569)]),
    at("FL", 7_000, false, &[(320, 339), (341, 342), (344, 344), (346, 347), (349, 349)]),
    at("GA", 7_400, true, &[(300, 319), (398, 399)]),
    at("HI", 4_500, true, &[(967, 968)]),
    at("ID", 6_000, false, &[(832, 838)]),
    at("IL", 8_860, true, &[(600, 620), (622, 629)]),
    at("IN", 7_000, true, &[(460, 479)]),
    at("IA", 6_940, false, &[(500, 516), (520, 528)]),
    at("KS", 8_650, true, &[(660, 662), (664, 679)]),
    at("KY", 6_000, true, &[(400, 418), (420, 427)]),
    at("LA", 9_560, false, &[(700, 701), (703, 708), (710, 714)]),
    at("ME", 5_500, false, &[(39, 49)]),
    at("MD", 9_000, false, &[(206, 212), (214, 219)]),
    at("MA", 6_250, false, &[(10, 27), (55, 55)]),
    at("MI", 6_000, true, &[(480, 499)]),
    at("MN", 10_530, true, &[(550, 551), (553, 567)]),
    at("MS", 7_000, true, &[(386, 397)]),
    at("MO", 8_390, false, &[(630, 631), (633, 641), (644, 658)]),
    at("MT", 0, false, &[(590, 599)]),
    at("NE", 6_970, true, &[(680, 681), (683, 693)]),
    at("NV", 8_240, true, &[(889, 891), (893, 895), (897, 898)]),
    at("NH", 0, false, &[(30, 38)]),
    at("NJ", 6_600, true, &[(70, 89)]),
    at("NM", 7_620, true, &[(870, 871), (873, 875), (877, 884)]),
    at("NY", 8_875, true, &[(5, 5), (63, 63), (100, 149)]),
    at("NC", 7_000, true, &[(270, 289)]),
    at("ND", 7_050, true, &[(580, 588)]),
    at("OH", 7_240, true, &[(430, 459)]),
    at("OK", 8_990, false, &[(730, 731), (734, 741), (743, 749)]),
    at("OR", 0, false, &[(970, 979)]),
    at("PA", 6_340, true, &[(150, 196)]),
    at("RI", 7_000, true, &[(28, 29)]),
    at("SC", 7_500, true, &[(290, 299)]),
    at("SD", 6_110, true, &[(570, 577)]),
    at("TN", 9_550, true, &[(370, 385)]),
    at("TX", 8_200, true, &[(733, 733), (750, 799), (885, 885)]),
    at("UT", 7_320, false, &[(840, 847)]),
    at("VT", 6_370, true, &[(50, 54), (56, 59)]),
    at("VA", 5_770, false, &[(201, 201), (220, 246)]),
    at("WA", 9_430, true, &[(980, 986), (988, 994)]),
    at("WV", 6_570, true, &[(247, 268)]),
    at("WI", 5_720, true, &[(530, 532), (534, 535), (537, 549)]),
    at("WY", 5_440, false, &[(820, 831), (834, 834)]),
    at("PR", 11_500, true, &[(6, 7), (9, 9)]),
    at("VI", 0, false, &[(8, 8)]),
    at("GU", 0, false, &[(969, 969)]),
    at("MP", 0, false, &[(969, 969)]),
    at("AS", 0, false, &[(967, 967)]),
    at("AA", 0, false, &[(340, 340)]),
    at("AE", 0, false, &[(90, 99)]),
    at("AP", 0, false, &[(962, 966)]),
];
