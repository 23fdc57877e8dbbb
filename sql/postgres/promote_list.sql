-- The generations, the newest first: number, kind, content, live, time, age in seconds, role, relations, how many of those
-- that it replaced are still kept, their bytes.
SELECT g.generation, g.kind, g.content, g.generation = max(g.generation) OVER (), to_char(g.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       extract(epoch FROM clock_timestamp() - g.at)::bigint, g.role, jsonb_array_length(g.relations),
       k.kept, k.bytes
FROM cloneci.generation AS g
CROSS JOIN LATERAL (
    SELECT count(*) AS kept, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes
    FROM jsonb_array_elements(g.relations) AS r
    JOIN pg_class AS c ON c.oid = (r ->> 'old')::oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN jsonb_array_elements(g.schemas) AS s ON (s ->> 'oid')::oid = n.oid
) AS k
ORDER BY g.generation DESC;
