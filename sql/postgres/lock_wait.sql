-- As lock_try, but waits, up to lock_timeout.
SELECT pg_catalog.pg_advisory_xact_lock(:'key'::bigint);
