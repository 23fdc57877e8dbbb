-- Ends connections of build steps in one schema, which all bear the name cloneci:<run, 16 digits>:<schema>: those of our
-- own run (:'own' is true), or those of all others, which must not write there any more. Same role only. A row for each.
-- Apart from each other: the server may put conditions in another order, and would end others as well.
WITH theirs AS MATERIALIZED (
    SELECT a.pid, pg_catalog.substr(a.application_name, 9, 16) AS run
    FROM pg_catalog.pg_stat_activity AS a
    WHERE pg_catalog.starts_with(a.application_name, 'cloneci:')
      AND pg_catalog.substr(a.application_name, 25) = ':' || :'label'
      AND (pg_catalog.substr(a.application_name, 9, 16) = :'run') = :'own'::boolean
      AND a.usename = session_user
      AND a.datname = current_database()
      AND a.pid <> pg_catalog.pg_backend_pid()
)
SELECT CASE WHEN pg_catalog.pg_terminate_backend(t.pid, 5000) THEN t.run ELSE t.run END FROM theirs AS t;
