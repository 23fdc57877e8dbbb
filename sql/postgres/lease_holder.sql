-- Who holds the lock :'key': process id, name of the session, whether it is of our role. A run of cloneci names its session
-- cloneci+<run>:<commit>:<number in the CI's order>.
SELECT l.pid, coalesce(a.application_name, '') AS name, coalesce(a.usename = session_user, false) AS same_role
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
  AND (l.classid::bigint << 32) | l.objid::bigint = :'key'::bigint;
