-- Cancels what the session :'pid' of a run that has to give way and its helpers, named cloneci:<run>:.., have under way.
-- After lease_ask, in a transaction of its own: whoever is cancelled can then hear why.
SELECT pg_catalog.pg_cancel_backend(a.pid)::text
FROM pg_catalog.pg_stat_activity AS a
WHERE (a.pid = :'pid'::integer OR pg_catalog.starts_with(a.application_name, 'cloneci:' || :'run' || ':'))
  AND a.state = 'active' AND a.usename = session_user AND a.datname = current_database();
