-- Where the journal of promotions is, or would be made, and whether it can be trusted: what stands under its name may be somebody
-- else's, and then a trigger, a default or a view there would work with our rights, or a row lead a rollback to what it names.
-- One row: schema; made: there is such a schema; stands: there is a journal; complete: it has all columns of today; origin: which
-- database and which journal it is, other after a dump and restore or an upgrade; refused and remedy, or null.
-- Ours is what belongs to our role, or to one that may become our role anyway (a member of it, a superuser).
-- Another owner's sound journal is none of our business: ours has a name of its own then.
WITH me AS MATERIALIZED (
    SELECT r.oid, r.rolname,
           CASE WHEN octet_length(r.rolname) > 52 THEN 'cloneci_of_' || md5(r.rolname) ELSE 'cloneci_of_' || r.rolname END AS other
    FROM pg_roles AS r WHERE r.rolname = current_user
),
place AS MATERIALIZED (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl, c.oid AS journal, c.relowner, c.relkind, c.relpersistence, c.relispartition, c.reloftype,
           c.relrowsecurity, c.relacl, n.nspname = m.other AS is_other, o.ours,
           CASE WHEN o.ours THEN m.oid WHEN NOT pg_has_role(n.nspowner, m.oid, 'MEMBER') THEN n.nspowner ELSE c.relowner END AS base
    FROM me AS m
    JOIN pg_namespace AS n ON n.nspname IN ('cloneci', m.other) OR starts_with(n.nspname, 'cloneci_of_') AND n.nspowner = m.oid
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'generation'
    CROSS JOIN LATERAL (SELECT pg_has_role(n.nspowner, m.oid, 'MEMBER') AND (c.oid IS NULL OR pg_has_role(c.relowner, m.oid, 'MEMBER')) AS ours) AS o
),
expected (name, type, since) AS (
    VALUES ('run_id', 'text', 1), ('generation', 'bigint', 1), ('kind', 'text', 1), ('content', 'bigint', 1), ('project', 'text', 1),
           ('at', 'timestamp with time zone', 1), ('role', 'name', 1), ('schemas', 'jsonb', 1), ('relations', 'jsonb', 1),
           ('origin', 'text', 2), ('production', 'text', 2)
),
attribute AS MATERIALIZED (
    SELECT p.oid AS place, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' OR a.attidentity <> '' AS made,
           pg_get_expr(d.adbin, d.adrelid) AS value, a.attacl
    FROM place AS p
    JOIN pg_attribute AS a ON a.attrelid = p.journal AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
),
-- Whose rights are not those of the journal's owner anyway.
granted AS (
    SELECT p.oid AS place, format('SCHEMA %I', p.nspname) AS on_what, x.privilege_type, x.grantee
    FROM place AS p CROSS JOIN LATERAL aclexplode(p.nspacl) AS x WHERE x.privilege_type = 'CREATE'
    UNION ALL
    SELECT p.oid, format('TABLE %I.generation', p.nspname), x.privilege_type, x.grantee
    FROM place AS p CROSS JOIN LATERAL aclexplode(p.relacl) AS x WHERE x.privilege_type <> 'SELECT'
    UNION ALL
    SELECT p.oid, format('TABLE %I.generation', p.nspname), format('%s (%I)', x.privilege_type, a.attname), x.grantee
    FROM place AS p JOIN attribute AS a ON a.place = p.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE x.privilege_type <> 'SELECT'
),
part AS MATERIALIZED (
    SELECT p.oid AS place, p.journal, x.classid, x.objid
    FROM place AS p
    CROSS JOIN LATERAL (
        SELECT 'pg_class'::regclass AS classid, p.journal AS objid
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint AS k WHERE k.conrelid = p.journal
        UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i WHERE i.indrelid = p.journal
        UNION ALL SELECT 'pg_attrdef'::regclass, f.oid FROM pg_attrdef AS f WHERE f.adrelid = p.journal) AS x
    WHERE p.journal IS NOT NULL
),
fault AS MATERIALIZED (
    SELECT p.oid AS place, format('%I.generation is owned by %I, its schema by %I', p.nspname, pg_get_userbyid(p.relowner), pg_get_userbyid(p.nspowner)) AS text,
           format('ALTER TABLE %I.generation OWNER TO %I', p.nspname, pg_get_userbyid(p.nspowner)) AS remedy
    FROM place AS p WHERE NOT pg_has_role(p.nspowner, p.base, 'MEMBER') OR NOT pg_has_role(coalesce(p.relowner, p.base), p.base, 'MEMBER')
    UNION ALL
    SELECT g.place, format('%s has %s on %s', CASE g.grantee WHEN 0 THEN 'everybody' ELSE format('the role %I', pg_get_userbyid(g.grantee)) END,
                           g.privilege_type, g.on_what),
           format('REVOKE %s ON %s FROM %s', g.privilege_type, g.on_what, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END)
    FROM granted AS g JOIN place AS p ON p.oid = g.place
    WHERE g.grantee = 0 OR NOT pg_has_role(g.grantee, p.base, 'MEMBER')
    UNION ALL
    SELECT p.oid, format('%I.generation is not a table of its own', p.nspname), 'keep it aside under another name, for a look at where it came from'
    FROM place AS p
    WHERE p.journal IS NOT NULL
      AND (p.relkind <> 'r' OR p.relpersistence <> 'p' OR p.relispartition OR p.reloftype <> 0
           OR EXISTS (SELECT FROM pg_inherits AS h WHERE p.journal IN (h.inhrelid, h.inhparent)))
    UNION ALL
    SELECT p.oid, format('%I.generation has row level security', p.nspname), format('ALTER TABLE %I.generation DISABLE ROW LEVEL SECURITY', p.nspname)
    FROM place AS p WHERE p.relrowsecurity OR EXISTS (SELECT FROM pg_policy AS y WHERE y.polrelid = p.journal)
    UNION ALL
    SELECT p.oid, format('the trigger %I is on %I.generation', t.tgname, p.nspname), format('DROP TRIGGER %I ON %I.generation', t.tgname, p.nspname)
    FROM place AS p JOIN pg_trigger AS t ON t.tgrelid = p.journal
    UNION ALL
    SELECT p.oid, format('the rule %I is on %I.generation', w.rulename, p.nspname), format('DROP RULE %I ON %I.generation', w.rulename, p.nspname)
    FROM place AS p JOIN pg_rewrite AS w ON w.ev_class = p.journal WHERE p.relkind <> 'v'
    UNION ALL
    SELECT c.place, format('the column %I of %I.generation is not as cloneci makes it', c.name, c.nspname),
           'keep the table aside under another name, for a look at where it came from'
    FROM (SELECT p.oid AS place, p.nspname, e.name, a.attname IS NULL AND e.since = 1 OR a.type <> e.type AS wrong
          FROM place AS p CROSS JOIN expected AS e LEFT JOIN attribute AS a ON a.place = p.oid AND a.attname = e.name
          WHERE p.journal IS NOT NULL
          UNION ALL
          SELECT p.oid, p.nspname, a.attname, a.made OR a.value NOT IN ('clock_timestamp()', 'CURRENT_USER')
                                              OR NOT EXISTS (SELECT FROM expected AS e WHERE e.name = a.attname)
          FROM place AS p JOIN attribute AS a ON a.place = p.oid) AS c
    WHERE c.wrong
    UNION ALL
    SELECT DISTINCT r.place, format('%s uses %s', pg_describe_object(r.classid, r.objid, 0), pg_describe_object(d.refclassid, d.refobjid, 0)),
           'take that off, or keep the table aside under another name'
    FROM part AS r
    JOIN place AS p ON p.oid = r.place
    JOIN pg_depend AS d ON d.classid = r.classid AND d.objid = r.objid
    WHERE NOT EXISTS (SELECT FROM part AS o WHERE o.place = r.place AND o.classid = d.refclassid AND o.objid = d.refobjid)
      AND NOT (d.refclassid = 'pg_namespace'::regclass AND d.refobjid = p.oid)
    UNION ALL
    SELECT p.oid, format('the role %I may not use the schema %I, or not write its journal', current_user, p.nspname),
           format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', p.nspname, current_user)
    FROM place AS p
    WHERE p.ours AND NOT CASE WHEN p.journal IS NULL THEN has_schema_privilege(p.oid, 'CREATE')
                              ELSE has_schema_privilege(p.oid, 'USAGE') AND has_table_privilege(p.journal, 'SELECT')
                                   AND has_table_privilege(p.journal, 'INSERT') END
),
mine AS MATERIALIZED (
    SELECT p.* FROM place AS p WHERE p.ours ORDER BY p.journal IS NULL, p.nspname COLLATE "C" LIMIT 1
),
-- Of somebody else, under the name that ours would have.
foreign_place AS MATERIALIZED (
    SELECT p.nspname, p.nspowner, p.base, p.is_other OR p.journal IS NULL OR EXISTS (SELECT FROM fault AS f WHERE f.place = p.oid) AS unsound,
           pg_has_role(p.base, 'MEMBER') AS near,
           (SELECT string_agg(f.text, '; ' ORDER BY f.text COLLATE "C") FROM fault AS f WHERE f.place = p.oid) AS faults
    FROM place AS p WHERE NOT p.ours AND NOT EXISTS (SELECT FROM mine)
),
answer AS (
    SELECT m.nspname::text AS schema, true AS made, m.oid, m.journal,
           (SELECT string_agg(f.text, E'\n  ' ORDER BY f.text COLLATE "C") FROM fault AS f WHERE f.place = m.oid) AS refused,
           (SELECT string_agg(DISTINCT f.remedy, '; ') FROM fault AS f WHERE f.place = m.oid) AS remedy
    FROM mine AS m
    UNION ALL
    SELECT CASE WHEN f.taken THEN m.other ELSE 'cloneci' END, false, NULL, NULL,
           (SELECT string_agg(concat(format('the schema %I is owned by %I', x.nspname, pg_get_userbyid(x.base)), '; ' || x.faults), E'\n  ')
            FROM foreign_place AS x WHERE x.unsound OR x.near),
           (SELECT string_agg(CASE WHEN x.near AND NOT x.unsound
                                   THEN format('if %1$I is production''s owner, work as it (`role: %1$I` in the target of profiles.yml)', pg_get_userbyid(x.base))
                                   ELSE format('see what %1$I keeps there; then have it or an administrator free the name:'
                                               ' ALTER SCHEMA %2$I RENAME TO %3$I', pg_get_userbyid(x.base), x.nspname, 'not_' || left(x.nspname, 59)) END, '; ')
            FROM foreign_place AS x WHERE x.unsound OR x.near)
    FROM me AS m
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM foreign_place AS x WHERE x.nspname = 'cloneci') AS taken) AS f
    WHERE NOT EXISTS (SELECT FROM mine)
)
SELECT a.schema, a.made, a.journal IS NOT NULL AS stands,
       (SELECT count(*) FROM attribute AS t JOIN expected AS e ON e.name = t.attname WHERE t.place = a.oid) = (SELECT count(*) FROM expected) AS complete,
       format('%s/%s/%s', (SELECT s.system_identifier FROM pg_control_system() AS s),
              (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()), a.journal) AS origin,
       a.refused, a.remedy
FROM answer AS a;
