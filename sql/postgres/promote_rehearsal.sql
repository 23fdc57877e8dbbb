-- What a promotion does, with a table of its own: for event triggers, which may let nobody do that. The first line names those that
-- are enabled, the others are statements for a transaction that is rolled back. No line: there is no such trigger.
-- :'moves' as promote_moves gives it.
WITH watch AS (
    SELECT string_agg(quote_ident(e.evtname), ', ' ORDER BY e.evtname COLLATE "C") AS names
    FROM pg_event_trigger AS e
    WHERE e.evtenabled IN ('O', 'A') AND e.evtevent <> 'table_rewrite'
    HAVING count(*) > 0
),
place AS (
    SELECT n.nspname AS schema, 'cloneci_rehearsal_' || pg_backend_pid() AS scratch
    FROM pg_namespace AS n
    WHERE n.nspname IN (SELECT m ->> 'schema' FROM jsonb_array_elements(:'moves'::jsonb) AS m) AND has_schema_privilege(n.oid, 'CREATE')
    ORDER BY n.nspname COLLATE "C" LIMIT 1
)
SELECT s.sql
FROM watch AS w
CROSS JOIN place AS p
CROSS JOIN LATERAL (VALUES (0, w.names),
                           (1, format('CREATE SCHEMA %I', p.scratch)),
                           (2, format('CREATE TABLE %I.%I (a integer)', p.schema, p.scratch)),
                           (3, format('GRANT SELECT ON TABLE %I.%I TO CURRENT_USER', p.schema, p.scratch)),
                           (4, format('COMMENT ON TABLE %I.%I IS %L', p.schema, p.scratch, '')),
                           (5, format('ALTER TABLE %I.%I SET SCHEMA %I', p.schema, p.scratch, p.scratch)),
                           (6, format('ALTER TABLE %I.%I SET SCHEMA %I', p.scratch, p.scratch, p.schema)),
                           (7, format('CREATE OR REPLACE VIEW %I.%I AS SELECT a FROM %I.%I', p.scratch, p.scratch, p.schema, p.scratch)),
                           (8, format('ALTER VIEW %I.%I OWNER TO CURRENT_USER', p.scratch, p.scratch))) AS s (turn, sql)
ORDER BY s.turn;
