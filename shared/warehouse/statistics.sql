-- name: of_tables
-- What ANALYZE found about the columns of some tables; nothing where this role may not read it. The bounds of the
-- columns in $3 are those of the values that it kept, compared as numbers where they are in $4, or else by code point.
SELECT s.tablename::text AS table, s.attname::text AS column, s.null_frac::float8 AS null_share,
       s.n_distinct::float8 AS distinct, s.avg_width AS width, kept.lower, kept.upper
FROM pg_stats s
CROSS JOIN LATERAL (
    SELECT coalesce(min(CASE WHEN s.attname = ANY ($4::text[]) THEN v::numeric END)::text, min(v COLLATE "C")) AS lower,
           coalesce(max(CASE WHEN s.attname = ANY ($4::text[]) THEN v::numeric END)::text, max(v COLLATE "C")) AS upper
    FROM unnest(CASE WHEN s.attname = ANY ($3::text[])
                     THEN s.most_common_vals::text::text[] || s.histogram_bounds::text::text[] END) v
) kept
WHERE s.schemaname = $1 AND s.tablename = ANY ($2::text[]);
