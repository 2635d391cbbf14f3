-- name: keep
-- Keeps the profile of a version.
UPDATE loadstone.version SET profile = $3 WHERE dataset_id = $1 AND number = $2;

-- name: keep_slices
-- Keeps the profiles of slices.
UPDATE loadstone.slice s SET profile = given.profile
FROM unnest($1::bigint[], $2::jsonb[]) AS given (id, profile)
WHERE s.id = given.id;

-- name: of_version
-- The profile of a version; NULL where none was made.
SELECT profile FROM loadstone.version WHERE dataset_id = $1 AND number = $2;

-- name: of_slices
-- The profiles of slices, in the order in which they were asked for.
SELECT s.profile
FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, place) JOIN loadstone.slice s ON s.id = asked.id
ORDER BY asked.place;
