-- Gives back what lock_try_session took: 't', or 'f' if it was not held.
SELECT pg_catalog.pg_advisory_unlock(:'key'::bigint);
