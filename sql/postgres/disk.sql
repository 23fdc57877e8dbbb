-- Where the server keeps its data, if our role may know: PostgreSQL itself does not tell what is free there.
SELECT CASE WHEN (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user)
              OR pg_has_role('pg_read_all_settings', 'USAGE')
            THEN current_setting('data_directory', true) END AS data_directory;
