//! The one integration-test binary.

#![recursion_limit = "256"]

#[cfg(test)]
mod accounting;
#[cfg(test)]
mod addressing;
#[cfg(test)]
mod arriving;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod benching;
#[cfg(test)]
mod carriers;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod commanding;
#[cfg(test)]
mod complaints;
#[cfg(test)]
mod configuring;
#[cfg(test)]
mod converging;
#[cfg(test)]
mod customs;
#[cfg(test)]
mod deciding;
#[cfg(test)]
mod delivering;
#[cfg(test)]
mod demonstrating;
#[cfg(test)]
mod faithful;
#[cfg(test)]
mod flagging;
#[cfg(test)]
mod gating;
#[cfg(test)]
mod giving_back;
#[cfg(test)]
mod in_part;
#[cfg(test)]
mod locating;
#[cfg(test)]
mod mending;
#[cfg(test)]
mod merging;
#[cfg(test)]
mod misfits;
#[cfg(test)]
mod noticing;
#[cfg(test)]
mod packing;
#[cfg(test)]
mod permuting;
#[cfg(test)]
mod planning;
#[cfg(test)]
mod receiving;
#[cfg(test)]
mod rechecking;
#[cfg(test)]
mod refunding;
#[cfg(test)]
mod retaining;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod shipping;
#[cfg(test)]
mod sim_shipcompliant;
#[cfg(test)]
mod sim_shiphero;
#[cfg(test)]
mod sim_shopify;
#[cfg(test)]
mod storing;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tracking;
