-- What the removal of what is old asks for: whether a younger delivery has its body with an older one, and what is over.
CREATE INDEX deliveries_duplicate_idx ON deliveries (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX exceptions_closed_idx ON exceptions (closed_at) WHERE closed_at IS NOT NULL;
