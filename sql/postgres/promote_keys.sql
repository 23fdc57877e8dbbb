-- The foreign keys of what is replaced, compared by what they are: dbt alternates their names. Rows as promote_sql gives them:
--   carry  a key that the old relation has and the new one lacks      after  after the COMMIT: validates what a rollback carried
--   move   what is parked refers to nothing that stays: production's own deletes would have to ask it
-- :'moves' as promote_moves gives it; :'suffix' as for promote_sql; :'back' is 't' for a rollback. That brings a former
-- generation back as it was: a key that does not fit it is not carried, and its rows are not checked before.
WITH move AS MATERIALIZED (
    SELECT m ->> 'schema' AS schema, m ->> 'name' AS name, (m ->> 'old')::oid AS old, (m ->> 'new')::oid AS new
    FROM jsonb_array_elements(:'moves'::jsonb) AS m
),
gone AS MATERIALIZED (
    SELECT m.schema, m.name, m.new, m.schema || :'suffix' AS parked, format('%I.%I', m.schema, m.name) AS q, c.oid
    FROM move AS m JOIN pg_class AS c ON c.oid = m.old
),
came AS MATERIALIZED (
    SELECT format('%I.%I', n.nspname, c.relname) AS q, c.oid, c.relkind
    FROM move AS m JOIN pg_class AS c ON c.oid = m.new JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
-- Each key of a relation that moves, with its columns and those that they refer to.
key AS MATERIALIZED (
    SELECT k.oid, k.conrelid, k.confrelid, k.conname, k.convalidated, k.conparentid,
           coalesce(to_jsonb(k) ->> 'conperiod', '') = 'true' AS period, pg_get_constraintdef(k.oid) AS definition, u.columns, u.referred, u.pairs, u.names, u.referred_names
    FROM pg_constraint AS k
    CROSS JOIN LATERAL (
        SELECT string_agg(CASE WHEN r.last AND to_jsonb(k) ->> 'conperiod' = 'true' THEN 'PERIOD ' ELSE '' END || quote_ident(r.attname), ', ' ORDER BY r.turn) AS columns,
               string_agg(CASE WHEN r.last AND to_jsonb(k) ->> 'conperiod' = 'true' THEN 'PERIOD ' ELSE '' END || quote_ident(r.referred), ', ' ORDER BY r.turn) AS referred,
               array_agg(r.attname || ' ' || r.referred ORDER BY r.attname || ' ' || r.referred) AS pairs,
               array_agg(r.attname) AS names, array_agg(r.referred ORDER BY r.referred) AS referred_names
        FROM (SELECT i.turn, i.turn = cardinality(k.conkey) AS last, a.attname, b.attname AS referred
              FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS i (own, other, turn)
              JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = i.own
              JOIN pg_attribute AS b ON b.attrelid = k.confrelid AND b.attnum = i.other) AS r) AS u
    WHERE k.contype = 'f' AND k.conrelid IN (SELECT g.oid FROM gone AS g UNION ALL SELECT c.oid FROM came AS c)
),
-- Those of the old that the new lacks. A key to what is replaced must become one to what replaces it.
lost AS MATERIALIZED (
    SELECT k.*, g.q AS old_q, p.oid AS new, p.q, p.relkind, t.oid AS target, 
           format('%I.%I', n.nspname, c.relname) AS target_q, h.oid IS NOT NULL AS target_moves,
           (SELECT x.name FROM unnest(k.names) AS x (name)
            WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = p.oid AND a.attname = x.name AND NOT a.attisdropped) LIMIT 1) AS lacks
    FROM gone AS g
    JOIN came AS p ON p.oid = g.new
    JOIN key AS k ON k.conrelid = g.oid AND k.conparentid = 0
    LEFT JOIN gone AS h ON h.oid = k.confrelid
    CROSS JOIN LATERAL (SELECT CASE WHEN h.oid IS NULL THEN k.confrelid ELSE h.new END AS oid) AS t
    LEFT JOIN pg_class AS c ON c.oid = t.oid
    LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM key AS z WHERE z.conrelid = p.oid AND z.confrelid = t.oid AND z.pairs = k.pairs)
),
judged AS MATERIALIZED (
    SELECT l.*, CASE WHEN l.target IS NULL THEN 'refers to what is taken away'
                     WHEN l.relkind NOT IN ('r', 'p') THEN 'cannot be on the new one, which is no table'
                     WHEN l.lacks IS NOT NULL THEN format('is over the column %I, which the new one lacks', l.lacks)
                     WHEN l.target_moves AND NOT l.period AND NOT EXISTS (
                         SELECT FROM pg_index AS y
                         WHERE y.indrelid = l.target AND y.indisunique AND y.indisvalid AND y.indimmediate AND y.indpred IS NULL AND y.indexprs IS NULL
                           AND (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute AS a
                                WHERE a.attrelid = l.target AND a.attnum = ANY ((y.indkey::int2[])[0 : y.indnkeyatts - 1])) = l.referred_names)
                     THEN format('refers to (%s) of %s, which is not unique on the new one', l.referred, l.target_q)
                     END AS unfit
    FROM lost AS l
),
statement (phase, step, place, sql) AS (
    SELECT 1, 'carry', row_number() OVER (ORDER BY j.q COLLATE "C", j.conname),
           format('ALTER TABLE %s ADD %sFOREIGN KEY (%s) REFERENCES %s (%s)%s%s', j.q,
                  CASE WHEN free.name THEN format('CONSTRAINT %I ', j.conname) ELSE '' END, j.columns, j.target_q, j.referred,
                  substr(j.definition, 1 + length(format('FOREIGN KEY (%s) REFERENCES %s(%s)', j.columns, j.confrelid::regclass, j.referred))),
                  CASE WHEN :'back' = 't' AND j.convalidated THEN ' NOT VALID' ELSE '' END)
    FROM judged AS j
    CROSS JOIN LATERAL (SELECT NOT EXISTS (SELECT FROM pg_constraint AS z WHERE z.conrelid = j.new AND z.conname = j.conname) AS name) AS free
    WHERE j.unfit IS NULL
    UNION ALL
    SELECT 2, 'move', row_number() OVER (ORDER BY g.q COLLATE "C", k.conname), format('ALTER TABLE %I.%I DROP CONSTRAINT %I', g.parked, g.name, k.conname)
    FROM gone AS g JOIN key AS k ON k.conrelid = g.oid AND k.conparentid = 0
    WHERE k.confrelid NOT IN (SELECT o.oid FROM gone AS o)
    UNION ALL
    SELECT 3, 'after', row_number() OVER (ORDER BY j.old_q COLLATE "C", j.conname), format('ALTER TABLE %s VALIDATE CONSTRAINT %I', j.old_q, j.conname)
    FROM judged AS j
    WHERE j.unfit IS NULL AND :'back' = 't' AND j.convalidated
      AND NOT EXISTS (SELECT FROM pg_constraint AS z WHERE z.conrelid = j.new AND z.conname = j.conname)
)
SELECT o.step, o.sql
FROM (SELECT 0 AS phase, 'refuse' AS step, 0::bigint AS place,
             format('the foreign key %I of %s %s: mend the new one, or drop the key first (ALTER TABLE %s DROP CONSTRAINT %I)', j.conname, j.old_q, j.unfit, j.old_q, j.conname) AS sql
      FROM judged AS j WHERE j.unfit IS NOT NULL AND :'back' = 'f'
      UNION ALL
      SELECT s.phase, s.step, s.place, s.sql FROM statement AS s) AS o
ORDER BY o.phase, o.place, o.sql COLLATE "C";
