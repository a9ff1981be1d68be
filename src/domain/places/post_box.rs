//! Addresses that only the post delivers to: post-office boxes, and the military's.
//!
//! Words that are sure are looked for; a box that may as well be a flat or stand at a rural road is none.

use crate::domain::address::Address;

impl Address {
    /// Whether it is a post-office box, or an address of the military's own post (APO, FPO, DPO).
    pub fn is_po_box(&self) -> bool {
        let lines: Vec<&str> =
            [&self.street1, &self.street2].into_iter().flatten().map(String::as_str).collect();
        let alone = |line: &str| lines.len() == 1 && is_box_alone(&words(line));
        self.is_military() || lines.iter().any(|line| names_box(&words(line)) || alone(line))
    }

    fn is_military(&self) -> bool {
        let is = |part: &Option<String>, words: &[&str]| {
            part.as_deref()
                .is_some_and(|part| words.iter().any(|word| part.trim().eq_ignore_ascii_case(word)))
        };
        (self.country.is_none() || is(&self.country, &["US"]))
            && (is(&self.province, &["AA", "AE", "AP", "US-AA", "US-AE", "US-AP"])
                || is(&self.city, &["APO", "FPO", "DPO"]))
    }
}

/// The words of a line in upper case; `P.O.` is one.
fn words(line: &str) -> Vec<String> {
    let plain: String = line.chars().filter(|c| *c != '.').collect::<String>().to_uppercase();
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Whether the words of a line name a box anywhere; `12 Post Box Lane` does not.
fn names_box(words: &[String]) -> bool {
    BOXES.iter().map(|phrase| phrase.split(' ').collect::<Vec<_>>()).any(|phrase| {
        words.windows(phrase.len()).enumerate().any(|(at, found)| {
            let next = words.get(at + phrase.len()).map(String::as_str);
            phrase.iter().zip(found).all(|(part, word)| is_like(part, word))
                && !next.is_some_and(|next| ROADS.contains(&next))
        })
    })
}

/// Whether a line is a box and nothing else: `Box 12`, as in Sweden and rural places.
fn is_box_alone(words: &[String]) -> bool {
    matches!(words, [kind, number] if matches!(kind.as_str(), "BOX" | "BP" | "CP" | "CASILLA") && is_like("#", number))
}

/// Whether a word is one of a phrase: `#` is a number, `POBOX#` one that is written together.
fn is_like(part: &str, word: &str) -> bool {
    match part.strip_suffix('#') {
        None => part == word,
        Some(start) => {
            word.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        }
    }
}

const BOXES: &[&str] = &[
    "PO BOX",
    "P O BOX",
    "POBOX",
    "POBOX#",
    "PO BOX#",
    "POB #",
    "POB#",
    "PO B #",
    "P O B #",
    "PO DRAWER",
    "P O DRAWER",
    "POST OFFICE BOX",
    "POST OFFICE DRAWER",
    "POST BOX",
    "POSTAL BOX",
    "GPO BOX",
    "LOCKED BAG #",
    "PRIVATE BAG #",
    "PRIVATE BAG X#",
    "POSTFACH",
    "POSTBUS #",
    "POSTBOKS #",
    "BOITE POSTALE",
    "BOÎTE POSTALE",
    "CASELLA POSTALE",
    "CAIXA POSTAL",
    "CASILLA POSTAL",
    "CASILLA DE CORREO",
    "APARTADO POSTAL",
    "APARTADO DE CORREOS",
    "APARTADO #",
    "SKRYTKA POCZTOWA",
];

/// What a road is named after may be a box.
const ROADS: &[&str] = &[
    "ROAD", "RD", "STREET", "ST", "LANE", "LN", "AVENUE", "AVE", "DRIVE", "DR", "WAY", "COURT", "CT", "HILL",
];
