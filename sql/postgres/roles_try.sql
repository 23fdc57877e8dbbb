-- Tries, relation by relation, what our role must not be able to do in production's schemas (:'schemas', a JSON array). Run it
-- in a transaction that is rolled back. Each attempt is a subtransaction, undone at once even where it succeeds; it finds no
-- row, and the server refuses it before it waits for a lock. What the catalog says we may do is a finding without a try, and
-- sequences are not tried at all: what they give is never given back. Relations whose owner we are a member of are left
-- out: a role that promotes has to be.
-- The findings are in cloneci.found, a JSON array of texts; how much was refused is in cloneci.refused.
SELECT pg_catalog.set_config('search_path', '', true), set_config('cloneci.schemas', :'schemas', true), set_config('cloneci.found', '[]', true), set_config('cloneci.refused', '0', true),
       set_config('lock_timeout', '200ms', true);
DO $do$
DECLARE
    t record;
    found jsonb := '[]';
    refused integer := 0;
BEGIN
    FOR t IN
        WITH production AS (
            SELECT n.oid, n.nspname, n.nspowner
            FROM pg_namespace AS n
            JOIN jsonb_array_elements_text(current_setting('cloneci.schemas')::jsonb) AS s (name) ON s.name = n.nspname
            WHERE NOT pg_has_role(n.nspowner, 'USAGE')
        ),
        relation AS (
            SELECT c.oid, c.relkind, n.nspname, c.relname, format('%I.%I', n.nspname, c.relname) AS q,
                   (SELECT quote_ident(a.attname) FROM pg_attribute AS a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                    ORDER BY a.attnum LIMIT 1) AS col
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            JOIN jsonb_array_elements_text(current_setting('cloneci.schemas')::jsonb) AS s (name) ON s.name = n.nspname
            WHERE c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')
        )
        SELECT format('create a table in %I', p.nspname) AS what, has_schema_privilege(p.oid, 'CREATE') AS may,
               format('CREATE TABLE %I.cloneci_try ()', p.nspname) AS sql
        FROM production AS p
        UNION ALL
        SELECT format('create a function in %I', p.nspname), has_schema_privilege(p.oid, 'CREATE'),
               format('CREATE FUNCTION %I.cloneci_try() RETURNS integer LANGUAGE sql AS ''SELECT 1''', p.nspname)
        FROM production AS p
        UNION ALL
        SELECT format('rename the schema %I', p.nspname), false, format('ALTER SCHEMA %I RENAME TO cloneci_try', p.nspname)
        FROM production AS p
        UNION ALL
        SELECT format('%s %s', w.what, r.q), w.may, format(w.sql, r.q, r.col)
        FROM relation AS r
        CROSS JOIN LATERAL (VALUES
            ('insert into', has_any_column_privilege(r.oid, 'INSERT'), 'INSERT INTO %1$s (%2$s) SELECT %2$s FROM %1$s WHERE false'),
            ('update', has_any_column_privilege(r.oid, 'UPDATE'), 'UPDATE %1$s SET %2$s = %2$s WHERE false'),
            ('delete from', has_table_privilege(r.oid, 'DELETE'), 'DELETE FROM %1$s WHERE false'),
            ('truncate', has_table_privilege(r.oid, 'TRUNCATE'), 'TRUNCATE %1$s'),
            ('lock rows of', has_any_column_privilege(r.oid, 'UPDATE'), 'SELECT FROM %1$s WHERE false FOR UPDATE'),
            ('lock', has_table_privilege(r.oid, 'UPDATE, DELETE, TRUNCATE'), 'LOCK TABLE ONLY %1$s IN SHARE MODE NOWAIT'),
            ('put a trigger on', has_table_privilege(r.oid, 'TRIGGER'),
             'CREATE TRIGGER cloneci_try BEFORE INSERT ON %1$s EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()'),
            ('alter', false, 'ALTER TABLE %1$s ADD COLUMN cloneci_try integer'),
            ('drop', false, 'DROP TABLE %1$s')) AS w (what, may, sql)
        WHERE r.col IS NOT NULL
    LOOP
        IF t.may THEN
            found := found || to_jsonb(t.what);
            CONTINUE;
        END IF;
        BEGIN
            EXECUTE t.sql;
            RAISE EXCEPTION 'it was allowed' USING ERRCODE = 'CCI01';
        EXCEPTION
            WHEN insufficient_privilege THEN refused := refused + 1;
            WHEN SQLSTATE 'CCI01' THEN found := found || to_jsonb(t.what);
            WHEN OTHERS THEN found := found || to_jsonb(format('%s (not for want of a right: %s)', t.what, SQLERRM));
        END;
    END LOOP;
    PERFORM set_config('cloneci.found', found::text, true), set_config('cloneci.refused', refused::text, true);
END
$do$;
