-- Lets the connections of a run's build step in: they ask for the text search configuration :'name' when they start
-- (default_text_search_config), and once it is gone the server refuses them. It is a copy of the one that they would use.
-- Runs inside a transaction: the settings are local to it.
SELECT pg_catalog.set_config('cloneci.schema', :'schema', true), pg_catalog.set_config('cloneci.name', :'name', true);
DO $do$
BEGIN
    EXECUTE pg_catalog.format('CREATE TEXT SEARCH CONFIGURATION %I.%I (COPY = %s)', pg_catalog.current_setting('cloneci.schema'),
                   pg_catalog.current_setting('cloneci.name'), pg_catalog.current_setting('default_text_search_config')::regconfig);
END
$do$;
