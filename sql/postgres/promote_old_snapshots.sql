-- Who may have a snapshot that is older than what is promoted, and would read it as empty. One line each; a line that begins with
-- '!' says that our role may not see them, one with '?' names a standby whose readers nobody sees.
-- :'since' and :'snapshot' are of one moment, as promote_clock gives them. A snapshot that was taken after it has no lower xmin
-- than :'snapshot' had: so who has one is old, whatever its transaction's age (it may have been imported, SET TRANSACTION
-- SNAPSHOT). With a higher xmin it may still be old, unless it is above all that had been written; then the age decides. Of a
-- standby only the xmin is known, as of a session with track_activities off. What has 32 bits here gets its epoch from the present, going back.
-- Logical decoding's catalog_xmin holds nothing that reads tables; a transaction that is prepared reads nothing any more.
WITH past AS MATERIALIZED (
    SELECT pg_snapshot_xmin(s.taken)::text::bigint AS least, pg_snapshot_xmax(s.taken)::text::bigint AS next,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS now
    FROM (SELECT CASE :'snapshot' WHEN '' THEN pg_current_snapshot() ELSE nullif(:'snapshot', '')::pg_snapshot END AS taken) AS s
),
holder AS (
    SELECT format('process %s of %s%s, since %s', a.pid, a.usename, ' (' || nullif(concat_ws(', ', nullif(a.application_name, ''),
                  nullif(a.backend_type, 'client backend')), '') || ')', coalesce(to_char(a.xact_start, 'HH24:MI:SS'), 'nobody knows when')) AS who,
           a.backend_xmin AS xmin, a.xact_start AS began
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.leader_pid IS NULL AND a.backend_type <> 'autovacuum worker'
    UNION ALL
    SELECT format('the readers of the standby %s, by its feedback', coalesce(nullif(r.application_name, ''), r.client_addr::text, r.pid::text)), r.backend_xmin, NULL
    FROM pg_stat_replication AS r
    UNION ALL
    SELECT format('the readers of the standby of the replication slot %s%s', s.slot_name,
                  CASE WHEN s.active THEN '' ELSE ' (not connected: drop the slot if there is no such standby any more)' END), s.xmin, NULL
    FROM pg_replication_slots AS s WHERE s.slot_type = 'physical'
)
SELECT '!' || current_user
WHERE NOT pg_has_role('pg_read_all_stats', 'USAGE')
UNION ALL
SELECT format('?%s', coalesce(nullif(r.application_name, ''), r.client_addr::text, r.pid::text))
FROM pg_stat_replication AS r
LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
WHERE r.backend_xmin IS NULL AND s.xmin IS NULL AND coalesce(s.slot_type, 'physical') = 'physical' AND r.state <> 'backup'
UNION ALL
SELECT h.who
FROM past AS t
CROSS JOIN (SELECT * FROM holder WHERE xmin IS NOT NULL) AS h
CROSS JOIN LATERAL (SELECT t.now - ((t.now - h.xmin::text::bigint) & 4294967295) AS id) AS x
WHERE x.id < t.least OR (x.id < t.next AND coalesce(h.began < :'since'::timestamptz, true));
