-- name: read
-- One run with the name of its dataset.
SELECT r.id, r.dataset_id, d.name AS dataset, r.contract_version, r.business_date, r.state, r.trigger, r.fence,
       r.attempt, r.max_attempts, r.crashes, r.stage, r.worker, r.version, r.rows_done, r.bytes_done,
       r.bytes_total, r.error_code, r.error_message, r.error_hint, r.requested_by, r.created_at, r.run_at,
       r.started_at, r.finished_at, r.late_at, r.cancel_requested_at, r.release_group
FROM loadstone.run r JOIN loadstone.dataset d ON d.id = r.dataset_id
WHERE r.id = $1;

-- name: history
-- The newest runs before a run id, of one dataset or of all, in one state or in any.
SELECT r.id, r.dataset_id, d.name AS dataset, r.contract_version, r.business_date, r.state, r.trigger, r.fence,
       r.attempt, r.max_attempts, r.crashes, r.stage, r.worker, r.version, r.rows_done, r.bytes_done,
       r.bytes_total, r.error_code, r.error_message, r.error_hint, r.requested_by, r.created_at, r.run_at,
       r.started_at, r.finished_at, r.late_at, r.cancel_requested_at, r.release_group
FROM loadstone.run r JOIN loadstone.dataset d ON d.id = r.dataset_id
WHERE ($1::text IS NULL OR d.name = $1) AND ($2::text IS NULL OR r.state = $2) AND r.id < $3
ORDER BY r.id DESC
LIMIT $4;

-- name: submit_complete
-- Accepts a run whose delivery is complete; nothing when the same delivery was accepted before.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, priority,
                           delivery_key, nonce, max_attempts, bytes_total)
VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: same_delivery
-- The run that already stands for a delivery.
SELECT id, state FROM loadstone.run
WHERE dataset_id = $1 AND delivery_key = $2
  AND state NOT IN ('failed', 'cancelled', 'rejected', 'superseded', 'unchanged');

-- name: submit_unchanged
-- Records that a delivery was asked for which a version holds already.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, priority,
                           delivery_key, max_attempts, version, report, finished_at)
SELECT dataset_id, contract_version, business_date, 'unchanged', $2, $3, $4, delivery_key, max_attempts, version,
       json_build_object('sameAs', json_build_object('run', id, 'version', version)), now()
FROM loadstone.run WHERE id = $1
RETURNING id;

-- name: claim
-- Takes a queued run for a worker: a new fence, a lease, one more attempt. The queue delivers at least once.
WITH claimed AS (
    UPDATE loadstone.run
    SET state = 'running', fence = fence + 1, attempt = attempt + 1, worker = $2, stage = 'claimed',
        lease_until = now() + make_interval(secs => $3), started_at = coalesce(started_at, now()),
        rows_done = 0, bytes_done = 0, error_code = NULL, error_message = NULL, error_hint = NULL
    WHERE id = $1 AND state = 'queued' AND run_at <= now() AND cancel_requested_at IS NULL
    RETURNING id, fence, attempt, worker
)
INSERT INTO loadstone.attempt (run_id, fence, number, worker)
SELECT id, fence, attempt, worker FROM claimed
RETURNING fence;

-- name: beat
-- Extends the lease and tells how far the run is; no row means that the run belongs to somebody else.
UPDATE loadstone.run
SET lease_until = now() + make_interval(secs => $3), stage = $4, rows_done = $5, bytes_done = $6
WHERE id = $1 AND fence = $2 AND state = 'running'
RETURNING cancel_requested_at IS NOT NULL AS cancel;

-- name: hold_fence
-- Locks the run for its last transaction; no row means that the run belongs to somebody else.
SELECT id FROM loadstone.run WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE;

-- name: nonce
-- What makes the delivery of a run another one on purpose.
SELECT nonce FROM loadstone.run WHERE id = $1;

-- name: adopt
-- Has a run that is held go by another version of its contract; no two runs may import the same delivery.
UPDATE loadstone.run SET contract_version = $2, delivery_key = $3 WHERE id = $1;

