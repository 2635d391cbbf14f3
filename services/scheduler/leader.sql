-- name: lead
-- Takes the leadership for as long as this session lasts, or keeps it; false while another session has it.
SELECT pg_try_advisory_lock($1::bigint) AS leads;
