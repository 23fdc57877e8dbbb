-- READ COMMITTED, so that what was written until the locks were taken is seen. Names are resolved nowhere but in the catalog.
-- What was reported as live stays so, whatever happens to the server. Its COMMIT waits for no standby: readers would wait with
-- it, for as long as the standby is away or its own readers keep it from replaying (see promote_confirmed). transaction_timeout is of 17 and later.
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_catalog.set_config('search_path', '', true), pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('synchronous_commit', 'local', true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true),
       (SELECT pg_catalog.set_config(s.name, '0', true) FROM pg_catalog.pg_settings AS s WHERE s.name = 'transaction_timeout');
