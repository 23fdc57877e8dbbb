-- The server's process that this statement runs in: behind a transaction pooler another one each time.
SELECT pg_catalog.pg_backend_pid()::text;
