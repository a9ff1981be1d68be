//! SQL that only SQLite takes, most of it to remove what is old row by row. Every text here is prepared by a test.

pub(super) const ADD_BODY: &str = "INSERT INTO delivery_bodies (delivery_id, body) VALUES ($1, $2)";

/// Deliveries in the order of their ids.
pub(super) const DELIVERIES_PAGE: &str = "
SELECT MAX(id), MIN(received_at) FROM (SELECT id, received_at FROM deliveries WHERE id > $1 ORDER BY id LIMIT $2) page";

/// Those of them that are settled, and not a person's.
pub(super) const REMOVE_DELIVERIES: &str = "
DELETE FROM deliveries WHERE id > $1 AND id <= $2 AND received_at < $3 AND state NOT IN ('stored', 'sorted')
    AND NOT EXISTS (SELECT 1 FROM exceptions e WHERE e.delivery_id = deliveries.id AND e.closed_at IS NULL)";

/// Which deliveries there are, and which there were when the keys were last gone through.
pub(super) const BOUNDS: &str = "
SELECT (SELECT MIN(id) FROM deliveries), (SELECT MAX(id) FROM deliveries), (SELECT upto FROM marks WHERE name = 'keys_swept')";

/// Bodies in the order of their deliveries.
pub(super) const BODIES_PAGE: &str = "
SELECT MAX(delivery_id) FROM
    (SELECT delivery_id FROM delivery_bodies WHERE delivery_id > $1 AND delivery_id <= $2 ORDER BY delivery_id LIMIT $3) page";

/// Those of them that no delivery has.
pub(super) const REMOVE_BODIES: &str = "
DELETE FROM delivery_bodies WHERE delivery_id > $1 AND delivery_id <= $2
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = delivery_bodies.delivery_id)
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.duplicate_of = delivery_bodies.delivery_id)";

/// Keys in their order.
pub(super) const KEYS_PAGE: &str =
    "SELECT MAX(key) FROM (SELECT key FROM dedupe WHERE key > $1 ORDER BY key LIMIT $2) page";

/// Those of them whose delivery is gone.
pub(super) const REMOVE_KEYS: &str = "
DELETE FROM dedupe WHERE key > $1 AND key <= $2
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = dedupe.delivery_id)";

/// Tries in the order of their ids.
pub(super) const ATTEMPTS_PAGE: &str =
    "SELECT MAX(id), MIN(at) FROM (SELECT id, at FROM attempts WHERE id > $1 ORDER BY id LIMIT $2) page";

/// The old ones of them.
pub(super) const REMOVE_ATTEMPTS: &str = "DELETE FROM attempts WHERE id > $1 AND id <= $2 AND at < $3";

/// Lines of stories in the order of their ids.
pub(super) const ENTRIES_PAGE: &str =
    "SELECT MAX(id), MIN(at) FROM (SELECT id, at FROM timeline WHERE id > $1 ORDER BY id LIMIT $2) page";

/// The old ones of them.
pub(super) const REMOVE_ENTRIES: &str = "DELETE FROM timeline WHERE id > $1 AND id <= $2 AND at < $3";
