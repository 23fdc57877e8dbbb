-- What relations have, and what hangs on them, :'relations' (a JSON array of {database, schema, name}): a row each.
--   ord       the relation, from 1          kind      see adapters/attached.h
--   role      part: of the relation itself; user: something else that uses it; mention: a function whose text names it
--   columns   of the relation, that it uses, as JSON; []: it uses the relation as a whole
--   con       the name of a constraint, or null
--   via       what of it stands between, or null; schema, name: the relation that it is, or that it is of, or null
-- All of pg_depend is followed, through views on views. Run it under search_path = '': then all names are qualified.
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT a.ord, c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.reltype, c.relrowsecurity, c.relforcerowsecurity, n.nspname
    FROM jsonb_array_elements(:'relations'::jsonb) WITH ORDINALITY AS a (r, ord)
    JOIN pg_namespace AS n ON n.nspname = a.r ->> 'schema' AND coalesce(a.r ->> 'database', current_database()) = current_database()
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = a.r ->> 'name'
),
-- What an object leads to: its own row type and its array; of a view's rule, the view.
reach (ord, classid, objid, part, attnum, via_class, via_id, depth) AS (
    SELECT a.ord, 'pg_class'::regclass::oid, a.oid, 0, NULL::integer, NULL::oid, NULL::oid, 0 FROM asked AS a
    UNION
    SELECT r.ord, x.classid, x.objid, x.part, coalesce(r.attnum, nullif(d.refobjsubid, 0), 0),
           CASE WHEN r.depth > 0 THEN r.classid END, CASE WHEN r.depth > 0 THEN r.objid END, r.depth + 1
    FROM reach AS r
    JOIN pg_depend AS d ON d.refclassid = r.classid AND d.refobjid = r.objid AND (r.part = 0 OR d.refobjsubid = r.part)
    LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    CROSS JOIN LATERAL (SELECT CASE WHEN w.rulename = '_RETURN' THEN 'pg_class'::regclass::oid ELSE d.classid END AS classid,
                               CASE WHEN w.rulename = '_RETURN' THEN w.ev_class ELSE d.objid END AS objid,
                               CASE WHEN w.rulename = '_RETURN' THEN 0 ELSE d.objsubid END AS part) AS x
    WHERE r.depth < 50 AND (x.classid, x.objid) <> (r.classid, r.objid)
      -- parts of the relation itself end here, and what other tables have of their own
      AND (r.depth = 0 OR r.classid NOT IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_trigger'::regclass,
                                            'pg_policy'::regclass, 'pg_statistic_ext'::regclass))
      AND NOT EXISTS (SELECT FROM asked AS a WHERE a.ord = r.ord AND x.classid = 'pg_class'::regclass AND x.objid = a.oid)
),
-- Which relation an object is, or is of.
found AS (
    SELECT r.ord, r.classid, r.objid, r.part, r.attnum, r.via_class, r.via_id, r.depth,
           CASE r.classid WHEN 'pg_class'::regclass THEN r.objid
                WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint AS k WHERE k.oid = r.objid)
                WHEN 'pg_attrdef'::regclass THEN (SELECT f.adrelid FROM pg_attrdef AS f WHERE f.oid = r.objid)
                WHEN 'pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_rewrite AS w WHERE w.oid = r.objid)
                WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger AS t WHERE t.oid = r.objid)
                WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy AS p WHERE p.oid = r.objid) END AS of
    FROM reach AS r WHERE r.depth > 0
),
other AS (
    SELECT f.ord, f.classid, f.objid, f.part, f.attnum, f.via_class, f.via_id, f.depth, c.oid, n.nspname, c.relname,
           CASE f.classid
               WHEN 'pg_class'::regclass THEN CASE WHEN f.part > 0 THEN 'column' WHEN c.relkind = 'v' THEN 'view'
                    WHEN c.relkind = 'm' THEN 'materialized_view' WHEN c.relkind IN ('r', 'p', 'f') THEN 'table' END
               WHEN 'pg_constraint'::regclass THEN (SELECT CASE k.contype WHEN 'f' THEN 'reference' ELSE 'constraint' END
                                                    FROM pg_constraint AS k WHERE k.oid = f.objid)
               WHEN 'pg_attrdef'::regclass THEN 'default' WHEN 'pg_rewrite'::regclass THEN 'rule'
               WHEN 'pg_trigger'::regclass THEN 'trigger' WHEN 'pg_policy'::regclass THEN 'policy'
               WHEN 'pg_proc'::regclass THEN 'function' WHEN 'pg_type'::regclass THEN NULL ELSE 'other' END AS kind
    FROM found AS f
    JOIN asked AS a ON a.ord = f.ord
    LEFT JOIN pg_class AS c ON c.oid = f.of
    LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE f.of IS DISTINCT FROM a.oid
      AND f.classid NOT IN ('pg_publication_rel'::regclass, 'pg_statistic_ext'::regclass)
      AND (c.oid IS NULL OR c.relkind NOT IN ('i', 'I', 'S', 't'))
      -- a partition is a part, and so is its foreign key that its parent has as well
      AND NOT EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS q ON q.oid = i.inhrelid
                      WHERE i.inhparent = a.oid AND i.inhrelid = f.of AND q.relispartition)
      AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE f.classid = 'pg_constraint'::regclass AND k.oid = f.objid AND k.conparentid <> 0)
),
using_it AS (
    SELECT o.ord, o.classid, o.objid, o.part, o.kind, o.nspname, o.relname, o.oid, min(o.depth) AS depth,
           array_agg(DISTINCT o.attnum) FILTER (WHERE o.attnum > 0) AS attnums,
           (array_agg(o.via_class ORDER BY o.depth, o.via_id))[1] AS via_class,
           (array_agg(o.via_id ORDER BY o.depth, o.via_id))[1] AS via_id
    FROM other AS o WHERE o.kind IS NOT NULL
    GROUP BY o.ord, o.classid, o.objid, o.part, o.kind, o.nspname, o.relname, o.oid
),
-- Functions whose body is a text: the server does not know what they use.
body AS (
    SELECT p.oid, p.prosrc FROM pg_proc AS p
    JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')
    WHERE p.pronamespace <> 'pg_catalog'::regnamespace AND p.pronamespace <> 'information_schema'::regnamespace
      AND to_jsonb(p) ->> 'prosqlbody' IS NULL
      AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
),
mention AS (
    SELECT a.ord, b.oid AS objid, NULL::text AS via,
           (SELECT array_agg(t.attnum) FROM pg_attribute AS t WHERE t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped
                                                               AND strpos(lower(b.prosrc), lower(t.attname)) > 0) AS attnums
    FROM asked AS a JOIN body AS b ON lower(b.prosrc) ~ ('(^|[^a-z0-9_$])' || regexp_replace(lower(a.relname), '([^a-z0-9_])', '\\\1', 'g')
                                                         || '($|[^a-z0-9_$])')
    UNION ALL
    SELECT u.ord, b.oid, u.oid::regclass::text, u.attnums
    FROM using_it AS u
    JOIN body AS b ON u.kind IN ('view', 'materialized_view')
                  AND lower(b.prosrc) ~ ('(^|[^a-z0-9_$])' || regexp_replace(lower(u.relname), '([^a-z0-9_])', '\\\1', 'g') || '($|[^a-z0-9_$])')
),
piece AS (
    SELECT a.ord, CASE k.contype WHEN 'f' THEN 'foreign_key' WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE 'unique' END AS kind,
           k.conname::text AS name, pg_get_constraintdef(k.oid) AS definition, k.conkey::integer[] AS attnums, o.nspname, o.relname
    FROM asked AS a
    JOIN pg_constraint AS k ON k.conrelid = a.oid AND k.contype IN ('f', 'c', 'x', 'u', 'p') AND k.conparentid = 0
    LEFT JOIN (SELECT c.oid, n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) AS o
           ON o.oid = k.confrelid
    UNION ALL
    SELECT a.ord, 'trigger', t.tgname, pg_get_triggerdef(t.oid), t.tgattr::smallint[]::integer[], NULL, NULL
    FROM asked AS a JOIN pg_trigger AS t ON t.tgrelid = a.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
    UNION ALL
    SELECT a.ord, 'rule', w.rulename, pg_get_ruledef(w.oid), '{}', NULL, NULL
    FROM asked AS a JOIN pg_rewrite AS w ON w.ev_class = a.oid AND w.rulename <> '_RETURN' AND w.ev_enabled <> 'D'
    UNION ALL
    SELECT a.ord, 'row_security', '', CASE WHEN a.relforcerowsecurity THEN 'forced' ELSE '' END, '{}', NULL, NULL
    FROM asked AS a WHERE a.relrowsecurity
    UNION ALL
    SELECT a.ord, 'policy', p.polname, coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' / '
                                       || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''), '{}', NULL, NULL
    FROM asked AS a JOIN pg_policy AS p ON p.polrelid = a.oid
    UNION ALL
    SELECT a.ord, CASE t.attgenerated WHEN '' THEN 'default' ELSE 'generated' END, t.attname, pg_get_expr(f.adbin, f.adrelid),
           ARRAY[t.attnum::integer], NULL, NULL
    FROM asked AS a
    JOIN pg_attrdef AS f ON f.adrelid = a.oid
    JOIN pg_attribute AS t ON t.attrelid = a.oid AND t.attnum = f.adnum
    WHERE a.relkind <> 'v'
    UNION ALL
    SELECT a.ord, 'identity', t.attname, CASE t.attidentity WHEN 'a' THEN 'always' ELSE 'by default' END, ARRAY[t.attnum::integer], NULL, NULL
    FROM asked AS a JOIN pg_attribute AS t ON t.attrelid = a.oid AND t.attnum > 0 AND t.attidentity <> ''
    UNION ALL
    SELECT a.ord, 'column', t.attname, format_type(t.atttypid, t.atttypmod), ARRAY[t.attnum::integer], NULL, NULL
    FROM asked AS a JOIN pg_attribute AS t ON t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped
    UNION ALL
    SELECT a.ord, 'index', c.relname, replace(pg_get_indexdef(i.indexrelid), format(' %I ON %I.%I ', c.relname, a.nspname, a.relname), ' ON '),
           i.indkey::smallint[]::integer[], NULL, NULL
    FROM asked AS a
    JOIN pg_index AS i ON i.indrelid = a.oid
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT a.ord, 'partition', '', coalesce(pg_get_partkeydef(a.oid), pg_get_expr(c.relpartbound, c.oid)), '{}', NULL, NULL
    FROM asked AS a JOIN pg_class AS c ON c.oid = a.oid WHERE a.relkind = 'p' OR c.relispartition
    UNION ALL
    SELECT a.ord, 'grant', format('%s to %s', x.privilege_type, coalesce(pg_get_userbyid(nullif(x.grantee, 0)), 'PUBLIC')), x.privilege_type,
           '{}', NULL, NULL
    FROM asked AS a CROSS JOIN LATERAL aclexplode(a.relacl) AS x
    WHERE x.grantee <> a.relowner AND pg_get_userbyid(x.grantee) <> current_user
      -- what its owner's default privileges give to whatever is made there
      AND NOT EXISTS (SELECT FROM pg_default_acl AS d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS y
                      WHERE d.defaclrole = a.relowner AND d.defaclobjtype = 'r' AND y.grantee = x.grantee AND y.privilege_type = x.privilege_type
                        AND d.defaclnamespace IN (0, (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = a.nspname)))
    UNION ALL
    SELECT a.ord, 'grant', format('%s (%s) to %s', x.privilege_type, string_agg(t.attname, ', ' ORDER BY t.attnum),
                                  coalesce(pg_get_userbyid(nullif(x.grantee, 0)), 'PUBLIC')), x.privilege_type,
           array_agg(t.attnum::integer), NULL, NULL
    FROM asked AS a
    JOIN pg_attribute AS t ON t.attrelid = a.oid AND t.attnum > 0 AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(t.attacl) AS x
    WHERE x.grantee <> a.relowner AND pg_get_userbyid(x.grantee) <> current_user
    GROUP BY a.ord, x.privilege_type, x.grantee
    UNION ALL
    SELECT a.ord, 'statistics', e.stxname, '', e.stxkeys::smallint[]::integer[], NULL, NULL
    FROM asked AS a JOIN pg_statistic_ext AS e ON e.stxrelid = a.oid
    UNION ALL
    SELECT a.ord, 'publication', b.pubname, '', '{}', NULL, NULL
    FROM asked AS a JOIN pg_publication_rel AS p ON p.prrelid = a.oid JOIN pg_publication AS b ON b.oid = p.prpubid
)
SELECT s.ord, s.role, s.kind, s.name, s.con, s.definition, s.via, s.schema, s.relation,
       coalesce((SELECT jsonb_agg(t.attname ORDER BY t.attnum) FROM pg_attribute AS t
                 WHERE t.attrelid = (SELECT a.oid FROM asked AS a WHERE a.ord = s.ord) AND t.attnum > 0 AND t.attnum = ANY (s.attnums)),
                '[]') AS columns
