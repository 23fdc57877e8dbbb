-- How long one try waits for writers, until the end of the transaction: not longer than :'lock_ms', and only a little longer than
-- deadlock_timeout. Then autovacuum gives way to us; and where a writer wants what we have got while we want what he has, the
-- server ends us, not him.
SELECT pg_catalog.set_config('lock_timeout', pg_catalog.round(LEAST(:'lock_ms'::numeric, s.setting::numeric * 1.1))::text, true),
       pg_catalog.set_config('statement_timeout', '0', true)
FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout';
