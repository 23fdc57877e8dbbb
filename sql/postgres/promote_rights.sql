-- The rights of what is promoted, made those of what it replaces: what was granted is not lost, and what was revoked does not come
-- back, by default privileges or with a former generation. Beside them what an administrator has said of a relation and the new one
-- does not say itself: comments, options, statistics targets, labels. Rows as promote_sql gives them: refuse, carry.
-- :'moves' as promote_moves gives it. :'back' is 't' for a rollback: rights stay as they are now, all of them. Else a right that the
-- new one has beyond the old stays if it does not come from default privileges alone: a hook has given it.
-- :'granted' is a JSON array of {schema, name, privilege, grantees} that the project itself decides (dbt's config `grants`): of these
-- privileges none is carried. What comes back has those that its own generation decided, in the key `granted` of its move. :'made' is a JSON array of schemas that come into being with it.
WITH move AS MATERIALIZED (
    SELECT m ->> 'schema' AS schema, m ->> 'name' AS name, (m ->> 'old')::oid AS old, (m ->> 'new')::oid AS new, m -> 'granted' AS granted
    FROM jsonb_array_elements(:'moves'::jsonb) AS m
),
came AS MATERIALIZED (
    SELECT m.schema, m.name, m.old, c.oid, c.relkind, c.relowner, c.relacl, c.relnamespace, n.nspname AS place, n.nspacl,
           format('%I.%I', n.nspname, c.relname) AS q, 'pg_class'::regclass AS classid
    FROM move AS m JOIN pg_class AS c ON c.oid = m.new JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
sequence AS MATERIALIZED (
    SELECT m.of, a.attname, s.oid
    FROM (SELECT m.old AS of FROM move AS m UNION SELECT m.new FROM move AS m) AS m
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = m.of AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_attribute AS a ON a.attrelid = m.of AND a.attnum = d.refobjsubid
),
-- A relation with what it replaces, if anything, and so the sequences of their columns.
pair AS MATERIALIZED (
    SELECT c.schema, c.name, c.old, c.oid, c.relkind, c.relowner, c.relacl, c.relnamespace, c.q, o.relacl AS old_acl,
           CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS word
    FROM came AS c LEFT JOIN pg_class AS o ON o.oid = c.old
    UNION ALL
    SELECT c.schema, NULL, o.oid, s.oid, s.relkind, s.relowner, s.relacl, s.relnamespace, format('%I.%I', n.nspname, s.relname), o.relacl, 'SEQUENCE', 'SEQUENCE'
    FROM came AS c
    JOIN sequence AS x ON x.of = c.oid
    JOIN pg_class AS s ON s.oid = x.oid
    JOIN pg_namespace AS n ON n.oid = s.relnamespace
    LEFT JOIN sequence AS y ON y.of = c.old AND y.attname = x.attname
    LEFT JOIN pg_class AS o ON o.oid = y.oid
),
had AS MATERIALIZED (
    SELECT p.oid, x.grantee, x.privilege_type, bool_or(x.is_grantable) AS grantable
    FROM pair AS p CROSS JOIN LATERAL aclexplode(coalesce(p.old_acl, acldefault(CASE p.kind WHEN 'SEQUENCE' THEN 's' ELSE 'r' END::"char", p.relowner))) AS x
    WHERE p.old IS NOT NULL
    GROUP BY p.oid, x.grantee, x.privilege_type
    UNION ALL
    -- new in its schema: what that schema gives by default
    SELECT p.oid, x.grantee, x.privilege_type, bool_or(x.is_grantable)
    FROM pair AS p
    JOIN pg_namespace AS n ON n.nspname = p.schema
    JOIN pg_default_acl AS d ON d.defaclrole = p.relowner AND d.defaclnamespace = n.oid AND d.defaclobjtype = CASE p.kind WHEN 'SEQUENCE' THEN 'S' ELSE 'r' END
    CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
    WHERE p.old IS NULL AND :'back' = 'f'
    GROUP BY p.oid, x.grantee, x.privilege_type
),
has AS MATERIALIZED (
    SELECT p.oid, x.grantee, x.privilege_type, bool_or(x.is_grantable) AS grantable, bool_or(x.grantor <> p.relowner) AS by_another
    FROM pair AS p CROSS JOIN LATERAL aclexplode(coalesce(p.relacl, acldefault(CASE p.kind WHEN 'SEQUENCE' THEN 's' ELSE 'r' END::"char", p.relowner))) AS x
    GROUP BY p.oid, x.grantee, x.privilege_type
),
by_default AS MATERIALIZED (
    SELECT DISTINCT p.oid, x.grantee, x.privilege_type
    FROM pair AS p
    JOIN pg_default_acl AS d ON d.defaclrole = p.relowner AND d.defaclnamespace IN (0, p.relnamespace)
                            AND d.defaclobjtype = CASE p.kind WHEN 'SEQUENCE' THEN 'S' ELSE 'r' END
    CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
),
decided AS MATERIALIZED (
    SELECT p.oid, upper(k.privilege) AS privilege_type,
           ARRAY(SELECT coalesce(r.oid, 0) FROM jsonb_array_elements_text(k.grantees) AS t (name)
                 LEFT JOIN pg_roles AS r ON t.name IN (r.rolname, quote_ident(r.rolname)) OR lower(t.name) = r.rolname
                 WHERE r.oid IS NOT NULL OR lower(t.name) = 'public') AS grantees
    FROM (SELECT g.schema, g.name, g.privilege, g.grantees
          FROM jsonb_to_recordset(:'granted'::jsonb) AS g (schema text, name text, privilege text, grantees jsonb)
          UNION ALL
          SELECT m.schema, m.name, g.privilege, g.grantees
          FROM move AS m
          CROSS JOIN LATERAL jsonb_to_recordset(CASE jsonb_typeof(m.granted) WHEN 'array' THEN m.granted ELSE '[]' END) AS g (privilege text, grantees jsonb)) AS k
    JOIN pair AS p ON p.schema = k.schema AND p.name = k.name
),
-- What goes: the right itself, or that it can be given on.
lost AS MATERIALIZED (
    SELECT p.oid, p.q, p.kind, h.grantee, h.privilege_type, h.by_another, o.grantee IS NOT NULL AS option_only
    FROM pair AS p
    JOIN has AS h ON h.oid = p.oid
    LEFT JOIN had AS o ON o.oid = h.oid AND o.grantee = h.grantee AND o.privilege_type = h.privilege_type
    LEFT JOIN by_default AS d ON d.oid = h.oid AND d.grantee = h.grantee AND d.privilege_type = h.privilege_type
    LEFT JOIN decided AS k ON k.oid = h.oid AND k.privilege_type = h.privilege_type AND h.grantee <> p.relowner
    WHERE p.old IS NOT NULL
      AND CASE WHEN k.oid IS NOT NULL THEN d.oid IS NOT NULL AND h.grantee <> ALL (k.grantees)
               ELSE (o.grantee IS NULL OR h.grantable AND NOT o.grantable AND h.grantee <> p.relowner)
                    AND (:'back' = 't' OR d.oid IS NOT NULL OR h.grantee = p.relowner) END
),
given AS (
    SELECT p.oid, p.q, p.kind, o.grantee, o.privilege_type, o.grantable AND o.grantee <> p.relowner AS grantable
    FROM pair AS p
    JOIN had AS o ON o.oid = p.oid
    LEFT JOIN has AS h ON h.oid = o.oid AND h.grantee = o.grantee AND h.privilege_type = o.privilege_type AND h.grantable >= o.grantable
    LEFT JOIN decided AS k ON k.oid = o.oid AND k.privilege_type = o.privilege_type AND o.grantee <> p.relowner
    WHERE h.oid IS NULL AND k.oid IS NULL
),
name AS MATERIALIZED (
    SELECT g.grantee, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS q
    FROM (SELECT grantee FROM had UNION SELECT grantee FROM has) AS g
),
-- Columns with a counterpart: both numbers.
col AS MATERIALIZED (
    SELECT p.oid, p.q, p.kind, p.word, p.relkind, p.old, a.attname, a.attnum AS old_attnum, b.attnum, a.attacl AS old_acl, b.attacl,
           a.attoptions AS old_options, b.attoptions, nullif(to_jsonb(a) ->> 'attstattarget', '-1') AS old_target,
           nullif(to_jsonb(b) ->> 'attstattarget', '-1') AS target, a.attstorage AS old_storage, b.attstorage, t.typstorage,
           a.attcompression AS old_compression, b.attcompression, a.atttypid = b.atttypid AS same_type
    FROM pair AS p
    JOIN pg_attribute AS a ON a.attrelid = p.old AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_attribute AS b ON b.attrelid = p.oid AND b.attname = a.attname AND b.attnum > 0 AND NOT b.attisdropped
    JOIN pg_type AS t ON t.oid = b.atttypid
    WHERE p.kind = 'TABLE'
),
setting AS (
    SELECT p.word, p.q, x.prefix, x.line, x.turn, split_part(x.line, '=', 1) AS key
    FROM pair AS p
    JOIN pg_class AS o ON o.oid = p.old
    JOIN pg_class AS c ON c.oid = p.oid
    LEFT JOIN pg_class AS old_toast ON old_toast.oid = o.reltoastrelid
    LEFT JOIN pg_class AS new_toast ON new_toast.oid = c.reltoastrelid
    CROSS JOIN LATERAL (SELECT '' AS prefix, l.line, l.turn, c.reloptions AS present FROM unnest(o.reloptions) WITH ORDINALITY AS l (line, turn)
                        UNION ALL
                        SELECT 'toast.', l.line, l.turn, new_toast.reloptions FROM unnest(old_toast.reloptions) WITH ORDINALITY AS l (line, turn) WHERE new_toast.oid IS NOT NULL) AS x
    WHERE o.relkind = c.relkind AND p.old <> p.oid AND p.relkind IN ('r', 'm', 'v') AND x.line NOT LIKE 'check\_option=%'
      AND NOT EXISTS (SELECT FROM unnest(x.present) AS y WHERE split_part(y, '=', 1) = split_part(x.line, '=', 1))
),
-- What comments and labels are on: old and new, and how a statement names the new one.
thing AS (
    SELECT 'pg_class'::regclass AS classid, p.old, 0 AS old_part, p.oid, 0 AS part, format('%s %s', p.word, p.q) AS words FROM pair AS p WHERE p.old IS NOT NULL
    UNION ALL
    SELECT 'pg_class'::regclass, c.old, c.old_attnum, c.oid, c.attnum, format('COLUMN %s.%I', c.q, c.attname) FROM col AS c
    UNION ALL
    SELECT 'pg_constraint'::regclass, a.oid, 0, b.oid, 0, format('CONSTRAINT %I ON %s', a.conname, p.q)
    FROM pair AS p JOIN pg_constraint AS a ON a.conrelid = p.old JOIN pg_constraint AS b ON b.conrelid = p.oid AND b.conname = a.conname
    UNION ALL
    SELECT 'pg_class'::regclass, i.oid, 0, j.oid, 0, format('INDEX %I.%I', n.nspname, j.relname)
    FROM pair AS p
    JOIN pg_index AS x ON x.indrelid = p.old
    JOIN pg_class AS i ON i.oid = x.indexrelid
    JOIN pg_index AS y ON y.indrelid = p.oid
    JOIN pg_class AS j ON j.oid = y.indexrelid AND j.relname = i.relname
    JOIN pg_namespace AS n ON n.oid = j.relnamespace
    UNION ALL
    SELECT 'pg_trigger'::regclass, a.oid, 0, b.oid, 0, format('TRIGGER %I ON %s', a.tgname, p.q)
    FROM pair AS p JOIN pg_trigger AS a ON a.tgrelid = p.old AND NOT a.tgisinternal JOIN pg_trigger AS b ON b.tgrelid = p.oid AND b.tgname = a.tgname
    UNION ALL
    SELECT 'pg_policy'::regclass, a.oid, 0, b.oid, 0, format('POLICY %I ON %s', a.polname, p.q)
    FROM pair AS p JOIN pg_policy AS a ON a.polrelid = p.old JOIN pg_policy AS b ON b.polrelid = p.oid AND b.polname = a.polname
),
statement (step, place, sql) AS (
    -- whoever got TRIGGER on what is kept or built could have put it there: it would run with the rights of who writes production
    SELECT 'refuse', 0, format('the trigger %I on %s calls %s, a function of %I: drop the trigger, or give the function to %I',
                               t.tgname, p.q, t.tgfoid::regprocedure, pg_get_userbyid(f.proowner), pg_get_userbyid(p.relowner))
    FROM pair AS p
    JOIN pg_trigger AS t ON t.tgrelid = p.oid AND NOT t.tgisinternal
    JOIN pg_proc AS f ON f.oid = t.tgfoid
    WHERE NOT pg_has_role(f.proowner, p.relowner, 'MEMBER')
      AND NOT EXISTS (SELECT FROM pg_trigger AS u WHERE u.tgrelid = p.old AND u.tgfoid = t.tgfoid)
    UNION ALL
    SELECT 'refuse', 0, format('%s may not lock %s.%s against writers: GRANT TRUNCATE ON TABLE %s.%s TO %s', quote_ident(current_user), quote_ident(p.schema),
                               quote_ident(p.name), quote_ident(p.schema), quote_ident(p.name), quote_ident(current_user))
    FROM pair AS p
    WHERE p.old IS NOT NULL AND p.relkind IN ('r', 'p') AND p.name IS NOT NULL AND NOT has_table_privilege(p.old, 'UPDATE, DELETE, TRUNCATE')
    UNION ALL
    SELECT 'refuse', 0, format('%s: %s has %s beyond what it has in production, by another''s grant: have who gave it REVOKE it', l.q, n.q, l.privilege_type)
    FROM lost AS l JOIN name AS n ON n.grantee = l.grantee WHERE l.by_another
    UNION ALL
    -- a column's right of the same kind goes with it: it is given again below
    SELECT 'carry', 1, format('REVOKE %s%s ON %s %s FROM %s', CASE WHEN l.option_only THEN 'GRANT OPTION FOR ' ELSE '' END, l.privilege_type, l.kind, l.q, n.q)
    FROM lost AS l JOIN name AS n ON n.grantee = l.grantee WHERE NOT l.by_another
    UNION ALL
    SELECT 'carry', 2, format('GRANT %s ON %s %s TO %s%s', g.privilege_type, g.kind, g.q, n.q, CASE WHEN g.grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM given AS g JOIN name AS n ON n.grantee = g.grantee
    UNION ALL
    SELECT 'carry', 3, format('REVOKE %s (%I) ON TABLE %s FROM %s', x.privilege_type, c.attname, c.q,
                              CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
    FROM col AS c CROSS JOIN LATERAL aclexplode(c.attacl) AS x
    WHERE :'back' = 't' AND NOT EXISTS (SELECT FROM aclexplode(c.old_acl) AS y WHERE y.grantee = x.grantee AND y.privilege_type = x.privilege_type)
    UNION ALL
    SELECT 'carry', 4, format('GRANT %s (%I) ON TABLE %s TO %s%s', x.privilege_type, c.attname, c.q,
                              CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                              CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM col AS c CROSS JOIN LATERAL aclexplode(c.old_acl) AS x
    WHERE NOT EXISTS (SELECT FROM aclexplode(c.attacl) AS y WHERE y.grantee = x.grantee AND y.privilege_type = x.privilege_type AND y.is_grantable >= x.is_grantable)
       OR EXISTS (SELECT FROM lost AS l WHERE l.oid = c.oid AND l.grantee = x.grantee AND l.privilege_type = x.privilege_type AND NOT l.option_only)
    UNION ALL
    -- a schema that comes into being has the rights of the one in which its relations were built: hooks gave them there
    SELECT DISTINCT 'carry', 5, format('GRANT %s ON SCHEMA %I TO %s%s', x.privilege_type, c.schema,
                                       CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                                       CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM came AS c JOIN pg_namespace AS n ON n.nspname = c.place CROSS JOIN LATERAL aclexplode(c.nspacl) AS x
    WHERE :'made'::jsonb ? c.schema AND c.place <> c.schema AND x.grantee <> n.nspowner
    UNION ALL
    SELECT DISTINCT 'carry', 6, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %s TO %s%s', pg_get_userbyid(d.defaclrole), c.schema, x.privilege_type,
                                       CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END,
                                       CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                                       CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM came AS c JOIN pg_default_acl AS d ON d.defaclnamespace = c.relnamespace CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
    WHERE :'made'::jsonb ? c.schema AND c.place <> c.schema AND pg_has_role(d.defaclrole, 'USAGE')
    UNION ALL
    SELECT 'carry', 7, format('COMMENT ON %s IS %L', t.words, d.description)
    FROM thing AS t
    JOIN pg_description AS d ON d.classoid = t.classid AND d.objoid = t.old AND d.objsubid = t.old_part
    WHERE NOT EXISTS (SELECT FROM pg_description AS e WHERE e.classoid = t.classid AND e.objoid = t.oid AND e.objsubid = t.part)
    UNION ALL
    SELECT 'carry', 8, format('SECURITY LABEL FOR %I ON %s IS %L', d.provider, t.words, d.label)
    FROM thing AS t
    JOIN pg_seclabel AS d ON d.classoid = t.classid AND d.objoid = t.old AND d.objsubid = t.old_part
    WHERE t.classid = 'pg_class'::regclass
      AND NOT EXISTS (SELECT FROM pg_seclabel AS e WHERE e.classoid = t.classid AND e.objoid = t.oid AND e.objsubid = t.part AND e.provider = d.provider)
    UNION ALL
    SELECT 'carry', 9, format('ALTER %s %s SET (%s)', s.word, s.q, string_agg(format('%s%I=%L', s.prefix, s.key, substr(s.line, strpos(s.line, '=') + 1)), ', '
                                                                              ORDER BY s.prefix, s.turn))
    FROM setting AS s GROUP BY s.word, s.q
    UNION ALL
    SELECT 'carry', 10, format('ALTER %s %s %s', c.word, c.q, string_agg(format('ALTER COLUMN %I %s', c.attname, x.what), ', ' ORDER BY c.attnum, x.what))
    FROM col AS c
    CROSS JOIN LATERAL (
        SELECT 'SET STATISTICS ' || c.old_target AS what WHERE c.target IS NULL AND c.old_target IS NOT NULL AND c.relkind IN ('r', 'p', 'm', 'f')
        UNION ALL
        SELECT format('SET (%s)', (SELECT string_agg(format('%I=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ')
                                   FROM unnest(c.old_options) AS o WHERE o ~ '^n_distinct(_inherited)?='))
        WHERE c.attoptions IS NULL AND c.old_options IS NOT NULL AND c.relkind IN ('r', 'p', 'm', 'f')
        UNION ALL
        SELECT 'SET STORAGE ' || CASE c.old_storage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
        WHERE c.same_type AND c.old_storage <> c.attstorage AND c.attstorage = c.typstorage AND c.relkind IN ('r', 'p', 'm')
        UNION ALL
        SELECT 'SET COMPRESSION ' || CASE c.old_compression WHEN 'l' THEN 'lz4' ELSE 'pglz' END
        WHERE c.same_type AND c.old_compression <> '' AND c.attcompression = '' AND c.relkind IN ('r', 'p', 'm')
    ) AS x
    WHERE x.what IS NOT NULL
    GROUP BY c.word, c.q
)
SELECT s.step, s.sql FROM statement AS s ORDER BY s.place, s.sql COLLATE "C";
