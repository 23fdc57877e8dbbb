-- The statements that drop what stands in schemas, :'schemas' (JSON), at most :'most' of them: what nothing else there
-- depends on comes first (views, then what they read), so that none needs CASCADE. Run them in one
-- transaction, then ask again until nothing comes: a drop takes about 7 locks a table, and a server with
-- default settings holds some 6,400 of them for all sessions together.
WITH RECURSIVE place AS MATERIALIZED (
    SELECT n.oid FROM pg_namespace AS n JOIN jsonb_array_elements_text(:'schemas'::jsonb) AS s (name) ON n.nspname = s.name
),
item AS (
    SELECT 'pg_class'::regclass AS classid, c.oid,
           format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                                     WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
                                     WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, c.oid::regclass) AS sql
    FROM pg_class AS c
    WHERE c.relnamespace IN (SELECT oid FROM place)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
      -- sequences of columns go with their table, partitions with theirs
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
    UNION ALL
    -- by themselves, and before all else: tables may refer to each other in a circle
    SELECT 'pg_constraint'::regclass, r.oid, format('ALTER TABLE %s DROP CONSTRAINT %I', c.oid::regclass, r.conname)
    FROM pg_constraint AS r JOIN pg_class AS c ON c.oid = r.conrelid
    WHERE c.relnamespace IN (SELECT oid FROM place) AND r.contype = 'f' AND r.conparentid = 0
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid,
           format('DROP %s %s', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE'
                                     ELSE 'FUNCTION' END, p.oid::regprocedure)
    FROM pg_proc AS p
    WHERE p.pronamespace IN (SELECT oid FROM place)
      AND NOT EXISTS (SELECT FROM pg_depend AS d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid,
           format('DROP %s %s', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid::regtype)
    FROM pg_type AS t
    WHERE t.typnamespace IN (SELECT oid FROM place)
      AND t.typtype IN ('d', 'e', 'r', 'b') AND t.typrelid = 0
      AND NOT EXISTS (SELECT FROM pg_depend AS d
                      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'i')
    UNION ALL
    SELECT d.classid, d.objid, format('DROP %s %s', upper(i.type), i.identity)
    FROM pg_depend AS d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid IN (SELECT oid FROM place) AND d.deptype = 'n'
      AND d.classid IN ('pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_collation'::regclass, 'pg_conversion'::regclass,
                        'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass)
),
-- A rule, constraint, default or trigger stands for its relation, a row type for its table.
belongs AS (
    SELECT classid, oid, classid AS part_class, oid AS part FROM item
    UNION ALL SELECT i.classid, i.oid, 'pg_rewrite'::regclass, r.oid
    FROM item AS i JOIN pg_rewrite AS r ON r.ev_class = i.oid WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_constraint'::regclass, r.oid
    FROM item AS i JOIN pg_constraint AS r ON r.conrelid = i.oid AND r.contype <> 'f' WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_constraint'::regclass, r.oid
    FROM item AS i JOIN pg_constraint AS r ON r.contypid = i.oid WHERE i.classid = 'pg_type'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_attrdef'::regclass, r.oid
    FROM item AS i JOIN pg_attrdef AS r ON r.adrelid = i.oid WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_trigger'::regclass, r.oid
    FROM item AS i JOIN pg_trigger AS r ON r.tgrelid = i.oid WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_class'::regclass, r.indexrelid
    FROM item AS i JOIN pg_index AS r ON r.indrelid = i.oid WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_type'::regclass, t.oid
    FROM item AS i JOIN pg_type AS t ON t.typrelid = i.oid WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_type'::regclass, a.oid
    FROM item AS i JOIN pg_type AS t ON t.typrelid = i.oid JOIN pg_type AS a ON a.oid = t.typarray
    WHERE i.classid = 'pg_class'::regclass
    UNION ALL SELECT i.classid, i.oid, 'pg_type'::regclass, t.typarray
    FROM item AS i JOIN pg_type AS t ON t.oid = i.oid WHERE i.classid = 'pg_type'::regclass AND t.typarray <> 0
),
edge AS MATERIALIZED (
    SELECT DISTINCT u.classid, u.oid, o.classid AS on_class, o.oid AS on_oid
    FROM pg_depend AS d
    JOIN belongs AS u ON u.part_class = d.classid AND u.part = d.objid
    JOIN belongs AS o ON o.part_class = d.refclassid AND o.part = d.refobjid
    -- what depends in another way is dropped along, and blocks nothing; but a partition is an item as well, which goes first
    WHERE (d.deptype = 'n' OR d.deptype = 'a' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                              AND d.objid = u.oid AND d.refobjid = o.oid)
      AND (u.classid, u.oid) <> (o.classid, o.oid)
),
-- How many steps of use lead to an item: those at 0 are used by nothing. A circle ends at the limit.
depth AS (
    SELECT classid, oid, 0 AS depth FROM item
    UNION
    SELECT e.on_class, e.on_oid, d.depth + 1
    FROM depth AS d JOIN edge AS e ON e.classid = d.classid AND e.oid = d.oid
    WHERE d.depth < 200
)
SELECT i.sql
FROM item AS i
JOIN (SELECT classid, oid, max(depth) AS depth FROM depth GROUP BY classid, oid) AS d USING (classid, oid)
ORDER BY d.depth, i.sql
LIMIT :'most'::integer;
