//! Plays one account at ShipHero: a warehouse with its orders, its GraphQL API, its webhooks.
//!
//! Written from the vendor's schema and what is published besides; it shares no type with a connector. Where nothing
//! is published the strict reading is played, and the place says so. The account answers on the vendor's paths:
//!
//! - `POST /graphql` with `Authorization: Bearer …`
//! - `POST /auth/token`, `POST /auth/refresh`; an access token is good for 28 days
//!
//! Its remote control, JSON in and out, needs no token and is never faulted. It is what people do in the warehouse,
//! with the order's number (`legacy_id`) in the path. Errors are `{"error": …, "code": …}` with 404 or 422:
//!
//! | request | body | does |
//! |---|---|---|
//! | `POST /sim/orders` | as `CreateOrderInput` | enters an order by hand, answers `{"id": …}` |
//! | `GET /sim/orders`, `GET /sim/orders/{id}` | | orders as the API shows them |
//! | `GET /sim/orders/{id}/history` | | all that ever happened to it |
//! | `POST /sim/orders/{id}/edit` | as `UpdateOrderInput`, and `holds`, `line_items`, `add_line_items`, `remove_line_items` | edits by hand |
//! | `…/allocate`, `…/deallocate` | | sets stock aside; puts it back |
//! | `…/lock` | | begins to pick |
//! | `…/pick` | `{"tote"?, "units"?}` | picks into a tote |
//! | `…/clear` | | empties the tote and opens the lock |
//! | `…/pack` | | packs from the tote |
//! | `…/ship` | [`NewShipment`], `{}` for all | labels and ships, if Capture Payment allows; answers `{"id": …}` |
//! | `…/hold` | `{"hold", "on"}` | sets a hold or takes it away |
//! | `…/cancel` | `{"reason"?}` | cancels, whatever has left |
//! | `…/split` | `{"units"}` | moves units into another order, answers `{"id": …}` |
//! | `…/merge` | `{"with"}` | has another order ship with this one |
//! | `POST /sim/shipments/{id}/void` | `{"label"?}` | voids a label, the first that is not |
//! | `POST /sim/shipments/{id}/complete` | | tells the shop of a bulk shipment |
//! | `POST /sim/shipments/{id}/scan` | `{"label"?, "way": `[`Way`]`}` | its carrier scans a parcel |
//! | `POST /sim/shipments/{id}/package-added` | | puts its parcels into a container for the carrier |
//! | `POST /sim/stock` | `{"sku", "on_hand"}` | counts what is on hand; a new SKU is a new product |
//! | `POST /sim/products` | as `UpdateProductInput` | edits a product by hand |
//! | `GET /sim/products/{sku}` | | a product as the API shows it |
//! | `POST /sim/tokens/revoke` | | ends every access token |
//! | `POST /sim/done-with-errors` | `{"times"}` | has mutations done and yet answered with an error |
//! | `GET`, `POST /sim/webhooks` | [`Knobs`] | how badly the sender behaves |
//! | `GET /sim/deliveries`, `GET /sim/requests?last=N`, `GET /sim/summary` | | what was sent, asked, counted |
//! | `POST /sim/faults` (a script), `POST /sim/faults/random`, `DELETE /sim/faults` | | faults |

mod account;
mod edit;
mod floor;
mod gate;
mod graphql;
mod http;
mod options;
mod order;
mod refused;
mod shipment;
mod state;
mod stock;
mod view;
mod webhook;

pub use account::Account;
pub use floor::{NewPackage, NewShipment, Units};
pub use gate::Request;
pub use options::Options;
pub use order::HOLDS;
pub use refused::Refused;
pub use shipment::Way;
pub use state::Happening;
pub use webhook::{Attempt, Delivery, Knobs, TYPES};
