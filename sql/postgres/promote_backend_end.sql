-- Ends the server process that promote_backend named, if it still lives, and waits for its end: after that its
-- transaction is over, one way or the other.
SELECT pg_catalog.pg_terminate_backend(a.pid, 10000)
FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid || ' ' || a.backend_start = :'backend' AND a.pid <> pg_catalog.pg_backend_pid();
