-- As namespaces_marked, of whole databases.
SELECT d.datname AS name, d.oid, d.datdba = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user) AS owned, s.description AS marker
  FROM pg_database AS d
  JOIN pg_shdescription AS s ON s.objoid = d.oid AND s.classoid = 'pg_database'::regclass
 WHERE s.description LIKE '{%"cloneci"%}'
 ORDER BY d.datname COLLATE "C";
