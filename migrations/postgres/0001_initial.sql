-- Times are microseconds since 1970 UTC; documents are JSON; bodies are zstd. The same tables and columns as on SQLite; what
-- is read or written often is keyed by its connection first, so that an engine that spreads rows by key can spread these.

-- The list of a JSON array, under the name and with the columns it has on SQLite, so that one text serves both.
CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (key BIGINT, value JSONB) LANGUAGE SQL IMMUTABLE ROWS 64
    AS $$ SELECT ordinality - 1, element FROM jsonb_array_elements(list::jsonb) WITH ORDINALITY AS each (element, ordinality) $$;

-- An id is the day of its receipt (days since 1970) times 100 000 000 000 and a number of this sequence, so that ids of a
-- day are a range and a day can be dropped whole.
CREATE SEQUENCE delivery_numbers;

-- Every webhook received, with what became of it. Rows are small: the body lies apart and is never rewritten.
CREATE TABLE deliveries (
    id           BIGINT NOT NULL,
    connection   TEXT   COLLATE "C" NOT NULL,
    topic        TEXT   NOT NULL,
    webhook_id   TEXT   NOT NULL,
    content      BYTEA  NOT NULL,
    headers      TEXT   NOT NULL,
    size         BIGINT NOT NULL,
    received_at  BIGINT NOT NULL,
    state        TEXT   NOT NULL
        CHECK (state IN ('stored', 'sorted', 'applied', 'no_change', 'stale', 'duplicate', 'exception')),
    duplicate_of BIGINT,
    order_id     TEXT COLLATE "C",
    reason       TEXT,
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX deliveries_stored_idx ON deliveries (id) WHERE state = 'stored';
CREATE INDEX deliveries_order_idx ON deliveries (connection, order_id, id) WHERE order_id IS NOT NULL;

-- A duplicate with the same body has no row here.
CREATE TABLE delivery_bodies (
    delivery_id BIGINT NOT NULL,
    body        BYTEA  NOT NULL,
    PRIMARY KEY (delivery_id)
) PARTITION BY RANGE (delivery_id);
ALTER TABLE delivery_bodies ALTER COLUMN body SET STORAGE EXTERNAL;

-- What no partition of a day takes.
CREATE TABLE deliveries_rest PARTITION OF deliveries DEFAULT;
CREATE TABLE delivery_bodies_rest PARTITION OF delivery_bodies DEFAULT;

-- Which delivery first had a webhook id, and a topic with a body: 8 bytes of a digest each. A candidate only; the
-- delivery itself decides. Of four weeks a partition, so that what is too old is dropped whole.
CREATE TABLE dedupe (
    key         BIGINT NOT NULL,
    delivery_id BIGINT NOT NULL,
    period      BIGINT NOT NULL,
    PRIMARY KEY (key, period)
) PARTITION BY RANGE (period);
CREATE TABLE dedupe_rest PARTITION OF dedupe DEFAULT;

-- How far work that follows the deliveries has come.
CREATE TABLE marks (
    name TEXT   PRIMARY KEY,
    upto BIGINT NOT NULL
);

-- What is known of each order.
CREATE TABLE orders (
    channel    TEXT   COLLATE "C" NOT NULL,
    order_id   TEXT   COLLATE "C" NOT NULL,
    name       TEXT   NOT NULL,
    revision   BIGINT NOT NULL,
    record     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (channel, order_id)
);
CREATE INDEX orders_name_idx ON orders (name);
CREATE INDEX orders_changed_at_idx ON orders (changed_at);

-- Orders that are due. A leased row's due_at is the end of its lease, so that a lease left behind comes due again.
CREATE TABLE work (
    channel  TEXT   COLLATE "C" NOT NULL,
    order_id TEXT   COLLATE "C" NOT NULL,
    due_at   BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    touched  BIGINT NOT NULL,
    lease    TEXT,
    PRIMARY KEY (channel, order_id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX work_due_at_idx ON work (due_at);

-- The copy of each order at each destination.
CREATE TABLE mirrors (
    channel     TEXT   COLLATE "C" NOT NULL,
    order_id    TEXT   COLLATE "C" NOT NULL,
    destination TEXT   COLLATE "C" NOT NULL,
    key         TEXT,
    state       TEXT   NOT NULL
        CHECK (state IN ('in_step', 'due', 'retrying', 'unknown', 'exception', 'closed')),
    mirror      TEXT   NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (channel, order_id, destination)
) WITH (fillfactor = 80);
CREATE INDEX mirrors_state_idx ON mirrors (state);

-- Every try of a remote operation. (A partitioned table cannot have an identity column on every version in use.)
CREATE SEQUENCE attempt_numbers;
CREATE TABLE attempts (
    id           BIGINT NOT NULL DEFAULT nextval('attempt_numbers'),
    channel      TEXT   COLLATE "C" NOT NULL,
    order_id     TEXT   COLLATE "C" NOT NULL,
    destination  TEXT   COLLATE "C" NOT NULL,
    step         TEXT   NOT NULL,
    operation    TEXT   NOT NULL,
    request_line TEXT   NOT NULL,
    request      BYTEA,
    status       BIGINT,
    response     BYTEA,
    error        TEXT,
    at           BIGINT NOT NULL,
    took_us      BIGINT NOT NULL,
    PRIMARY KEY (channel, order_id, id, at)
) PARTITION BY RANGE (at);
CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;

-- The story of each order.
CREATE TABLE timeline (
    id          BIGINT GENERATED ALWAYS AS IDENTITY,
    channel     TEXT   COLLATE "C" NOT NULL,
    order_id    TEXT   COLLATE "C" NOT NULL,
    at          BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    delivery_id BIGINT,
    text        TEXT   NOT NULL,
    changes     TEXT,
    PRIMARY KEY (channel, order_id, id)
);

-- What a person must decide. About a mirror (order and destination), an order (order only) or a delivery.
CREATE TABLE exceptions (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel     TEXT   COLLATE "C" NOT NULL,
    order_id    TEXT   COLLATE "C",
    destination TEXT   COLLATE "C",
    delivery_id BIGINT,
    code        TEXT   NOT NULL,
    message     TEXT   NOT NULL,
    vendor      TEXT,
    mend        TEXT   NOT NULL,
    opened_at   BIGINT NOT NULL,
    closed_at   BIGINT
);
CREATE INDEX exceptions_open_idx ON exceptions (channel, order_id, destination) WHERE closed_at IS NULL;
CREATE INDEX exceptions_delivery_idx ON exceptions (delivery_id) WHERE delivery_id IS NOT NULL;
