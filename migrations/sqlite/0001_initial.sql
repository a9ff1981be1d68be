-- Times are microseconds since 1970 UTC; documents are JSON; bodies are zstd.

-- Every webhook received, with what became of it. Rows are small: the body lies apart and is never rewritten.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY,
    connection   TEXT    NOT NULL,
    topic        TEXT    NOT NULL,
    webhook_id   TEXT    NOT NULL,
    content      BLOB    NOT NULL,
    headers      TEXT    NOT NULL,
    size         INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    state        TEXT    NOT NULL
        CHECK (state IN ('stored', 'sorted', 'applied', 'no_change', 'stale', 'duplicate', 'exception')),
    duplicate_of INTEGER,
    order_id     TEXT,
    reason       TEXT
);
CREATE INDEX deliveries_stored_idx ON deliveries (id) WHERE state = 'stored';
CREATE INDEX deliveries_order_idx ON deliveries (connection, order_id, id) WHERE order_id IS NOT NULL;

-- A duplicate with the same body has no row here.
CREATE TABLE delivery_bodies (
    delivery_id INTEGER PRIMARY KEY,
    body        BLOB NOT NULL
);

-- Which delivery first had a webhook id, and a topic with a body: 8 bytes of a digest each. A candidate only; the
-- delivery itself decides. Filled behind the deliveries in sorted runs, up to the delivery that `marks` names: keys are
-- random, and one by one each would rewrite a page of its own.
CREATE TABLE dedupe (
    key         INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL
);

-- How far work that follows the deliveries has come.
CREATE TABLE marks (
    name TEXT    PRIMARY KEY,
    upto INTEGER NOT NULL
) WITHOUT ROWID;

-- What is known of each order.
CREATE TABLE orders (
    channel    TEXT    NOT NULL,
    order_id   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    record     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (channel, order_id)
) WITHOUT ROWID;
CREATE INDEX orders_name_idx ON orders (name);
CREATE INDEX orders_changed_at_idx ON orders (changed_at);

-- Orders that are due. A leased row's due_at is the end of its lease, so that a lease left behind comes due again.
CREATE TABLE work (
    channel  TEXT    NOT NULL,
    order_id TEXT    NOT NULL,
    due_at   INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    touched  INTEGER NOT NULL,
    lease    TEXT,
    PRIMARY KEY (channel, order_id)
) WITHOUT ROWID;
CREATE INDEX work_due_idx ON work (priority, due_at);

-- The copy of each order at each destination.
CREATE TABLE mirrors (
    channel     TEXT    NOT NULL,
    order_id    TEXT    NOT NULL,
    destination TEXT    NOT NULL,
    key         TEXT,
    state       TEXT    NOT NULL
        CHECK (state IN ('in_step', 'due', 'retrying', 'unknown', 'exception', 'closed')),
    mirror      TEXT    NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (channel, order_id, destination)
) WITHOUT ROWID;
CREATE INDEX mirrors_state_idx ON mirrors (state);

-- Every try of a remote operation.
CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY,
    channel      TEXT    NOT NULL,
    order_id     TEXT    NOT NULL,
    destination  TEXT    NOT NULL,
    step         TEXT    NOT NULL,
    operation    TEXT    NOT NULL,
    request_line TEXT    NOT NULL,
    request      BLOB,
    status       INTEGER,
    response     BLOB,
    error        TEXT,
    at           INTEGER NOT NULL,
    took_us      INTEGER NOT NULL
);
CREATE INDEX attempts_order_idx ON attempts (channel, order_id, id);

-- The story of each order.
CREATE TABLE timeline (
    id          INTEGER PRIMARY KEY,
    channel     TEXT    NOT NULL,
    order_id    TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    delivery_id INTEGER,
    text        TEXT    NOT NULL,
    changes     TEXT
);
CREATE INDEX timeline_order_idx ON timeline (channel, order_id, id);

-- What a person must decide. About a mirror (order and destination), an order (order only) or a delivery.
CREATE TABLE exceptions (
    id          INTEGER PRIMARY KEY,
    channel     TEXT    NOT NULL,
    order_id    TEXT,
    destination TEXT,
    delivery_id INTEGER,
    code        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    vendor      TEXT,
    mend        TEXT    NOT NULL,
    opened_at   INTEGER NOT NULL,
    closed_at   INTEGER
);
CREATE INDEX exceptions_open_idx ON exceptions (channel, order_id, destination) WHERE closed_at IS NULL;
CREATE INDEX exceptions_delivery_idx ON exceptions (delivery_id) WHERE delivery_id IS NOT NULL;
