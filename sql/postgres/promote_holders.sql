-- Who has locks on what moves, other than ours: why it could not be had. One line each. :'moves' as promote_moves gives it.
SELECT h.who
FROM (SELECT DISTINCT CASE WHEN p.gid IS NOT NULL
                           THEN format('the prepared transaction %s of %s, since %s: COMMIT PREPARED or ROLLBACK PREPARED ends it', quote_literal(p.gid), p.owner,
                                       to_char(p.prepared, 'YYYY-MM-DD HH24:MI:SS'))
                           WHEN a.pid IS NOT NULL
                           THEN format('process %s of %s%s, since %s', a.pid, a.usename, ' (' || nullif(concat_ws(', ', nullif(a.application_name, ''),
                                       nullif(a.backend_type, 'client backend')), '') || ')', to_char(a.xact_start, 'HH24:MI:SS')) END AS who, coalesce(p.prepared, a.xact_start) AS since
      FROM jsonb_array_elements(:'moves'::jsonb) AS m
      JOIN pg_locks AS l ON l.locktype = 'relation' AND l.granted AND l.relation IN ((m ->> 'old')::oid, (m ->> 'new')::oid)
                        AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
      LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
      -- one that is prepared has no process; its lock of its own number says which it is
      LEFT JOIN pg_locks AS x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction
      LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
      WHERE l.pid IS DISTINCT FROM pg_backend_pid()) AS h
WHERE h.who IS NOT NULL
ORDER BY h.since
LIMIT 10;
