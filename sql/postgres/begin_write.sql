-- For what changes schemas of our own.
BEGIN;
SET LOCAL lock_timeout = :'lock_timeout';
