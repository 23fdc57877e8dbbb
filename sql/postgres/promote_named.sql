-- What stands under the names of :'names', a JSON array of {schema, name}: as promote_moves gives it, each in its own place.
-- promote_sql then tells, before anything is built, what leans on it and could not follow.
SELECT coalesce(jsonb_agg(jsonb_build_object('schema', k.schema, 'name', k.name, 'old', c.oid::bigint, 'new', c.oid::bigint)
                          ORDER BY k.schema COLLATE "C", k.name COLLATE "C"), '[]')
FROM jsonb_to_recordset(:'names'::jsonb) AS k (schema text, name text)
JOIN pg_namespace AS n ON n.nspname = k.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = k.name;
