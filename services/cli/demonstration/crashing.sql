-- name: copied
-- How many rows the COPY of this moment has taken; 0 without one.
SELECT coalesce(max(tuples_processed), 0) FROM pg_stat_progress_copy
WHERE datname = current_database() AND command = 'COPY FROM';

-- name: staged
-- How many staging tables there are.
SELECT count(*) FROM pg_tables WHERE schemaname = 'loadstone_staging';
