-- What stands under each name of :'relations', a JSON array of {database, schema, name}; one row each, in
-- that order. A database other than the connected one holds nothing for us. No lock, no row is read.
WITH asked AS (
    SELECT a.ord, a.r ->> 'schema' AS schema, a.r ->> 'name' AS name, n.oid AS nspoid, c.*
    FROM jsonb_array_elements(:'relations'::jsonb) WITH ORDINALITY AS a (r, ord)
    LEFT JOIN pg_namespace AS n
        ON n.nspname = a.r ->> 'schema' AND coalesce(a.r ->> 'database', current_database()) = current_database()
    LEFT JOIN LATERAL (
        SELECT c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relfilenode, c.reltuples
        FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relname = a.r ->> 'name'
          AND c.relkind NOT IN ('i', 'I', 't', 'c')
        LIMIT 1 -- by the index, not by a scan of all classes
    ) AS c ON true
)
SELECT a.relkind, a.oid, nullif(a.relfilenode, 0) AS filenode, s.bytes, s.rows, s.index_bytes,
       pg_get_userbyid(a.relowner) AS owner,
       has_table_privilege(a.oid, 'SELECT') OR (
           SELECT bool_and(has_column_privilege(a.oid, t.attnum, 'SELECT')) FROM pg_attribute AS t
           WHERE t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped) AS can_select,
       has_table_privilege(a.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
           OR has_any_column_privilege(a.oid, 'INSERT, UPDATE')
           OR pg_has_role(a.relowner, 'USAGE') AS can_write,
       has_any_column_privilege(a.oid, 'REFERENCES') OR pg_has_role(a.relowner, 'USAGE') AS can_refer,
       a.relrowsecurity AND row_security_active(a.oid) AS row_security,
       a.nspoid IS NULL AS no_schema,
       has_schema_privilege(a.nspoid, 'CREATE') AS can_create,
       has_schema_privilege(a.nspoid, 'USAGE') AS can_use_schema,
       (SELECT min(o.relname::text) FROM pg_class AS o
        WHERE a.oid IS NULL AND o.relnamespace = a.nspoid AND lower(o.relname) = lower(a.name)
          AND o.relkind IN ('r', 'p', 'v', 'm', 'f')) AS near
FROM asked AS a
LEFT JOIN LATERAL (
    -- a partitioned table has its rows in its leaves; what was never analyzed is unknown
    SELECT sum(pg_table_size(t.oid))::bigint AS bytes, sum(pg_indexes_size(t.oid))::bigint AS index_bytes,
           CASE WHEN bool_or(t.reltuples < 0) THEN -1 ELSE sum(t.reltuples) END::bigint AS rows
    FROM (SELECT c.oid, c.reltuples FROM pg_class AS c WHERE c.oid = a.oid AND a.relkind IN ('r', 'm')
          UNION ALL
          SELECT c.oid, c.reltuples FROM pg_partition_tree(a.oid) AS p JOIN pg_class AS c ON c.oid = p.relid
          WHERE a.relkind = 'p' AND p.isleaf) AS t
) AS s ON true
ORDER BY a.ord;
