-- Run by psql at every start of the embedded PostgreSQL: initdb makes no database of ours, and PostgreSQL has
-- no CREATE DATABASE IF NOT EXISTS.
SELECT 'CREATE DATABASE loadstone'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'loadstone')
\gexec
