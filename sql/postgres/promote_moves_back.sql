-- What brings generation :'to' back: one JSON array as promote_moves gives. The journal knows which relation had
-- each name then: the first later generation that touched a name says what it replaced. Partitions that were
-- made since go aside with their table. `lost` says why one cannot be brought back: an OID alone does not tell that it is still that relation.
WITH known AS MATERIALIZED (
    SELECT g.generation, g.project, g.production, g.schemas, r ->> 'schema' AS schema, r ->> 'name' AS name, (r ->> 'old')::oid AS old, r ->> 'old_is' AS old_is,
           (r ->> 'new')::oid AS new, r -> 'granted' AS granted
    FROM :"journal".generation AS g
    CROSS JOIN jsonb_array_elements(g.relations) AS r
    WHERE g.origin = :'origin'
),
own AS MATERIALIZED (
    SELECT k.* FROM known AS k WHERE k.project = :'project' AND k.production = :'production'
),
place AS MATERIALIZED (
    SELECT DISTINCT n.oid
    FROM own AS o
    CROSS JOIN jsonb_array_elements(o.schemas) AS s
    JOIN pg_namespace AS n ON n.oid = (s ->> 'oid')::oid AND n.nspname = s ->> 'parked'
),
touched AS (
    SELECT DISTINCT ON (o.schema, o.name) o.schema, o.name, o.old AS wanted, o.old_is AS wanted_is
    FROM own AS o
    WHERE o.generation > :'to'::bigint
    ORDER BY o.schema, o.name, o.generation
),
newest AS (
    SELECT DISTINCT ON (k.schema, k.name) k.schema, k.name, k.generation, k.project, k.production
    FROM known AS k
    ORDER BY k.schema, k.name, k.generation DESC
),
back AS MATERIALIZED (
    SELECT t.schema, t.name, c.oid AS old, t.wanted AS new,
           CASE WHEN l.project <> :'project' OR l.production <> :'production'
                THEN format('was replaced since by generation %s of the project %s (schema %s): roll that back first', l.generation, l.project, l.production)
                WHEN t.wanted IS NULL OR t.wanted = c.oid AND c.relkind::text || c.reltype::bigint = t.wanted_is THEN NULL
                WHEN w.oid IS NULL THEN format('was relation %s then, which is not kept any more: it cannot be brought back', t.wanted)
                WHEN w.relkind::text || w.reltype::bigint IS DISTINCT FROM t.wanted_is
                THEN format('was relation %s then; that is another one now, %s: it cannot be brought back', t.wanted, w.oid::regclass)
                WHEN w.relname <> t.name OR w.relnamespace NOT IN (SELECT p.oid FROM place AS p)
                THEN format('was moved or renamed since it was replaced; it is %s now, where no promotion put it: give it back its name and schema', w.oid::regclass)
           END AS lost,
           (SELECT o.granted FROM own AS o WHERE o.new = t.wanted ORDER BY o.generation LIMIT 1) AS granted
    FROM touched AS t
    JOIN newest AS l ON l.schema = t.schema AND l.name = t.name
    LEFT JOIN pg_namespace AS n ON n.nspname = t.schema
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.name
    LEFT JOIN pg_class AS w ON w.oid = t.wanted
),
move AS (
    SELECT * FROM back
    UNION ALL
    SELECT n.nspname, c.relname, c.oid, NULL, NULL, NULL
    FROM back AS b
    CROSS JOIN LATERAL pg_partition_tree(b.old) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE b.old IS DISTINCT FROM b.new AND c.oid NOT IN (SELECT o.old FROM back AS o WHERE o.old IS NOT NULL)
)
SELECT coalesce(jsonb_agg(jsonb_build_object('schema', m.schema, 'name', m.name, 'old', m.old::bigint,
                                             'new', m.new::bigint, 'lost', m.lost, 'granted', coalesce(m.granted, 'null'))
                          ORDER BY m.schema COLLATE "C", m.name COLLATE "C"), '[]')
FROM move AS m
WHERE m.old IS DISTINCT FROM m.new OR m.lost IS NOT NULL;
