-- name: forget
-- Removes the parts that earlier attempts of a run planned.
DELETE FROM loadstone.run_part WHERE run_id = $1;

-- name: plan
-- One part of an attempt.
INSERT INTO loadstone.run_part (run_id, run_fence, number, objects, weight) VALUES ($1, $2, $3, $4, $5);

-- name: claim
-- Takes the heaviest part that waits, or whose worker fell silent, for as long as the attempt is under way. A
-- worker loads one part of a run at a time: two in one process would only wait for each other.
UPDATE loadstone.run_part p
SET state = 'running', fence = p.fence + 1, worker = $3, lease_until = now() + make_interval(secs => $4),
    rows_done = 0, bytes_done = 0
FROM (
    SELECT q.run_id, q.run_fence, q.number
    FROM loadstone.run_part q
    JOIN loadstone.run r ON r.id = q.run_id AND r.fence = q.run_fence
    WHERE q.run_id = $1 AND q.run_fence = $2 AND r.state = 'running' AND r.cancel_requested_at IS NULL
      AND (q.state = 'waiting' OR q.state = 'running' AND q.lease_until < now())
      AND NOT EXISTS (SELECT FROM loadstone.run_part b WHERE b.run_id = $1 AND b.run_fence = $2
                        AND b.worker = $3 AND b.state = 'running' AND b.lease_until >= now())
    ORDER BY q.weight DESC, q.number
    LIMIT 1
    FOR UPDATE OF q SKIP LOCKED) found
WHERE p.run_id = found.run_id AND p.run_fence = found.run_fence AND p.number = found.number
RETURNING p.run_id, p.run_fence, p.number, p.fence, p.objects, p.failures;

-- name: beat
-- Extends the lease of a part; no row means that it, or its whole run, belongs to somebody else.
UPDATE loadstone.run_part p
SET lease_until = now() + make_interval(secs => $5), rows_done = $6, bytes_done = $7
FROM loadstone.run r
WHERE p.run_id = $1 AND p.run_fence = $2 AND p.number = $3 AND p.fence = $4 AND p.state = 'running'
  AND r.id = p.run_id AND r.fence = p.run_fence AND r.state = 'running'
RETURNING r.cancel_requested_at IS NOT NULL AS cancel;

-- name: finish
-- Keeps what was loaded of a part.
UPDATE loadstone.run_part
SET state = 'loaded', lease_until = NULL, rows_done = $5, bytes_done = $6, result = $7
WHERE run_id = $1 AND run_fence = $2 AND number = $3 AND fence = $4 AND state = 'running'
RETURNING number;

-- name: is_loaded
-- Whether a part was loaded under this fence, whatever its worker has heard of that.
SELECT EXISTS (SELECT FROM loadstone.run_part
               WHERE run_id = $1 AND run_fence = $2 AND number = $3 AND fence = $4 AND state = 'loaded') AS loaded;

-- name: give_back
-- Lets another worker have a part: after a failure, or at a shutdown, which counts as none.
UPDATE loadstone.run_part
SET state = 'waiting', lease_until = NULL, failures = failures + $5
WHERE run_id = $1 AND run_fence = $2 AND number = $3 AND fence = $4 AND state = 'running'
RETURNING number;

-- name: fail
-- Ends a part, and with it the attempt.
UPDATE loadstone.run_part
SET state = 'failed', lease_until = NULL, error_code = $5, error_message = $6, error_hint = $7
WHERE run_id = $1 AND run_fence = $2 AND number = $3 AND fence = $4 AND state = 'running'
RETURNING number;

-- name: standing
-- How far an attempt's parts are, and the error of the first that failed.
SELECT count(*) FILTER (WHERE p.state <> 'loaded') AS left, coalesce(sum(p.rows_done), 0)::bigint AS rows_done,
       coalesce(sum(p.bytes_done), 0)::bigint AS bytes_done,
       (array_agg(p.error_code ORDER BY p.number) FILTER (WHERE p.state = 'failed'))[1] AS error_code,
       (array_agg(p.error_message ORDER BY p.number) FILTER (WHERE p.state = 'failed'))[1] AS error_message,
       (array_agg(p.error_hint ORDER BY p.number) FILTER (WHERE p.state = 'failed'))[1] AS error_hint,
       r.fence = $2 AND r.state = 'running' AS held, r.cancel_requested_at IS NOT NULL AS cancel
FROM loadstone.run r LEFT JOIN loadstone.run_part p ON p.run_id = r.id AND p.run_fence = $2
WHERE r.id = $1
GROUP BY r.id;

-- name: results
-- What was loaded of each part, and under which fence.
SELECT number, fence, worker, result FROM loadstone.run_part
WHERE run_id = $1 AND run_fence = $2 AND state = 'loaded' ORDER BY number;
