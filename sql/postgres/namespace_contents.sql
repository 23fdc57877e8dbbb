-- The statements that empty schemas of cloneci's own, one a row, dependants (made later) first.
-- CASCADE: what leans on a pull request's relation goes with it, as with dbt's own rebuild of it.
SELECT s.statement
  FROM (SELECT format('DROP %s IF EXISTS %I.%I CASCADE',
                      CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                                     WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                      n.nspname, c.relname) AS statement,
               CASE c.relkind WHEN 'S' THEN 1 ELSE 0 END AS step, c.oid
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY (:'schemas'::text[])
           AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
           AND NOT c.relispartition
        UNION ALL
        SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure), 2, p.oid
          FROM pg_catalog.pg_proc p
          JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = ANY (:'schemas'::text[])
        UNION ALL
        SELECT format('DROP TYPE IF EXISTS %I.%I CASCADE', n.nspname, t.typname), 3, t.oid
          FROM pg_catalog.pg_type t
          JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
          LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
         WHERE n.nspname = ANY (:'schemas'::text[])
           AND t.typtype IN ('c', 'd', 'e', 'r')
           AND (t.typrelid = 0 OR c.relkind = 'c')) s
 ORDER BY s.step, s.oid DESC;
