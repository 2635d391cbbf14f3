-- name: keep_members
-- Keeps datasets from being applied, and so from joining or leaving a group, until the transaction ends.
SELECT pg_advisory_xact_lock_shared(hashtext('loadstone.apply'));

-- name: members
-- A dataset and the active ones that name the same release group, if it is active and names one itself.
SELECT $1::integer AS id
UNION
SELECT d.id
FROM loadstone.contract c
JOIN loadstone.dataset d ON d.id = c.dataset_id AND d.contract_version = c.version
WHERE c.document #>> '{publish,releaseGroup}' = (
    SELECT o.document #>> '{publish,releaseGroup}'
    FROM loadstone.dataset e
    JOIN loadstone.contract o ON o.dataset_id = e.id AND o.version = e.contract_version
    WHERE e.id = $1 AND coalesce(o.document ->> 'status', 'active') = 'active')
  AND coalesce(c.document ->> 'status', 'active') = 'active';

-- name: lock
-- Serialises what changes some datasets. Whoever locks several does it in this order.
SELECT id FROM loadstone.dataset WHERE id = ANY ($1::integer[]) ORDER BY id FOR UPDATE;

-- name: locked
-- What is live of locked datasets, with their present documents; a statement of its own, whose snapshot is not
-- older than the locks.
SELECT d.id, d.name, d.live_version, v.business_date AS live_business_date, c.document
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
LEFT JOIN loadstone.version v ON v.dataset_id = d.id AND v.number = d.live_version
WHERE d.id = ANY ($1::integer[])
ORDER BY d.id;

-- name: waiting
-- The newest run of a dataset and business date that waits for its group, if its version is newer than what is live
-- of the same date.
SELECT r.id
FROM loadstone.run r
JOIN loadstone.version v ON v.run_id = r.id
JOIN loadstone.dataset d ON d.id = r.dataset_id
LEFT JOIN loadstone.version l ON l.dataset_id = d.id AND l.number = d.live_version
WHERE r.dataset_id = $1 AND r.business_date = $2 AND r.state = 'held' AND r.release_group IS NOT NULL
  AND (l.number IS NULL OR l.business_date <> r.business_date OR l.number < v.number)
ORDER BY v.number DESC
LIMIT 1;

-- name: tell
-- Says of held runs what holds them by now.
UPDATE loadstone.run SET stage = $2 WHERE id = ANY ($1::bigint[]) AND state = 'held';
