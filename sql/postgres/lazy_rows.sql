-- Of a lazy clone: how many rows it has, and how many of production's the build brought in by their keys.
SELECT (SELECT count(*) FROM :"schema".:"name") AS rows, l.brought
FROM :"schema".cloneci_lazy AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.clone AND c.relname = :'name';
