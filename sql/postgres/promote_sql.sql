-- The statements of a promotion, made by the server from its catalog; writes nothing. Run it under search_path = '': then
-- all names in what the server prints are qualified. Run it again with the locks held: the same rows mean that nothing
-- which it looked at has changed.
-- :'moves' as promote_moves gives it; :'suffix' is put behind a schema's name to park what is replaced. :'made' is a JSON array
-- of schemas that come into being with it.
-- Rows: phase, text. Phases, in the order in which they are used:
--   refuse     why there is no promotion; then nothing else counts
--   analyze    before the transaction: what comes in and has no statistics yet
--   writers    holds writers off, lets readers pass    incoming   likewise of what is promoted
--   carry      extended statistics that the replaced one has and the new one lacks; rights and the like (promote_rights);
--              foreign keys (promote_keys)
--   exclusive  one block, so that one budget bounds it; in several orders, one for each try by turns: readers that take
--              the same relations in another order within one transaction keep the one order from ever succeeding
--   move       aside, then in                          rewire     dependants that stay, onto the new ones; policies
WITH move AS MATERIALIZED (
    SELECT m ->> 'schema' AS schema, m ->> 'name' AS name, (m ->> 'old')::oid AS old, (m ->> 'new')::oid AS new, m ->> 'lost' AS lost
    FROM jsonb_array_elements(:'moves'::jsonb) AS m
),
gone AS MATERIALIZED (
    SELECT m.schema, m.name, m.new, m.schema || :'suffix' AS parked, format('%I.%I', m.schema, m.name) AS q,
           c.oid, c.relkind, c.relowner, c.relacl, c.reltype, c.relrowsecurity, c.relforcerowsecurity
    FROM move AS m JOIN pg_class AS c ON c.oid = m.old
),
came AS MATERIALIZED (
    SELECT m.schema, m.name, m.old, n.nspname AS place, c.relname AS now, format('%I.%I', n.nspname, c.relname) AS q,
           c.oid, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
                          WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM move AS m JOIN pg_class AS c ON c.oid = m.new JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
-- Schemas of cloneci's: pull requests', parked ones. What stands there stays with what it was made for.
ours AS MATERIALIZED (
    SELECT d.objoid AS oid FROM pg_description AS d
    WHERE d.classoid = 'pg_namespace'::regclass AND d.objsubid = 0 AND d.description LIKE '{%"cloneci"%}'
),
-- What others can depend on: the relation, its types, its constraints, the sequences of its columns.
handle AS MATERIALIZED (
    SELECT g.oid AS of, 'pg_class'::regclass AS classid, g.oid FROM gone AS g
    UNION ALL
    SELECT g.oid, 'pg_type'::regclass, t.oid FROM gone AS g JOIN pg_type AS t ON t.typrelid = g.oid
    UNION ALL
    SELECT g.oid, 'pg_type'::regclass, t.typarray FROM gone AS g JOIN pg_type AS t ON t.typrelid = g.oid WHERE t.typarray <> 0
    UNION ALL
    SELECT g.oid, 'pg_constraint'::regclass, k.oid FROM gone AS g JOIN pg_constraint AS k ON k.conrelid = g.oid
    UNION ALL
    SELECT g.oid, 'pg_class'::regclass, s.oid
    FROM gone AS g
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.oid AND d.deptype IN ('a', 'i')
                       AND d.classid = 'pg_class'::regclass
    JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
),
-- Who does, and to which relation it belongs.
found AS MATERIALIZED (
    SELECT DISTINCT h.of, h.classid = 'pg_class'::regclass AND h.oid = h.of AS plain, d.refobjsubid AS attnum, d.classid, d.objid, d.deptype,
           w.rulename, p.oid AS proc,
           coalesce(w.ev_class, f.adrelid, nullif(k.conrelid, 0), t.tgrelid, y.polrelid, s.stxrelid, x.indrelid,
                    nullif(ty.typrelid, 0), nullif(el.typrelid, 0), own.refobjid, c.oid) AS owner
    FROM handle AS h
    JOIN pg_depend AS d ON d.refclassid = h.classid AND d.refobjid = h.oid
    LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_attrdef AS f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
    LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_trigger AS t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    LEFT JOIN pg_policy AS y ON d.classid = 'pg_policy'::regclass AND y.oid = d.objid
    LEFT JOIN pg_statistic_ext AS s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid
    LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_index AS x ON x.indexrelid = c.oid
    LEFT JOIN pg_depend AS own ON c.relkind = 'S' AND own.classid = 'pg_class'::regclass AND own.objid = c.oid
                              AND own.refclassid = 'pg_class'::regclass AND own.deptype IN ('a', 'i')
    LEFT JOIN pg_type AS ty ON d.classid = 'pg_type'::regclass AND ty.oid = d.objid
    LEFT JOIN pg_type AS el ON el.oid = ty.typelem
    LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    WHERE d.deptype <> 'i' OR d.classid = 'pg_rewrite'::regclass
),
dependant AS MATERIALIZED (
    SELECT f.*, v.relname, v.relkind, v.relnamespace, v.reloptions, v.relowner, n.nspname,
           f.rulename = '_RETURN' AND v.relkind = 'v' AS is_view,
           f.proc IS NOT NULL AND f.plain AND pg_get_function_sqlbody(f.proc) IS NOT NULL AS is_body
    FROM found AS f
    LEFT JOIN pg_class AS v ON v.oid = f.owner
    LEFT JOIN pg_namespace AS n ON n.oid = v.relnamespace
    WHERE (f.owner IS NULL OR f.owner NOT IN (SELECT g.oid FROM gone AS g))
      AND (v.relnamespace IS NULL OR v.relnamespace NOT IN (SELECT o.oid FROM ours AS o) OR v.oid IN (SELECT c.oid FROM came AS c))
),
rewired AS MATERIALIZED (
    SELECT DISTINCT d.owner AS oid, d.nspname, d.relname, d.reloptions, d.relowner,
           coalesce(c.schema, d.nspname) AS schema, coalesce(c.name, d.relname) AS name, c.oid IS NOT NULL AS is_new
    FROM dependant AS d LEFT JOIN came AS c ON c.oid = d.owner
    WHERE d.is_view
),
pair AS MATERIALIZED (
    SELECT g.q AS old_q, c.* FROM gone AS g JOIN came AS c ON c.oid = g.new
),
-- Policies that the new one lacks: carried over where it has row level security at all.
lost_policy AS MATERIALIZED (
    SELECT p.old_q, p.old, p.oid AS new, p.schema, p.name, y.oid AS policy, y.polname, y.polpermissive, y.polcmd, y.polroles,
           pg_get_expr(y.polqual, y.polrelid) AS condition, pg_get_expr(y.polwithcheck, y.polrelid) AS checked
    FROM pair AS p JOIN gone AS g ON g.oid = p.old JOIN pg_policy AS y ON y.polrelid = p.old
    WHERE NOT EXISTS (SELECT FROM pg_policy AS z WHERE z.polrelid = p.oid AND z.polname = y.polname)
      AND (p.relrowsecurity OR NOT g.relrowsecurity)
),
-- What the incoming views read, outside of what comes in.
reads AS MATERIALIZED (
    SELECT DISTINCT c.q, c.oid, c.place <> c.schema AS moves, format('%I.%I', n.nspname, r.relname) AS what, r.oid AS what_oid, n.oid AS namespace
    FROM came AS c
    JOIN pg_rewrite AS w ON w.ev_class = c.oid
    JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
    JOIN pg_class AS r ON r.oid = d.refobjid
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
),
-- What comes in, with all that belongs to it.
part AS MATERIALIZED (
    SELECT c.oid AS of, 'pg_class'::regclass AS classid, c.oid FROM came AS c WHERE c.place <> c.schema
    UNION ALL
    SELECT c.oid, d.classid, d.objid
    FROM came AS c
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
    WHERE c.place <> c.schema
),
-- Tables that readers are kept out of: what is replaced, what comes in (pg_dump reads that as well), and what foreign keys of the
-- former refer to and stays (see promote_keys).
held AS MATERIALIZED (
    SELECT g.q FROM gone AS g WHERE g.relkind IN ('r', 'p')
    UNION
    SELECT c.q FROM came AS c WHERE c.relkind IN ('r', 'p')
    UNION
    SELECT format('%I.%I', n.nspname, c.relname)
    FROM gone AS g
    JOIN pg_constraint AS k ON k.conrelid = g.oid AND k.contype = 'f' AND k.conparentid = 0
    JOIN pg_class AS c ON c.oid = k.confrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE pg_has_role(c.relowner, 'USAGE')
),
-- What that uses of the schemas where it was built, and what does not come in: types, functions and the like.
left_behind AS (
    SELECT DISTINCT p.classid, p.oid, d.objsubid, x.classid AS on_class, x.oid AS on_oid, n.nspname
    FROM part AS p
    JOIN pg_depend AS d ON d.classid = p.classid AND d.objid = p.oid AND d.deptype = 'n'
    LEFT JOIN pg_type AS t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid AND t.typelem <> 0 AND t.typcategory = 'A'
    CROSS JOIN LATERAL (SELECT d.refclassid AS classid, coalesce(t.typelem, d.refobjid) AS oid) AS x
    JOIN pg_depend AS stands ON stands.classid = x.classid AND stands.objid = x.oid AND stands.refclassid = 'pg_namespace'::regclass
                            AND stands.deptype = 'n'
    JOIN pg_namespace AS n ON n.oid = stands.refobjid
    WHERE n.nspname IN (SELECT c.place FROM came AS c WHERE c.place <> c.schema)
      AND NOT (x.classid = 'pg_class'::regclass AND x.oid IN (SELECT c.oid FROM came AS c))
      -- a sequence that belongs to a column comes in with its table
      AND NOT EXISTS (SELECT FROM pg_depend AS own JOIN came AS c ON c.oid = own.refobjid
                      WHERE x.classid = 'pg_class'::regclass AND own.classid = x.classid AND own.objid = x.oid
                        AND own.refclassid = 'pg_class'::regclass AND own.deptype IN ('a', 'i'))
),
refuse AS (
    SELECT format('%s uses %s, which stays behind in %I: make that in a schema of its own (in a hook, target.schema is the one that is built)',
                  pg_describe_object(b.classid, b.oid, b.objsubid), pg_describe_object(b.on_class, b.on_oid, 0), b.nspname) AS text
    FROM left_behind AS b
    UNION ALL
    SELECT format('the schema %I does not exist: create it, with its grants', s.schema)
    FROM (SELECT DISTINCT schema FROM move) AS s WHERE NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = s.schema)
      AND NOT :'made'::jsonb ? s.schema
    UNION ALL
    SELECT format('may not create in the schema %I: GRANT CREATE ON SCHEMA %I TO %I', n.nspname, n.nspname, current_user)
    FROM pg_namespace AS n WHERE n.nspname IN (SELECT schema FROM move) AND NOT has_schema_privilege(n.oid, 'CREATE')
    UNION ALL
    SELECT format('the name %I is too long for a schema: shorten %I', s.schema || :'suffix', s.schema)
    FROM (SELECT DISTINCT schema FROM move) AS s WHERE octet_length(s.schema || :'suffix') > 63
    UNION ALL
    SELECT format('the schema %I was made meanwhile, by %I: run again', n.nspname, pg_get_userbyid(n.nspowner))
    FROM pg_namespace AS n WHERE n.nspname IN (SELECT schema || :'suffix' FROM move)
    UNION ALL
    SELECT format('%s has the name of something that is no table, view or sequence in production: rename one of them', g.q)
    FROM gone AS g WHERE g.relkind NOT IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT format('%I.%I %s', m.schema, m.name, m.lost) FROM move AS m WHERE m.lost IS NOT NULL
    UNION ALL
    SELECT format('%s is not ours to move: it is owned by %I; GRANT %I TO %I', g.q, pg_get_userbyid(g.relowner), pg_get_userbyid(g.relowner), current_user)
    FROM (SELECT q, relowner FROM gone UNION ALL SELECT q, relowner FROM came) AS g WHERE NOT pg_has_role(g.relowner, 'USAGE')
    UNION ALL
    SELECT format('%s is owned by %I, production''s by %I: build as %I (`role: %I` in the target of profiles.yml)',
                  c.q, pg_get_userbyid(c.relowner), pg_get_userbyid(g.relowner), pg_get_userbyid(g.relowner), pg_get_userbyid(g.relowner))
    FROM gone AS g JOIN came AS c ON c.oid = g.new WHERE c.relowner <> g.relowner
    UNION ALL
    SELECT format('%s has row level security, the new one does not: enable it there (a post-hook), with its policies', p.old_q)
    FROM pair AS p JOIN gone AS g ON g.oid = p.old
    WHERE (g.relrowsecurity AND NOT p.relrowsecurity) OR (g.relforcerowsecurity AND NOT p.relforcerowsecurity)
    UNION ALL
    SELECT format('policy %I of %s reads the column %I, which the new one lacks: create it there (a post-hook) as it should be', l.polname, l.old_q, a.attname)
    FROM lost_policy AS l
    JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND d.objid = l.policy AND d.refclassid = 'pg_class'::regclass
                       AND d.refobjid = l.old AND d.refobjsubid > 0
    JOIN pg_attribute AS a ON a.attrelid = l.old AND a.attnum = d.refobjsubid
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS b WHERE b.attrelid = l.new AND b.attname = a.attname AND NOT b.attisdropped)
    UNION ALL
    SELECT format('trigger %I of %s is missing on the new one: create it there (a post-hook)', t.tgname, p.old_q)
    FROM pair AS p JOIN pg_trigger AS t ON t.tgrelid = p.old AND NOT t.tgisinternal
    WHERE NOT EXISTS (SELECT FROM pg_trigger AS u WHERE u.tgrelid = p.oid AND u.tgname = t.tgname)
    UNION ALL
    SELECT format('rule %I of %s is missing on the new one: create it there (a post-hook)', w.rulename, p.old_q)
    FROM pair AS p JOIN pg_rewrite AS w ON w.ev_class = p.old AND w.rulename <> '_RETURN'
    WHERE NOT EXISTS (SELECT FROM pg_rewrite AS u WHERE u.ev_class = p.oid AND u.rulename = w.rulename)
    UNION ALL
    -- what leans on production and would stay on the old generation
    SELECT DISTINCT format('%s%s depends on %s: %sdrop it, or make it anew after the promotion', pg_describe_object(d.classid, d.objid, 0),
                           CASE WHEN d.relname IS NULL THEN '' ELSE format(' (%I.%I)', d.nspname, d.relname) END, g.q,
                           CASE WHEN d.classid = 'pg_constraint'::regclass THEN format('promote %I.%I as well, ', d.nspname, d.relname) ELSE '' END)
    FROM dependant AS d JOIN gone AS g ON g.oid = d.of
    WHERE NOT coalesce(d.is_view, false) AND NOT coalesce(d.is_body, false)
    UNION ALL
    SELECT format('the view %I.%I reads what is replaced and is owned by %I: GRANT %I TO %I', r.nspname, r.relname,
                  pg_get_userbyid(r.relowner), pg_get_userbyid(r.relowner), current_user)
    FROM rewired AS r WHERE NOT pg_has_role(r.relowner, 'USAGE')
    UNION ALL
    SELECT format('the function %s reads what is replaced and is owned by %I: GRANT %I TO %I', p.oid::regprocedure,
                  pg_get_userbyid(p.proowner), pg_get_userbyid(p.proowner), current_user)
    FROM pg_proc AS p WHERE p.oid IN (SELECT d.proc FROM dependant AS d WHERE d.is_body) AND NOT pg_has_role(p.proowner, 'USAGE')
    UNION ALL
    SELECT DISTINCT format('%s depends on %s, which is taken away: drop it first', pg_describe_object(d.classid, d.objid, 0), g.q)
    FROM dependant AS d JOIN gone AS g ON g.oid = d.of
    WHERE (d.is_view OR d.is_body) AND g.new IS NULL
    UNION ALL
    SELECT DISTINCT format('%s reads the column %I of %s, %s: change it back, or drop the reader first',
                           CASE WHEN d.is_view THEN format('the view %I.%I', d.nspname, d.relname) ELSE pg_describe_object(d.classid, d.objid, 0) END,
                           a.attname, g.q,
                           CASE WHEN b.attname IS NULL THEN 'which the new one lacks'
                                ELSE format('whose type changes from %s to %s', format_type(a.atttypid, a.atttypmod), format_type(b.atttypid, b.atttypmod)) END)
    FROM dependant AS d
    JOIN gone AS g ON g.oid = d.of
    JOIN pg_attribute AS a ON a.attrelid = g.oid AND a.attnum = d.attnum
    LEFT JOIN pg_attribute AS b ON b.attrelid = g.new AND b.attname = a.attname AND NOT b.attisdropped
    WHERE d.plain AND d.attnum > 0 AND g.new IS NOT NULL AND (d.is_view OR d.is_body)
      AND (b.attname IS NULL OR (a.atttypid, a.atttypmod, a.attcollation) IS DISTINCT FROM (b.atttypid, b.atttypmod, b.attcollation))
    UNION ALL
    SELECT DISTINCT format('%s reads %s, which is not promoted: promote its schema as well (--from)', r.q, r.what)
    FROM reads AS r
    WHERE r.what_oid NOT IN (SELECT c.oid FROM came AS c)
      AND (r.namespace IN (SELECT o.oid FROM ours AS o)
           OR EXISTS (SELECT FROM came AS c JOIN pg_namespace AS n ON n.nspname = c.place AND c.place <> c.schema WHERE n.oid = r.namespace))
    UNION ALL
    SELECT DISTINCT format('%s reads %s, which is replaced, and %s, which comes in with it: go one generation at a time', r.q, r.what, s.what)
    FROM reads AS r JOIN reads AS s ON s.oid = r.oid
    WHERE r.moves AND r.what_oid IN (SELECT g.oid FROM gone AS g) AND s.what_oid IN (SELECT c.oid FROM came AS c)
    UNION ALL
    -- indexes and sequences of columns go along and need their names
    SELECT format('%I.%I stands where a part of %s would go: rename it', c.schema, k.relname, c.q)
    FROM came AS c
    JOIN pg_namespace AS n ON n.nspname = c.schema AND c.place <> c.schema
    CROSS JOIN LATERAL (
        SELECT i.relname FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid
        UNION ALL
        SELECT i.relname FROM pg_depend AS d JOIN pg_class AS i ON i.oid = d.objid AND i.relkind = 'S'
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')
    ) AS part
    JOIN pg_class AS k ON k.relnamespace = n.oid AND k.relname = part.relname
    LEFT JOIN pg_index AS kx ON kx.indexrelid = k.oid
    WHERE coalesce(kx.indrelid, k.oid) NOT IN (SELECT g.oid FROM gone AS g)
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = k.oid AND d.deptype IN ('a', 'i')
                        AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT g.oid FROM gone AS g))
    UNION ALL
    SELECT format('about %s locks are needed at once, and the server has room for %s, of which half may be used: raise max_locks_per_transaction', l.wanted, l.room)
    FROM (SELECT (SELECT count(*) FROM (SELECT oid FROM gone UNION ALL SELECT oid FROM came) AS r)
                 + (SELECT count(*) FROM pg_index AS x WHERE x.indrelid IN (SELECT oid FROM gone UNION ALL SELECT oid FROM came)) AS wanted,
                 current_setting('max_locks_per_transaction')::bigint
                 * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS room) AS l
    WHERE l.wanted > l.room / 2
),
statement (phase, step, place, sql) AS (
    SELECT 1, 'writers', 0, 'LOCK TABLE ONLY ' || string_agg(g.q, ', ONLY ' ORDER BY g.q COLLATE "C") || ' IN SHARE ROW EXCLUSIVE MODE'
    FROM gone AS g WHERE g.relkind IN ('r', 'p') HAVING count(*) > 0
    UNION ALL
    SELECT 2, 'incoming', 0, 'LOCK TABLE ONLY ' || string_agg(c.q, ', ONLY ' ORDER BY c.q COLLATE "C") || ' IN SHARE ROW EXCLUSIVE MODE'
    FROM came AS c WHERE c.relkind IN ('r', 'p') HAVING count(*) > 0
    UNION ALL
    SELECT 6, 'carry', row_number() OVER (ORDER BY s.stxname),
           format('CREATE STATISTICS %I.%I%s ON %s FROM %s', p.place, s.stxname,
                  coalesce(' (' || (SELECT string_agg(CASE k WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies' ELSE 'mcv' END, ', ')
                                    FROM unnest(s.stxkind) AS k WHERE k IN ('d', 'f', 'm')) || ')', ''),
                  pg_get_statisticsobjdef_columns(s.oid), p.q)
    FROM pair AS p JOIN pg_statistic_ext AS s ON s.stxrelid = p.old
    WHERE NOT EXISTS (SELECT FROM pg_statistic_ext AS z WHERE z.stxrelid = p.oid AND z.stxname = s.stxname)
    UNION ALL
    SELECT DISTINCT 6, 'carry', 1000000, format('ANALYZE %s', p.q)
    FROM pair AS p JOIN pg_statistic_ext AS s ON s.stxrelid = p.old
    WHERE NOT EXISTS (SELECT FROM pg_statistic_ext AS z WHERE z.stxrelid = p.oid AND z.stxname = s.stxname)
    UNION ALL
    SELECT 0, 'analyze', row_number() OVER (ORDER BY c.q COLLATE "C"), format('ANALYZE %s', c.q)
    FROM came AS c
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT EXISTS (SELECT FROM pg_stats AS s WHERE s.schemaname = c.place AND s.tablename = c.now)
    UNION ALL
    SELECT 7, 'exclusive', v.turn, format('DO %L', 'BEGIN ' || string_agg(l.sql, '; ' ORDER BY l.step, l.oid DESC) || '; END')
    FROM generate_series(0, 3) AS v (turn)
    CROSS JOIN LATERAL (
          SELECT 1 AS step, r.oid, format('ALTER VIEW %I.%I OWNER TO %I', r.nspname, r.relname, pg_get_userbyid(r.relowner)) AS sql
          FROM rewired AS r WHERE NOT r.is_new
          UNION ALL
          SELECT 3, g.oid, format('ALTER %s %s OWNER TO %I', CASE g.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                                  WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'SEQUENCE' END, g.q, pg_get_userbyid(g.relowner))
          FROM gone AS g WHERE g.relkind IN ('v', 'm', 'f', 'S')
          UNION ALL
          SELECT 3, c.oid, format('ALTER %s %s OWNER TO %I', c.kind, c.q, pg_get_userbyid(c.relowner))
          FROM came AS c WHERE c.relkind IN ('v', 'm', 'f', 'S')
          UNION ALL
          SELECT CASE WHEN v.turn IN (0, 3) THEN 4 ELSE 2 END, 0, 'LOCK TABLE ONLY '
                 || CASE WHEN v.turn < 2 THEN string_agg(h.q, ', ONLY ' ORDER BY h.q COLLATE "C")
                         ELSE string_agg(h.q, ', ONLY ' ORDER BY h.q COLLATE "C" DESC) END || ' IN ACCESS EXCLUSIVE MODE'
          FROM held AS h HAVING count(*) > 0) AS l
    GROUP BY v.turn
    UNION ALL
    SELECT 8, 'move', row_number() OVER (ORDER BY g.q COLLATE "C"), format('ALTER TABLE %s SET SCHEMA %I', g.q, g.parked) FROM gone AS g
    UNION ALL
    SELECT 9, 'move', row_number() OVER (ORDER BY s.oid), format('ALTER STATISTICS %I.%I SET SCHEMA %I', n.nspname, s.stxname, g.parked)
    FROM gone AS g JOIN pg_statistic_ext AS s ON s.stxrelid = g.oid JOIN pg_namespace AS n ON n.oid = s.stxnamespace
    WHERE n.nspname = g.schema
    UNION ALL
    SELECT 10, 'move', row_number() OVER (ORDER BY c.q COLLATE "C"), format('ALTER TABLE %s SET SCHEMA %I', c.q, c.schema)
    FROM came AS c WHERE c.place <> c.schema
    UNION ALL
    SELECT 11, 'move', row_number() OVER (ORDER BY s.stxname), format('ALTER STATISTICS %I.%I SET SCHEMA %I', c.place, s.stxname, c.schema)
    FROM (SELECT z.stxname, z.stxrelid FROM pg_statistic_ext AS z
          JOIN pg_namespace AS n ON n.oid = z.stxnamespace JOIN came AS c ON c.oid = z.stxrelid AND c.place = n.nspname
          UNION
          SELECT z.stxname, p.oid FROM pair AS p JOIN pg_statistic_ext AS z ON z.stxrelid = p.old) AS s
    JOIN came AS c ON c.oid = s.stxrelid AND c.place <> c.schema
    UNION ALL
    -- pg_get_viewdef ends in a semicolon
    SELECT 12, 'rewire', row_number() OVER (ORDER BY r.oid),
           format('CREATE OR REPLACE VIEW %I.%I%s AS %s', r.schema, r.name, coalesce(' WITH (' || array_to_string(r.reloptions, ', ') || ')', ''),
                  rtrim(pg_get_viewdef(r.oid), ';'))
    FROM rewired AS r
    UNION ALL
    SELECT 13, 'rewire', row_number() OVER (ORDER BY p.oid), pg_get_functiondef(p.oid)
    FROM pg_proc AS p WHERE p.oid IN (SELECT d.proc FROM dependant AS d WHERE d.is_body)
    UNION ALL
    SELECT 14, 'rewire', row_number() OVER (ORDER BY l.new, l.polname),
           format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', l.polname, l.schema, l.name,
                  CASE WHEN l.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE l.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                  (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM unnest(l.polroles) AS r),
                  ' USING (' || l.condition || ')', ' WITH CHECK (' || l.checked || ')')
    FROM lost_policy AS l
)
SELECT step, sql
FROM (SELECT 0 AS phase, 'refuse' AS step, 0 AS place, r.text AS sql FROM refuse AS r
      UNION ALL
      SELECT s.phase, s.step, s.place, s.sql FROM statement AS s) AS o
ORDER BY o.phase, o.place, o.sql COLLATE "C";
