-- What roles_try.sql found, in the same transaction: how many attempts were refused; the owners of production's relations whose
-- rights our role has; then what it could do, a row each.
SELECT current_setting('cloneci.refused')
UNION ALL
(SELECT coalesce((SELECT string_agg(DISTINCT pg_get_userbyid(c.relowner)::text, ', ')
                  FROM pg_class AS c
                  JOIN pg_namespace AS n ON n.oid = c.relnamespace
                  JOIN jsonb_array_elements_text(current_setting('cloneci.schemas')::jsonb) AS s (name) ON s.name = n.nspname
                  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND pg_has_role(c.relowner, 'USAGE')), ''))
UNION ALL
SELECT jsonb_array_elements_text(current_setting('cloneci.found')::jsonb);
