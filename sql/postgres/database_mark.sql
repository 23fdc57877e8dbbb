-- As namespace_mark, for a whole database: the comment holds its OID.
SELECT pg_catalog.set_config('cloneci.database', :'database', true), pg_catalog.set_config('cloneci.marker', :'marker', true);
DO $do$
BEGIN
    EXECUTE pg_catalog.format('COMMENT ON DATABASE %I IS %L', pg_catalog.current_setting('cloneci.database'),
                   (SELECT (pg_catalog.current_setting('cloneci.marker')::jsonb
                            || pg_catalog.jsonb_build_object('oid', d.oid::bigint))::text
                      FROM pg_catalog.pg_database d
                     WHERE d.datname = pg_catalog.current_setting('cloneci.database')));
END
$do$;
