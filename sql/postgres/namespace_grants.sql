-- Who else may use a schema and what will be made in it: :'grants' is a JSON object, privilege: [role ..]. By default
-- privileges, so that they hold for the clones and for what dbt builds beside them; they go with the schema.
-- Runs inside a transaction: the settings are local to it.
SELECT pg_catalog.set_config('cloneci.schema', :'schema', true), pg_catalog.set_config('cloneci.grants', :'grants', true);
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT g.key AS privilege, r.role, r.role = 'public' AS everybody,
               r.role = 'public' OR pg_catalog.to_regrole(pg_catalog.quote_ident(r.role)) IS NOT NULL AS known
          FROM pg_catalog.jsonb_each(pg_catalog.current_setting('cloneci.grants')::jsonb) AS g,
               LATERAL pg_catalog.jsonb_array_elements_text(g.value) AS r (role)
    LOOP
        IF NOT one.known THEN
            RAISE EXCEPTION 'clone.grants: there is no role "%"', one.role
                USING ERRCODE = 'undefined_object', HINT = 'Make the role, or take it out of clone.grants in cloneci.yml.';
        END IF;
        IF one.privilege NOT IN ('select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger',
                                 'maintain') THEN
            RAISE EXCEPTION 'clone.grants: there is no privilege "%"', one.privilege;
        END IF;
        EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %s', pg_catalog.current_setting('cloneci.schema'),
                       CASE WHEN one.everybody THEN 'PUBLIC' ELSE pg_catalog.quote_ident(one.role) END);
        EXECUTE pg_catalog.format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT %s ON TABLES TO %s', pg_catalog.current_setting('cloneci.schema'),
                       one.privilege, CASE WHEN one.everybody THEN 'PUBLIC' ELSE pg_catalog.quote_ident(one.role) END);
    END LOOP;
END
$do$;
