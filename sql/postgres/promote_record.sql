-- The row that makes the promotion true. The parked schemas' OIDs are put in: a schema that somebody makes again under
-- the same name is not ours to drop.
INSERT INTO cloneci.generation (run_id, generation, kind, content, project, schemas, relations)
SELECT :'run_id', :'generation'::bigint, :'kind', :'content'::bigint, :'project',
       (SELECT jsonb_agg(jsonb_build_object('schema', s.schema, 'parked', s.schema || :'suffix', 'oid', n.oid::bigint)
                         ORDER BY s.schema)
        FROM (SELECT DISTINCT m ->> 'schema' AS schema FROM jsonb_array_elements(:'moves'::jsonb) AS m) AS s
        LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schema || :'suffix'),
       :'moves'::jsonb;
