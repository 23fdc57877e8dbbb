-- How many relations stand in the schemas :'schemas' (a JSON array), and their bytes.
SELECT count(*) AS relations, coalesce(sum(CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END), 0) AS bytes
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT jsonb_array_elements_text(:'schemas'::jsonb)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
