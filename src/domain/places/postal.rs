//! Postal codes: their shapes, and which province they lie in.
//!
//! Tables and how they are read. What is written in several ways is listed in each; where several are in use and none
//! is certain, a country is not here and every code of it passes.
//!
//! Sources: for shapes and for Australia and Canada the address metadata of libaddressinput (Google, CC BY 4.0), rewritten
//! and relaxed; for the United States the three-digit prefixes that its Postal Service publishes, and the ZIP codes known
//! to be delivered across a state's border.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A postal code as it is compared: in upper case, without blanks, hyphens and dots, full-width forms made plain. Nothing
/// where it is written in another script, of which nothing is known here.
pub(super) fn plain(text: &str) -> Option<String> {
    let narrow = text.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '〒' | '‐' | '‑' | '–' | '—' | '−' | 'ー' => ' ',
        other => other,
    });
    let code: String = narrow.filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.')).collect();
    code.is_ascii().then(|| code.to_ascii_uppercase())
}

/// Whether the post of a country needs a postal code.
pub(super) fn is_needed(country: &str) -> bool {
    shapes(country).is_some()
}

/// A plain code without the country that some write before it, or nothing where it has no shape of that country's. Where
/// no shape is known every code passes.
pub(super) fn fit<'c>(country: &str, code: &'c str) -> Option<&'c str> {
    let Some(shapes) = shapes(country) else { return Some(code) };
    // `LV1010`, `D10115`, `SE11455`: a letter before digits alone is a country's.
    let bare = code.strip_prefix(country).unwrap_or(code);
    let bare = match bare.strip_prefix(|c: char| c.is_ascii_uppercase()) {
        Some(digits) if shapes.starts_with('#') && !BY_STATE.contains(&country) => digits,
        _ => bare,
    };
    [code, bare].into_iter().find(|code| shapes.split('|').any(|shape| is_of(shape, code)))
}

/// Provinces that a plain code lies in, where that is known of the country; none where it lies in no province.
pub(super) fn provinces(country: &str, code: &str) -> Option<Vec<&'static str>> {
    // Every order asks, so the table is read once.
    static BY_COUNTRY: LazyLock<BTreeMap<&str, Vec<Province>>> = LazyLock::new(|| {
        let prefix = |text: &'static str| text.split_once('-').unwrap_or((text, text));
        let row = |row: &'static str| {
            let (province, prefixes) = row.split_once(' ')?;
            Some((province, prefixes.split(' ').map(prefix).collect()))
        };
        PREFIXES.iter().map(|(country, rows)| (*country, rows.split('|').filter_map(row).collect())).collect()
    });
    let rows = BY_COUNTRY.get(country)?.iter();
    let lies = |prefixes: &[Prefix]| prefixes.iter().any(|prefix| begins(code, prefix));
    Some(rows.filter(|(_, prefixes)| lies(prefixes)).map(|(province, _)| *province).collect())
}

/// What a code begins with: the first and the last of a run of equal length.
type Prefix = (&'static str, &'static str);
/// A province, and what the codes that lie in it begin with.
type Province = (&'static str, Vec<Prefix>);

fn shapes(country: &str) -> Option<&'static str> {
    SHAPES
        .iter()
        .find(|(countries, _)| countries.split(' ').any(|of| of == country))
        .map(|(_, shapes)| *shapes)
}

/// Whether a code has a shape: `#` is a digit, `@` a letter, anything else itself.
fn is_of(shape: &str, code: &str) -> bool {
    shape.len() == code.len()
        && shape.bytes().zip(code.bytes()).all(|(shape, c)| match shape {
            b'#' => c.is_ascii_digit(),
            b'@' => c.is_ascii_uppercase(),
            literal => literal == c,
        })
}

fn begins(code: &str, (first, last): &Prefix) -> bool {
    code.get(..first.len()).is_some_and(|start| (*first..=*last).contains(&start))
}

/// Where letters before the digits are a mistake rather than a habit.
const BY_STATE: &[&str] = &["US", "PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW"];

/// The shapes of postal codes without blanks and hyphens, for countries whose post needs one.
const SHAPES: &[(&str, &str)] = &[
    ("AT AU BE BG CH DK GL HU LI LU NO NZ SI SJ ZA", "####"),
    ("AX CZ DE EE ES FI FR GR HR IT LT MC MX MY PL SE SK SM TH TR UA VA", "#####"),
    ("BL GF GP MF MQ NC PF PM RE WF YT", "#####"),
    ("CN IN RO RU SG", "######"),
    ("JP", "#######"),
    ("BR", "########"),
    ("IL", "#####|#######"),
    ("KR", "#####|######"),
    ("LV", "####"),
    // The letters of the Netherlands and the last three digits of Portugal are often left out.
    ("NL", "####@@|####"),
    ("PT", "#######|####"),
    ("TW", "###|#####|######"),
    ("US PR VI GU AS MP FM MH PW", "#####|#########"),
    ("CA", "@#@#@#"),
    ("GB", "@##@@|@###@@|@@##@@|@@###@@|@#@#@@|@@#@#@@|GIR0AA|BFPO#|BFPO##|BFPO###|BFPO####"),
    ("GG IM JE", "@@##@@|@@###@@"),
];

/// What a postal code begins with in each province; a few lie in two.
const PREFIXES: &[(&str, &str)] = &[
    (
        "US",
        "AL 350-369|AK 995-999|AS 96799|AZ 850-869 84536|AR 716-729|AA 340|AE 090-099|AP 962-966\
         |CA 900-961 89439 97635|CO 800-819|CT 060-069|DE 197-199|DC 200 202-205 569|FL 320-339 341-349\
         |GA 300-319 398-399|GU 969|HI 967-968|ID 832-838 83120|IL 600-629 63673|IN 460-479|IA 500-529|KS 660-679\
         |KY 400-427|LA 700-715 71749|ME 039-049|MH 969|MD 206-219|MA 010-027 055|MI 480-499|FM 969|MN 550-567\
         |MS 386-397|MO 630-659|MT 590-599|NE 680-699|NV 889-898|NH 030-038|NJ 070-089|NM 870-884 81137 86515\
         |NY 005 100-149 06390|NC 270-289|ND 580-589 59221|MP 969|OH 430-459|OK 730-749|OR 970-979|PW 969\
         |PA 150-196|PR 006 007 009|RI 028-029|SC 290-299|SD 570-579|TN 370-385 42223\
         |TX 750-799 885 733 73949 88063|UM 968|UT 840-849 86044|VT 050-059|VI 008|VA 201 203 220-246 20041|WA 980-994\
         |WV 247-269|WI 530-549|WY 820-831 83414",
    ),
    ("CA", "AB T S9V|BC V|MB R|NB E|NL A|NT X|NS B|NU X|ON K L M N P|PE C|QC G H J K1A|SK S R8A T9V|YT Y"),
    (
        "AU",
        "ACT 02 2540 2600-2620 29|JBT 2540|NSW 1 2 3500 3585 3586 3644 3691 3707 4377 4380 4383|NT 08 09 4825\
         |QLD 4 9 2406|SA 5 0872|TAS 7|VIC 3 8|WA 6 0872",
    ),
];
