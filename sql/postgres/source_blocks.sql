-- How many blocks each of :'relations' (a JSON array of {schema, name}) has, its partitions included, in that order; and whether a crash
-- of the server empties it.
SELECT coalesce((SELECT sum(pg_relation_size(p.relid))::bigint FROM pg_partition_tree(s.oid) AS p), pg_relation_size(s.oid))
           / current_setting('block_size')::bigint AS blocks,
       EXISTS (SELECT FROM pg_class AS c
               WHERE c.relpersistence = 'u' AND (c.oid = s.oid OR c.oid IN (SELECT p.relid FROM pg_partition_tree(s.oid) AS p))) AS unlogged
FROM (SELECT a.ord, to_regclass(format('%I.%I', a.r ->> 'schema', a.r ->> 'name')) AS oid
      FROM jsonb_array_elements(:'relations'::jsonb) WITH ORDINALITY AS a (r, ord)) AS s
ORDER BY s.ord;
