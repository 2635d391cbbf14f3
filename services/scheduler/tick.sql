-- name: clock
-- The time by which everything is planned: the database's, so that all schedulers agree.
SELECT clock_timestamp() AS now;
