-- What elsewhere hangs on what stands in schemas, :'schemas' (JSON): a row each. Those in schemas :'kin' (JSON) may go along:
-- then `sql` drops it, in the order in which it can be done; else it is null, and `text` says what is used by what.
-- All of pg_depend is followed, not views alone: columns of a type, defaults, functions, constraints; and what would be taken
-- away without a word, though it stands elsewhere: a partition, the sequence of a column, statistics.
WITH RECURSIVE place AS MATERIALIZED (
    SELECT n.oid FROM pg_namespace AS n JOIN jsonb_array_elements_text(:'schemas'::jsonb) AS s (name) ON n.nspname = s.name
),
kin AS MATERIALIZED (
    SELECT n.oid FROM pg_namespace AS n JOIN jsonb_array_elements_text(:'kin'::jsonb) AS s (name) ON n.nspname = s.name
    WHERE n.oid NOT IN (SELECT oid FROM place)
),
-- What is dropped: what stands there, what belongs to it, and the views of kin that read it.
inside (classid, objid, depth) AS (
    SELECT d.classid, d.objid, 0 FROM pg_depend AS d
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid IN (SELECT oid FROM place) AND d.deptype = 'n'
    UNION
    SELECT x.classid, x.objid, i.depth + x.step
    FROM inside AS i
    JOIN pg_depend AS d ON d.refclassid = i.classid AND d.refobjid = i.objid
    LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_class AS v ON v.oid = w.ev_class AND d.deptype = 'n' AND v.relnamespace IN (SELECT oid FROM kin)
    CROSS JOIN LATERAL (VALUES (d.classid, d.objid, 0), ('pg_class'::regclass, v.oid, 1)) AS x (classid, objid, step)
    WHERE x.objid IS NOT NULL AND (d.deptype IN ('a', 'i', 'P', 'S') OR v.oid IS NOT NULL) AND i.depth < 100
),
gone AS MATERIALIZED (
    SELECT i.classid, i.objid, max(i.depth) AS depth FROM inside AS i GROUP BY i.classid, i.objid
),
-- A rule stands for its view.
user_of AS (
    SELECT DISTINCT CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END AS classid,
           coalesce(w.ev_class, d.objid) AS objid, CASE WHEN w.oid IS NULL THEN d.objsubid ELSE 0 END AS part,
           d.refclassid, d.refobjid
    FROM gone AS g
    JOIN pg_depend AS d ON d.refclassid = g.classid AND d.refobjid = g.objid AND d.deptype = 'n'
    LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
),
elsewhere AS (
    SELECT u.classid, u.objid, u.part, format('%s uses %s', pg_describe_object(u.classid, u.objid, u.part),
                                              pg_describe_object(u.refclassid, u.refobjid, 0)) AS text
    FROM user_of AS u
    WHERE NOT EXISTS (SELECT FROM gone AS g WHERE g.classid = u.classid AND g.objid = u.objid)
    UNION ALL
    SELECT g.classid, g.objid, 0, format('%s would go with it', pg_describe_object(g.classid, g.objid, 0))
    FROM gone AS g
    JOIN LATERAL (SELECT c.relnamespace FROM pg_class AS c WHERE g.classid = 'pg_class'::regclass AND c.oid = g.objid AND c.relkind <> 't'
                  UNION ALL
                  SELECT s.stxnamespace FROM pg_statistic_ext AS s WHERE g.classid = 'pg_statistic_ext'::regclass AND s.oid = g.objid) AS o (namespace)
      ON o.namespace NOT IN (SELECT oid FROM place) AND o.namespace NOT IN (SELECT oid FROM kin)
    -- toast tables have indexes
    WHERE o.namespace <> 'pg_toast'::regnamespace
)
SELECT s.text, s.sql
FROM (SELECT 0 AS step, 0 AS depth, e.text, NULL AS sql FROM elsewhere AS e
      UNION ALL
      SELECT 1, g.depth, pg_describe_object(g.classid, g.objid, 0),
             format('DROP %s %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, c.oid::regclass)
      FROM gone AS g JOIN pg_class AS c ON g.classid = 'pg_class'::regclass AND c.oid = g.objid
      WHERE c.relnamespace IN (SELECT oid FROM kin) AND c.relkind IN ('v', 'm')) AS s
ORDER BY s.step, s.depth DESC, s.text COLLATE "C";
