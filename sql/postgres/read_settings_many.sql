-- As read_settings, for a template that lists many things itself: the planner cannot know how many, and would
-- loop over them within loops (1,000 clones: 0.5 s instead of 4.6 s).
SELECT pg_catalog.set_config('search_path', '', true),
       pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('enable_nestloop', 'off', true),
       CASE WHEN pg_catalog.current_setting('lock_timeout') = '0'
            THEN pg_catalog.set_config('lock_timeout', :'lock_timeout', true) END;
