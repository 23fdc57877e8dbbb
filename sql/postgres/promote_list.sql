-- The generations, the newest first: number, kind, content, live, time, age in seconds, role, relations, how many of its own
-- relations still stand, their bytes, whether a rollback can bring it back (all that later ones replaced still stands).
-- 0 is what stood before the first.
WITH stands AS (
    SELECT g.generation,
           count(*) FILTER (WHERE r ->> 'old' IS NOT NULL AND o.oid IS NULL) AS missing,
           count(n.oid) AS kept, coalesce(sum(pg_total_relation_size(n.oid)), 0)::bigint AS bytes,
           count(r ->> 'old') AS olds, count(o.oid) AS olds_kept, coalesce(sum(pg_total_relation_size(o.oid)), 0)::bigint AS old_bytes
    FROM cloneci.generation AS g
    CROSS JOIN jsonb_array_elements(g.relations) AS r
    LEFT JOIN pg_class AS o ON o.oid = (r ->> 'old')::oid
    LEFT JOIN pg_class AS n ON n.oid = (r ->> 'new')::oid
    GROUP BY g.generation
),
known AS (
    SELECT g.generation, g.kind, g.content, g.at, g.role::text AS role, s.missing, jsonb_array_length(g.relations)::bigint AS relations, s.kept, s.bytes
    FROM cloneci.generation AS g JOIN stands AS s USING (generation)
    UNION ALL
    SELECT 0, 'before', 0, NULL, NULL, 0, s.olds, s.olds_kept, s.old_bytes FROM stands AS s WHERE s.generation = 1
)
SELECT k.generation, k.kind, k.content, k.generation = max(k.generation) OVER () AS live,
       to_char(k.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, extract(epoch FROM clock_timestamp() - k.at)::bigint AS age_seconds, k.role,
       k.relations, k.kept, k.bytes,
       coalesce(sum(k.missing) OVER (ORDER BY k.generation DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) = 0 AS restorable
FROM known AS k
ORDER BY k.generation DESC;
