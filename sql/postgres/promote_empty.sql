-- Schemas of former generations that are not needed any more and are empty.
SELECT n.nspname
FROM (SELECT g.schemas, row_number() OVER (ORDER BY g.generation DESC) AS age
      FROM :"journal".generation AS g
      WHERE g.project = :'project' AND g.production = :'production' AND g.origin = :'origin') AS g
CROSS JOIN jsonb_array_elements(g.schemas) AS s
JOIN pg_namespace AS n ON n.oid = (s ->> 'oid')::oid AND n.nspname = s ->> 'parked'
WHERE g.age > :'keep'::bigint
  AND pg_has_role(n.nspowner, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid)
ORDER BY 1;
