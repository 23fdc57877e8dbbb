-- READ COMMITTED, so that what was written until the locks were taken is seen. Names are resolved nowhere but in the catalog.
-- What was reported as live stays so, whatever happens to the server.
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_catalog.set_config('search_path', '', true), pg_catalog.set_config('jit', 'off', true),
       CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off'
            THEN pg_catalog.set_config('synchronous_commit', 'local', true) END,
       pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true);
