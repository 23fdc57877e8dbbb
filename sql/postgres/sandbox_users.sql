-- What uses relations, :'relations' (a JSON array of {schema, name}), and so keeps them from being made again: views, foreign keys,
-- functions, columns of their row types. A row each: ord, and in words what it is.
WITH one AS (
    SELECT a.ord, to_regclass(format('%I.%I', a.r ->> 'schema', a.r ->> 'name')) AS oid
    FROM jsonb_array_elements(:'relations'::jsonb) WITH ORDINALITY AS a (r, ord)
),
part AS (
    SELECT o.ord, o.oid, 'pg_class'::regclass AS classid, o.oid::oid AS objid FROM one AS o WHERE o.oid IS NOT NULL
    UNION ALL
    SELECT o.ord, o.oid, 'pg_type'::regclass, t.oid FROM one AS o JOIN pg_type AS c ON c.typrelid = o.oid JOIN pg_type AS t ON t.oid IN (c.oid, c.typarray)
    UNION ALL
    SELECT o.ord, o.oid, 'pg_class'::regclass, i.indexrelid FROM one AS o JOIN pg_index AS i ON i.indrelid = o.oid
    UNION ALL
    SELECT o.ord, o.oid, 'pg_constraint'::regclass, k.oid FROM one AS o JOIN pg_constraint AS k ON k.conrelid = o.oid
)
SELECT DISTINCT p.ord::text, CASE WHEN w.oid IS NULL THEN pg_describe_object(d.classid, d.objid, d.objsubid)
                                  ELSE pg_describe_object('pg_class'::regclass, w.ev_class, 0) END AS text
FROM part AS p
JOIN pg_depend AS d ON d.refclassid = p.classid AND d.refobjid = p.objid AND d.deptype = 'n'
LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef AS f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
LEFT JOIN pg_policy AS y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
WHERE coalesce(w.ev_class, k.conrelid, f.adrelid, y.polrelid, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END, 0) <> p.oid
ORDER BY 1, 2;
