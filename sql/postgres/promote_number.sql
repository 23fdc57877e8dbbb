-- The number of the next generation: the first one behind :'last' whose schemas are nobody's yet, of another owner's promotions or
-- of whoever took the name.
WITH schema AS MATERIALIZED (
    SELECT DISTINCT m ->> 'schema' AS name FROM jsonb_array_elements(:'moves'::jsonb) AS m
)
SELECT :'last'::bigint + i.i
FROM generate_series(1, 1000) AS i (i)
WHERE NOT EXISTS (
    SELECT FROM schema AS s
    JOIN pg_namespace AS n ON n.nspname IN (format('%s__prev_%s', s.name, :'last'::bigint + i.i),
                                            format('%s__bad_%s', s.name, :'last'::bigint + i.i)))
ORDER BY 1
LIMIT 1;
