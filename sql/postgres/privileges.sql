-- What our role may and may not do in production's schemas (:'schemas', a JSON array). One row for each
-- finding: kind, text, remedy. Kinds: missing (cloneci will fail), danger (production could be written),
-- advice. No row: all is as it should be. `remedy` is SQL for an administrator.
WITH me AS (
    SELECT r.oid, r.rolname, r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user
),
production AS (
    SELECT s.name, n.oid, n.nspowner
    FROM jsonb_array_elements_text(:'schemas'::jsonb) AS s (name)
    LEFT JOIN pg_namespace AS n ON n.nspname = s.name
),
relation AS (
    SELECT p.name AS schema, c.oid, c.relname, c.relowner,
           has_table_privilege(c.oid, 'SELECT') AS may_read,
           has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES')
               OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES') AS may_write,
           -- of version 17: vacuum, analyze, cluster, reindex, and LOCK TABLE in any mode
           CASE WHEN current_setting('server_version_num')::integer >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN')
                ELSE false END AS may_maintain,
           pg_has_role(c.relowner, 'USAGE') AS may_own,
           -- a member that does not inherit may become the owner, or grant itself that it may
           pg_has_role(c.relowner, 'MEMBER') AS is_member
    FROM production AS p
    JOIN pg_class AS c ON c.relnamespace = p.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
sequence AS (
    SELECT p.name AS schema, c.relname
    FROM production AS p
    JOIN pg_class AS c ON c.relnamespace = p.oid AND c.relkind = 'S'
    -- CASE, since the function fails on what is no sequence, and WHERE promises no order
    WHERE CASE WHEN c.relkind = 'S'
               THEN has_sequence_privilege(c.oid, 'USAGE, UPDATE') AND NOT pg_has_role(c.relowner, 'USAGE') END
),
finding AS (
    SELECT 1 AS rank, '' AS schema, 'danger' AS kind,
           format('the role %I is a superuser: no privilege keeps it from writing production', m.rolname) AS text,
           'use a role as in conf/roles.sql' AS remedy
    FROM me AS m WHERE m.rolsuper
    UNION ALL
    SELECT 2, '', 'missing',
           format('the role %I may not create schemas in the database %I', m.rolname, current_database()),
           format('GRANT CREATE ON DATABASE %I TO %I', current_database(), m.rolname)
    FROM me AS m WHERE NOT has_database_privilege(current_database(), 'CREATE')
    UNION ALL
    SELECT 3, '', 'missing', format('the role %I may not make temporary tables, which dbt needs', m.rolname),
           format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), m.rolname)
    FROM me AS m WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
    UNION ALL
    SELECT 3, '', 'missing',
           format('transactions of the role %I are read-only (default_transaction_read_only): nothing can be built',
                  m.rolname),
           format('ALTER ROLE %I IN DATABASE %I SET default_transaction_read_only = off', m.rolname, current_database())
    FROM me AS m WHERE current_setting('default_transaction_read_only')::boolean
    UNION ALL
    SELECT 3, '', 'missing', 'the server is a standby: nothing can be built on it', 'connect to its primary'
    WHERE pg_is_in_recovery()
    UNION ALL
    SELECT 4, p.name, 'missing', format('the schema %I is not there', p.name), 'build production first'
    FROM production AS p WHERE p.oid IS NULL
    UNION ALL
    SELECT 5, p.name, 'missing', format('the role %I lacks USAGE on the schema %I', m.rolname, p.name),
           format('GRANT USAGE ON SCHEMA %I TO %I', p.name, m.rolname)
    FROM production AS p, me AS m WHERE NOT has_schema_privilege(p.oid, 'USAGE')
    UNION ALL
    SELECT 6, r.schema, 'missing',
           format('the role %I may not read %s of %s relations of %I: %s', m.rolname,
                  count(*) FILTER (WHERE NOT r.may_read), count(*), r.schema,
                  array_to_string((array_agg(quote_ident(r.relname) ORDER BY r.relname COLLATE "C")
                                   FILTER (WHERE NOT r.may_read))[1:5], ', ')),
           format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', r.schema, m.rolname)
    FROM relation AS r, me AS m GROUP BY r.schema, m.rolname HAVING bool_or(NOT r.may_read)
    UNION ALL
    SELECT 7, p.name, 'danger', format('the role %I may create in the schema %I', m.rolname, p.name),
           format('REVOKE CREATE ON SCHEMA %I FROM %I, PUBLIC', p.name, m.rolname)
    FROM production AS p, me AS m WHERE NOT m.rolsuper AND has_schema_privilege(p.oid, 'CREATE')
    UNION ALL
    SELECT 8, r.schema, 'danger',
           format('the role %I may write %s of %s relations of %I: %s', m.rolname,
                  count(*) FILTER (WHERE r.may_write), count(*), r.schema,
                  array_to_string((array_agg(quote_ident(r.relname) ORDER BY r.relname COLLATE "C")
                                   FILTER (WHERE r.may_write))[1:5], ', ')),
           format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA %I '
                  'FROM %I, PUBLIC', r.schema, m.rolname)
    FROM relation AS r, me AS m WHERE NOT m.rolsuper AND NOT r.may_own
    GROUP BY r.schema, m.rolname HAVING bool_or(r.may_write)
    UNION ALL
    SELECT 8, r.schema, 'danger',
           format('the role %I may lock and rewrite (MAINTAIN) %s of %s relations of %I: %s', m.rolname,
                  count(*) FILTER (WHERE r.may_maintain), count(*), r.schema,
                  array_to_string((array_agg(quote_ident(r.relname) ORDER BY r.relname COLLATE "C")
                                   FILTER (WHERE r.may_maintain))[1:5], ', ')),
           format('REVOKE MAINTAIN ON ALL TABLES IN SCHEMA %I FROM %I, PUBLIC; REVOKE pg_maintain FROM %I', r.schema, m.rolname,
                  m.rolname)
    FROM relation AS r, me AS m WHERE NOT m.rolsuper AND NOT r.may_own
    GROUP BY r.schema, m.rolname HAVING bool_or(r.may_maintain)
    UNION ALL
    SELECT 9, r.schema, 'danger',
           format('the role %I owns, or is a member of the owner %I of, %s relations of %I', m.rolname,
                  pg_get_userbyid(r.relowner), count(*), r.schema),
           'let cloneci have a role of its own, as in conf/roles.sql'
    FROM relation AS r, me AS m WHERE NOT m.rolsuper AND r.is_member
    GROUP BY r.schema, m.rolname, r.relowner
    UNION ALL
    SELECT 10, s.schema, 'danger',
           format('the role %I may advance %s sequences of %I: %s', m.rolname, count(*), s.schema,
                  array_to_string((array_agg(quote_ident(s.relname) ORDER BY s.relname COLLATE "C"))[1:5], ', ')),
           format('REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA %I FROM %I, PUBLIC', s.schema, m.rolname)
    FROM sequence AS s, me AS m WHERE NOT m.rolsuper GROUP BY s.schema, m.rolname
    UNION ALL
    SELECT 11, r.schema, 'advice',
           format('what %I builds next in %I will not be readable for %I', pg_get_userbyid(r.relowner), r.schema,
                  m.rolname),
           format('ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT SELECT ON TABLES TO %I',
                  pg_get_userbyid(r.relowner), m.rolname)
    FROM (SELECT DISTINCT schema, relowner FROM relation WHERE NOT may_own) AS r
    JOIN pg_namespace AS n ON n.nspname = r.schema, me AS m
    WHERE NOT EXISTS (
        SELECT FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS g
        WHERE d.defaclrole = r.relowner AND d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, n.oid)
          AND g.privilege_type = 'SELECT' AND (g.grantee = 0 OR pg_has_role(g.grantee, 'USAGE')))
      AND NOT m.rolsuper
)
SELECT f.kind, f.text, f.remedy FROM finding AS f ORDER BY f.rank, f.schema COLLATE "C", f.text COLLATE "C";
