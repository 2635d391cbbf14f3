-- name: add
-- Keeps the corrected records that a run is to read.
INSERT INTO loadstone.correction (key, corrects, run_id, content) VALUES ($1, $2, $3, $4)
ON CONFLICT (key) DO UPDATE SET run_id = EXCLUDED.run_id;

-- name: content
-- The corrected records under a key.
SELECT content FROM loadstone.correction WHERE key = $1;

-- name: corrects
-- The run whose records another run corrects.
SELECT corrects FROM loadstone.correction WHERE run_id = $1;

-- name: in_live
-- Whether the live version has what a run loaded: it is the run's own, one made of it by corrections, or one
-- with a slice of either.
WITH RECURSIVE made AS (
    SELECT $1::bigint AS run_id
    UNION
    SELECT c.run_id FROM loadstone.correction c JOIN made m ON c.corrects = m.run_id
)
SELECT EXISTS (
    SELECT FROM loadstone.dataset d
    JOIN loadstone.version v ON v.dataset_id = d.id AND v.number = d.live_version
    WHERE d.id = $2 AND (
        v.run_id IN (SELECT run_id FROM made)
        OR EXISTS (
            SELECT FROM loadstone.version_slice p JOIN loadstone.slice s ON s.id = p.slice_id
            WHERE p.dataset_id = v.dataset_id AND p.version = v.number AND s.run_id IN (SELECT run_id FROM made)))
) AS there;
