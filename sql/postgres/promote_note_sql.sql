-- One statement a relation that is replaced, made by the server: what shows a write, a rebuild, a change of columns.
-- Each gives JSON {name, oid, file, columns, rows, snapshot}. Materialized views hold nothing that could be lost: no rows.
-- :'counted' is a JSON array of {schema, name}: the tables whose rows count, with their partitions; of others rows is null.
-- null counts all.
SELECT format('SELECT pg_catalog.jsonb_build_object(''name'', %L, ''oid'', %s, ''file'', %s, ''columns'', %L, ''rows'', %s,'
              ' ''snapshot'', pg_catalog.pg_current_snapshot()::text)',
              format('%I.%I', m ->> 'schema', m ->> 'name'), c.oid,
              CASE WHEN c.relkind = 'r' THEN format('pg_catalog.pg_relation_filenode(%s)', c.oid) ELSE '0' END,
              md5(concat((SELECT string_agg(concat(a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull), ',' ORDER BY a.attnum)
                          FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, pg_get_expr(c.relpartbound, c.oid))),
              CASE WHEN c.relkind <> 'r' THEN '0'
                   WHEN :'counted' = 'null' OR k.name IS NOT NULL
                   THEN format('(SELECT pg_catalog.count(*) FROM ONLY %I.%I)', n.nspname, c.relname)
                   ELSE 'NULL' END)
FROM jsonb_array_elements(:'moves'::jsonb) AS m
JOIN pg_class AS c ON c.oid = (m ->> 'old')::oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS root ON root.oid = coalesce(pg_partition_root(c.oid)::oid, c.oid)
JOIN pg_namespace AS place ON place.oid = root.relnamespace
LEFT JOIN jsonb_to_recordset(CASE :'counted' WHEN 'null' THEN '[]' ELSE :'counted' END::jsonb) AS k (schema text, name text)
       ON k.schema = place.nspname AND k.name = root.relname
ORDER BY c.oid;
