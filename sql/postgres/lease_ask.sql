-- Asks a run to give way: tells it by whom it is superseded, and cancels what its session :'pid' and its helpers, named
-- cloneci:<run>:.., have under way. It then ends its build step and gives its lock back.
SELECT pg_catalog.pg_notify(:'channel', :'text')::text
UNION ALL
SELECT pg_catalog.pg_cancel_backend(a.pid)::text
FROM pg_catalog.pg_stat_activity AS a
WHERE (a.pid = :'pid'::integer OR pg_catalog.starts_with(a.application_name, 'cloneci:' || :'run' || ':'))
  AND a.state = 'active' AND a.usename = current_user AND a.datname = current_database();
