//! SQL that only PostgreSQL takes: arrays as parameters, data-modifying `WITH`. Every text here is prepared by a test.

/// Keys with their first holders, and as many fresh numbers as were asked for.
pub(super) const KNOWN: &str = "
SELECT key, delivery_id FROM dedupe WHERE key = ANY($1)
UNION ALL SELECT NULL, nextval('delivery_numbers') FROM generate_series(1, $2)";

/// Keys, bodies and deliveries, in one statement.
pub(super) const STORE: &str = "
WITH keys AS (
    INSERT INTO dedupe (key, delivery_id, period) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])),
bodies AS (
    INSERT INTO delivery_bodies (delivery_id, body) SELECT * FROM unnest($4::bigint[], $5::bytea[]))
INSERT INTO deliveries
    (id, connection, topic, webhook_id, content, headers, size, received_at, state, duplicate_of)
SELECT * FROM unnest($6::bigint[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::text[], $12::bigint[], $13::bigint[],
    $14::text[], $15::bigint[])";
