-- Of a lazy clone: how many rows it has, and how many of production's were brought in by the build.
SELECT (SELECT count(*) FROM :"schema".:"name"), l.brought
FROM :"schema".cloneci_lazy AS l WHERE l.clone = :'relation'::pg_catalog.regclass;
