-- What the removal of what is old asks for: whether a younger delivery has its body with an older one, and what is over.
CREATE INDEX deliveries_duplicate_idx ON deliveries (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX exceptions_closed_idx ON exceptions (closed_at) WHERE closed_at IS NOT NULL;
-- Rows lie in the order of their time there, so that a summary of each stretch is enough, and costs next to nothing.
CREATE INDEX timeline_at_idx ON timeline USING brin (at) WITH (pages_per_range = 32);
CREATE INDEX attempts_rest_at_idx ON attempts_rest USING brin (at) WITH (pages_per_range = 32);
