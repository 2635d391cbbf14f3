-- name: read
-- One dataset with its present contract.
SELECT d.id, d.name, d.contract_version, d.live_version, d.planned_until, d.next_fire_at, d.created_at,
       c.document, c.digest, c.applied_at, c.applied_by,
       v.business_date AS live_business_date, v.rows AS live_rows, v.published_at AS live_since
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
LEFT JOIN loadstone.version v ON v.dataset_id = d.id AND v.number = d.live_version
WHERE d.name = $1;

-- name: list
-- Every dataset after a name, in the order of names.
SELECT d.id, d.name, d.contract_version, d.live_version, d.planned_until, d.next_fire_at, d.created_at,
       c.document, c.digest, c.applied_at, c.applied_by,
       v.business_date AS live_business_date, v.rows AS live_rows, v.published_at AS live_since
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
LEFT JOIN loadstone.version v ON v.dataset_id = d.id AND v.number = d.live_version
WHERE d.name > $1
ORDER BY d.name
LIMIT $2;

-- name: lock
-- Serialises what changes a dataset: applying, publishing, rolling back.
SELECT id FROM loadstone.dataset WHERE id = $1 FOR UPDATE;

-- name: locked
-- What is live of a locked dataset; a statement of its own, whose snapshot is not older than the lock.
SELECT live_version FROM loadstone.dataset WHERE id = $1;

-- name: serialise_applying
-- Lets one transaction at a time apply datasets: names and targets must be unique among all of them.
SELECT pg_advisory_xact_lock(hashtext('loadstone.apply'));

-- name: lock_by_name
-- Serialises what changes a dataset, by its name.
SELECT id, contract_version, live_version FROM loadstone.dataset WHERE name = $1 FOR UPDATE;

-- name: add
-- A new dataset, with the first version of its contract yet to come in the same transaction.
INSERT INTO loadstone.dataset (name, contract_version) VALUES ($1, 1) RETURNING id;

-- name: add_contract
-- A new version of a dataset's contract.
INSERT INTO loadstone.contract (dataset_id, version, document, digest, applied_by) VALUES ($1, $2, $3, $4, $5);

-- name: use_contract
-- Makes a contract version the present one.
UPDATE loadstone.dataset SET contract_version = $2 WHERE id = $1;

-- name: schedule
-- Keeps when the dataset is due next, and up to when its schedule was planned.
UPDATE loadstone.dataset SET next_fire_at = $2, planned_until = $3 WHERE id = $1;

-- name: due
-- The datasets whose next tick has come, locked against other schedulers.
SELECT d.id, d.name, d.contract_version, d.planned_until, d.next_fire_at, d.created_at, c.document
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
WHERE d.next_fire_at <= $1
ORDER BY d.next_fire_at
LIMIT $2
FOR UPDATE OF d SKIP LOCKED;

-- name: contract
-- One version of a dataset's contract.
SELECT document FROM loadstone.contract WHERE dataset_id = $1 AND version = $2;

-- name: live_contract
-- The contract by which the live version was made.
SELECT c.dataset_id, c.version, c.document
FROM loadstone.dataset d
JOIN loadstone.version v ON v.dataset_id = d.id AND v.number = d.live_version
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = v.contract_version
WHERE d.id = $1;

-- name: point
-- Says which version is live.
UPDATE loadstone.dataset SET live_version = $2 WHERE id = $1;

-- name: targets
-- The dataset that publishes to a relation, if any.
SELECT d.name
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
WHERE c.document #>> '{load,target,schema}' = $1 AND c.document #>> '{load,target,table}' = $2;

-- name: published_at
-- Where the live version of a dataset is published, by the dataset's name.
SELECT c.document #> '{load,target}' AS target
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
WHERE d.name = $1 AND d.live_version IS NOT NULL;

-- name: live
-- What is live of each dataset, and since when its last import has succeeded.
SELECT d.name, d.live_version AS version, v.published_at
FROM loadstone.dataset d
JOIN LATERAL (
    SELECT published_at FROM loadstone.version WHERE dataset_id = d.id AND NOT held ORDER BY number DESC LIMIT 1
) v ON true
WHERE d.live_version IS NOT NULL;
