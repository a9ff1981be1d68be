//! Reads the text of a search: words, quotes, comparators, AND, OR, NOT, parentheses.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::Op::{AtLeast, AtMost, Is, Less, More};
use super::{Filter, Moment, Op};
use crate::simulator::shopify::profile::{Profile, whole_second};

/// A search, read.
pub(in super::super) struct Search {
    pub(in super::super) filter: Filter,
    /// Fields that do not exist.
    pub(in super::super) unknown: Vec<String>,
}

impl Search {
    /// Reads a search; the error says what is wrong.
    pub(in super::super) fn read(text: &str, profile: &Profile, now: Timestamp) -> Result<Self, String> {
        let tokens = tokens(text);
        let mut reader = Reader { tokens: &tokens, at: 0, profile, now, unknown: Vec::new() };
        let filter = reader.any()?;
        Ok(Self { filter, unknown: reader.unknown })
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Minus,
    Term {
        field: Option<String>,
        op: Op,
        value: String,
    },
    /// A bare word, which may be AND, OR or NOT.
    Bare(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            c if c.is_whitespace() => at += 1,
            '(' => {
                tokens.push(Token::Open);
                at += 1;
            }
            ')' => {
                tokens.push(Token::Close);
                at += 1;
            }
            '-' => {
                tokens.push(Token::Minus);
                at += 1;
            }
            _ => {
                let (word, next) = word_at(&chars, at, true);
                at = next;
                if chars.get(at) != Some(&':') {
                    tokens.push(Token::Bare(word));
                    continue;
                }
                at += 1;
                let op = match (chars.get(at), chars.get(at + 1)) {
                    (Some('>'), Some('=')) => AtLeast,
                    (Some('<'), Some('=')) => AtMost,
                    (Some('>'), _) => More,
                    (Some('<'), _) => Less,
                    _ => Is,
                };
                at += match op {
                    AtLeast | AtMost => 2,
                    More | Less => 1,
                    Is => 0,
                };
                let (value, next) = word_at(&chars, at, false);
                at = next;
                tokens.push(Token::Term { field: Some(word.to_ascii_lowercase()), op, value });
            }
        }
    }
    tokens
}

/// A word or a quoted text, and where it ends. A field's name ends at a colon, a value does not.
fn word_at(chars: &[char], from: usize, stops_at_colon: bool) -> (String, usize) {
    let mut at = from;
    if let Some(quote @ ('\'' | '"')) = chars.get(at).copied() {
        let end = chars[at + 1..].iter().position(|c| *c == quote).map_or(chars.len(), |n| at + 1 + n);
        return (chars[at + 1..end].iter().collect(), (end + 1).min(chars.len()));
    }
    let ends = |c: &char| c.is_whitespace() || matches!(c, '(' | ')') || (stops_at_colon && *c == ':');
    while chars.get(at).is_some_and(|c| !ends(c)) {
        at += 1;
    }
    // A lone colon or the like must not stop the reading.
    if at == from && stops_at_colon {
        at += 1;
    }
    (chars[from..at].iter().collect(), at)
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    profile: &'t Profile,
    now: Timestamp,
    unknown: Vec<String>,
}

impl Reader<'_> {
    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Bare(w)) if w == word)
    }

    fn any(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.all()?];
        while self.is_word("OR") {
            self.at += 1;
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut parts = Vec::new();
        while self.at < self.tokens.len() && !self.is_word("OR") && self.tokens[self.at] != Token::Close {
            if self.is_word("AND") {
                self.at += 1;
                continue;
            }
            parts.push(self.one()?);
        }
        Ok(match parts.len() {
            0 => Filter::Everything,
            1 => parts.remove(0),
            _ => Filter::All(parts),
        })
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.is_word("NOT") {
            self.at += 1;
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        let token = self.tokens.get(self.at);
        self.at += 1;
        match token {
            None | Some(Token::Close) => Ok(Filter::Everything),
            Some(Token::Minus) => Ok(Filter::Not(Box::new(self.one()?))),
            Some(Token::Open) => {
                let inner = self.any()?;
                if self.tokens.get(self.at) == Some(&Token::Close) {
                    self.at += 1;
                }
                Ok(inner)
            }
            Some(Token::Bare(word)) => Ok(Filter::Text(word.clone())),
            Some(Token::Term { field, op, value }) => self.term(field.as_deref().unwrap_or(""), *op, value),
        }
    }

    fn term(&mut self, field: &str, op: Op, value: &str) -> Result<Filter, String> {
        const WORDS: &[&str] = &[
            "name",
            "status",
            "financial_status",
            "fulfillment_status",
            "return_status",
            "tag",
            "tag_not",
            "email",
            "customer_id",
            "test",
            "source_name",
            "source_identifier",
            "sku",
            "po_number",
            "gateway",
            "confirmation_number",
            "discount_code",
            "risk_level",
            "delivery_method",
            "fulfillment_location_id",
            "location_id",
            "payment_id",
        ];
        let moment = match field {
            "created_at" => Some(Moment::Created),
            "updated_at" => Some(Moment::Updated),
            "processed_at" => Some(Moment::Processed),
            _ => None,
        };
        if let Some(moment) = moment {
            let at =
                self.time(value).ok_or_else(|| format!("Invalid timestamp for query filter `{field}`."))?;
            return Ok(Filter::Time(moment, op, at));
        }
        if field == "id" {
            let id = value.rsplit('/').next().and_then(|id| id.parse().ok());
            return Ok(id.map_or_else(|| Filter::Any(Vec::new()), |id| Filter::Id(op, id)));
        }
        if field == "default" || field == "query" {
            return Ok(Filter::Text(value.to_owned()));
        }
        if let Some(word) = WORDS.iter().find(|word| **word == field) {
            return Ok(Filter::Word(word, value.to_owned()));
        }
        self.unknown.push(field.to_owned());
        Ok(Filter::Everything)
    }

    /// An instant; without an offset it is the shop's own time.
    fn time(&self, value: &str) -> Option<Timestamp> {
        if value == "now" {
            return Some(whole_second(self.now));
        }
        if let Ok(at) = value.parse::<Timestamp>() {
            return Some(at);
        }
        let local =
            value.parse::<DateTime>().ok().or_else(|| value.parse::<Date>().ok().map(DateTime::from))?;
        local.to_zoned(self.profile.timezone.clone()).ok().map(|zoned| zoned.timestamp())
    }
}
