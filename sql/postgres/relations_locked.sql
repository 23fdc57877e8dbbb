-- Who holds a lock that even a reader of the catalog waits for, on relations whose names stand in :'asked' (JSON) or that belong to
-- them: the relation, process id, application, user, for how many seconds. The longest first.
SELECT c.oid::regclass::text, l.pid::text, coalesce(s.application_name, ''), coalesce(s.usename, '?')::text,
       coalesce(extract(epoch FROM clock_timestamp() - s.xact_start)::bigint, 0)::text
FROM pg_locks AS l
JOIN pg_class AS c ON c.oid = l.relation
LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
LEFT JOIN pg_class AS t ON t.oid = i.indrelid
LEFT JOIN pg_stat_activity AS s ON s.pid = l.pid
WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND (c.relispartition OR t.relispartition OR strpos(:'asked', to_json(coalesce(t.relname, c.relname)::text)::text) > 0)
ORDER BY s.xact_start, l.pid, c.oid
LIMIT 3;
