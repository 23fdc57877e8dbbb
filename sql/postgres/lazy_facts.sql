-- Can these tables be cloned lazily, as far as the catalog tells? :'requests' is a JSON array of {schema, name, keys,
-- cursors}: keys are the columns that dbt finds rows by, null where it finds none; cursors those whose greatest value is
-- read.
-- One row each, in that order: why not, or empty; the columns by which rows must be brought in (a JSON array; null:
-- none need be); the index that finds them, or empty; the cursors without an index; the columns of production's table, and
-- whether each is NOT NULL (a JSON object).
WITH request AS MATERIALIZED (
    SELECT a.ord, a.r -> 'keys' AS keys, a.r -> 'cursors' AS cursors, c.*
    FROM jsonb_array_elements(:'requests'::jsonb) WITH ORDINALITY AS a (r, ord)
    LEFT JOIN pg_namespace AS n ON n.nspname = a.r ->> 'schema'
    LEFT JOIN LATERAL (
        SELECT c.oid, c.relkind, c.relam, c.relhassubclass, c.relispartition
        FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relname = a.r ->> 'name' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        LIMIT 1
    ) AS c ON true
),
index AS MATERIALIZED (
    SELECT r.ord, i.indexrelid, c.relname, i.indisunique, i.indisexclusion, i.indpred IS NULL AS whole,
           i.indkey[0] AS first_column, m.amname IN ('btree', 'hash') AS finds, m.amname = 'btree' AS sorts,
           0 = ANY (k.columns) OR coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) OR k.compares_otherwise
               AS is_special,
           (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
            WHERE a.attrelid = i.indrelid AND a.attnum = ANY (k.columns)) AS columns
    FROM request AS r
    JOIN pg_index AS i ON i.indrelid = r.oid AND i.indisvalid
    CROSS JOIN LATERAL (
        SELECT array_agg(u.attnum) AS columns,
               -- by a collation or operators that take more values for equal than = does
               bool_or((l.oid <> a.attcollation AND NOT l.collisdeterministic)
                       OR (NOT o.opcdefault AND o.opcnamespace <> 'pg_catalog'::regnamespace)) AS compares_otherwise
        FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[]) WITH ORDINALITY
             AS u (attnum, coll, class, n)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
        LEFT JOIN pg_collation AS l ON l.oid = u.coll
        LEFT JOIN pg_opclass AS o ON o.oid = u.class
        WHERE u.n <= i.indnkeyatts
    ) AS k
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_am AS m ON m.oid = c.relam
),
-- Without a key of dbt's, a new row can still meet one of production's in a unique index.
keyed AS MATERIALIZED (
    SELECT r.ord, CASE WHEN jsonb_typeof(r.keys) = 'array'
                       THEN (SELECT array_agg(k) FROM jsonb_array_elements_text(r.keys) AS k)
                       ELSE (SELECT i.columns FROM index AS i WHERE i.ord = r.ord AND i.indisunique
                             ORDER BY cardinality(i.columns), i.indexrelid LIMIT 1) END AS columns
    FROM request AS r
),
-- Names of columns that are not there.
missing AS (
    SELECT x.ord, min(x.name) FILTER (WHERE x.is_key) AS key, min(x.name) FILTER (WHERE NOT x.is_key) AS cursor
    FROM (SELECT k.ord, u.name, true AS is_key FROM keyed AS k, unnest(k.columns) AS u (name)
          UNION ALL
          SELECT r.ord, u.name, false FROM request AS r, jsonb_array_elements_text(r.cursors) AS u (name)) AS x
    JOIN request AS r ON r.ord = x.ord
    WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = r.oid AND a.attname = x.name AND a.attnum > 0
                                                      AND NOT a.attisdropped)
    GROUP BY x.ord
),
-- Where two rows would collide that have not the same key.
colliding AS (
    SELECT i.ord, min(i.relname) AS name
    FROM index AS i JOIN keyed AS k ON k.ord = i.ord
    WHERE i.indisexclusion OR (i.indisunique AND (i.is_special OR NOT i.columns @> k.columns))
    GROUP BY i.ord
),
-- Rows of production that are there, and that no clone would take.
unchecked AS (
    SELECT r.ord, min(con.conname) AS name
    FROM request AS r JOIN pg_constraint AS con ON con.conrelid = r.oid AND con.contype IN ('c', 'n') AND NOT con.convalidated
                                                    AND coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true)
    GROUP BY r.ord
),
-- Keys and cursors without an order.
unordered AS (
    SELECT r.ord, min(a.attname) AS name
    FROM request AS r
    JOIN keyed AS k ON k.ord = r.ord
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND NOT a.attisdropped AND (a.attname = ANY (k.columns) OR r.cursors ? a.attname)
    JOIN pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'b' AND t.typcategory <> 'A'
    WHERE NOT EXISTS (SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
                      WHERE o.opcdefault AND (o.opcintype = t.oid OR EXISTS (
                          SELECT FROM pg_cast AS c WHERE c.castsource = t.oid AND c.casttarget = o.opcintype AND c.castmethod = 'b')))
    GROUP BY r.ord
),
numbered AS (
    SELECT r.ord, min(a.attname) AS name
    FROM request AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
    WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'
    GROUP BY r.ord
)
SELECT CASE WHEN r.oid IS NULL THEN 'it is not there'
            WHEN r.relkind <> 'r' OR r.relhassubclass OR r.relispartition THEN 'it is not one plain table'
            WHEN m.amname IS DISTINCT FROM 'heap' THEN format('it is stored by %s', m.amname)
            WHEN x.key IS NOT NULL THEN format('its unique_key %I is no column of production''s table', x.key)
            WHEN x.cursor IS NOT NULL
            THEN format('%I, whose greatest value the model reads, is no column of production''s table', x.cursor)
            WHEN o.name IS NOT NULL THEN format('values of its column %I cannot be compared', o.name)
            WHEN v.name IS NOT NULL
            THEN format('its constraint %I is not valid: rows of production that break it could not be brought in', v.name)
            WHEN s.name IS NOT NULL THEN format('its column %I is numbered by a sequence', s.name)
            WHEN c.name IS NOT NULL
            THEN format('its index %I may refuse new rows for the sake of rows with other keys', c.name)
       END AS reason,
       to_jsonb(k.columns) AS keys,
       (SELECT min(i.relname) FROM index AS i
        JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = i.first_column
        WHERE i.ord = r.ord AND i.finds AND i.whole AND a.attname = ANY (k.columns)) AS key_index,
       (SELECT string_agg(u.name, ', ') FROM jsonb_array_elements_text(r.cursors) AS u (name)
        WHERE NOT EXISTS (SELECT FROM index AS i
                          JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = i.first_column
                          WHERE i.ord = r.ord AND i.sorts AND i.whole AND a.attname = u.name)) AS unindexed,
       (SELECT jsonb_object_agg(a.attname, a.attnotnull) FROM pg_attribute AS a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
FROM request AS r
JOIN keyed AS k ON k.ord = r.ord
LEFT JOIN missing AS x ON x.ord = r.ord
LEFT JOIN colliding AS c ON c.ord = r.ord
LEFT JOIN unordered AS o ON o.ord = r.ord
LEFT JOIN unchecked AS v ON v.ord = r.ord
LEFT JOIN numbered AS s ON s.ord = r.ord
LEFT JOIN pg_am AS m ON m.oid = r.relam
ORDER BY r.ord;
