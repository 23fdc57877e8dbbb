-- No new connection is let in any more by what lease_admit made: for our own run's name (:'own' is true), or for all others that
-- begin with :'prefix'. Runs inside a transaction: the settings are local to it.
SELECT pg_catalog.set_config('cloneci.prefix', :'prefix', true), pg_catalog.set_config('cloneci.name', :'name', true), pg_catalog.set_config('cloneci.own', :'own', true);
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT n.nspname, c.cfgname
          FROM pg_catalog.pg_ts_config AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.cfgnamespace
         WHERE pg_catalog.starts_with(c.cfgname::text, pg_catalog.current_setting('cloneci.prefix'))
           AND (c.cfgname = pg_catalog.current_setting('cloneci.name')) = pg_catalog.current_setting('cloneci.own')::boolean
           AND c.cfgowner = (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)
    LOOP
        EXECUTE pg_catalog.format('DROP TEXT SEARCH CONFIGURATION %I.%I', one.nspname, one.cfgname);
    END LOOP;
END
$do$;
