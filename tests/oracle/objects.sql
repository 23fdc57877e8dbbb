-- What stands in the schemas of production and beside them, one row each: kind, the relation it belongs to, its name.
WITH ours AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^(pg_|pr_|information_schema)'
),
relations AS (
    SELECT c.*, n.nspname || '.' || c.relname AS place
    FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
)
SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'p' THEN 'partitioned table' ELSE 'table' END,
       place, relname::text
FROM relations WHERE relkind IN ('r', 'v', 'm', 'p', 'S')
UNION ALL
SELECT 'index', r.place, c.relname::text
FROM pg_index AS i JOIN relations AS r ON r.oid = i.indrelid JOIN pg_class AS c ON c.oid = i.indexrelid
UNION ALL
SELECT 'constraint', r.place, conname::text FROM pg_constraint JOIN relations AS r ON r.oid = conrelid
UNION ALL
SELECT 'trigger', r.place, tgname::text FROM pg_trigger JOIN relations AS r ON r.oid = tgrelid WHERE NOT tgisinternal
UNION ALL
SELECT 'rule', r.place, rulename::text FROM pg_rewrite JOIN relations AS r ON r.oid = ev_class WHERE rulename <> '_RETURN'
UNION ALL
SELECT 'policy', r.place, polname::text FROM pg_policy JOIN relations AS r ON r.oid = polrelid
UNION ALL
SELECT 'row security', place, relname::text FROM relations WHERE relrowsecurity
UNION ALL
SELECT 'column', r.place, attname::text FROM pg_attribute JOIN relations AS r ON r.oid = attrelid
WHERE attnum > 0 AND NOT attisdropped AND r.relkind IN ('r', 'p')
UNION ALL
SELECT 'default', r.place, attname::text
FROM pg_attrdef JOIN relations AS r ON r.oid = adrelid JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
UNION ALL
SELECT 'not null', r.place, attname::text FROM pg_attribute JOIN relations AS r ON r.oid = attrelid
WHERE attnum > 0 AND NOT attisdropped AND attnotnull AND r.relkind IN ('r', 'p')
UNION ALL
SELECT 'privilege', place, a.grantee::regrole::text
FROM relations, aclexplode(relacl) AS a WHERE a.grantee <> 0 AND a.grantee <> relowner
UNION ALL
SELECT 'privilege of a column', r.place, a.grantee::regrole::text
FROM pg_attribute JOIN relations AS r ON r.oid = attrelid, aclexplode(attacl) AS a WHERE a.grantee <> 0
UNION ALL
SELECT 'owner', place, relowner::regrole::text FROM relations
UNION ALL
SELECT 'publication', r.place, pubname::text
FROM pg_publication_rel JOIN pg_publication AS p ON p.oid = prpubid JOIN relations AS r ON r.oid = prrelid
UNION ALL
SELECT 'statistics', r.place, stxname::text FROM pg_statistic_ext JOIN relations AS r ON r.oid = stxrelid
UNION ALL
SELECT 'child', p.place, r.relname::text
FROM pg_inherits JOIN relations AS r ON r.oid = inhrelid JOIN relations AS p ON p.oid = inhparent
UNION ALL
SELECT 'function', n.nspname || '.' || proname, proname::text FROM pg_proc JOIN ours AS n ON n.oid = pronamespace
