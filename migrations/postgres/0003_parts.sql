-- Which order a part of one belongs to: told by a reading of the order, or asked for where a webhook named the part alone.
-- It never changes.
CREATE TABLE parts (
    channel  TEXT COLLATE "C" NOT NULL,
    part_id  TEXT COLLATE "C" NOT NULL,
    order_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (channel, part_id)
);
