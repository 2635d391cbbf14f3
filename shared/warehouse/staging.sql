-- name: size
-- Bytes on disk of a relation with its indexes.
SELECT pg_total_relation_size($1::text::regclass) AS bytes;

-- name: limit_helpers
-- Bounds the parallel workers of an index build, for this transaction.
SELECT set_config('max_parallel_maintenance_workers', $1, true) AS helpers;

-- name: staged
-- The tables of the staging schema.
SELECT c.relname::text AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r'
ORDER BY c.relname;
