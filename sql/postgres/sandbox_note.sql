-- One statement for each of :'oids' (a JSON array), in that order, made by the server: what shows later that the relation was
-- written to, rebuilt or altered. Each gives JSON {oid, file, columns, writes, rows}; run all in one snapshot. `writes` is
-- what the server's statistics count: cheap to compare, some seconds late, and begun anew after a crash.
SELECT format('SELECT pg_catalog.jsonb_build_object(''oid'', %s, ''file'', %L, ''columns'', %L, ''writes'', %s, ''rows'', %s)',
              c.oid,
              CASE WHEN c.relkind = 'r' THEN pg_relation_filenode(c.oid)::text
                   WHEN c.relkind = 'p' THEN (SELECT md5(string_agg(concat(p.relid::oid, ':', pg_relation_filenode(p.relid)), ',' ORDER BY p.relid))
                                              FROM pg_partition_tree(c.oid) AS p WHERE p.isleaf) END,
              md5(concat((SELECT string_agg(concat(a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull), ',' ORDER BY a.attnum)
                          FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)),
              coalesce((SELECT sum(pg_stat_get_tuples_inserted(p.relid) + pg_stat_get_tuples_updated(p.relid)
                                   + pg_stat_get_tuples_deleted(p.relid))
                        FROM pg_partition_tree(c.oid) AS p WHERE p.isleaf),
                       pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)),
              CASE WHEN c.relkind IN ('r', 'p') THEN format('(SELECT pg_catalog.count(*) FROM %I.%I)', n.nspname, c.relname) ELSE '0' END)
FROM jsonb_array_elements_text(:'oids'::jsonb) WITH ORDINALITY AS o (oid, ord)
JOIN pg_class AS c ON c.oid = o.oid::oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY o.ord;
