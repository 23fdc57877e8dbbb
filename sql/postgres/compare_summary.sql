-- The statement that compares two relations by one pass over each, made by the server from its catalog; writes nothing. It gives
-- JSON arrays [kind, name, value], one a row: rows_a, rows_b, sampled_a, sampled_b, duplicates, duplicates_b (keys that stand more
-- than once or are NULL), and for each column of both `differs` (name, t or f: the sums of hashes of its values differ).
-- :'keys' and :'ignore' are JSON arrays of column names; :'percent' of the rows are looked at, the same ones on both sides.
WITH value AS (
    SELECT a.attnum, a.attname, quote_ident(a.attname) AS q,
           CASE t.typname WHEN 'float8' THEN format('to_char(%I, ''9.99999999999EEEE'')', a.attname)
                          WHEN 'float4' THEN format('to_char(%I, ''9.99999EEEE'')', a.attname)
                          ELSE format('%I::text', a.attname) END AS v,
           a.attname IN (SELECT jsonb_array_elements_text(:'keys'::jsonb)) AS is_key
      FROM pg_attribute AS a
      JOIN pg_attribute AS b ON b.attrelid = to_regclass(format('%I.%I', :'b_schema', :'b_name'))
                            AND b.attname = a.attname AND b.attnum > 0 AND NOT b.attisdropped
      JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE a.attrelid = to_regclass(format('%I.%I', :'a_schema', :'a_name'))
       AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attname NOT IN (SELECT jsonb_array_elements_text(:'ignore'::jsonb))
),
part AS (
    SELECT string_agg(format('coalesce(sum(hashtextextended(%s, %s)::numeric) FILTER (WHERE s), 0) AS h%s, count(%s) FILTER (WHERE s) AS c%s',
                             v, attnum, attnum, q, attnum), ', ' ORDER BY attnum) AS sums,
           string_agg(format('(%L, (a.h%s, a.c%s) IS DISTINCT FROM (b.h%s, b.c%s))', attname, attnum, attnum, attnum, attnum), ', '
                      ORDER BY attnum) AS listed,
           string_agg(q, ', ' ORDER BY attnum) AS names,
           string_agg(q, ', ' ORDER BY attnum) FILTER (WHERE is_key) AS keys,
           string_agg(q || ' IS NOT NULL', ' AND ' ORDER BY attnum) FILTER (WHERE is_key) AS filled,
           count(*) FILTER (WHERE is_key) > 0
               AND count(*) FILTER (WHERE is_key) = jsonb_array_length(:'keys'::jsonb) AS keyed
      FROM value
),
side AS (
    SELECT part.*, format('SELECT count(*) AS n, count(*) FILTER (WHERE s) AS m, %s AS d, %s FROM (SELECT *, %s AS s FROM %%I.%%I) AS x',
               CASE WHEN keyed THEN format('count(*) FILTER (WHERE s) - count(DISTINCT ROW(%s)::text) FILTER (WHERE s AND %s)', keys, filled)
                    ELSE 'NULL::bigint' END, sums,
               CASE WHEN :'percent'::integer >= 100 THEN 'true'
                    ELSE format('(hashtextextended(ROW(%s)::text, 0) & 1048575) %%%% 100 < %s',
                                CASE WHEN keyed THEN keys ELSE names END, :'percent'::integer) END) AS sql
      FROM part
     WHERE names IS NOT NULL
)
SELECT format('WITH a AS (' || sql || '), b AS (', :'a_schema', :'a_name') || format(sql || ')', :'b_schema', :'b_name')
    || ' SELECT jsonb_build_array(r.k, r.n, r.v)::text FROM a, b, LATERAL (VALUES (''rows_a'', '''', a.n::text), (''rows_b'', '''', b.n::text),'
       ' (''sampled_a'', '''', a.m::text), (''sampled_b'', '''', b.m::text), (''duplicates'', '''', coalesce(a.d, -1)::text),'
       ' (''duplicates_b'', '''', coalesce(b.d, -1)::text)) AS r (k, n, v)'
    || format(' UNION ALL SELECT jsonb_build_array(''differs'', r.n, r.v::text)::text FROM a, b, LATERAL (VALUES %s) AS r (n, v)', listed)
  FROM side;
