-- As lock_try, but until the session ends. Not behind a transaction pooler.
SELECT pg_catalog.pg_try_advisory_lock(:'key'::bigint);
