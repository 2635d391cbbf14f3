-- name: server
-- What the server is, and whether we may make schemas in this database.
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::integer AS number,
       current_setting('wal_level') AS wal_level,
       current_user::text AS role,
       current_database()::text AS database,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schemas;

-- name: closed_schemas
-- Our schemas in which we may not make tables.
SELECT nspname::text AS name
FROM pg_namespace
WHERE nspname IN ('loadstone', 'loadstone_staging', 'loadstone_versions')
  AND NOT has_schema_privilege(oid, 'CREATE, USAGE')
ORDER BY nspname;

-- name: missing_schemas
-- Our schemas that are gone, as after restoring a dump that left one out.
SELECT name
FROM unnest(ARRAY['loadstone_staging', 'loadstone_versions']) AS name
WHERE to_regnamespace(name) IS NULL
ORDER BY name;

-- name: unknown_tables
-- Tables of versions that the catalog does not know, or knows as retired.
SELECT c.relname::text AS name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN loadstone.version v ON v.relation = c.relname AND v.retired_at IS NULL
WHERE n.nspname = 'loadstone_versions' AND c.relkind = 'r' AND v.relation IS NULL
ORDER BY c.relname;

-- name: lost_versions
-- Versions that the catalog retains and that have no table.
SELECT d.name || ' version ' || v.number AS name
FROM loadstone.version v
JOIN loadstone.dataset d ON d.id = v.dataset_id
WHERE v.retired_at IS NULL AND to_regclass('loadstone_versions.' || quote_ident(v.relation)) IS NULL
ORDER BY d.name, v.number;

-- name: may_list_files
-- Whether we may look at the server's files: superusers, and who was granted these functions.
SELECT has_function_privilege('pg_ls_dir(text)', 'EXECUTE')
       AND has_function_privilege('pg_stat_file(text, boolean)', 'EXECUTE') AS allowed;

-- name: orphaned_files
-- Files of this database that belong to no relation, older than any load takes.
WITH file AS MATERIALIZED (
    SELECT f.name, 'base/' || d.oid || '/' || f.name AS path
    FROM pg_database d CROSS JOIN LATERAL pg_ls_dir('base/' || d.oid) AS f (name)
    WHERE d.datname = current_database() AND f.name ~ '^[0-9]+([.][0-9]+)?$'
)
SELECT count(*) AS files, coalesce(sum(s.size), 0)::bigint AS bytes
FROM file CROSS JOIN LATERAL pg_stat_file(file.path, true) AS s
WHERE pg_filenode_relation(0, split_part(file.name, '.', 1)::oid) IS NULL
  AND s.size > 0 AND s.modification < now() - interval '1 day';

-- name: buckets
-- The buckets that datasets read from.
SELECT DISTINCT c.document #>> '{source,bucket}' AS name
FROM loadstone.dataset d
JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
ORDER BY 1;
