-- The oldest delivery that may wait for an order; where it is not known, all are looked for. So the days before need not be looked into.
ALTER TABLE work ADD COLUMN oldest BIGINT;
