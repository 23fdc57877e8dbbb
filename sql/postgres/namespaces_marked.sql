-- Every schema whose comment looks like a marker of cloneci's, a row each.
-- Whether it is one, and whose, is decided by the client. Ours is what our role itself owns, not what it may do anything with.
SELECT n.nspname AS name, n.oid, n.nspowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user) AS owned, d.description AS marker
  FROM pg_namespace AS n
  JOIN pg_description AS d ON d.objoid = n.oid AND d.classoid = 'pg_namespace'::regclass AND d.objsubid = 0
 WHERE d.description LIKE '{%"cloneci"%}'
 ORDER BY n.nspname COLLATE "C";
