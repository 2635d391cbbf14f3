-- name: standing
-- Whether a locked run is to be cancelled, and how often in a row its delivery was replaced before it.
SELECT cancel_requested_at IS NOT NULL AS cancel, reuploads FROM loadstone.run WHERE id = $1;

-- name: succeed
-- A run that waits in the place of one that gives way; nothing when one waits for that date already. The tick of
-- the schedule stays with the run that was planned for it.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, priority, nonce,
                           max_attempts, expected_at, late_at, reuploads, check_at, stage)
SELECT dataset_id, contract_version, business_date, 'waiting', trigger, requested_by, priority, nonce,
       max_attempts, expected_at, late_at, least(reuploads + 1, 1000), now() + make_interval(secs => $2), $3
FROM loadstone.run WHERE id = $1
ON CONFLICT DO NOTHING
RETURNING id;

-- name: keep_waiting
-- Locks the run that waits for a business date already, if there is one.
SELECT id FROM loadstone.run WHERE dataset_id = $1 AND business_date = $2 AND state = 'waiting' FOR UPDATE;

-- name: due
-- Takes the published deliveries that are to be compared with the bucket; no other scheduler does so for some seconds.
UPDATE loadstone.run r SET look_again_at = now() + make_interval(secs => $2)
FROM loadstone.dataset d
WHERE d.id = r.dataset_id AND r.id IN (
    SELECT id FROM loadstone.run
    WHERE look_again_at <= now()
    ORDER BY look_again_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED)
RETURNING r.id, r.dataset_id, d.name AS dataset, r.contract_version, r.business_date,
          extract(epoch FROM now() - r.finished_at)::float8 AS age,
          -- What was published later of the same date, or of a later one, is what counts from then on.
          NOT EXISTS (
              SELECT FROM loadstone.version v JOIN loadstone.run o ON o.id = v.run_id
              WHERE v.dataset_id = r.dataset_id AND NOT v.held AND o.trigger <> 'requeue'
                AND (v.business_date, v.number) > (r.business_date, r.version)) AS is_newest;

-- name: look_later
-- Compares a published delivery with the bucket again after some seconds; never again where they are NULL.
UPDATE loadstone.run SET look_again_at = now() + make_interval(secs => $2) WHERE id = $1;

-- name: hold
-- Lets one transaction at a time decide about a published delivery.
SELECT id FROM loadstone.run WHERE id = $1 FOR UPDATE;

-- name: is_known
-- Whether a run was about this delivery, and was not told to give way.
SELECT EXISTS (SELECT FROM loadstone.run
               WHERE dataset_id = $1 AND business_date = $2 AND delivery_key = $3 AND state <> 'superseded');

-- name: follow
-- A run that waits for what replaced a published delivery; nothing when one waits for that date already.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, priority,
                           max_attempts, reuploads, check_at, stage)
SELECT dataset_id, contract_version, business_date, 'waiting', 'schedule', 'onReupload', priority, max_attempts,
       least(reuploads + 1, 1000),
       now() + make_interval(secs => $2), $3
FROM loadstone.run WHERE id = $1
ON CONFLICT DO NOTHING
RETURNING id;

-- name: refuse
-- A run that failed because what it would import replaced a published delivery.
INSERT INTO loadstone.run (dataset_id, contract_version, business_date, state, trigger, requested_by, priority,
                           max_attempts, delivery_key, error_code, error_message, error_hint, finished_at)
SELECT dataset_id, contract_version, business_date, 'failed', 'schedule', 'onReupload', priority, max_attempts,
       $2, $3, $4, $5, clock_timestamp()
FROM loadstone.run WHERE id = $1
RETURNING id;
