-- name: add
-- Pins one object of a delivery.
INSERT INTO loadstone.run_object (run_id, key, etag, size, version_id, checksum) VALUES ($1, $2, $3, $4, $5, $6);

-- name: pinned
-- The objects of a run's delivery, in the order in which they are read.
SELECT key, etag, size, version_id, checksum FROM loadstone.run_object WHERE run_id = $1 ORDER BY key;

-- name: counts
-- What was read of each object; the counts are NULL until the run has succeeded.
SELECT key, etag, version_id, size, bytes_read, records_read, rows_loaded, rows_quarantined, blank_lines,
       after_load, after_load_outcome, after_load_message
FROM loadstone.run_object WHERE run_id = $1 ORDER BY key;

-- name: count
-- Keeps what was read of one object; the table's constraints refuse counts that do not add up.
UPDATE loadstone.run_object
SET bytes_read = $3, records_read = $4, rows_loaded = $5, rows_quarantined = $6, blank_lines = $7
WHERE run_id = $1 AND key = $2;
