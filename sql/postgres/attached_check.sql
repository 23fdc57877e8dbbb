-- The statement that counts the rows by which a built table breaks what production's table has, made by the server: no row where there
-- is nothing to count. :'kind' is foreign_key (constraint :'name' of the table, to :'other_schema'.:'other'), reference (constraint
-- :'name' of :'other_schema'.:'other', to the table) or partition. The table is :'schema'.:'table' in production, :'built_schema'.
-- :'built' as it was built; :'at_schema'.:'at' is where the other one is read. The statement returns
-- JSON: [rows, one of them as text].
WITH con AS (
    SELECT k.oid, k.conkey, k.confkey, k.conrelid, k.confrelid, k.conpfeqop
    FROM pg_constraint AS k
    WHERE k.contype = 'f' AND k.conname = :'name'
      AND k.conrelid = CASE :'kind' WHEN 'foreign_key' THEN to_regclass(format('%I.%I', :'schema', :'table'))
                                    WHEN 'reference' THEN to_regclass(format('%I.%I', :'other_schema', :'other')) END
),
pair AS (
    SELECT string_agg(format('p.%I OPERATOR(%I.%s) c.%I', f.attname, n.nspname, o.oprname, a.attname), ' AND ' ORDER BY u.at) AS same,
           string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ' ORDER BY u.at) AS filled,
           string_agg(format('c.%I', a.attname), ', ' ORDER BY u.at) AS keys
    FROM con
    CROSS JOIN LATERAL unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS u (mine, theirs, equal, at)
    JOIN pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = u.mine
    JOIN pg_operator AS o ON o.oid = u.equal
    JOIN pg_namespace AS n ON n.oid = o.oprnamespace
    JOIN pg_attribute AS f ON f.attrelid = con.confrelid AND f.attnum = u.theirs
),
leaf AS (
    SELECT string_agg(format('coalesce(%s, false)', pg_get_partition_constraintdef(t.relid)), ' OR ' ORDER BY t.relid) AS fits
    FROM pg_partition_tree(to_regclass(format('%I.%I', :'schema', :'table'))) AS t
    WHERE :'kind' = 'partition' AND t.isleaf
)
SELECT format('SELECT pg_catalog.jsonb_build_array(pg_catalog.count(*), pg_catalog.min(pg_catalog.concat_ws('', '', %s)))::text FROM %I.%I AS c WHERE %s AND NOT EXISTS (SELECT FROM %I.%I AS p WHERE %s)',
              p.keys, CASE :'kind' WHEN 'foreign_key' THEN :'built_schema' ELSE :'at_schema' END,
              CASE :'kind' WHEN 'foreign_key' THEN :'built' ELSE :'at' END, p.filled,
              CASE :'kind' WHEN 'foreign_key' THEN :'at_schema' ELSE :'built_schema' END,
              CASE :'kind' WHEN 'foreign_key' THEN :'at' ELSE :'built' END, p.same)
FROM pair AS p WHERE p.same IS NOT NULL
UNION ALL
SELECT format('SELECT pg_catalog.jsonb_build_array(pg_catalog.count(*), pg_catalog.left(pg_catalog.min(c::text), 200))::text FROM %I.%I AS c WHERE NOT (%s)', :'built_schema', :'built', l.fits)
FROM leaf AS l WHERE l.fits IS NOT NULL;
