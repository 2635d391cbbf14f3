-- name: ping
-- Answers when PostgreSQL does.
SELECT 1 AS answer;
