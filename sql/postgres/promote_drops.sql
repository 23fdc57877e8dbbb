-- The statements that drop what the newest :'keep' generations of the project no longer need, views first.
-- Only relations that the journal knows, and only where it put them: in a schema of ours with the OID that it has noted. Never CASCADE.
WITH past AS MATERIALIZED (
    SELECT g.schemas, g.relations
    FROM (SELECT g.schemas, g.relations, row_number() OVER (ORDER BY g.generation DESC) AS age
          FROM :"journal".generation AS g
          WHERE g.project = :'project' AND g.production = :'production' AND g.origin = :'origin') AS g
    WHERE g.age > :'keep'::bigint
)
SELECT format('DROP %s %I.%I',
              CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
                             WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname)
FROM past AS g
CROSS JOIN jsonb_array_elements(g.schemas) AS s
JOIN pg_namespace AS n ON n.oid = (s ->> 'oid')::oid AND n.nspname = s ->> 'parked'
CROSS JOIN jsonb_array_elements(g.relations) AS r
JOIN pg_class AS c ON c.oid = (r ->> 'old')::oid AND c.relnamespace = n.oid AND c.relname = r ->> 'name'
                  AND c.relkind::text || c.reltype::bigint = r ->> 'old_is'
WHERE pg_has_role(n.nspowner, 'USAGE')
ORDER BY CASE c.relkind WHEN 'v' THEN 0 WHEN 'm' THEN 1 ELSE 2 END, c.relispartition DESC, c.oid DESC;
