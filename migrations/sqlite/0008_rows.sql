-- Orders and mirrors are documents of two or three kilobytes. In a table without row ids what is longer than a quarter of a page
-- goes to a page of its own, so that each of them took nine kilobytes and wrote as many.
CREATE TABLE orders_of_rows (
    channel    TEXT    NOT NULL,
    order_id   TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    record     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (channel, order_id)
);
INSERT INTO orders_of_rows SELECT channel, order_id, name, revision, record, created_at, changed_at FROM orders;
DROP TABLE orders;
ALTER TABLE orders_of_rows RENAME TO orders;
CREATE INDEX orders_name_idx ON orders (name);
CREATE INDEX orders_changed_at_idx ON orders (changed_at);

CREATE TABLE mirrors_of_rows (
    channel     TEXT    NOT NULL,
    order_id    TEXT    NOT NULL,
    destination TEXT    NOT NULL,
    key         TEXT,
    state       TEXT    NOT NULL
        CHECK (state IN ('in_step', 'due', 'retrying', 'unknown', 'exception', 'closed')),
    mirror      TEXT    NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (channel, order_id, destination)
);
INSERT INTO mirrors_of_rows SELECT channel, order_id, destination, key, state, mirror, changed_at FROM mirrors;
DROP TABLE mirrors;
ALTER TABLE mirrors_of_rows RENAME TO mirrors;
CREATE INDEX mirrors_state_idx ON mirrors (state);
