-- One statement a relation that moves and was noted (promote_note_sql), made by the server: it gives a line if the relation
-- is not what it was, else none. More may have been noted than moves. A row whose xmin the noted snapshot does not see was written since; one that was deleted or
-- updated since is missing among those that it sees. VACUUM FREEZE and rolled back writes change neither.
-- xmin has 32 bits: the epoch is that of the present, going back.
WITH noted AS (
    SELECT b ->> 'name' AS name, (b ->> 'oid')::oid AS oid, b ->> 'file' AS file, b ->> 'columns' AS columns, (b ->> 'rows')::bigint AS rows, b ->> 'snapshot' AS snapshot
    FROM jsonb_array_elements(:'noted'::jsonb) AS b
    WHERE b ->> 'name' IN (SELECT format('%I.%I', m ->> 'schema', m ->> 'name') FROM jsonb_array_elements(:'moves'::jsonb) AS m)
),
now AS (
    SELECT m ->> 'schema' AS schema, m ->> 'name' AS relname, format('%I.%I', m ->> 'schema', m ->> 'name') AS name, c.oid, c.relkind,
           md5(concat((SELECT string_agg(concat(a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull), ',' ORDER BY a.attnum)
                       FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                      CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, pg_get_expr(c.relpartbound, c.oid))) AS columns,
           CASE WHEN c.relkind = 'r' THEN pg_relation_filenode(c.oid)::text ELSE '0' END AS file
    FROM jsonb_array_elements(:'moves'::jsonb) AS m
    JOIN pg_class AS c ON c.oid = (m ->> 'old')::oid
)
SELECT CASE
       WHEN b.oid IS NULL THEN format('SELECT %L', n.name || ' was made meanwhile')
       WHEN n.oid IS NULL THEN format('SELECT %L', b.name || ' was dropped meanwhile')
       WHEN n.oid <> b.oid THEN format('SELECT %L', n.name || ' was rebuilt meanwhile')
       WHEN n.columns <> b.columns THEN format('SELECT %L', n.name || ' was altered meanwhile')
       WHEN n.file IS DISTINCT FROM b.file THEN format('SELECT %L', n.name || ' was truncated or rewritten meanwhile')
       ELSE format($q$SELECT pg_catalog.format('%%s was written to meanwhile: %%s rows are new, %%s are gone', %L, r.new, %s - r.seen)
  FROM (SELECT pg_catalog.count(*) FILTER (WHERE seen) AS seen, pg_catalog.count(*) FILTER (WHERE NOT seen) AS new
          FROM (SELECT x.id < pg_catalog.pg_snapshot_xmin(%L)::text::bigint
                       OR pg_catalog.pg_visible_in_snapshot(x.id::text::xid8, %L) AS seen
                  FROM ONLY %I.%I AS t
                 CROSS JOIN LATERAL (SELECT CASE WHEN t.xmin::text::bigint < 3 THEN 0
                                            ELSE %s - ((%s - t.xmin::text::bigint) & 4294967295) END AS id) AS x) AS s) AS r
 WHERE r.new <> 0 OR r.seen <> %s$q$,
                   n.name, b.rows, b.snapshot, b.snapshot, n.schema, n.relname, e.id, e.id, b.rows)
       END
FROM noted AS b
FULL JOIN now AS n ON n.name = b.name
CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS id) AS e
WHERE b.oid IS NULL OR n.oid IS NULL OR n.oid <> b.oid OR n.columns <> b.columns OR n.file IS DISTINCT FROM b.file
   OR (n.relkind = 'r' AND b.rows IS NOT NULL)
ORDER BY coalesce(n.oid, b.oid);
