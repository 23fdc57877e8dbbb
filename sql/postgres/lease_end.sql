-- Ends the sessions of a run that did not give way: the one that holds the lock, and its helpers.
SELECT pg_catalog.pg_terminate_backend(a.pid, 5000)::text
FROM pg_catalog.pg_stat_activity AS a
WHERE (a.pid = :'pid'::integer OR pg_catalog.starts_with(a.application_name, 'cloneci:' || :'run' || ':'))
  AND a.usename = session_user AND a.datname = current_database() AND a.pid <> pg_catalog.pg_backend_pid();
