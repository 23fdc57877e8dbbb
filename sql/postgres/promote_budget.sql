-- How long readers may be made to wait, until the end of the transaction: :'budget_ms', and always less than deadlock_timeout. A
-- reader who has what we want, and wants what we have got, would be the one whom the server ends.
SELECT pg_catalog.set_config('lock_timeout', '0', true),
       pg_catalog.set_config('statement_timeout', pg_catalog.round(LEAST(:'budget_ms'::numeric, s.setting::numeric * 0.9))::text, true)
FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout';
