-- What the relations of a promotion are part of, and what would not follow them: parents and partitions of elsewhere,
-- publications, subscriptions, extensions, security labels, replica identity. Rows as promote_sql gives them, which asks the
-- other way round: what depends on them. :'moves' as promote_moves gives it; :'back' is 't' for a rollback.
WITH move AS MATERIALIZED (
    SELECT m ->> 'schema' AS schema, m ->> 'name' AS name, (m ->> 'old')::oid AS old, (m ->> 'new')::oid AS new
    FROM jsonb_array_elements(:'moves'::jsonb) AS m
),
gone AS MATERIALIZED (
    SELECT m.schema, m.name, m.new, format('%I.%I', m.schema, m.name) AS q, c.oid, c.relkind, c.relreplident
    FROM move AS m JOIN pg_class AS c ON c.oid = m.old
),
-- Before anything is built, each stands for what will replace it.
came AS MATERIALIZED (
    SELECT m.old, format('%I.%I', n.nspname, c.relname) AS q, c.oid, c.relkind, c.relreplident, n.nspname <> m.schema AS moves
    FROM move AS m JOIN pg_class AS c ON c.oid = m.new JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
pair AS MATERIALIZED (
    SELECT g.q AS old_q, g.relreplident AS old_identity, c.* FROM gone AS g JOIN came AS c ON c.oid = g.new
),
-- Children and their parents; indexes have such links of their own, which follow their tables.
link AS MATERIALIZED (
    SELECT i.inhrelid AS child, i.inhparent AS parent, format('%I.%I', cn.nspname, c.relname) AS child_q, format('%I.%I', pn.nspname, p.relname) AS parent_q,
           CASE WHEN c.relispartition THEN 'is a partition of' ELSE 'inherits from' END AS verb,
           format(CASE WHEN c.relispartition THEN 'ALTER TABLE %3$I.%4$I DETACH PARTITION %1$I.%2$I' ELSE 'ALTER TABLE %1$I.%2$I NO INHERIT %3$I.%4$I' END,
                  cn.nspname, c.relname, pn.nspname, p.relname) AS remedy
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace AS cn ON cn.oid = c.relnamespace
    JOIN pg_class AS p ON p.oid = i.inhparent
    JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
),
-- Who is sent the changes of a table right now; a publication without a slot is sent to nobody.
slot AS MATERIALIZED (
    SELECT string_agg(format('%I', s.slot_name), ', ' ORDER BY s.slot_name COLLATE "C") AS names
    FROM pg_replication_slots AS s
    WHERE s.slot_type = 'logical' AND s.database = current_database()
    HAVING count(*) > 0
),
-- An index of the new one that does what the replica identity of the old one does: on the same columns.
identity AS MATERIALIZED (
    SELECT p.oid, p.old_q, p.q, p.old_identity, x.indexrelid AS old_index,
           (SELECT y.indexrelid FROM pg_index AS y
            WHERE y.indrelid = p.oid AND y.indisunique AND y.indisvalid AND y.indimmediate AND y.indpred IS NULL AND y.indexprs IS NULL
              AND (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute AS a
                   WHERE a.attrelid = p.oid AND a.attnum = ANY ((y.indkey::int2[])[0 : y.indnkeyatts - 1])) = k.columns
              AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = p.oid AND a.attname = ANY (k.columns) AND NOT a.attnotnull)
            ORDER BY y.indexrelid LIMIT 1) AS new_index
    FROM pair AS p
    LEFT JOIN pg_index AS x ON x.indrelid = p.old AND x.indisreplident
    LEFT JOIN LATERAL (SELECT array_agg(a.attname ORDER BY a.attname) AS columns FROM pg_attribute AS a
                       WHERE a.attrelid = p.old AND a.attnum = ANY ((x.indkey::int2[])[0 : x.indnkeyatts - 1])) AS k ON true
    WHERE p.relkind IN ('r', 'p') AND p.relreplident = 'd' AND p.old_identity <> 'd'
),
refuse (text) AS (
    -- what stays would go on reading the former generation
    SELECT format('%s %s %s, which is not promoted and would read the former one for ever: take it out (%s), or leave it out with --exclude',
                  l.child_q, l.verb, l.parent_q, l.remedy)
    FROM link AS l
    WHERE l.child IN (SELECT g.oid FROM gone AS g) AND l.parent NOT IN (SELECT g.oid FROM gone AS g)
    UNION ALL
    SELECT format('%s %s %s, which does not come in with it: take it out (%s)', l.child_q, l.verb, l.parent_q, l.remedy)
    FROM link AS l
    WHERE l.child IN (SELECT c.oid FROM came AS c WHERE c.moves) AND l.parent NOT IN (SELECT c.oid FROM came AS c)
    UNION ALL
    SELECT format('%s %s %s, and would stay where it is: move it to the schema of its table', l.child_q, l.verb, l.parent_q)
    FROM link AS l
    WHERE l.parent IN (SELECT c.oid FROM came AS c WHERE c.moves) AND l.child NOT IN (SELECT c.oid FROM came AS c)
    UNION ALL
    SELECT format('%s %s %s, and the new one does not: do that there (a post-hook), or take it out (%s)', l.child_q, l.verb, l.parent_q, l.remedy)
    FROM link AS l JOIN gone AS c ON c.oid = l.child JOIN gone AS p ON p.oid = l.parent
    WHERE :'back' = 'f' AND c.new IS NOT NULL AND p.new IS NOT NULL
      AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.new AND i.inhparent = p.new)
    UNION ALL
    -- one that names its tables is found by what depends on them
    SELECT format('the publication %I sends %s to subscribers (replication slot %s), which would mix generations: drop their subscriptions'
                  ' before the promotion and create them again after it, or take it out of the publication', t.pubname, t.tables, s.names)
    FROM (SELECT t.pubname, string_agg(DISTINCT g.q, ', ') AS tables
          FROM pg_publication_tables AS t
          JOIN pg_namespace AS n ON n.nspname = t.schemaname
          JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
          JOIN gone AS g ON g.oid = c.oid
          WHERE NOT EXISTS (SELECT FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
                            WHERE r.prrelid = c.oid AND p.pubname = t.pubname)
          GROUP BY t.pubname) AS t
    CROSS JOIN slot AS s
    UNION ALL
    SELECT format('the subscription %I fills %s and would go on filling the former one: drop it, or leave the table out with --exclude', s.subname, g.q)
    FROM pg_subscription_rel AS r
    JOIN pg_subscription AS s ON s.oid = r.srsubid
    JOIN (SELECT q, oid FROM gone UNION SELECT q, oid FROM came) AS g ON g.oid = r.srrelid
    UNION ALL
    SELECT format('%s belongs to the extension %I: take it out (ALTER EXTENSION %I DROP %s %s), or leave it out with --exclude', g.q, e.extname, e.extname,
                  CASE g.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
                                 ELSE 'TABLE' END, g.q)
    FROM (SELECT q, oid, relkind FROM gone UNION SELECT q, oid, relkind FROM came) AS g
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = g.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    JOIN pg_extension AS e ON e.oid = d.refobjid
    UNION ALL
    SELECT format('%s%s has a security label of the provider %s, the new one does not: set it there (a post-hook)', p.old_q,
                  coalesce(format(' (column %I)', a.attname), ''), l.provider)
    FROM pair AS p
    JOIN pg_seclabel AS l ON l.classoid = 'pg_class'::regclass AND l.objoid = p.old
    LEFT JOIN pg_attribute AS a ON a.attrelid = p.old AND a.attnum = l.objsubid AND l.objsubid > 0
    LEFT JOIN pg_attribute AS b ON b.attrelid = p.oid AND b.attname = a.attname AND NOT b.attisdropped
    WHERE (a.attname IS NULL OR b.attname IS NOT NULL)
      AND NOT EXISTS (SELECT FROM pg_seclabel AS z WHERE z.classoid = l.classoid AND z.objoid = p.oid AND z.provider = l.provider
                        AND z.objsubid = coalesce(b.attnum, 0))
    UNION ALL
    SELECT format('the statistics %I.%I of %s are not ours to move: they are owned by %I; GRANT %I TO %I', n.nspname, s.stxname, g.q,
                  pg_get_userbyid(s.stxowner), pg_get_userbyid(s.stxowner), current_user)
    FROM (SELECT q, oid FROM gone UNION SELECT q, oid FROM came) AS g
    JOIN pg_statistic_ext AS s ON s.stxrelid = g.oid
    JOIN pg_namespace AS n ON n.oid = s.stxnamespace
    WHERE NOT pg_has_role(s.stxowner, 'USAGE')
    UNION ALL
    SELECT format('the replica identity of %s is its index %s, and the new one has no such index: create it there (unique, its columns NOT NULL)',
                  i.old_q, i.old_index::regclass)
    FROM identity AS i WHERE i.old_identity = 'i' AND i.old_index IS NOT NULL AND i.new_index IS NULL
),
statement (place, sql) AS (
    SELECT row_number() OVER (ORDER BY i.q COLLATE "C"), format('ALTER TABLE %s REPLICA IDENTITY %s', i.q,
           CASE i.old_identity WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE format('USING INDEX %I', x.relname) END)
    FROM identity AS i LEFT JOIN pg_class AS x ON x.oid = i.new_index
    WHERE i.old_identity <> 'i' OR x.oid IS NOT NULL
)
SELECT r.step, r.sql
FROM (SELECT DISTINCT 'refuse' AS step, 0::bigint AS place, f.text AS sql FROM refuse AS f
      UNION ALL
      SELECT 'carry', s.place, s.sql FROM statement AS s) AS r
ORDER BY r.place, r.sql COLLATE "C";
