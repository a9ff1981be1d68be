//! What comes in: deliveries, what destinations are asked for because they do not tell it, and a question at the packing table.
//!
//! It says which order something is about and makes that due; what follows from it is for a pass to decide.

mod answering;
mod asking;
mod fresh;
mod polling;
mod sorter;

pub(super) use fresh::{Fresh, LEFT_BEHIND, Next};
pub(super) use polling::Reported;
pub(super) use sorter::hear;
