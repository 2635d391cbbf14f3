-- name: columns
-- The columns of a relation in order; none when there is no such relation.
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: grants
-- What was granted on a view (column NULL) or its columns to anybody but its owner; an empty role is PUBLIC.
SELECT coalesce(pg_get_userbyid(nullif(g.grantee, 0)), '')::text AS role, g.privilege_type AS privilege,
       CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option, a.column
FROM pg_class c
CROSS JOIN LATERAL (
    SELECT NULL::text AS column, c.relacl AS acl
    UNION ALL
    SELECT attname::text, attacl FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
) a
CROSS JOIN LATERAL aclexplode(a.acl) g
WHERE c.oid = to_regclass($1::text) AND g.grantee <> c.relowner;

-- name: comments
-- The comments on a view (column NULL) and its columns.
SELECT a.attname::text AS column, d.description AS text
FROM pg_description d
LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
WHERE d.classoid = 'pg_class'::regclass AND d.objoid = to_regclass($1::text);

-- name: options
-- A view's options as WITH takes them, such as security_barrier=true; NULL when there are none.
SELECT array_to_string(reloptions, ', ') AS options FROM pg_class WHERE oid = to_regclass($1::text);

-- name: kind
-- NULL when the name is free, `ours` for a view on a version of the dataset, `other` for any other relation
-- or type.
SELECT CASE WHEN c.relkind = 'v' AND EXISTS (
           SELECT FROM pg_rewrite w
           JOIN pg_depend p ON p.classid = 'pg_rewrite'::regclass AND p.objid = w.oid
               AND p.refclassid = 'pg_class'::regclass
           JOIN pg_class t ON t.oid = p.refobjid AND t.relnamespace = 'loadstone_versions'::regnamespace
           JOIN loadstone.version v ON v.relation = t.relname
           JOIN loadstone.dataset d ON d.id = v.dataset_id AND d.name = $2
           WHERE w.ev_class = c.oid
       ) THEN 'ours' ELSE 'other' END AS kind
FROM pg_class c WHERE c.oid = to_regclass($1::text)
UNION ALL
SELECT 'other' WHERE to_regclass($1::text) IS NULL AND to_regtype($1::text) IS NOT NULL;

-- name: schema_is_open
-- Whether a schema exists and these roles may look into it; a role that does not exist may not.
SELECT to_regnamespace($1::text) IS NOT NULL AND NOT EXISTS (
    SELECT FROM unnest($2::text[]) named
    LEFT JOIN pg_roles r ON r.rolname = named
    WHERE r.oid IS NULL OR NOT has_schema_privilege(r.oid, to_regnamespace($1::text), 'USAGE')
) AS open;

-- name: lock_schema
-- Keeps other publishes from making or opening the same schema until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('loadstone.schema ' || $1::text, 0));

-- name: roles
-- Which of these roles exist.
SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY ($1::text[]);
