-- A row if the session :'pid', which said something to us, is of our role and wants the lock: anybody may say anything.
SELECT 1
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid = :'pid'::integer AND a.usename = session_user AND pg_catalog.starts_with(a.application_name, 'cloneci+');
