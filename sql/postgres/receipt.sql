-- What shows that schemas (:'schemas', a JSON array) were left alone: one line for each relation, with its
-- oid, file, owner and grants; for a sequence also where it stands ('-': never used; '?': may not be read,
-- and so not be advanced either). Two equal receipts: nothing was made, dropped, rewritten, granted or drawn.
SELECT format('%s %s.%s oid=%s file=%s owner=%s acl=%s%s', c.relkind, quote_ident(n.nspname),
              quote_ident(c.relname), c.oid, c.relfilenode, pg_get_userbyid(c.relowner),
              concat(c.relacl, (SELECT string_agg(concat(t.attname, t.attacl), ',' ORDER BY t.attnum)
                                FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL)),
              CASE WHEN c.relkind <> 'S' THEN ''
                   WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE')
                   THEN ' at=' || coalesce(pg_sequence_last_value(c.oid)::text, '-') ELSE ' at=?' END)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT jsonb_array_elements_text(:'schemas'::jsonb))
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", c.oid;
