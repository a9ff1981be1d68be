//! What runs by the clock. It calls what other rooms offer and decides nothing about an order.

pub mod retention;
