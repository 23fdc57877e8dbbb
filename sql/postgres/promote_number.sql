-- The number of the next generation: the first one behind :'last' whose schemas are nobody's yet, of another owner's promotions or
-- of whoever took the name.
SELECT :'last'::bigint + i.i
FROM generate_series(1, 1000) AS i (i)
WHERE NOT EXISTS (
    SELECT FROM jsonb_array_elements(:'moves'::jsonb) AS m
    JOIN pg_namespace AS n ON n.nspname IN (format('%s__prev_%s', m ->> 'schema', :'last'::bigint + i.i),
                                            format('%s__bad_%s', m ->> 'schema', :'last'::bigint + i.i)))
ORDER BY 1
LIMIT 1;
