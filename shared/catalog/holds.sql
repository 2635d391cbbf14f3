-- name: hold
-- Ends an attempt with a version that waits for its group, or without one for a person. `stage` says what holds it.
WITH held AS (
    UPDATE loadstone.run
    SET state = 'held', version = $3, report = $4, stage = $5, held_until = now() + make_interval(secs => $6),
        rows_done = $7, bytes_done = $8, lease_until = NULL, release_group = $9
    WHERE id = $1 AND fence = $2 AND state = 'running'
    RETURNING id, fence
)
UPDATE loadstone.attempt a SET finished_at = clock_timestamp(), outcome = 'held'
FROM held h
WHERE a.run_id = h.id AND a.fence = h.fence
RETURNING a.run_id;

-- name: approve
-- Ends a hold with a version that goes live; nothing when somebody else ended it.
UPDATE loadstone.run
SET state = 'succeeded', stage = NULL, held_until = NULL, release_group = NULL, finished_at = clock_timestamp(),
    look_again_at = CASE WHEN trigger <> 'requeue' THEN clock_timestamp() END
WHERE id = $1 AND state = 'held'
RETURNING id;

-- name: wait_for_group
-- A held run was approved, and waits for its group from now on; nothing when it does so already.
UPDATE loadstone.run SET release_group = $2, stage = $3, held_until = now() + make_interval(secs => $4)
WHERE id = $1 AND state = 'held' AND release_group IS NULL
RETURNING id;

-- name: reject
-- Ends a hold without a version; nothing when somebody else ended it.
UPDATE loadstone.run
SET state = 'rejected', stage = NULL, held_until = NULL, release_group = NULL,
    finished_at = clock_timestamp(), error_code = $2, error_message = $3, error_hint = $4
WHERE id = $1 AND state = 'held'
RETURNING id;

-- name: expired
-- Held runs that nobody decided about in time, locked against other schedulers.
SELECT id FROM loadstone.run WHERE state = 'held' AND held_until <= now()
ORDER BY held_until
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: outdated
-- Runs that wait for their group although a later import of their business date is live, locked against other
-- schedulers.
SELECT r.id
FROM loadstone.run r
JOIN loadstone.dataset d ON d.id = r.dataset_id
JOIN loadstone.version l ON l.dataset_id = d.id AND l.number = d.live_version
WHERE r.state = 'held' AND r.release_group IS NOT NULL AND l.business_date = r.business_date AND l.number > r.version
LIMIT $1
FOR UPDATE OF r SKIP LOCKED;
