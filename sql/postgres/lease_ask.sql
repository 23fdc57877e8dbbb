-- Tells a run by whom it is superseded. It then ends its build step and gives its lock back.
SELECT pg_catalog.pg_notify(:'channel', :'text')::text;
