-- Statements that make :'role' the owner of the tables in :'schema', where our role is a member of it: dbt replaces a table by
-- dropping it, which a grant does not allow. Views stay ours: they read production with our rights.
SELECT format('ALTER TABLE %I.%I OWNER TO %I', n.nspname, c.relname, :'role')
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = :'schema' AND c.relkind = 'r' AND pg_get_userbyid(c.relowner) <> :'role'
  AND pg_has_role(c.relowner, 'USAGE') AND pg_has_role((SELECT r.oid FROM pg_roles AS r WHERE r.rolname = :'role'), 'MEMBER')
ORDER BY c.relname COLLATE "C";
