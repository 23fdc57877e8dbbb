-- Writes cloneci's marker as the schema's comment, with the schema's OID put in: a marker counts only for the
-- schema that it was written for, not for one that somebody made again under the same name.
-- Runs inside a transaction: the settings are local to it.
SELECT set_config('cloneci.schema', :'schema', true), set_config('cloneci.marker', :'marker', true);
DO $do$
BEGIN
    EXECUTE pg_catalog.format('COMMENT ON SCHEMA %I IS %L', pg_catalog.current_setting('cloneci.schema'),
                   (SELECT (pg_catalog.current_setting('cloneci.marker')::jsonb
                            || pg_catalog.jsonb_build_object('oid', n.oid::bigint))::text
                      FROM pg_catalog.pg_namespace n
                     WHERE n.nspname = pg_catalog.current_setting('cloneci.schema')));
END
$do$;
