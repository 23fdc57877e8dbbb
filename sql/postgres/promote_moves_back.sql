-- What brings generation :'to' back: one JSON array as promote_moves gives. The journal knows which relation stood
-- under each name then, by its OID: the first later generation that touched a name says what it replaced. Partitions that were
-- made since go aside with their table.
WITH touched AS (
    SELECT DISTINCT ON (r ->> 'schema', r ->> 'name') r ->> 'schema' AS schema, r ->> 'name' AS name, (r ->> 'old')::oid AS wanted
    FROM cloneci.generation AS g
    CROSS JOIN jsonb_array_elements(g.relations) AS r
    WHERE g.generation > :'to'::bigint
    ORDER BY r ->> 'schema', r ->> 'name', g.generation
),
back AS MATERIALIZED (
    SELECT t.schema, t.name, c.oid AS old, t.wanted AS new
    FROM touched AS t
    LEFT JOIN pg_namespace AS n ON n.nspname = t.schema
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.name
),
move AS (
    SELECT * FROM back
    UNION ALL
    SELECT n.nspname, c.relname, c.oid, NULL
    FROM back AS b
    CROSS JOIN LATERAL pg_partition_tree(b.old) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE b.old IS DISTINCT FROM b.new AND c.oid NOT IN (SELECT o.old FROM back AS o WHERE o.old IS NOT NULL)
)
SELECT coalesce(jsonb_agg(jsonb_build_object('schema', m.schema, 'name', m.name, 'old', m.old::bigint,
                                             'new', m.new::bigint)
                          ORDER BY m.schema COLLATE "C", m.name COLLATE "C"), '[]')
FROM move AS m
WHERE m.old IS DISTINCT FROM m.new;
