-- What stands under the names of :'names', a JSON array of {schema, name}, with its partitions: as promote_moves gives it, each in
-- its own place. promote_sql then tells, before anything is built, what leans on it and could not follow.
SELECT coalesce(jsonb_agg(jsonb_build_object('schema', p.nspname, 'name', m.relname, 'old', m.oid::bigint, 'new', m.oid::bigint)
                          ORDER BY p.nspname COLLATE "C", m.relname COLLATE "C"), '[]')
FROM jsonb_to_recordset(:'names'::jsonb) AS k (schema text, name text)
JOIN pg_namespace AS n ON n.nspname = k.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = k.name
CROSS JOIN LATERAL (SELECT c.oid UNION SELECT t.relid FROM pg_partition_tree(c.oid) AS t) AS part
JOIN pg_class AS m ON m.oid = part.oid
JOIN pg_namespace AS p ON p.oid = m.relnamespace;
