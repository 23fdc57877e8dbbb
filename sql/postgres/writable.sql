-- The relations of schemas (:'schemas', a JSON array) whose rows our role may write: of these an unchanged
-- receipt does not show that no row was written.
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT jsonb_array_elements_text(:'schemas'::jsonb))
  AND c.relkind IN ('r', 'p', 'f')
  AND has_schema_privilege(n.oid, 'USAGE')
  AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C";
