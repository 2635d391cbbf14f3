-- name: list
-- The attempts of a run, oldest first.
SELECT fence, number, worker, started_at, finished_at, outcome, error_code, error_message
FROM loadstone.attempt WHERE run_id = $1 ORDER BY fence;
