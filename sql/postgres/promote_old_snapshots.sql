-- Transactions whose snapshot may be older than what is promoted: they would read it as empty. One line each; a line that
-- begins with '!' says that our role may not see them.
SELECT '!' || current_user
WHERE NOT pg_has_role('pg_read_all_stats', 'USAGE')
UNION ALL
SELECT format('process %s of %s (%s), since %s', a.pid, a.usename, a.application_name, to_char(a.xact_start, 'HH24:MI:SS'))
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_xmin IS NOT NULL
  AND a.backend_type = 'client backend' AND a.xact_start < :'since'::timestamptz;
