-- Parked schemas that are not needed any more and stand empty.
SELECT n.nspname
FROM cloneci.generation AS g
CROSS JOIN jsonb_array_elements(g.schemas) AS s
JOIN pg_namespace AS n ON n.oid = (s ->> 'oid')::oid AND n.nspname = s ->> 'parked'
WHERE g.generation <= (SELECT max(l.generation) FROM cloneci.generation AS l) - :'keep'::bigint
  AND g.project = :'project'
  AND pg_has_role(n.nspowner, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid)
ORDER BY 1;
