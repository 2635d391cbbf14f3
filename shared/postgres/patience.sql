-- name: wait_for_locks
-- Bounds how long each statement of this transaction waits for a lock.
SELECT set_config('lock_timeout', $1, true) AS lock_timeout;
