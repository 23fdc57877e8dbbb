-- Which server process works for us, for promote_backend_end.
SELECT a.pid || ' ' || a.backend_start
FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid();
