-- The role that cloneci and the dbt it starts connect with: it reads production and can write nothing
-- there; it makes schemas of its own. Run by an administrator, once for each database, and again whenever
-- a schema is added:
--
--   psql -d warehouse -v ci=cloneci_ci -v owner=dbt_prod -v schemas=analytics,raw -f conf/roles.sql
--
--   ci       the role to make; give it a password afterwards:  \password cloneci_ci
--   owner    the role that builds production with dbt
--   schemas  production's schemas, and those of its sources, separated by commas
--
-- docs/roles.md says what each line is for. `cloneci doctor` checks the outcome.
\set ON_ERROR_STOP on
BEGIN;

SELECT format('CREATE ROLE %I LOGIN', :'ci')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'ci') \gexec

GRANT CONNECT, CREATE, TEMPORARY ON DATABASE :"DBNAME" TO :"ci";
-- before PostgreSQL 15 everybody may create in public
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

SELECT format('GRANT USAGE ON SCHEMA %I TO %I', trim(s), :'ci')
FROM unnest(string_to_array(:'schemas', ',')) AS s \gexec
SELECT format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', trim(s), :'ci')
FROM unnest(string_to_array(:'schemas', ',')) AS s \gexec

-- What production builds next: dbt makes its tables anew. Not IN SCHEMA: a table that is built elsewhere
-- and then moved in would lack the grant.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO :"ci";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"ci";

COMMIT;
