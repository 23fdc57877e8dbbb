-- The size of the database, and where the server keeps its data, if our role may know: PostgreSQL itself
-- does not tell what is free.
SELECT pg_database_size(current_database()) AS database_bytes,
       CASE WHEN (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user)
              OR pg_has_role('pg_read_all_settings', 'USAGE')
            THEN current_setting('data_directory', true) END AS data_directory;
