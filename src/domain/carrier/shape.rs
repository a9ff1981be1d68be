//! Shapes of tracking numbers: their length and, where the carrier publishes one, their check digit.
//!
//! Lenient: a number is refused only where its carrier certainly gives out none like it. Numbers come without blanks and in
//! capitals ([`plain`](super::plain)); hyphens play no part.

/// What is certain of a carrier's numbers. Every carrier's have 5 to 40 letters, digits and underscores, one digit at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing else.
    Any,
    /// Where two letters, nine digits and two letters: the postal union's, with its check digit.
    Postal,
    /// `1Z` with a check digit; one letter and ten digits; or digits alone.
    Ups,
    /// Digits, of some lengths.
    FedEx,
    /// The postal union's, or digits: 22 that begin with 9 have a check digit, behind `420` and a ZIP code too.
    Usps,
    /// Ten digits have a check digit.
    DhlExpress,
    /// Sixteen digits have a check digit; otherwise the postal union's.
    CanadaPost,
    /// Twelve digits have a check digit.
    Japanese,
}

impl Shape {
    /// Whether a number can be one of these.
    pub(super) fn fits(self, number: &str) -> bool {
        let number = &number.replace('-', "");
        let plain = number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let digit = number.bytes().any(|byte| byte.is_ascii_digit());
        if !plain || !digit || !(5..=40).contains(&number.len()) {
            return false;
        }
        let digits = digits(number);
        match self {
            Self::Any => true,
            Self::Postal => is_postal(number) != Some(false),
            Self::Ups => match (digits, number.strip_prefix("1Z")) {
                (Some(digits), _) => matches!(digits.len(), 9 | 12 | 18 | 20 | 22 | 26 | 30 | 34),
                (None, Some(rest)) => ups_checks(rest),
                // Mail Innovations, and forms of a letter and ten digits.
                (None, None) => number.starts_with("MI") || is_letter_and(number, 10),
            },
            Self::FedEx => match digits {
                Some(digits) => matches!(digits.len(), 9 | 10 | 12 | 15 | 20 | 22 | 26 | 30 | 34),
                // The card that is left on a door.
                None => number.strip_prefix("DT").is_some_and(|rest| self::digits(rest).is_some()),
            },
            Self::Usps => match digits {
                Some(digits) => usps_checks(&digits),
                None => is_postal(number) == Some(true),
            },
            Self::DhlExpress => digits.is_none_or(|digits| digits.len() != 10 || remainder_checks(&digits)),
            Self::CanadaPost => match digits {
                Some(digits) if digits.len() == 16 => gs1_checks(&digits),
                _ => is_postal(number) != Some(false),
            },
            Self::Japanese => digits.is_none_or(|digits| digits.len() != 12 || remainder_checks(&digits)),
        }
    }
}

/// The digits of a number that holds nothing else.
fn digits(number: &str) -> Option<Vec<u32>> {
    number.chars().map(|c| c.to_digit(10)).collect()
}

fn is_letter_and(number: &str, count: usize) -> bool {
    let letter = number.starts_with(|c: char| c.is_ascii_uppercase());
    letter && number.len() == count + 1 && digits(&number[1..]).is_some()
}

/// Whether a number of the postal union's form (S10) has the right check digit; nothing where it has another form.
fn is_postal(number: &str) -> Option<bool> {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    let ends = number.len() == 13 && letters(&number[..2]) && letters(&number[11..]);
    let digits = digits(number.get(2..11)?).filter(|_| ends)?;
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        check => check,
    };
    Some(digits[8] == check)
}

/// What stands behind `1Z`: fifteen letters and digits and a check digit, modulo 10. Letters count on from A = 2.
fn ups_checks(rest: &str) -> bool {
    let value = |c: char| c.to_digit(10).unwrap_or_else(|| u32::from(c).saturating_sub(63) % 10);
    let values: Vec<u32> = rest.chars().map(value).collect();
    let [body @ .., check] = &values[..] else { return false };
    let sum: u32 =
        body.iter().enumerate().map(|(at, value)| if at % 2 == 0 { *value } else { 2 * value }).sum();
    body.len() == 15 && rest.ends_with(|c: char| c.is_ascii_digit()) && (10 - sum % 10) % 10 == *check
}

fn usps_checks(digits: &[u32]) -> bool {
    // The destination's ZIP code may stand before the number itself.
    let routed = matches!(digits.len(), 30 | 34) && digits.starts_with(&[4, 2, 0]);
    let number = if routed { &digits[digits.len() - 22..] } else { digits };
    match number.len() {
        22 if number[0] == 9 => gs1_checks(number),
        10 | 20 | 22 | 26 | 30 | 34 => true,
        _ => false,
    }
}

/// The last digit makes the weighted sum a multiple of ten; weights are 3 and 1 in turn, from the right.
fn gs1_checks(digits: &[u32]) -> bool {
    let weighted =
        digits.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 0 { *digit } else { 3 * digit });
    weighted.sum::<u32>().is_multiple_of(10)
}

/// The last digit is what is left of the others, read as one number, divided by seven.
fn remainder_checks(digits: &[u32]) -> bool {
    let [body @ .., check] = digits else { return false };
    body.iter().fold(0, |left, digit| (left * 10 + digit) % 7) == *check
}
