//! What the channel itself is told: what left elsewhere, and what may not ship. Pure functions of the record.

mod doubting;
mod flagging;
mod shipping;

pub use doubting::{doubt, failed};
pub(super) use flagging::next_flag;
pub use shipping::{left_behind, next_shipping, shows};
