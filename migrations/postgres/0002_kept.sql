-- What a connection keeps for itself from one run to the next, such as a renewed token.
CREATE TABLE kept (
    connection TEXT   COLLATE "C" NOT NULL,
    name       TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (connection, name)
);
