-- The statement that compares two relations, made by the server from its catalog; writes nothing. It gives JSON arrays
-- [kind, name, value], one a row: rows_a, rows_b, only_a, only_b, and with a key missing, extra, duplicates, changed, stale, column
-- (name, rows that differ), sample (JSON).
-- :'keys' and :'ignore' are JSON arrays of column names; :'p_schema', :'p_name' are production's relation, or ''; :'percent' of the rows
-- are looked at, the same ones on both sides.
-- Types without equality (json, xml, point ..) are compared as text; floats to 12 digits (sums in another order).
WITH col AS (
    SELECT a.attnum, a.attname, quote_ident(a.attname) AS q, t.typname,
           p.attname IS NOT NULL AS in_p,
           a.attname IN (SELECT jsonb_array_elements_text(:'keys'::jsonb)) AS is_key
      FROM pg_attribute AS a
      JOIN pg_attribute AS b ON b.attrelid = to_regclass(format('%I.%I', :'b_schema', :'b_name'))
                            AND b.attname = a.attname AND b.attnum > 0 AND NOT b.attisdropped
      JOIN pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_attribute AS p ON p.attrelid = to_regclass(format('%I.%I', :'p_schema', :'p_name'))
                                 AND p.attname = a.attname AND p.attnum > 0 AND NOT p.attisdropped
     WHERE a.attrelid = to_regclass(format('%I.%I', :'a_schema', :'a_name'))
       AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attname NOT IN (SELECT jsonb_array_elements_text(:'ignore'::jsonb))
),
value AS (
    SELECT c.*, CASE WHEN is_key THEN c.q
                     WHEN c.typname = 'float8' THEN format('to_char(%s, ''9.99999999999EEEE'')', c.q)
                     WHEN c.typname = 'float4' THEN format('to_char(%s, ''9.99999EEEE'')', c.q)
                     WHEN c.typname IN ('json', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle')
                     THEN c.q || '::text' ELSE c.q END AS v
      FROM col AS c
),
part AS (
    SELECT string_agg(format('%s AS %s', v, q), ', ' ORDER BY attnum) AS columns,
           string_agg(format('%s AS %s', v, q), ', ' ORDER BY attnum) FILTER (WHERE in_p) AS columns_p,
           string_agg(q, ', ' ORDER BY attnum) AS names,
           string_agg(q, ', ' ORDER BY attnum) FILTER (WHERE is_key) AS keys,
           string_agg(format('a.%s = b.%s', q, q), ' AND ' ORDER BY attnum) FILTER (WHERE is_key) AS join_b,
           string_agg(format('a.%s = p.%s', q, q), ' AND ' ORDER BY attnum) FILTER (WHERE is_key) AS join_p,
           string_agg(format('a.%s IS NOT DISTINCT FROM p.%s', q, q), ' AND ' ORDER BY attnum)
               FILTER (WHERE in_p AND NOT is_key) AS same_p,
           string_agg(format('a.%s IS DISTINCT FROM b.%s', q, q), ' OR ' ORDER BY attnum)
               FILTER (WHERE NOT is_key) AS differ,
           string_agg(format('count(*) FILTER (WHERE a.%s IS DISTINCT FROM b.%s) AS c%s', q, q, attnum), ', '
                      ORDER BY attnum) FILTER (WHERE NOT is_key) AS counts,
           string_agg(format('(%L, d.c%s)', attname, attnum), ', ' ORDER BY attnum)
               FILTER (WHERE NOT is_key) AS listed,
           count(*) FILTER (WHERE is_key) > 0
               AND count(*) FILTER (WHERE is_key) = jsonb_array_length(:'keys'::jsonb) AS keyed,
           :'p_name' <> '' AND bool_or(in_p) AS has_p,
           CASE WHEN :'percent'::integer < 100
                THEN format(' WHERE (hashtextextended(ROW(%s)::text, 0) & 1048575) %% 100 < %s',
                            coalesce(string_agg(q, ', ' ORDER BY attnum) FILTER (WHERE is_key), string_agg(q, ', ' ORDER BY attnum)),
                            :'percent'::integer) ELSE '' END AS sampled
      FROM value
)
SELECT 'SELECT jsonb_build_array(r.k, r.n, r.v)::text FROM ('
    || format('WITH a AS MATERIALIZED (SELECT %s FROM %I.%I%s), b AS MATERIALIZED (SELECT %s FROM %I.%I%s)',
              columns, :'a_schema', :'a_name', sampled, columns, :'b_schema', :'b_name', sampled)
    || CASE WHEN keyed AND has_p AND differ IS NOT NULL
            THEN format(', p AS MATERIALIZED (SELECT %s FROM %I.%I%s)', columns_p, :'p_schema', :'p_name', sampled) ELSE '' END
    || ' SELECT ''rows_a'', '''', count(*)::text FROM a UNION ALL SELECT ''rows_b'', '''', count(*)::text FROM b'
    || format(' UNION ALL SELECT ''only_a'', '''', count(*)::text FROM (SELECT %s FROM a EXCEPT ALL SELECT %s FROM b) AS x',
              names, names)
    || format(' UNION ALL SELECT ''only_b'', '''', count(*)::text FROM (SELECT %s FROM b EXCEPT ALL SELECT %s FROM a) AS x',
              names, names)
    || CASE WHEN NOT keyed THEN '' ELSE
       format(' UNION ALL SELECT ''missing'', '''', count(*)::text FROM b WHERE NOT EXISTS (SELECT FROM a WHERE %s)', join_b)
    || format(' UNION ALL SELECT ''extra'', '''', count(*)::text FROM a WHERE NOT EXISTS (SELECT FROM b WHERE %s)', join_b)
    || format(' UNION ALL SELECT ''duplicates'', '''', count(*)::text FROM (SELECT %s FROM a GROUP BY %s HAVING count(*) > 1) AS x',
              keys, keys)
    || CASE WHEN differ IS NULL THEN ' UNION ALL SELECT ''changed'', '''', ''0''' ELSE
       format(' UNION ALL SELECT ''changed'', '''', count(*)::text FROM a JOIN b ON %s WHERE %s', join_b, differ)
    || CASE WHEN has_p THEN
       format(' UNION ALL SELECT ''stale'', '''', count(*)::text FROM a JOIN b ON %s JOIN p ON %s WHERE (%s) AND %s',
              join_b, join_p, differ, coalesce(same_p, 'true')) ELSE '' END
    || format(' UNION ALL SELECT ''column'', v.n, v.c::text FROM (SELECT %s FROM a JOIN b ON %s) AS d, LATERAL (VALUES %s) AS v (n, c)',
              counts, join_b, listed)
    || format(' UNION ALL SELECT ''sample'', '''', s.t FROM (SELECT jsonb_build_object(''a'', to_jsonb(a), ''b'', to_jsonb(b))::text AS t'
              ' FROM a JOIN b ON %s WHERE %s ORDER BY %s LIMIT 5) AS s',
              join_b, differ, (SELECT string_agg('a.' || q, ', ' ORDER BY attnum) FROM value WHERE is_key)) END END
    || ') AS r (k, n, v)'
  FROM part
 WHERE names IS NOT NULL;
