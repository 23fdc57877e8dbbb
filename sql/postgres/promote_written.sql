-- Until where the server has written its log: for promote_confirmed.
SELECT pg_current_wal_insert_lsn();
