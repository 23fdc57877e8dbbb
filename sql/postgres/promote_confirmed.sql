-- 't' if the synchronous standbys have what was written until :'until', or none is asked for by the server or our session.
SELECT current_setting('synchronous_standby_names') = '' OR current_setting('synchronous_commit') IN ('off', 'local')
       OR coalesce((SELECT bool_or(s.has) AND bool_and(s.has OR s.sync_state = 'quorum')
                    FROM (SELECT r.sync_state, coalesce(r.flush_lsn >= :'until'::pg_lsn, false) AS has
                          FROM pg_stat_replication AS r WHERE r.sync_state IN ('sync', 'quorum')) AS s), false);
