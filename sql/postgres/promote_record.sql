-- The row that makes the promotion true. What the schemas and relations are is put in, beside their names and OIDs: a schema that
-- somebody makes again under the same name is not ours to drop, a relation that has got the same OID is not ours to bring back.
INSERT INTO :"journal".generation (run_id, generation, kind, content, project, production, origin, at, role, schemas, relations)
-- for whoever looks for it in the server's log: INSERT INTO cloneci.generation, unless another owner's journal has that name
SELECT :'run_id', :'generation'::bigint, :'kind', :'content'::bigint, :'project', :'production', :'origin', clock_timestamp(), current_user,
       (SELECT jsonb_agg(jsonb_build_object('schema', s.schema, 'parked', s.schema || :'suffix', 'oid', n.oid::bigint)
                         ORDER BY s.schema)
        FROM (SELECT DISTINCT m ->> 'schema' AS schema FROM jsonb_array_elements(:'moves'::jsonb) AS m) AS s
        LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schema || :'suffix'),
       (SELECT jsonb_agg(jsonb_build_object('granted', g.granted)
                         || m || jsonb_build_object('old_is', o.relkind::text || o.reltype::bigint, 'new_is', n.relkind::text || n.reltype::bigint)
                         ORDER BY m ->> 'schema', m ->> 'name')
        FROM jsonb_array_elements(:'moves'::jsonb) AS m
        -- not by a subquery for each: readers wait while this runs
        LEFT JOIN (SELECT i ->> 'schema' AS schema, i ->> 'name' AS name, jsonb_agg(i) AS granted
                   FROM jsonb_array_elements(:'granted'::jsonb) AS i GROUP BY 1, 2) AS g ON g.schema = m ->> 'schema' AND g.name = m ->> 'name'
        LEFT JOIN pg_catalog.pg_class AS o ON o.oid = (m ->> 'old')::oid
        LEFT JOIN pg_catalog.pg_class AS n ON n.oid = (m ->> 'new')::oid);
