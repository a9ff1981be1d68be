//! SQL that every engine takes: `$n` parameters, `RETURNING`, `ON CONFLICT`. Lists go in as one JSON array, read by
//! `json_each`, whose rows are (`key`, `value`) on each.

pub(super) const ADD_DELIVERY: &str = "
INSERT INTO deliveries
    (id, connection, topic, webhook_id, content, headers, size, received_at, state, duplicate_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// The texts that look for bodies, which one engine keys by their connection and the other does not: where it does, `$keyed`
/// says which body's connection is which delivery's.
macro_rules! bodies {
    ($keyed:literal) => {
        $crate::store::on::Bodies {
            unsorted: concat!(
                "
SELECT d.id, d.connection, d.topic, d.headers, d.received_at, d.duplicate_of, d.size, b.body
FROM deliveries d JOIN delivery_bodies b ON ",
                $keyed,
                "b.delivery_id = COALESCE(d.duplicate_of, d.id)
WHERE d.state = 'stored' AND d.received_at < $2 ORDER BY d.id LIMIT $1"
            ),
            one: concat!(
                "
SELECT b.body FROM deliveries d
JOIN delivery_bodies b ON ",
                $keyed,
                "b.delivery_id IN (d.id, d.duplicate_of)
WHERE d.connection = $1 AND d.id = $2 ORDER BY b.delivery_id = d.id DESC LIMIT 1"
            ),
            replay: concat!(
                "
UPDATE deliveries AS d SET state = 'stored', reason = NULL
WHERE d.id = $1 AND d.state NOT IN ('stored', 'sorted')
  AND EXISTS (SELECT 1 FROM delivery_bodies b WHERE ",
                $keyed,
                "b.delivery_id = COALESCE(d.duplicate_of, d.id))"
            ),
        }
    };
}
pub(super) use bodies;

pub(super) const LEASED: &str =
    "SELECT touched FROM work WHERE channel = $1 AND order_id = $2 AND lease IS NOT NULL";

pub(super) const RENEW: &str =
    "UPDATE work SET due_at = $4 WHERE channel = $1 AND order_id = $2 AND lease = $3";

pub(super) const RELEASE_ALL: &str = "UPDATE work SET lease = NULL, due_at = $1 WHERE lease IS NOT NULL";

/// Of leases whose token begins so.
pub(super) const RELEASE_OF: &str = "UPDATE work SET lease = NULL, due_at = $1 WHERE substr(lease, 1, length(CAST($2 AS TEXT))) = CAST($2 AS TEXT)";

pub(super) const DUE_ALL: &str = "UPDATE work SET due_at = $1 WHERE lease IS NULL AND due_at > $1";

pub(super) const RELEASE_TOKEN: &str = "UPDATE work SET lease = NULL, due_at = $1 WHERE lease = $2";

pub(super) const SEEN: &str = "SELECT seen_at FROM instances WHERE name = $1";

pub(super) const SEE: &str = "
INSERT INTO instances (name, seen_at) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at";

pub(super) const FORGET: &str = "DELETE FROM instances WHERE seen_at < $1";

pub(super) const LIVING: &str = "SELECT COUNT(*) FROM instances WHERE seen_at > $1";

pub(super) const LEAVE: &str = "DELETE FROM instances WHERE name = $1";

pub(super) const TAKE_TURN: &str = "
INSERT INTO turns (name, holder, until) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE turns.holder = excluded.holder OR turns.until < $4";

pub(super) const FREE_TURNS: &str = "DELETE FROM turns WHERE holder = $1";

/// The last value is the oldest delivery that waits for the order by this, if one does. Without one a row that is new knows of
/// none, and all is looked for.
pub(super) const TOUCH: &str = "
INSERT INTO work (channel, order_id, due_at, priority, touched, oldest) VALUES ($1, $2, $3, $4, 1, $5)
ON CONFLICT (channel, order_id) DO UPDATE SET touched = work.touched + 1,
    oldest = CASE WHEN excluded.oldest < work.oldest THEN excluded.oldest ELSE work.oldest END,
    priority = CASE WHEN work.priority < excluded.priority THEN work.priority ELSE excluded.priority END,
    due_at = CASE WHEN work.lease IS NULL AND excluded.due_at < work.due_at THEN excluded.due_at ELSE work.due_at END";

pub(super) const PART: &str = "SELECT order_id FROM parts WHERE channel = $1 AND part_id = $2";

pub(super) const ADD_PART: &str = "INSERT INTO parts (channel, part_id, order_id) VALUES ($1, $2, $3) ON CONFLICT (channel, part_id) DO NOTHING";

pub(super) const HAND_OVER_DELIVERIES: &str = "UPDATE deliveries SET order_id = $3, reason = NULL WHERE connection = $1 AND order_id = $2 AND state = 'sorted'";

pub(super) const HAND_OVER_ATTEMPTS: &str =
    "UPDATE attempts SET order_id = $3 WHERE channel = $1 AND order_id = $2";

pub(super) const RECORD: &str = "SELECT revision, record FROM orders WHERE channel = $1 AND order_id = $2";

/// Of a list of (channel, order): which of them, revision, record.
pub(super) const RECORDS_OF: &str = "
SELECT o.key, r.revision, r.record FROM json_each($1) o CROSS JOIN orders r
WHERE r.channel = o.value ->> 0 AND r.order_id = o.value ->> 1";

/// Of a list of (channel, order): which of them, mirror.
pub(super) const MIRRORS_OF: &str = "
SELECT o.key, m.mirror FROM json_each($1) o CROSS JOIN mirrors m
WHERE m.channel = o.value ->> 0 AND m.order_id = o.value ->> 1 ORDER BY o.key, m.destination";

/// A list of (channel, order, token, due at, priority, oldest, if it changes).
pub(super) const RELEASE_UNTIL: &str = "
UPDATE work SET lease = NULL, due_at = CAST(l.value ->> 3 AS BIGINT), priority = CAST(l.value ->> 4 AS BIGINT),
    oldest = COALESCE(CAST(l.value ->> 5 AS BIGINT), work.oldest)
FROM json_each($1) l
WHERE work.channel = l.value ->> 0 AND work.order_id = l.value ->> 1 AND work.lease = l.value ->> 2";

/// A list of (channel, order, token).
pub(super) const RELEASE_FINISHED: &str = "
DELETE FROM work WHERE (channel, order_id, lease) IN
    (SELECT l.value ->> 0, l.value ->> 1, l.value ->> 2 FROM json_each($1) l)";

pub(super) const FENCE_OFF: &str =
    "UPDATE work SET lease = NULL, due_at = $3 WHERE channel = $1 AND order_id = $2 AND lease IS NOT NULL";

pub(super) const CANDIDATE: &str =
    "SELECT webhook_id, content FROM deliveries WHERE connection = $1 AND id = $2";

pub(super) const KNOWS: &str = "SELECT revision FROM orders WHERE channel = $1 AND order_id = $2";

pub(super) const KEPT: &str = "SELECT value FROM kept WHERE connection = $1 AND name = $2";

pub(super) const KEEP: &str = "
INSERT INTO kept (connection, name, value, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (connection, name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at";

pub(super) const SAVE_RECORD: &str = "
INSERT INTO orders (channel, order_id, name, revision, record, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (channel, order_id) DO UPDATE SET
    name = excluded.name, revision = excluded.revision, record = excluded.record, changed_at = excluded.changed_at";

pub(super) const MIRRORS: &str =
    "SELECT mirror FROM mirrors WHERE channel = $1 AND order_id = $2 ORDER BY destination";

pub(super) const SAVE_MIRROR: &str = "
INSERT INTO mirrors (channel, order_id, destination, key, state, mirror, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (channel, order_id, destination) DO UPDATE SET
    key = excluded.key, state = excluded.state, mirror = excluded.mirror, changed_at = excluded.changed_at";

pub(super) const ADD_ATTEMPT: &str = "
INSERT INTO attempts
    (channel, order_id, destination, step, operation, request_line, request, status, response, error, at, took_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

pub(super) const ADD_ENTRY: &str = "
INSERT INTO timeline (channel, order_id, at, kind, source, delivery_id, text, changes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const OPEN_EXCEPTION_AT_ORDER: &str = "
SELECT id, code FROM exceptions
WHERE channel = $1 AND order_id = $2 AND COALESCE(destination, '') = COALESCE(CAST($3 AS TEXT), '') AND delivery_id IS NULL
  AND closed_at IS NULL";

pub(super) const ADD_EXCEPTION: &str = "
INSERT INTO exceptions (channel, order_id, destination, delivery_id, code, message, vendor, mend, opened_at, owner, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
    (SELECT owner FROM duties WHERE code IN ($5, '') ORDER BY code DESC LIMIT 1),
    $9 + (SELECT within_us FROM duties WHERE code IN ($5, '') ORDER BY code DESC LIMIT 1))";

pub(super) const CHANGE_EXCEPTION: &str =
    "UPDATE exceptions SET code = $2, message = $3, vendor = $4, mend = $5 WHERE id = $1";

pub(super) const CLOSE_EXCEPTION: &str =
    "UPDATE exceptions SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL";

pub(super) const CLOSE_DELIVERY_EXCEPTION: &str =
    "UPDATE exceptions SET closed_at = $2 WHERE delivery_id = $1 AND closed_at IS NULL";

pub(super) const NEXT_DUE: &str = "
SELECT MIN(at) FROM (
    SELECT MIN(due_at) AS at FROM work WHERE priority = 0
    UNION ALL SELECT MIN(due_at) FROM work WHERE priority = 1
    UNION ALL SELECT MIN(due_at) FROM work WHERE priority = 2) due";

pub(super) const ORDERS: &str =
    "SELECT channel, order_id, name, revision, created_at, changed_at FROM orders";

pub(super) const MIRROR_ROWS: &str = "SELECT destination, key, state, mirror, changed_at FROM mirrors WHERE channel = $1 AND order_id = $2 ORDER BY destination";

pub(super) const TIMELINE: &str = "
SELECT at, kind, source, delivery_id, text, changes FROM timeline WHERE channel = $1 AND order_id = $2 ORDER BY id";

pub(super) const ATTEMPTS: &str = "
SELECT id, destination, step, operation, request_line, request, status, response, error, at, took_us
FROM attempts WHERE channel = $1 AND order_id = $2 ORDER BY id";

pub(super) const DELIVERIES: &str = "
SELECT id, connection, topic, webhook_id, headers, size, received_at, state, duplicate_of, order_id, reason FROM deliveries";

pub(super) const DELIVERY: &str = "
SELECT id, connection, topic, webhook_id, headers, size, received_at, state, duplicate_of, order_id, reason
FROM deliveries WHERE id = $1";

pub(super) const EXCEPTIONS: &str = "
SELECT e.id, e.channel, e.order_id, o.name, e.destination, e.delivery_id, e.code, e.message, e.vendor, e.mend,
    e.opened_at, e.closed_at, e.owner, e.due_at
FROM exceptions e LEFT JOIN orders o ON o.channel = e.channel AND o.order_id = e.order_id";

pub(super) const ASSIGN: &str =
    "UPDATE exceptions SET owner = $2, due_at = $3 WHERE id = $1 AND closed_at IS NULL";

pub(super) const CLEAR_DUTIES: &str = "DELETE FROM duties";

pub(super) const ADD_DUTY: &str = "INSERT INTO duties (code, owner, within_us) VALUES ($1, $2, $3)";

/// Counts up to `$1` of each, so that it takes no longer the more there are.
pub(super) const COUNTS: &str = "
SELECT
    (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE duplicate_of IS NOT NULL LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE state = 'stored' LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM orders LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM work WHERE priority < 2 LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM mirrors WHERE state IN ('in_step', 'closed') LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM mirrors WHERE state IN ('due', 'retrying', 'unknown', 'exception') LIMIT $1) counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM exceptions WHERE closed_at IS NULL LIMIT $1) counted),
    (SELECT MIN(at) FROM (
        SELECT MIN(received_at) AS at FROM deliveries WHERE state = 'stored'
        UNION ALL SELECT MIN(due_at) FROM work WHERE lease IS NULL AND priority = 0
        UNION ALL SELECT MIN(due_at) FROM work WHERE lease IS NULL AND priority = 1) waits)";

pub(super) const BACKLOG: &str = "
SELECT
    (SELECT COUNT(*) FROM deliveries WHERE state = 'stored'),
    (SELECT COUNT(*) FROM work WHERE priority < 2),
    (SELECT COUNT(*) FROM exceptions WHERE closed_at IS NULL),
    (SELECT COUNT(*) FROM exceptions WHERE closed_at IS NULL AND due_at <= $1),
    (SELECT MIN(at) FROM (
        SELECT MIN(received_at) AS at FROM deliveries WHERE state = 'stored'
        UNION ALL SELECT MIN(due_at) FROM work WHERE lease IS NULL AND priority = 0
        UNION ALL SELECT MIN(due_at) FROM work WHERE lease IS NULL AND priority = 1) waits)";

pub(super) const TRY_WRITING: &str = "INSERT INTO marks (name, upto) VALUES ('ready', 1) ON CONFLICT (name) DO UPDATE SET upto = marks.upto + 1";

pub(super) const REPLAYABLE: &str = "
SELECT id, connection, order_id FROM deliveries
WHERE id > $1
  AND (CAST($2 AS TEXT) IS NULL OR connection = $2)
  AND (CAST($3 AS TEXT) IS NULL OR topic = $3)
  AND (CAST($4 AS TEXT) IS NULL OR state = $4)
  AND (CAST($5 AS BIGINT) IS NULL OR received_at >= $5)
  AND (CAST($6 AS BIGINT) IS NULL OR received_at < $6)
ORDER BY id LIMIT $7";

pub(super) const REMOVE_EXCEPTIONS: &str = "
DELETE FROM exceptions WHERE id IN
    (SELECT id FROM exceptions WHERE closed_at < $1 ORDER BY closed_at LIMIT $2)";

pub(super) const KEYS_SWEPT: &str = "INSERT INTO marks (name, upto) VALUES ('keys_swept', $1) ON CONFLICT (name) DO UPDATE SET upto = excluded.upto";
