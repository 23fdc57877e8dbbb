-- Who we are and where. backend_pid differs from the one of the connection behind a pooler.
SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version,
       pg_catalog.current_setting('server_version_num') AS version_num,
       current_user AS role,
       pg_catalog.current_database() AS database,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) AS superuser,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS can_create_namespace,
       pg_catalog.pg_backend_pid() AS backend_pid,
       pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp()))::bigint AS seconds;
