-- Ends what an earlier run, killed before it could, left working in the same schemas. Same role only.
SELECT pg_catalog.pg_terminate_backend(a.pid, 5000)
  FROM pg_catalog.pg_stat_activity a
 WHERE a.application_name = :'application'
   AND a.usename = current_user
   AND a.datname = current_database()
   AND a.pid <> pg_catalog.pg_backend_pid();
