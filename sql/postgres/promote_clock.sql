-- The server's time and the snapshot: text that the server reads back.
SELECT jsonb_build_object('at', clock_timestamp(), 'snapshot', pg_current_snapshot()::text);