-- name: finish
-- Ends a running run in a final state.
WITH finished AS (
    UPDATE loadstone.run
    SET state = $3, version = $4, report = $5, error_code = $6, error_message = $7, error_hint = $8,
        rows_done = $9, bytes_done = $10, lease_until = NULL, finished_at = clock_timestamp(), stage = NULL,
        look_again_at = CASE WHEN $3 = 'succeeded' AND trigger <> 'requeue' THEN clock_timestamp() END
    WHERE id = $1 AND fence = $2 AND state = 'running'
    RETURNING id, fence, state, error_code, error_message
)
UPDATE loadstone.attempt a
SET finished_at = clock_timestamp(), outcome = f.state, error_code = f.error_code,
    error_message = f.error_message
FROM finished f
WHERE a.run_id = f.id AND a.fence = f.fence
RETURNING a.run_id;

-- name: give_back
-- Queues a running run again after some seconds: a retry, or a shutdown that uses up no attempt. Not one whose
-- cancellation was asked for: nobody could claim it.
WITH returned AS (
    UPDATE loadstone.run
    SET state = 'queued', lease_until = NULL, run_at = now() + make_interval(secs => $3), stage = NULL,
        attempt = attempt - $4, rung_at = NULL, error_code = $6, error_message = $7, error_hint = $8
    WHERE id = $1 AND fence = $2 AND state = 'running' AND cancel_requested_at IS NULL
    RETURNING id, fence, error_code, error_message
)
UPDATE loadstone.attempt a
SET finished_at = clock_timestamp(), outcome = $5, error_code = r.error_code, error_message = r.error_message
FROM returned r
WHERE a.run_id = r.id AND a.fence = r.fence
RETURNING a.run_id;

-- name: expired
-- Running runs whose lease ran out, locked against other schedulers.
SELECT id, fence, attempt, max_attempts, crashes, cancel_requested_at IS NOT NULL AS cancel
FROM loadstone.run
WHERE state = 'running' AND lease_until < now()
ORDER BY lease_until
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: count_crash
-- Remembers that a worker was lost with this run.
UPDATE loadstone.run SET crashes = crashes + 1 WHERE id = $1;

-- name: ready
-- The next run of each dataset that has none running, unless its job was put on the queue just now.
SELECT id, fence
FROM (
    SELECT DISTINCT ON (r.dataset_id) r.id, r.fence, r.rung_at, r.run_at, r.priority
    FROM loadstone.run r
    WHERE r.state = 'queued' AND r.run_at <= now()
      AND NOT EXISTS (SELECT FROM loadstone.run o WHERE o.dataset_id = r.dataset_id AND o.state = 'running')
      -- An older day that was not looked for yet goes first if it is there: else it would be superseded.
      AND NOT EXISTS (SELECT FROM loadstone.run w WHERE w.dataset_id = r.dataset_id AND w.state = 'waiting'
                        AND w.stage IS NULL AND w.business_date < r.business_date)
    ORDER BY r.dataset_id, r.priority DESC, r.business_date, r.id
) head
WHERE rung_at IS NULL OR rung_at < now() - make_interval(secs => $1)
ORDER BY priority DESC, run_at
LIMIT $2;

-- name: rang
-- Remembers that a run's job was put on the queue.
UPDATE loadstone.run SET rung_at = now() WHERE id = $1 AND state = 'queued';

-- name: cancel
-- Asks for a cancellation: at once where no worker holds the run, at its next heartbeat otherwise.
UPDATE loadstone.run
SET cancel_requested_at = coalesce(cancel_requested_at, now()),
    state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,
    finished_at = CASE WHEN state = 'running' THEN NULL ELSE now() END
WHERE id = $1 AND state IN ('waiting', 'queued', 'running')
RETURNING id;

-- name: record_rollback
-- Records that an earlier version was made live, in the transaction that did it.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, version,
                           started_at, finished_at)
VALUES ($1, $2, $3, 'succeeded', 'rollback', $4, $5, now(), clock_timestamp())
RETURNING id;

-- name: report
-- What a finished run found: stages with their seconds, findings, counts.
SELECT report FROM loadstone.run WHERE id = $1;

-- name: states
-- How many runs are in each state, how many of them are late, and for how many seconds the oldest is due.
SELECT state, count(*) AS runs, count(late_at) AS late,
       greatest(extract(epoch FROM now() - min(run_at)), 0)::float8 AS oldest
FROM loadstone.run
WHERE state = 'waiting' OR state = 'queued' OR state = 'running' OR state = 'held'
GROUP BY state;

-- name: held_fences
-- The fences under which some of these runs are being worked on, or wait for approval with a loaded table.
SELECT id, fence FROM loadstone.run WHERE id = ANY ($1::bigint[]) AND state IN ('running', 'held');
