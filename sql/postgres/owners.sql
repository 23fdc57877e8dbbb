-- Who owns what promotions go by, and what others could have production's owners run: one row each: kind
-- (advice: all is well; danger), text, remedy.
-- :'schemas' is a JSON array of production's places.
WITH owner AS MATERIALIZED (
    SELECT DISTINCT x.owner, pg_get_userbyid(x.owner) AS name
    FROM pg_namespace AS n
    JOIN jsonb_array_elements_text(:'schemas'::jsonb) AS s (name) ON n.nspname = s.name
    CROSS JOIN LATERAL (SELECT n.nspowner AS owner UNION SELECT c.relowner FROM pg_class AS c WHERE c.relnamespace = n.oid) AS x
),
journal AS (
    SELECT n.nspname, pg_get_userbyid(n.nspowner) AS name, EXISTS (SELECT FROM owner AS o WHERE pg_has_role(n.nspowner, o.owner, 'MEMBER')) AS sound
    FROM pg_namespace AS n WHERE n.nspname = 'cloneci' OR starts_with(n.nspname, 'cloneci_of_')
),
finding AS (
    SELECT 'advice' AS kind, format('%I.generation, the journal of promotions, is owned by %I', j.nspname, j.name) AS text, NULL::text AS remedy
    FROM journal AS j WHERE j.sound
    UNION ALL
    SELECT 'danger', format('the schema %I, of the journal of promotions, is owned by %I, who owns nothing of production', j.nspname, j.name),
           format('promotions refuse it or do not use it; see what %I keeps there, then ALTER SCHEMA %I RENAME TO %I', j.name, j.nspname, 'not_' || left(j.nspname, 59))
    FROM journal AS j WHERE NOT j.sound
    UNION ALL
    SELECT 'danger', format('the schema %I has the name of production''s owner, and is owned by %I: the owner''s sessions look there first, for functions too',
                            n.nspname, pg_get_userbyid(n.nspowner)),
           format('see what is there, then ALTER SCHEMA %I RENAME TO %I; or ALTER ROLE %I SET search_path = public', n.nspname,
                  'not_' || left(n.nspname, 59), n.nspname)
    FROM pg_namespace AS n JOIN owner AS o ON o.name = n.nspname
    WHERE NOT pg_has_role(n.nspowner, o.owner, 'MEMBER')
)
SELECT f.kind, f.text, f.remedy FROM finding AS f ORDER BY f.text COLLATE "C";
