//! `[exceptions]`: who sees to what needs a person, and how soon.

use std::time::Duration;

use super::reader::nearest;
use super::section::Section;
use crate::domain::reason::{Duties, Duty, ReasonCode};

/// The longest time that may be given: four weeks.
const LONGEST_MINUTES: i64 = 4 * 7 * 24 * 60;

pub(super) fn read(root: &mut Section<'_>) -> Duties {
    root.sub("exceptions", |mut section| {
        let mut duties = Duties { usual: duty(&mut section), ..Duties::default() };
        section.each("by_code", |code, mut section| {
            let known = ReasonCode::parse(code);
            if !ReasonCode::KNOWN.contains(&code) {
                let near = nearest(code, ReasonCode::KNOWN.iter().copied());
                let near = near.map(|known| format!("did you mean «{known}»?"));
                section.wrong(
                    "is no code of an exception",
                    near.unwrap_or_else(|| "take one from the list in the README".to_owned()),
                );
            }
            duties.by_code.insert(known, duty(&mut section));
            section.finish();
        });
        section.finish();
        duties
    })
}

fn duty(section: &mut Section<'_>) -> Duty {
    let minutes = section.integer("within_minutes", 1..=LONGEST_MINUTES);
    Duty {
        owner: section.text("owner"),
        within: minutes.map(|minutes| Duration::from_mins(minutes.unsigned_abs())),
    }
}
