-- For what is only parsed: a lock held on production ends the wait, unless a limit is set already. Names are looked up as the
-- build looks them up.
SELECT pg_catalog.set_config('lock_timeout', :'lock_timeout', true) WHERE pg_catalog.current_setting('lock_timeout') = '0';
