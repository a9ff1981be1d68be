-- Who sees to an exception, and by when.
ALTER TABLE exceptions ADD COLUMN owner TEXT;
ALTER TABLE exceptions ADD COLUMN due_at INTEGER;

-- What the configuration says of that, by code; the empty code stands for every other.
CREATE TABLE duties (
    code      TEXT PRIMARY KEY,
    owner     TEXT,
    within_us INTEGER
);
