-- name: columns
-- The columns of a relation in order; none when there is no such relation.
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a
WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;

-- name: grants
-- What was granted on a view to anybody but its owner; an empty role is PUBLIC.
SELECT coalesce(pg_get_userbyid(nullif(a.grantee, 0)), '')::text AS role, a.privilege_type AS privilege
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.oid = to_regclass($1::text) AND a.grantee <> c.relowner;

-- name: comment
-- The comment on a relation.
SELECT obj_description(to_regclass($1::text), 'pg_class') AS comment;

-- name: kind
-- NULL when there is no such relation, `ours` for a view on a version table, `other` for anything else.
SELECT CASE WHEN c.relkind = 'v' AND EXISTS (
           SELECT FROM pg_rewrite w
           JOIN pg_depend p ON p.classid = 'pg_rewrite'::regclass AND p.objid = w.oid
               AND p.refclassid = 'pg_class'::regclass
           JOIN pg_class t ON t.oid = p.refobjid
           WHERE w.ev_class = c.oid AND t.relnamespace = 'loadstone_versions'::regnamespace
       ) THEN 'ours' ELSE 'other' END AS kind
FROM pg_class c WHERE c.oid = to_regclass($1::text);

-- name: roles
-- Which of these roles exist.
SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY ($1::text[]);
