-- name: add
-- A new version, numbered one above the highest of its dataset.
INSERT INTO loadstone.version (dataset_id, number, run_id, contract_version, business_date, relation, rows, bytes,
                               sliced)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 || '_v' || (coalesce(max(number), 0) + 1), $6, $7, $8
FROM loadstone.version WHERE dataset_id = $1
RETURNING dataset_id, number, run_id, contract_version, business_date, relation, rows, bytes, sliced, held, base,
          published_at, retired_at;

-- name: read
-- One version of a dataset, retired ones too.
SELECT dataset_id, number, run_id, contract_version, business_date, relation, rows, bytes, sliced, held, base,
       published_at, retired_at
FROM loadstone.version WHERE dataset_id = $1 AND number = $2;

-- name: list
-- The versions of a dataset below a number, newest first.
SELECT dataset_id, number, run_id, contract_version, business_date, relation, rows, bytes, sliced, held, base,
       published_at, retired_at
FROM loadstone.version WHERE dataset_id = $1 AND number < $2
ORDER BY number DESC
LIMIT $3;

-- name: previous
-- The newest retained version below a number.
SELECT dataset_id, number, run_id, contract_version, business_date, relation, rows, bytes, sliced, held, base,
       published_at, retired_at
FROM loadstone.version WHERE dataset_id = $1 AND number < $2 AND retired_at IS NULL AND NOT held
ORDER BY number DESC
LIMIT 1;

-- name: live
-- The number of the live version, and how many rows its delivery loaded; it may have others besides.
SELECT v.number, r.rows_done AS rows
FROM loadstone.dataset d
JOIN loadstone.version v ON v.dataset_id = d.id AND v.number = d.live_version
JOIN loadstone.run r ON r.id = v.run_id
WHERE d.id = $1;

-- name: history
-- How many rows the deliveries of the last business dates but one loaded, each by its newest version; of the same
-- weekday if asked.
SELECT number, rows
FROM (
    SELECT DISTINCT ON (v.business_date) v.number, r.rows_done AS rows
    FROM loadstone.version v JOIN loadstone.run r ON r.id = v.run_id
    WHERE v.dataset_id = $1 AND v.business_date <> $2 AND NOT v.held
      AND (NOT $3::boolean OR extract(isodow FROM v.business_date) = extract(isodow FROM $2::date))
    ORDER BY v.business_date, v.number DESC
) newest
ORDER BY number DESC
LIMIT $4;

-- name: retirable
-- Versions that exceed what their dataset retains, by number or by age; the live one never does, and the newest
-- retained one below it, to which a rollback goes, does not by age. And held ones that were rejected.
SELECT v.dataset_id, v.number, v.run_id, v.contract_version, v.business_date, v.relation, v.rows, v.bytes,
       v.sliced, v.held, v.base, v.published_at, v.retired_at
FROM (
    SELECT w.*, d.live_version,
           row_number() OVER (PARTITION BY w.dataset_id, w.held ORDER BY w.number DESC) AS place,
           coalesce((c.document #>> '{retention,versions}')::integer, $1) AS kept,
           make_interval(days => (c.document #>> '{retention,days}')::integer) AS kept_for,
           max(w.number) FILTER (WHERE w.number < d.live_version AND NOT w.held) OVER (PARTITION BY w.dataset_id) AS fallback
    FROM loadstone.version w
    JOIN loadstone.dataset d ON d.id = w.dataset_id
    JOIN loadstone.contract c ON c.dataset_id = d.id AND c.version = d.contract_version
    WHERE w.retired_at IS NULL
) v
JOIN loadstone.run r ON r.id = v.run_id
WHERE CASE WHEN v.held THEN r.state = 'rejected'
      ELSE v.place > v.kept OR (v.published_at < now() - v.kept_for AND v.number IS DISTINCT FROM v.fallback) END
  AND v.number IS DISTINCT FROM v.live_version
ORDER BY v.dataset_id, v.number
LIMIT $2;

-- name: retire
-- Remembers that a version's table is gone, unless it became live meanwhile.
UPDATE loadstone.version v SET retired_at = now()
FROM loadstone.dataset d
WHERE v.dataset_id = $1 AND v.number = $2 AND d.id = v.dataset_id AND v.number IS DISTINCT FROM d.live_version
RETURNING v.number;

-- name: withhold
-- Keeps a new version from going live until somebody approves it, with the live one that it was made from.
UPDATE loadstone.version SET held = true, base = $3 WHERE dataset_id = $1 AND number = $2;

-- name: let_go
-- Ends a version's hold; nothing when it is gone.
UPDATE loadstone.version SET held = false, published_at = now()
WHERE dataset_id = $1 AND number = $2 AND held AND retired_at IS NULL
RETURNING number;
