-- name: past
-- Finished runs older than their dataset's contract keeps them, locked against whoever would still refer to them.
-- The highest version of a dataset stays although it is retired: its number must not be given away again.
SELECT r.id
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
JOIN loadstone.run r ON r.dataset_id = d.id
WHERE c.document #> '{retention,historyDays}' IS NOT NULL
  AND r.finished_at < now() - make_interval(days => (c.document #>> '{retention,historyDays}')::integer)
  AND NOT EXISTS (SELECT FROM loadstone.version v WHERE v.run_id = r.id
                    AND (v.retired_at IS NULL
                         OR NOT EXISTS (SELECT FROM loadstone.version h
                                        WHERE h.dataset_id = v.dataset_id AND h.number > v.number)))
  AND NOT EXISTS (SELECT FROM loadstone.slice s WHERE s.run_id = r.id AND s.dropped_at IS NULL)
  AND NOT EXISTS (SELECT FROM loadstone.correction k WHERE k.corrects = r.id)
LIMIT $1
FOR UPDATE OF r SKIP LOCKED;

-- name: forget_corrections
-- Deletes the corrected records that some runs have read.
DELETE FROM loadstone.correction WHERE run_id = ANY ($1::bigint[]);

-- name: forget_versions
-- Deletes what is known of the retired versions of some runs.
DELETE FROM loadstone.version WHERE run_id = ANY ($1::bigint[]);

-- name: forget_slices
-- Deletes what is known of the dropped slices of some runs.
DELETE FROM loadstone.slice WHERE run_id = ANY ($1::bigint[]);

-- name: forget
-- Deletes runs, and with them their attempts, objects, parts and rejected records.
DELETE FROM loadstone.run WHERE id = ANY ($1::bigint[]);
