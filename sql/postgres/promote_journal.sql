-- The journal: what each generation replaced, and by what. It alone decides whether a promotion happened. Nobody else writes it,
-- whatever default privileges say. Run it in one transaction with what makes the schema, under search_path = ''.
CREATE TABLE :"journal".generation (
    run_id text PRIMARY KEY,
    generation bigint NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('promote', 'rollback')),
    content bigint NOT NULL,  -- the generation that is live since: its own number, or the one that was brought back
    project text NOT NULL,
    production text NOT NULL, -- the schema of the project's target: one project may have several
    at timestamptz NOT NULL,
    role name NOT NULL,
    origin text NOT NULL,     -- which database and which journal: see promote_journal_find
    schemas jsonb NOT NULL,   -- [{schema, parked, oid}]: where what was replaced is kept
    relations jsonb NOT NULL  -- [{schema, name, old, new, old_is, new_is, granted}]: OIDs, what else tells whether it is still
                              -- that one, and the rights that the project itself decided
);
SELECT set_config('cloneci.journal', :'journal', true);
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT 'SCHEMA' AS kind, format('%I', n.nspname) AS name, x.grantee
        FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
        WHERE n.nspname = current_setting('cloneci.journal') AND x.grantee <> n.nspowner AND x.privilege_type = 'CREATE'
        UNION
        SELECT 'TABLE', format('%I.%I', n.nspname, c.relname), x.grantee
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) AS x
        WHERE n.nspname = current_setting('cloneci.journal') AND c.relname = 'generation' AND x.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM %s', one.kind, one.name,
                       CASE one.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
END
$do$;
