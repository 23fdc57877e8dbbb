-- Names come out qualified where they must be, and no schema of the search path can put its own
-- function before the catalog's. Compiling such queries costs more than running them. A lock held on
-- production ends the wait, unless a limit is set already.
SELECT pg_catalog.set_config('search_path', '', true),
       pg_catalog.set_config('jit', 'off', true),
       CASE WHEN pg_catalog.current_setting('lock_timeout') = '0'
            THEN pg_catalog.set_config('lock_timeout', :'lock_timeout', true) END;
