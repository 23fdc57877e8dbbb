-- 't' if the journal stands.
SELECT to_regclass('cloneci.generation') IS NOT NULL;
