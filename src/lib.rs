//! Crossdock keeps one order the same in every system that touches it.
//!
//! This is the map of the house, in the order of imports: a room imports only from rooms below it. `main.rs` stands above
//! all of them and does nothing but call [`cli`].
//!
//! | room | duty |
//! |---|---|
//! | [`cli`] | the command line; whatever looks or changes something asks a running server by its API |
//! | [`app`] | builds everything from the configuration; starts it in order and stops it in order |
//! | [`config`] | `crossdock.toml` and the environment, read into what the program is built from; every error at once |
//! | [`console`] | the admin API under `/api/v1`: look up, retry, replay |
//! | [`http`] | the routes that webhooks come in by, health, metrics, and how errors are told |
//! | [`intake`] | from a request to the inbox: headers, signature, one durable commit; nothing is parsed before |
//! | [`engine`] | the loop: sort, merge, desired, plan, converge; every business rule is here or in [`domain`] |
//! | [`schedule`] | what runs by the clock: the removal of what is too old |
//! | [`connectors`] | one folder for each kind of outside system, and the traits they share; they decide nothing |
//! | [`simulator`] | plays the outside systems, with faults; imports no room but [`listener`] and [`clock`] |
//! | [`store`] | what is kept, behind one seam: deliveries, records, work, mirrors, attempts, time-lines, exceptions |
//! | [`transport`] | the one way out: HTTP client, budget, circuit breaker, attempt log |
//! | [`domain`] | the vocabulary as types, and the pure rules; no I/O, no async, no vendor names |
//! | [`listener`] | the accept loop that every server shares |
//! | [`telemetry`] | logs and metrics; every metric's name stands there |
//! | [`clock`] | the one source of time |
//! | [`crypto`] | digests |
//! | `words` | enumerations with their text form: open ones for what vendors say, closed ones for our own states |
//!
//! The way of one webhook: [`http`] → [`intake`] → [`store`] (then it is answered) → [`engine`], which reads it by its
//! [`connectors`], merges it into the order's record, and brings every mirror of the order in step through [`transport`].

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
pub mod schedule;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod transport;
mod words;
