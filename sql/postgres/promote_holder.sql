-- Who holds the lock of promotions, :'key': one line.
SELECT format('process %s of %s%s', l.pid, coalesce(a.usename::text, 'an unknown role'), ' (' || nullif(a.application_name, '') || ')')
FROM pg_locks AS l
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND (l.classid::bigint << 32) | l.objid::bigint = :'key'::bigint
LIMIT 1;
