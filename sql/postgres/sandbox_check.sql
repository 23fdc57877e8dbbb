-- What became of relations since they were noted (sandbox_note.sql). :'noted' is a JSON array of {ord, schema, name, snapshot,
-- oid, file, columns, writes, rows}. A row each: ord; in words what shows in the catalog (null if nothing does), and
-- whether there is no such relation; whether the statistics count writes since; and a statement that looks at the rows, which
-- gives a line if they are others (null where there are none to look at). A row whose xmin the noted snapshot does not see was written since; one that was deleted or updated
-- since is missing among those that it sees. xmin has 32 bits: the epoch is that of the present, going back.
SELECT b.ord,
       CASE WHEN c.oid IS NULL THEN 'gone from production'
            WHEN c.oid <> b.oid THEN 'rebuilt in production'
            WHEN s.columns <> b.columns THEN 'altered in production'
            WHEN s.file IS DISTINCT FROM b.file THEN 'rewritten in production'
            END AS words,
       c.oid IS NULL AS gone,
       c.relkind IN ('r', 'p') AND s.writes IS DISTINCT FROM b.writes AS written,
       CASE WHEN c.relkind IN ('r', 'p') THEN format(
         $q$SELECT pg_catalog.format('%%s rows are new in production, %%s are gone', r.new, %s - r.seen)
  FROM (SELECT pg_catalog.count(*) FILTER (WHERE seen) AS seen, pg_catalog.count(*) FILTER (WHERE NOT seen) AS new
          FROM (SELECT x.id < pg_catalog.pg_snapshot_xmin(%L)::text::bigint
                       OR pg_catalog.pg_visible_in_snapshot(x.id::text::xid8, %L) AS seen
                  FROM %I.%I AS t
                 CROSS JOIN LATERAL (SELECT CASE WHEN t.xmin::text::bigint < 3 THEN 0
                                            ELSE %s - ((%s - t.xmin::text::bigint) & 4294967295) END AS id) AS x) AS s) AS r
 WHERE r.new <> 0 OR r.seen <> %s$q$,
         b.rows, b.snapshot, b.snapshot, b.schema, b.name, e.id, e.id, b.rows) END AS sql
FROM (SELECT n ->> 'ord' AS ord, n ->> 'schema' AS schema, n ->> 'name' AS name, n ->> 'snapshot' AS snapshot, (n ->> 'oid')::oid AS oid,
             n ->> 'file' AS file, n ->> 'columns' AS columns, (n ->> 'writes')::numeric AS writes, (n ->> 'rows')::bigint AS rows
      FROM jsonb_array_elements(:'noted'::jsonb) AS n) AS b
CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS id) AS e
LEFT JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', b.schema, b.name))
LEFT JOIN LATERAL (
    SELECT CASE WHEN c.relkind = 'r' THEN pg_relation_filenode(c.oid)::text
                WHEN c.relkind = 'p' THEN (SELECT md5(string_agg(concat(p.relid::oid, ':', pg_relation_filenode(p.relid)), ',' ORDER BY p.relid))
                                           FROM pg_partition_tree(c.oid) AS p WHERE p.isleaf) END AS file,
           md5(concat((SELECT string_agg(concat(a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull), ',' ORDER BY a.attnum)
                       FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                      CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)) AS columns,
           coalesce((SELECT sum(pg_stat_get_tuples_inserted(p.relid) + pg_stat_get_tuples_updated(p.relid)
                                + pg_stat_get_tuples_deleted(p.relid))
                     FROM pg_partition_tree(c.oid) AS p WHERE p.isleaf),
                    pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)) AS writes
) AS s ON true
ORDER BY b.ord::integer;
