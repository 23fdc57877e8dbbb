-- 't' if this session holds the lock :'key', as the server lists it.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid = pg_catalog.pg_backend_pid()
      AND (l.classid::bigint << 32) | l.objid::bigint = :'key'::bigint);
