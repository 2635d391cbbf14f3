-- name: submit
-- Accepts a run that waits for its delivery; nothing when that date is waited for already, or the tick is planned.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, priority,
                           schedule_key, nonce, max_attempts, expected_at, give_up_at)
VALUES ($1, $2, $3, 'waiting', $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: same_waiting
-- The run that already waits for a business date.
SELECT id FROM loadstone.run WHERE dataset_id = $1 AND business_date = $2 AND state = 'waiting';

-- name: due_checks
-- Takes the waiting runs whose objects should be looked for again; no other scheduler does so for some seconds.
UPDATE loadstone.run SET check_at = now() + make_interval(secs => $2)
WHERE id IN (
    SELECT id FROM loadstone.run
    WHERE state = 'waiting' AND check_at <= now()
    ORDER BY check_at, business_date
    LIMIT $1
    FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: check_later
-- Looks for the objects again after some seconds.
UPDATE loadstone.run
SET check_at = now() + make_interval(secs => $2), stage = $3
WHERE id = $1 AND state = 'waiting';

-- name: enqueue
-- A delivery is complete: its run may be claimed.
UPDATE loadstone.run
SET state = 'queued', delivery_key = $2, bytes_total = $3, run_at = now(), stage = NULL,
    contract_version = $4
WHERE id = $1 AND state = 'waiting'
RETURNING id;

-- name: end
-- Ends a waiting run without importing anything.
UPDATE loadstone.run
SET state = $2, finished_at = now(), error_code = $3, error_message = $4, error_hint = $5, stage = NULL
WHERE id = $1 AND state = 'waiting'
RETURNING id;

-- name: end_unchanged
-- Ends a waiting run whose delivery another run stands for, and names that run and its version. Locks that run:
-- should it be giving way just now, the waiting one takes its place, and must not end on its account.
WITH standing AS (
    SELECT o.id, o.version
    FROM loadstone.run r JOIN loadstone.run o ON o.dataset_id = r.dataset_id
    WHERE r.id = $1 AND o.delivery_key = $2
      AND o.state NOT IN ('failed', 'cancelled', 'rejected', 'superseded', 'unchanged')
    FOR SHARE OF o
)
UPDATE loadstone.run r
SET state = 'unchanged', finished_at = now(), stage = NULL, delivery_key = $2, version = o.version,
    report = json_build_object('sameAs', json_build_object('run', o.id, 'version', o.version))
FROM standing o
WHERE r.id = $1 AND r.state = 'waiting'
RETURNING r.id;

-- name: end_loaded
-- Ends a waiting run of whose delivery nothing is left, because another run has loaded it; names that one.
UPDATE loadstone.run r
SET state = 'unchanged', finished_at = now(), stage = NULL, delivery_key = o.delivery_key, version = o.version,
    report = json_build_object('sameAs', json_build_object('run', o.id, 'version', o.version))
FROM loadstone.run o
WHERE r.id = $1 AND r.state = 'waiting' AND o.id = $2
RETURNING r.id;

-- name: deadlines
-- When a waiting run counts as late, whether it does already, and when it is given up.
SELECT expected_at, late_at, give_up_at, nonce FROM loadstone.run WHERE id = $1;

-- name: mark_late
-- Remembers when a run that is not final was found to be late, once. Each OR finds its index; IN would find none.
UPDATE loadstone.run SET late_at = $1
WHERE expected_at <= $1 AND late_at IS NULL AND (state = 'waiting' OR state = 'queued' OR state = 'running')
RETURNING id;
