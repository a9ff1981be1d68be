-- Deliveries, their bodies and their keys are found by their connection first, as everything else is, so that an engine that
-- spreads rows by key can spread these too. Whole tables are gone through here, which a server's own connections avoid.
SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;

ALTER TABLE deliveries DROP CONSTRAINT deliveries_pkey;
ALTER TABLE deliveries ADD PRIMARY KEY (connection, id);
-- What waits for an order, and nothing else, so that no other index seems as good where a day was counted while it was empty.
CREATE INDEX deliveries_pending_idx ON deliveries (connection, order_id, id) WHERE state = 'sorted';
-- What is listed over all connections, newest first.
CREATE INDEX deliveries_id_idx ON deliveries (id);

ALTER TABLE delivery_bodies DROP CONSTRAINT delivery_bodies_pkey;
ALTER TABLE delivery_bodies ADD COLUMN connection TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE delivery_bodies b SET connection = d.connection FROM deliveries d WHERE d.id = b.delivery_id;
-- Those whose own delivery is gone, and which a younger one has.
UPDATE delivery_bodies b SET connection = d.connection FROM deliveries d
    WHERE d.duplicate_of = b.delivery_id AND b.connection = '';
ALTER TABLE delivery_bodies ALTER COLUMN connection DROP DEFAULT;
ALTER TABLE delivery_bodies ADD PRIMARY KEY (connection, delivery_id);
-- What no day takes is gone through in the order of its ids, to be removed.
CREATE INDEX delivery_bodies_rest_delivery_idx ON delivery_bodies_rest (delivery_id);

ALTER TABLE dedupe DROP CONSTRAINT dedupe_pkey;
ALTER TABLE dedupe ADD COLUMN connection TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE dedupe k SET connection = d.connection FROM deliveries d WHERE d.id = k.delivery_id;
DELETE FROM dedupe WHERE connection = '';
ALTER TABLE dedupe ALTER COLUMN connection DROP DEFAULT;
ALTER TABLE dedupe ADD PRIMARY KEY (connection, key, period);
CREATE INDEX dedupe_rest_key_idx ON dedupe_rest (key);
