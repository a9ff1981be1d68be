//! The HTTP surface: the route that webhooks come in by, health and metrics, and how errors are told.

pub mod health;
pub mod problem;
pub mod webhooks;