FROM (SELECT p.ord, 'part' AS role, p.kind, p.name, p.name AS con, p.definition, NULL AS via, p.nspname AS schema, p.relname AS relation,
             p.attnums, 0 AS depth FROM piece AS p
      UNION ALL
      SELECT u.ord, 'user', u.kind, pg_describe_object(u.classid, u.objid, u.part),
             (SELECT k.conname FROM pg_constraint AS k WHERE u.classid = 'pg_constraint'::regclass AND k.oid = u.objid),
             CASE WHEN u.classid = 'pg_constraint'::regclass THEN pg_get_constraintdef(u.objid) END,
             CASE WHEN u.via_class IS NOT NULL AND u.via_class <> 'pg_type'::regclass THEN pg_describe_object(u.via_class, u.via_id, 0) END,
             u.nspname, u.relname, u.attnums, u.depth
      FROM using_it AS u
      UNION ALL
      SELECT DISTINCT m.ord, 'mention', 'function', pg_describe_object('pg_proc'::regclass, m.objid, 0), NULL, NULL, m.via, NULL::name, NULL::name,
             m.attnums, 100
      FROM mention AS m
      WHERE NOT EXISTS (SELECT FROM using_it AS u WHERE u.ord = m.ord AND u.classid = 'pg_proc'::regclass AND u.objid = m.objid)) AS s
ORDER BY s.ord, s.role, s.depth, s.kind, s.name COLLATE "C";
