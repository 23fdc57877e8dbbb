-- The journal: what each generation replaced, and by what. It alone decides whether a promotion happened.
CREATE TABLE IF NOT EXISTS cloneci.generation (
    run_id text PRIMARY KEY,
    generation bigint NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('promote', 'rollback')),
    content bigint NOT NULL, -- the generation that is live since: its own number, or the one that was brought back
    project text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    role name NOT NULL DEFAULT current_user,
    schemas jsonb NOT NULL,  -- [{schema, parked, oid}]: where the replaced ones stand
    relations jsonb NOT NULL -- [{schema, name, old, new}]
);
