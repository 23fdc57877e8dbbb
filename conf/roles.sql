-- The roles that cloneci and the dbt it starts connect with, each with no more than it needs. Run by an administrator, once for
-- each database, and again whenever a schema is added:
--
--   psql -d warehouse -v ci=cloneci_ci -v owner=dbt_prod -v schemas=analytics,raw -f conf/roles.sql
--   psql -d warehouse -v ci=cloneci_ci -v sandbox=cloneci_sandbox -v promote=cloneci_promote -v persons=ann,bob \
--        -v owner=dbt_prod -v schemas=analytics,raw -f conf/roles.sql
--
--   ci       the role of CI to make: it reads production and can write nothing there; it makes schemas of its own. Give it a
--            password afterwards:  \password cloneci_ci
--   sandbox  likewise, of whoever runs 'cloneci sandbox'; left out: none is made
--   persons  roles that sandboxes are made for (--for): the role `sandbox` becomes a member of them, so that it can hand them
--            the tables; left out: they get grants alone
--   promote  the role of 'cloneci promote' and 'rollback': a member of the owner, who may replace production's relations, and
--            nothing else; its target in profiles.yml has `role: <owner>`, so that what it builds is the owner's; left out: none
--            is made
--   owner    the role that builds production with dbt
--   schemas  production's schemas, and those of its sources, separated by commas
--
-- docs/roles.md says what each line is for. `cloneci doctor` checks the outcome, `cloneci doctor --roles` tries it.
\set ON_ERROR_STOP on
\if :{?sandbox}
\else
\set sandbox ''
\endif
\if :{?promote}
\else
\set promote ''
\endif
\if :{?persons}
\else
\set persons ''
\endif
BEGIN;

SELECT format('CREATE ROLE %I LOGIN', r)
FROM unnest(ARRAY[:'ci', :'sandbox', :'promote']) AS r
WHERE r <> '' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) \gexec

-- those that read production and make schemas of their own
SELECT format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO %I', :'DBNAME', r)
FROM unnest(ARRAY[:'ci', :'sandbox']) AS r WHERE r <> '' \gexec
-- before PostgreSQL 15 everybody may create in public
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

SELECT format('GRANT USAGE ON SCHEMA %I TO %I', trim(s), r)
FROM unnest(string_to_array(:'schemas', ',')) AS s, unnest(ARRAY[:'ci', :'sandbox']) AS r WHERE r <> '' \gexec
SELECT format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', trim(s), r)
FROM unnest(string_to_array(:'schemas', ',')) AS s, unnest(ARRAY[:'ci', :'sandbox']) AS r WHERE r <> '' \gexec

-- What production builds next: dbt replaces its tables. Not IN SCHEMA: a table that is built elsewhere
-- and then moved in would lack the grant.
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT SELECT ON TABLES TO %I', :'owner', r)
FROM unnest(ARRAY[:'ci', :'sandbox']) AS r WHERE r <> '' \gexec
SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT USAGE ON SCHEMAS TO %I', :'owner', r)
FROM unnest(ARRAY[:'ci', :'sandbox']) AS r WHERE r <> '' \gexec

-- Handing a table to a person takes membership in the person's role.
SELECT format('GRANT %I TO %I', trim(p), :'sandbox')
FROM unnest(string_to_array(:'persons', ',')) AS p WHERE :'sandbox' <> '' \gexec

-- A promotion works as the owner (`role` in the profile), so that what it builds is the owner's. It makes the schemas of stage and of
-- former generations, and looks at the snapshots of others.
SELECT format('GRANT %I TO %I', :'owner', :'promote') WHERE :'promote' <> '' \gexec
SELECT format('GRANT pg_read_all_stats TO %I', :'owner') WHERE :'promote' <> '' \gexec
SELECT format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO %I', :'DBNAME', r)
FROM unnest(ARRAY[:'owner', :'promote']) AS r WHERE :'promote' <> '' \gexec

COMMIT;
