//! Crossdock keeps one order the same in every system that touches it.
//!
//! Data flows down this map; a room imports only from the rooms below it.
//!
//! | room | duty |
//! |---|---|
//! | [`domain`] | the vocabulary as types, and the pure rules; no I/O, no async, no vendor names |
//! | [`simulator`] | plays the outside systems, with faults; shares no type with the connectors |
//! | [`listener`] | the accept loop every server shares |
//! | [`clock`] | the one source of time |

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connectors;
pub mod console;
pub mod crypto;
pub mod domain;
pub mod engine;
pub mod http;
pub mod intake;
pub mod listener;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod transport;
mod words;
