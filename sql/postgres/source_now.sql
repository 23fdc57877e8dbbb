-- Which relation has the name now, and in which file its rows are. By functions that look at the catalog as it
-- is, not through the transaction's snapshot, which may be older than a rebuild.
SELECT s.oid::pg_catalog.oid, pg_catalog.pg_relation_filenode(s.oid)
FROM (SELECT pg_catalog.format('%I.%I', :'schema', :'name')::pg_catalog.regclass AS oid) AS s;
