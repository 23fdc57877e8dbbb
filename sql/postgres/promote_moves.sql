-- What a promotion moves: one JSON array of {schema, name, old, new}, OIDs as numbers, null where there is none.
-- :'pairs' is a JSON array of {stage, schema}: all that stands in `stage` takes the place of what has the same name
-- in `schema`. Partitions of what is replaced go with it. What has no counterpart in `stage` stays.
WITH pair AS (
    SELECT p ->> 'stage' AS stage, p ->> 'schema' AS schema FROM jsonb_array_elements(:'pairs'::jsonb) AS p
),
incoming AS MATERIALIZED (
    SELECT p.schema, c.relname, c.oid
    FROM pair AS p
    JOIN pg_namespace AS n ON n.nspname = p.stage
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    -- sequences of columns go with their table
    WHERE NOT EXISTS (SELECT FROM pg_depend AS d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'
                        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
),
matched AS MATERIALIZED (
    SELECT i.schema, i.relname, c.oid AS old, i.oid AS new
    FROM incoming AS i
    LEFT JOIN pg_namespace AS n ON n.nspname = i.schema
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = i.relname
),
move AS (
    SELECT * FROM matched
    UNION ALL
    SELECT n.nspname, c.relname, c.oid, NULL
    FROM matched AS m
    JOIN pg_class AS parent ON parent.oid = m.old AND parent.relkind = 'p'
    CROSS JOIN LATERAL pg_partition_tree(m.old) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid NOT IN (SELECT o.old FROM matched AS o WHERE o.old IS NOT NULL)
)
SELECT coalesce(jsonb_agg(jsonb_build_object('schema', m.schema, 'name', m.relname, 'old', m.old::bigint,
                                             'new', m.new::bigint)
                          ORDER BY m.schema COLLATE "C", m.relname COLLATE "C"), '[]')
FROM move AS m;
