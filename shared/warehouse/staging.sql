-- name: size
-- Bytes on disk of a relation with its indexes.
SELECT pg_total_relation_size($1::text::regclass) AS bytes;

-- name: limit_helpers
-- Bounds the parallel workers of an index build, for this transaction.
SELECT set_config('max_parallel_maintenance_workers', $1, true) AS helpers;

-- name: staged
-- The views and tables of the staging schema; views first, which are over tables.
SELECT c.relname::text AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'v')
ORDER BY c.relkind DESC, c.relname;

-- name: is_view
-- Whether a relation is a view; nothing where there is none.
SELECT relkind = 'v' AS is_view FROM pg_class WHERE oid = to_regclass($1::text);
