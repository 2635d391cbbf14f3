-- name: is_ready
-- Whether the restricted role and its function are there.
SELECT coalesce((SELECT p.proowner::regrole::text = 'loadstone_check' AND p.prosecdef
                        AND has_function_privilege(p.oid, 'EXECUTE')
                 FROM pg_proc p WHERE p.oid = to_regprocedure('loadstone.ask(text)')), false) AS ready;

-- name: unseen
-- The published views whose names stand in a query, and that a role may not read yet.
SELECT n.nspname::text AS schema, c.relname::text AS name,
       has_schema_privilege($2::text, n.oid, 'USAGE') AS schema_is_open
FROM loadstone.dataset d
JOIN loadstone.contract t ON t.dataset_id = d.id AND t.version = d.contract_version
JOIN pg_namespace n ON n.nspname = t.document #>> '{load,target,schema}'
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.document #>> '{load,target,table}' AND c.relkind = 'v'
WHERE d.live_version IS NOT NULL
  AND position(lower(c.relname) IN lower($1::text)) > 0
  AND NOT (has_table_privilege($2::text, c.oid, 'SELECT') AND has_schema_privilege($2::text, n.oid, 'USAGE'))
ORDER BY 1, 2;

-- name: restrict
-- Makes this transaction read-only, and bounds its statements in time.
SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', $1, true);

-- name: ask
-- The number that a query answers with, asked by the restricted role.
SELECT loadstone.ask($1) AS value;
