-- As lock_try_session, but waits.
SELECT pg_catalog.pg_advisory_lock(:'key'::bigint);
