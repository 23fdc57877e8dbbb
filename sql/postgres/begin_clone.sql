-- One snapshot for all clones. The sources are locked before the first query, which takes the snapshot: one older
-- than a concurrent rebuild would copy nothing.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL lock_timeout = :'lock_timeout';
SET LOCAL statement_timeout = :'statement_timeout';
