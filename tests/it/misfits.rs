//! Bad input that must be answered well: odd orders, orders that are left out, bodies that cannot be understood, and
//! everything ShipCompliant says no to. Each is kept, told with its reason and a way out, and holds up no other order.

mod left_out;
mod odd_orders;
mod refusals;
mod unknown_orders;
mod unreadable;
