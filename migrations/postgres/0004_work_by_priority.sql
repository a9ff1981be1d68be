-- Each priority apart, so that the first of it is found however many orders are due.
DROP INDEX work_due_at_idx;
CREATE INDEX work_due_idx ON work (priority, due_at);
