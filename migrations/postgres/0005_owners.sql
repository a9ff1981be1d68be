-- Who sees to an exception, and by when.
ALTER TABLE exceptions ADD COLUMN owner TEXT;
ALTER TABLE exceptions ADD COLUMN due_at BIGINT;

-- What the configuration says of that, by code; the empty code stands for every other.
CREATE TABLE duties (
    code      TEXT COLLATE "C" PRIMARY KEY,
    owner     TEXT,
    within_us BIGINT
);
