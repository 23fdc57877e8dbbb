-- Was this connection let in by :'admission'? What stands between may drop what a connection asks for.
SELECT (pg_catalog.current_setting('default_text_search_config')::regconfig = :'admission'::regconfig)::text;
