-- The name that this session bears from now on: see lease_holder.sql.
SELECT pg_catalog.set_config('application_name', :'name', false);
