-- The generations of a project in a schema of production, the newest first: number, kind, content, live, time, age in seconds, role, relations,
-- how many of its own relations still exist, their bytes, whether a rollback can bring it back (all that later ones replaced is kept).
-- 0 is what there was before the first.
WITH own AS MATERIALIZED (
    SELECT g.generation, g.kind, g.content, g.at, g.role::text AS role, g.relations, row_number() OVER (ORDER BY g.generation) AS ord
    FROM :"journal".generation AS g
    WHERE g.project = :'project' AND to_jsonb(g) ->> 'production' = :'production' AND to_jsonb(g) ->> 'origin' = :'origin'
),
stands AS (
    SELECT g.generation, g.ord,
           count(*) FILTER (WHERE r ->> 'old' IS NOT NULL AND o.oid IS NULL) AS missing,
           count(n.oid) AS kept, coalesce(sum(pg_total_relation_size(n.oid)), 0)::bigint AS bytes,
           count(r ->> 'old') AS olds, count(o.oid) AS olds_kept, coalesce(sum(pg_total_relation_size(o.oid)), 0)::bigint AS old_bytes
    FROM own AS g
    CROSS JOIN jsonb_array_elements(g.relations) AS r
    LEFT JOIN pg_class AS o ON o.oid = (r ->> 'old')::oid AND o.relkind::text || o.reltype::bigint = r ->> 'old_is'
    LEFT JOIN pg_class AS n ON n.oid = (r ->> 'new')::oid AND n.relkind::text || n.reltype::bigint = r ->> 'new_is'
    GROUP BY g.generation, g.ord
),
known AS (
    SELECT g.generation, g.kind, g.content, g.at, g.role, s.missing, jsonb_array_length(g.relations)::bigint AS relations, s.kept, s.bytes
    FROM own AS g JOIN stands AS s USING (generation)
    UNION ALL
    SELECT 0, 'before', 0, NULL, NULL, 0, s.olds, s.olds_kept, s.old_bytes FROM stands AS s WHERE s.ord = 1
)
SELECT k.generation, k.kind, k.content, k.generation = max(k.generation) OVER () AS live,
       to_char(k.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, extract(epoch FROM clock_timestamp() - k.at)::bigint AS age_seconds, k.role,
       k.relations, k.kept, k.bytes,
       coalesce(sum(k.missing) OVER (ORDER BY k.generation DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) = 0 AS restorable
FROM known AS k
ORDER BY k.generation DESC;
