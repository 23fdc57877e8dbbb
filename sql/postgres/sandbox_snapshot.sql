-- What the transaction sees, as text: see sandbox_check.sql.
SELECT pg_catalog.pg_current_snapshot()::text;
