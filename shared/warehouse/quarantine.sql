-- name: forget_earlier
-- Removes what earlier attempts of a run rejected.
DELETE FROM loadstone.quarantine WHERE run_id = $1 AND fence < $2;

-- name: forget_objects
-- Removes what an attempt rejected of some objects.
DELETE FROM loadstone.quarantine WHERE run_id = $1 AND fence = $2 AND object = ANY ($3::text[]);

-- name: page
-- Rejected records of the last attempt of a run, in the order in which they were found.
SELECT q.id, q.object, q.line, q.column_name AS column, q.code, q.message, q.raw, q.at
FROM loadstone.quarantine q JOIN loadstone.run r ON r.id = q.run_id AND r.fence = q.fence
WHERE q.run_id = $1 AND q.id > $2 AND ($4::text IS NULL OR q.object = $4)
ORDER BY q.id
LIMIT $3;

-- name: objects
-- The objects of which the last attempt of a run rejected records.
SELECT DISTINCT q.object
FROM loadstone.quarantine q JOIN loadstone.run r ON r.id = q.run_id AND r.fence = q.fence
WHERE q.run_id = $1
ORDER BY q.object;

-- name: purge
-- Deletes records older than the dataset's contract keeps them.
DELETE FROM loadstone.quarantine WHERE id IN (
    SELECT q.id
    FROM loadstone.quarantine q
    JOIN loadstone.run r ON r.id = q.run_id
    JOIN loadstone.dataset d ON d.id = r.dataset_id
    JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
    WHERE q.at < now() - make_interval(days => coalesce((c.document #>> '{retention,quarantineDays}')::integer, $1))
    LIMIT $2)
RETURNING id;
