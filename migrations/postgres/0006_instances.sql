-- Which instances are at work on this store, by their own word, and who does what is done by one of them at a time.
CREATE TABLE instances (
    name    TEXT   NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE turns (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL
) WITH (fillfactor = 50);
