-- Which order a part of one belongs to: told by a reading of the order, or asked for where a webhook named the part alone.
-- It never changes.
CREATE TABLE parts (
    channel  TEXT NOT NULL,
    part_id  TEXT NOT NULL,
    order_id TEXT NOT NULL,
    PRIMARY KEY (channel, part_id)
) WITHOUT ROWID;
