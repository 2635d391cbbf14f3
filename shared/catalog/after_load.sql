-- name: plan
-- Marks what a run has loaded of its bucket, where its contract says so; neither what it left out nor corrected
-- records.
UPDATE loadstone.run_object o
SET after_load = c.document #>> '{source,afterLoad,action}', after_load_outcome = 'pending', after_load_at = now()
FROM loadstone.run r
JOIN loadstone.contract c ON c.dataset_id = r.dataset_id AND c.version = r.contract_version
WHERE r.id = $1 AND o.run_id = r.id AND r.trigger <> 'requeue' AND o.bytes_read IS NOT NULL
  AND c.document #>> '{source,afterLoad,action}' <> 'keep';

-- name: durable
-- Lets the next COMMIT wait until it, and so every earlier one, is on disk, whatever the server's default is.
SELECT set_config('synchronous_commit', 'on', true);

-- name: take
-- Takes objects whose turn it is; nobody else gets them for some seconds, and none while a run may still read them.
WITH due AS (
    SELECT o.run_id, o.key
    FROM loadstone.run_object o JOIN loadstone.run r ON r.id = o.run_id
    WHERE o.after_load_at <= now()
      AND NOT EXISTS (SELECT FROM loadstone.run other
                      WHERE other.dataset_id = r.dataset_id AND (other.state = 'queued' OR other.state = 'running'))
    ORDER BY o.after_load_at
    LIMIT $1
    FOR UPDATE OF o SKIP LOCKED
), taken AS (
    UPDATE loadstone.run_object o SET after_load_at = now() + make_interval(secs => $2)
    FROM due WHERE o.run_id = due.run_id AND o.key = due.key
    RETURNING o.run_id, o.key, o.etag, o.size, o.version_id, o.checksum
)
SELECT t.run_id, t.key, t.etag, t.size, t.version_id, t.checksum, d.name AS dataset, c.document -> 'source' AS source,
       extract(epoch FROM now() - r.finished_at)::float8 AS waited
FROM taken t
JOIN loadstone.run r ON r.id = t.run_id
JOIN loadstone.dataset d ON d.id = r.dataset_id
JOIN loadstone.contract c ON c.dataset_id = r.dataset_id AND c.version = r.contract_version;

-- name: put_off
-- Tries again after some seconds, and says what was wrong.
UPDATE loadstone.run_object SET after_load_at = now() + make_interval(secs => $3), after_load_message = $4
WHERE run_id = $1 AND key = $2 AND after_load_outcome = 'pending';

-- name: finish
-- Keeps how it ended for an object; nothing where somebody else has done so.
UPDATE loadstone.run_object SET after_load_outcome = $3, after_load_message = $4, after_load_at = NULL
WHERE run_id = $1 AND key = $2 AND after_load_outcome = 'pending'
RETURNING key;

-- name: loaded
-- What is to be taken away of a dataset, and unless that is asked for on purpose what runs of a date have loaded.
SELECT o.key, o.etag, o.size, o.version_id, o.checksum
FROM loadstone.run_object o JOIN loadstone.run r ON r.id = o.run_id
WHERE o.after_load_at IS NOT NULL AND o.after_load <> 'tag' AND r.dataset_id = $1
UNION ALL
SELECT o.key, o.etag, o.size, o.version_id, o.checksum
FROM loadstone.run r JOIN loadstone.run_object o ON o.run_id = r.id
WHERE r.dataset_id = $1 AND r.business_date = $2 AND r.state = 'succeeded' AND NOT $3::boolean
  AND o.after_load <> 'tag' AND o.after_load_at IS NULL;

-- name: loader
-- The newest run that loaded objects of a date to be taken away, as long as nobody has to be told more.
SELECT r.id FROM loadstone.run r
WHERE r.dataset_id = $1 AND r.business_date = $2 AND r.state = 'succeeded'
  AND EXISTS (SELECT FROM loadstone.run_object o WHERE o.run_id = r.id AND o.after_load <> 'tag')
ORDER BY r.id DESC
LIMIT 1;
