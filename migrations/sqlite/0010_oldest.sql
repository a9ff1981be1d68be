-- The oldest delivery that may wait for an order; where it is not known, all are looked for.
ALTER TABLE work ADD COLUMN oldest INTEGER;
