-- 't' if the lock of the name is ours until the end of this transaction. The key is made by the client:
-- the first 64 bits of the name's SHA-256, as a signed number.
SELECT pg_catalog.pg_try_advisory_xact_lock(:'key'::bigint);
