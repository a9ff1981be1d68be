//! What a person has to decide, written on the order at the shop: into its note, for people, and into a metafield, for programs.
//!
//! A note has one text and no version, so what people wrote is put back as it was read just before. What is ours stands between
//! two lines of its own, is known by them, and is never taken for a word of theirs.

use serde_json::json;

use super::Shopify;
use super::admin::{Query, mutation};
use super::documents;
use crate::domain::address::filled;
use crate::domain::fulfillment::Fulfillment;
use crate::domain::step::{Noting, Stating};
use crate::transport::{Fault, Log};

const NOTE: Query = mutation("orderUpdate", documents::NOTE, 10);
const STATE: Query = mutation("metafieldsSet", documents::STATE, 10);

/// The lines before and after what is ours.
const FROM: &str = "[Crossdock]";
const TO: &str = "[/Crossdock]";

/// Reads a metafield's name, `namespace.key`; gives what is wrong with it.
///
/// # Errors
/// What the text is not, and how to write it.
pub fn metafield(text: &str) -> Result<(String, String), (String, String)> {
    let fits = |part: &str, shortest, longest| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (shortest..=longest).contains(&part.len()) && part.bytes().all(known)
    };
    let (namespace, key) = text.split_once('.').unwrap_or_default();
    if fits(namespace, 3, 255) && fits(key, 2, 64) {
        return Ok((namespace.to_owned(), key.to_owned()));
    }
    Err((
        format!("«{text}» names no metafield"),
        "write it as crossdock.state: a namespace of 3 to 255 and a key of 2 to 64 letters, digits, - or _"
            .into(),
    ))
}

/// A note as what people wrote and what we wrote. Where the last line of ours is gone, ours ends before the first empty one.
pub(super) fn parted(note: Option<&str>) -> (Option<String>, Option<String>) {
    let (mut theirs, mut ours, mut inside) = (Vec::new(), Vec::new(), false);
    for line in note.unwrap_or_default().lines() {
        match line.trim() {
            FROM => inside = true,
            TO | "" if inside => inside = false,
            text if inside => ours.push(text),
            _ => theirs.push(line),
        }
    }
    // The empty line that sets ours apart is nobody's.
    if !ours.is_empty() && theirs.last().is_some_and(|line| line.trim().is_empty()) {
        theirs.pop();
    }
    // Every other blank of theirs is theirs.
    let theirs = if ours.is_empty() { note.unwrap_or_default().to_owned() } else { theirs.join("\n") };
    (filled(Some(&theirs)), filled(Some(&ours.join("\n"))))
}

fn joined(noting: &Noting) -> String {
    let theirs = noting.theirs.as_deref().unwrap_or_default();
    let Some(ours) = &noting.ours else { return theirs.to_owned() };
    let apart = if theirs.is_empty() { "" } else { "\n\n" };
    format!("{theirs}{apart}{FROM}\n{ours}\n{TO}")
}

impl Shopify {
    pub(super) async fn note(&self, noting: &Noting, log: &Log) -> Result<Option<Fulfillment>, Fault> {
        let input = json!({ "id": format!("gid://shopify/Order/{}", noting.order), "note": joined(noting) });
        self.change(NOTE, json!({ "input": input }), log).await
    }

    /// Setting a metafield again does nothing, so a lost answer needs no look.
    pub(super) async fn state(&self, stating: &Stating, log: &Log) -> Result<Option<Fulfillment>, Fault> {
        let Some((namespace, key)) = &self.settings.state_metafield else { return Ok(None) };
        let metafield = json!({
            "ownerId": format!("gid://shopify/Order/{}", stating.order), "namespace": namespace, "key": key,
            "type": "json", "value": stating.state,
        });
        self.change(STATE, json!({ "metafields": [metafield] }), log).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_in_a_note_is_told_from_what_people_wrote() {
        let ours = "[Crossdock]\nwarehouse: too late\n[/Crossdock]";
        let table = [
            (None, None, None),
            (Some("  "), None, None),
            (Some("Ring twice"), Some("Ring twice"), None),
            (Some("Ring twice\n\nand wait"), Some("Ring twice\n\nand wait"), None),
            (Some(ours), None, Some("warehouse: too late")),
            (Some("[Crossdock]\na\nb\n[/Crossdock]"), None, Some("a\nb")),
            // Written on, before and behind.
            (
                Some("Ring twice\n\n[Crossdock]\na\n[/Crossdock]\nand wait"),
                Some("Ring twice\n\nand wait"),
                Some("a"),
            ),
            // Half of it was deleted.
            (Some("Ring\n\n[Crossdock]\na\n\nand wait"), Some("Ring\n\nand wait"), Some("a")),
            (Some("Ring\n[/Crossdock]"), Some("Ring\n[/Crossdock]"), None),
        ];
        for (note, theirs, ours) in table {
            let (found_theirs, found_ours) = parted(note);
            assert_eq!((found_theirs.as_deref(), found_ours.as_deref()), (theirs, ours), "{note:?}");
        }
    }

    #[test]
    fn a_note_that_was_written_is_read_as_it_was_meant() {
        for theirs in [None, Some("Ring twice"), Some("Ring\n\ntwice"), Some("Ring \n twice")] {
            for ours in [None, Some("a"), Some("a\nb")] {
                let noting = Noting {
                    order: 1.into(),
                    theirs: theirs.map(str::to_owned),
                    ours: ours.map(str::to_owned),
                };
                let written = joined(&noting);
                assert_eq!(parted(Some(&written)), (noting.theirs, noting.ours), "{written:?}");
            }
        }
    }
}
