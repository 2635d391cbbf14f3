-- name: lock
-- Lets one migration run at a time; released when the connection closes.
SELECT pg_advisory_lock($1::bigint);

-- name: prepare
-- Makes the schema and the table that remembers what was applied.
DO $$
BEGIN
    CREATE SCHEMA IF NOT EXISTS loadstone;
    CREATE TABLE IF NOT EXISTS loadstone.migration (
        name       text PRIMARY KEY,
        digest     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    );
END $$;

-- name: prepared
-- Whether this database has ever been migrated.
SELECT to_regclass('loadstone.migration') IS NOT NULL AS prepared;

-- name: applied
-- What was applied, with the digest of the file as it was then.
SELECT name, digest FROM loadstone.migration ORDER BY name;

-- name: record
-- Remembers one applied file, in the transaction that applied it.
INSERT INTO loadstone.migration (name, digest) VALUES ($1, $2);
