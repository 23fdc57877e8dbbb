-- Partitions whose clone would stand in another schema than they do: clones stand with their table. One line each, of the
-- tables of :'names', a JSON array of {schema, name, cloned}, that are cloned.
SELECT format('the partition %I.%I of %I.%I stands in another schema than its table, its clone would not: move it there (ALTER TABLE %I.%I'
              ' SET SCHEMA %I), or leave the model out with --exclude', p.nspname, m.relname, n.nspname, c.relname, p.nspname, m.relname, n.nspname)
FROM jsonb_to_recordset(:'names'::jsonb) AS k (schema text, name text, cloned boolean)
JOIN pg_namespace AS n ON n.nspname = k.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = k.name AND c.relkind = 'p'
CROSS JOIN LATERAL pg_partition_tree(c.oid) AS t
JOIN pg_class AS m ON m.oid = t.relid AND m.relnamespace <> n.oid
JOIN pg_namespace AS p ON p.oid = m.relnamespace
WHERE k.cloned
ORDER BY 1;
