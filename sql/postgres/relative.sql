-- The product, where the server is none of PostgreSQL's but speaks its protocol, or else NULL; by the settings that only it has,
-- or by the name that it gives itself.
SELECT CASE WHEN pg_catalog.current_setting('crdb_version', true) IS NOT NULL THEN 'CockroachDB'
            WHEN pg_catalog.strpos(v.text, 'CockroachDB') > 0 THEN 'CockroachDB'
            WHEN pg_catalog.strpos(v.text, 'Cloudberry') > 0 THEN 'Apache Cloudberry'
            WHEN pg_catalog.strpos(v.text, 'Greengage') > 0 THEN 'Greengage'
            WHEN pg_catalog.strpos(v.text, 'Greenplum') > 0 THEN 'Greenplum'
            WHEN pg_catalog.current_setting('gp_role', true) IS NOT NULL THEN 'Greenplum'
            WHEN pg_catalog.strpos(v.text, 'Redshift') > 0 THEN 'Amazon Redshift'
            WHEN pg_catalog.strpos(v.text, 'Materialize') > 0 THEN 'Materialize'
            WHEN pg_catalog.strpos(v.text, 'RisingWave') > 0 THEN 'RisingWave' END AS product
FROM (SELECT pg_catalog.version() AS text) AS v;
