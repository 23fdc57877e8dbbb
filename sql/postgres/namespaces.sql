-- The schemas named in :'names', a JSON array; one row each, in that order. Ours is what our role itself
-- owns: a superuser may do anything anywhere, and would else own production.
SELECT a.name, n.oid,
       n.nspowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user) AS owned,
       obj_description(n.oid, 'pg_namespace') AS marker,
       (SELECT count(*) FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')) AS relations
FROM jsonb_array_elements_text(:'names'::jsonb) WITH ORDINALITY AS a (name, ord)
LEFT JOIN pg_namespace AS n ON n.nspname = a.name
ORDER BY a.ord;
