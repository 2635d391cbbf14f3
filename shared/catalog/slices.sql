-- name: add
-- A new slice of a dataset; its table is to be named as its `relation`.
WITH numbered AS (SELECT nextval(pg_get_serial_sequence('loadstone.slice', 'id')) AS id)
INSERT INTO loadstone.slice (id, dataset_id, run_id, relation, business_date, object_key, object_etag, rows, bytes)
SELECT id, $1, $2, left($3, 40) || '_s' || id, $4, $5, $6, $7, $8 FROM numbered
RETURNING id, run_id, relation, business_date, object_key, object_etag, rows, bytes;

-- name: adopt
-- Makes a slice of a version that is one table, unless it is one already.
INSERT INTO loadstone.slice (dataset_id, run_id, relation, business_date, rows, bytes, profile)
SELECT dataset_id, run_id, relation, business_date, rows, bytes, profile
FROM loadstone.version
WHERE dataset_id = $1 AND number = $2 AND NOT sliced
ON CONFLICT (relation) DO NOTHING
RETURNING id;

-- name: compose
-- What a version consists of, in this order.
INSERT INTO loadstone.version_slice (dataset_id, version, place, slice_id)
SELECT $1, $2, place, id FROM unnest($3::bigint[]) WITH ORDINALITY AS slice (id, place);

-- name: of_version
-- The slices of a version in their order; none where the version is one table that no other version shares.
SELECT s.id, s.run_id, s.relation, s.business_date, s.object_key, s.object_etag, s.rows, s.bytes
FROM loadstone.version_slice v JOIN loadstone.slice s ON s.id = v.slice_id
WHERE v.dataset_id = $1 AND v.version = $2
ORDER BY v.place;

-- name: forget
-- Forgets what a version consisted of.
DELETE FROM loadstone.version_slice WHERE dataset_id = $1 AND version = $2;

-- name: unneeded
-- Slices that no retained version has, and no run that waits for approval.
SELECT s.id, s.run_id, s.relation, s.business_date, s.object_key, s.object_etag, s.rows, s.bytes
FROM loadstone.slice s
WHERE s.dropped_at IS NULL
  AND NOT EXISTS (SELECT FROM loadstone.version_slice v WHERE v.slice_id = s.id)
  AND NOT EXISTS (SELECT FROM loadstone.run r WHERE r.id = s.run_id AND r.state = 'held')
ORDER BY s.id
LIMIT $1;

-- name: mark_dropped
-- Remembers that a slice's table is gone.
UPDATE loadstone.slice SET dropped_at = now() WHERE id = $1 AND dropped_at IS NULL RETURNING id;
