-- The columns of a table (:'schema', :'name') beside those of a query (:'columns', a JSON array of {name, type, modifier}), a row each:
-- name; type in the table, type of the query ('' where it is missing); the same as dbt compares them; the length that dbt takes
-- for either, if it takes it for a string; are values of the query's type assigned to the table's without a cast that is
-- written out, and the other way; can the two be compared; must the table's have a value and has no default; what a row
-- has there that gives it no value (''; NULL); what hangs on the column and keeps it from being dropped: views, functions,
-- foreign keys, policies and triggers of the table itself.
WITH asked AS (
    SELECT q.ord, q.c ->> 'name' AS name, (q.c ->> 'type')::oid AS typ, (q.c ->> 'modifier')::integer AS typmod
    FROM jsonb_array_elements(:'columns'::jsonb) WITH ORDINALITY AS q (c, ord)
),
pair AS (
    SELECT coalesce(a.attname::text, q.name) AS name, q.ord, a.attnum, a.attrelid, a.atttypid AS p_typ, a.atttypmod AS p_typmod,
           q.typ AS q_typ, q.typmod AS q_typmod,
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required,
           CASE WHEN a.attgenerated <> '' THEN 'computed by the server'
                WHEN a.atthasdef OR a.attidentity <> '' THEN 'its default' ELSE '' END AS filled
    FROM asked AS q
    FULL JOIN (SELECT * FROM pg_attribute AS a
               WHERE a.attrelid = to_regclass(format('%I.%I', :'schema', :'name')) AND a.attnum > 0 AND NOT a.attisdropped) AS a
           ON a.attname = q.name
),
-- as information_schema.columns has it, where dbt reads it
side AS (
    SELECT p.name, s.side, s.typ, s.typmod, b.oid AS base, b.typelem, b.typcategory,
           CASE WHEN b.typelem <> 0 AND b.typlen = -1 THEN 'ARRAY'
                WHEN n.nspname = 'pg_catalog' THEN format_type(b.oid, NULL)
                ELSE 'USER-DEFINED' END AS data_type,
           information_schema._pg_char_max_length(b.oid, m.typmod) AS size,
           information_schema._pg_numeric_precision(b.oid, m.typmod) AS digits,
           information_schema._pg_numeric_scale(b.oid, m.typmod) AS scale
    FROM pair AS p
    CROSS JOIN LATERAL (VALUES ('p', p.p_typ, p.p_typmod), ('q', p.q_typ, p.q_typmod)) AS s (side, typ, typmod)
    JOIN pg_type AS t ON t.oid = s.typ
    JOIN pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    JOIN pg_namespace AS n ON n.oid = b.typnamespace
    CROSS JOIN LATERAL (SELECT CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE s.typmod END AS typmod) AS m
),
told AS (
    SELECT s.*, format_type(s.typ, s.typmod) AS shown,
           CASE WHEN s.data_type = 'text' OR (s.data_type = 'character varying' AND s.size IS NULL) THEN s.data_type
                WHEN s.data_type IN ('character varying', 'character') THEN format('character varying(%s)', coalesce(s.size, 256))
                WHEN s.data_type = 'numeric' AND s.digits IS NOT NULL AND s.scale IS NOT NULL
                THEN format('numeric(%s,%s)', s.digits, s.scale)
                ELSE s.data_type END AS dbt,
           CASE WHEN s.data_type IN ('text', 'character varying', 'character') THEN coalesce(s.size, 256) END AS string_size
    FROM side AS s
),
-- the elements of arrays, else the types themselves
atom AS (
    SELECT t.*, CASE WHEN t.data_type = 'ARRAY' THEN t.typelem ELSE t.base END AS element FROM told AS t
)
SELECT p.name, coalesce(a.shown, '') AS before, coalesce(b.shown, '') AS after, coalesce(a.dbt, '') AS old, coalesce(b.dbt, '') AS new,
       a.string_size AS old_size, b.string_size AS new_size,
       b.base = a.base OR a.typcategory = 'S'
           OR EXISTS (SELECT FROM pg_cast AS c WHERE c.castsource = b.element AND c.casttarget = a.element AND c.castcontext IN ('a', 'i')
                                                 AND (a.data_type = 'ARRAY') = (b.data_type = 'ARRAY')) AS fits,
       b.base = a.base OR b.typcategory = 'S'
           OR EXISTS (SELECT FROM pg_cast AS c WHERE c.castsource = a.element AND c.casttarget = b.element AND c.castcontext IN ('a', 'i')
                                                 AND (a.data_type = 'ARRAY') = (b.data_type = 'ARRAY')) AS back,
       b.base = a.base
           OR EXISTS (SELECT FROM pg_cast AS c WHERE c.castcontext = 'i' AND (c.castsource, c.casttarget)
                                                     IN ((a.base, b.base), (b.base, a.base))) AS compares,
       coalesce(p.required, false) AS required, coalesce(p.filled, '') AS filled,
       coalesce((SELECT string_agg(DISTINCT CASE WHEN r.ev_class <> p.attrelid THEN r.ev_class::regclass::text
                                                 ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END, ', ')
                 FROM pg_depend AS d
                 LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                 LEFT JOIN pg_attrdef AS f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
                 WHERE d.deptype = 'n' AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p.attrelid AND d.refobjsubid = p.attnum
                   AND f.adrelid IS DISTINCT FROM p.attrelid), '') AS dependants
FROM pair AS p
LEFT JOIN atom AS a ON a.name = p.name AND a.side = 'p'
LEFT JOIN atom AS b ON b.name = p.name AND b.side = 'q'
ORDER BY p.ord NULLS LAST, p.attnum;
