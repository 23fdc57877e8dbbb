-- The columns of two relations, a row each: name, type in a, type in b (null where it is missing).
SELECT coalesce(a.attname, b.attname)::text AS name, a.type AS type_a, b.type AS type_b
  FROM (SELECT x.attname, x.attnum, format_type(x.atttypid, x.atttypmod) AS type
          FROM pg_attribute AS x
         WHERE x.attrelid = to_regclass(format('%I.%I', :'a_schema', :'a_name'))
           AND x.attnum > 0 AND NOT x.attisdropped) AS a
  FULL JOIN (SELECT x.attname, x.attnum, format_type(x.atttypid, x.atttypmod) AS type
               FROM pg_attribute AS x
              WHERE x.attrelid = to_regclass(format('%I.%I', :'b_schema', :'b_name'))
                AND x.attnum > 0 AND NOT x.attisdropped) AS b USING (attname)
 ORDER BY coalesce(a.attnum, b.attnum), name;
