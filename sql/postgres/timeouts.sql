-- Until the end of the transaction; in milliseconds, 0 for none.
SELECT pg_catalog.set_config('lock_timeout', :'lock_ms', true),
       pg_catalog.set_config('statement_timeout', :'statement_ms', true);
