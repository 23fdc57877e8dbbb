-- Settings of a session of cloneci, as far as the server knows them.
--   row_security off: what a policy would hide is an error instead of a silently smaller copy
--   client_connection_check_interval: a statement ends soon after its client was killed (14 and later)
--   idle_session_timeout: a run's connection is idle while dbt works, and holds the lock of its schema
--   idle_in_transaction_session_timeout, transaction_timeout (17 and later): a transaction holds the snapshot while other
--     connections copy
--   maintenance_work_mem: indexes are what a copy spends most of its time on; a sixteenth of what the server
--     reckons with as cache, at most 1 GB, and never less than it has set
--   the rest: what the server prints of defaults and expressions reads back as the same, as in pg_dump
-- Until the end of these two statements names are looked up in the catalog alone.
SELECT pg_catalog.set_config('search_path', '', true);
SELECT pg_catalog.set_config(s.name, v.value, false)
FROM (VALUES ('row_security', 'off'),
             ('client_connection_check_interval', '500ms'),
             ('idle_session_timeout', '0'),
             ('idle_in_transaction_session_timeout', '0'),
             ('transaction_timeout', '0'),
             ('standard_conforming_strings', 'on'),
             ('DateStyle', 'ISO'),
             ('IntervalStyle', 'postgres'),
             ('extra_float_digits', '3'),
             ('xmloption', 'content'),
             ('quote_all_identifiers', 'off'),
             ('bytea_output', 'hex'),
             ('maintenance_work_mem',
              (SELECT greatest(m.setting::bigint, least(1048576, c.setting::bigint * b.setting::bigint / 16384))::text
               FROM pg_catalog.pg_settings AS m, pg_catalog.pg_settings AS c, pg_catalog.pg_settings AS b
               WHERE m.name = 'maintenance_work_mem' AND c.name = 'effective_cache_size'
                 AND b.name = 'block_size'))) AS v (name, value)
JOIN pg_catalog.pg_settings AS s ON pg_catalog.lower(s.name) = pg_catalog.lower(v.name);
