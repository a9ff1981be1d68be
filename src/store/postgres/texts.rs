//! SQL that only PostgreSQL takes: arrays as parameters, data-modifying `WITH`. Every text here is prepared by a test.
//! Where `(SELECT …) IS NULL` stands for `NOT EXISTS`, the planner is kept from going through a whole table for a few rows.

/// Keys of connections with their first holders, which may be gone, and as many fresh numbers as were asked for.
pub(super) const KNOWN: &str = "
SELECT k.key, k.delivery_id FROM unnest($1::text[], $2::bigint[]) AS asked (connection, key)
JOIN dedupe k ON k.connection = asked.connection AND k.key = asked.key
UNION ALL SELECT NULL, nextval('delivery_numbers') FROM generate_series(1, $3)";

/// Keys, bodies and deliveries, in one statement.
pub(super) const STORE: &str = "
WITH keys AS (
    INSERT INTO dedupe (connection, key, delivery_id, period)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])),
bodies AS (
    INSERT INTO delivery_bodies (connection, delivery_id, body) SELECT * FROM unnest($5::text[], $6::bigint[], $7::bytea[]))
INSERT INTO deliveries
    (id, connection, topic, webhook_id, content, headers, size, received_at, state, duplicate_of)
SELECT * FROM unnest($8::bigint[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::bigint[], $15::bigint[],
    $16::text[], $17::bigint[])";

/// Which deliveries of connections still exist, held until the end of the transaction.
pub(super) const STILL_THERE: &str = "
SELECT d.id FROM unnest($1::text[], $2::bigint[]) AS asked (connection, id)
JOIN deliveries d ON d.connection = asked.connection AND d.id = asked.id ORDER BY d.id FOR KEY SHARE OF d";

/// Deliveries that no partition of a day took, in the order of their ids.
pub(super) const DELIVERIES_PAGE: &str = "
SELECT MAX(id), MIN(received_at)
FROM (SELECT id, received_at FROM deliveries_rest WHERE id > $1 ORDER BY id LIMIT $2) page";

/// Those of them that are settled, and not a person's.
pub(super) const REMOVE_DELIVERIES: &str = "
DELETE FROM deliveries_rest r WHERE id > $1 AND id <= $2 AND received_at < $3 AND state NOT IN ('stored', 'sorted')
    AND (SELECT e.id FROM exceptions e WHERE e.delivery_id = r.id AND e.closed_at IS NULL LIMIT 1) IS NULL";

/// Which of them there are, and which there were when the keys were last gone through.
pub(super) const BOUNDS: &str = "
SELECT (SELECT MIN(id) FROM deliveries_rest), (SELECT MAX(id) FROM deliveries_rest),
    (SELECT upto FROM marks WHERE name = 'keys_swept')";

/// Bodies that no partition of a day took.
pub(super) const BODIES_PAGE: &str = "
SELECT MAX(delivery_id) FROM
    (SELECT delivery_id FROM delivery_bodies_rest WHERE delivery_id > $1 AND delivery_id <= $2 ORDER BY delivery_id LIMIT $3) page";

/// Those of them that no delivery has.
pub(super) const REMOVE_BODIES: &str = "
DELETE FROM delivery_bodies_rest b WHERE delivery_id > $1 AND delivery_id <= $2
    AND (SELECT d.id FROM deliveries d WHERE d.connection = b.connection AND d.id = b.delivery_id) IS NULL
    AND (SELECT d.id FROM deliveries d WHERE d.duplicate_of = b.delivery_id LIMIT 1) IS NULL";

/// Keys that no partition of four weeks took.
pub(super) const KEYS_PAGE: &str =
    "SELECT MAX(key) FROM (SELECT key FROM dedupe_rest WHERE key > $1 ORDER BY key LIMIT $2) page";

/// Those of them whose delivery is gone.
pub(super) const REMOVE_KEYS: &str = "
DELETE FROM dedupe_rest r WHERE key > $1 AND key <= $2
    AND (SELECT d.id FROM deliveries d WHERE d.connection = r.connection AND d.id = r.delivery_id) IS NULL";

/// Tries that no partition of a day took: the old ones.
pub(super) const REMOVE_ATTEMPTS: &str = "
DELETE FROM attempts_rest WHERE ctid = ANY (ARRAY(SELECT ctid FROM attempts_rest WHERE at < $1 LIMIT $2))";

/// The old lines of stories.
pub(super) const REMOVE_ENTRIES: &str = "
DELETE FROM timeline WHERE ctid = ANY (ARRAY(SELECT ctid FROM timeline WHERE at < $1 LIMIT $2))";
