-- The statements that drop what the newest :'keep' generations no longer need, views first.
-- Only relations that the journal knows by their OID, and only where it parked them: in a schema of ours with the OID
-- that it has noted. Never CASCADE.
SELECT format('DROP %s %I.%I',
              CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
                             WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname)
FROM cloneci.generation AS g
CROSS JOIN jsonb_array_elements(g.schemas) AS s
JOIN pg_namespace AS n ON n.oid = (s ->> 'oid')::oid AND n.nspname = s ->> 'parked'
CROSS JOIN jsonb_array_elements(g.relations) AS r
JOIN pg_class AS c ON c.oid = (r ->> 'old')::oid AND c.relnamespace = n.oid
WHERE g.generation <= (SELECT max(l.generation) FROM cloneci.generation AS l) - :'keep'::bigint
  AND g.project = :'project'
  AND pg_has_role(n.nspowner, 'USAGE')
ORDER BY CASE c.relkind WHEN 'v' THEN 0 WHEN 'm' THEN 1 ELSE 2 END, c.relispartition DESC, c.oid DESC;
