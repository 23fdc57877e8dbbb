-- As namespace_mark, for a whole database: the comment holds its OID.
SELECT set_config('cloneci.database', :'database', true), set_config('cloneci.marker', :'marker', true);
DO $do$
BEGIN
    EXECUTE format('COMMENT ON DATABASE %I IS %L', current_setting('cloneci.database'),
                   (SELECT (current_setting('cloneci.marker')::jsonb
                            || jsonb_build_object('oid', d.oid::bigint))::text
                      FROM pg_catalog.pg_database d
                     WHERE d.datname = current_setting('cloneci.database')));
END
$do$;
