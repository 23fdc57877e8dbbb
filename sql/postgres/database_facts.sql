-- What stands under the names of the template, of the pull request's database and of the one that it is made as: a row each of
-- oid, whether it is a template, whether our role owns it, its size where our role may know, its comment, and whether our role may
-- make databases.
SELECT d.oid, d.datistemplate AS is_template, d.datdba = r.oid AS owned,
       CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
            THEN pg_database_size(d.oid) END AS bytes,
       shobj_description(d.oid, 'pg_database') AS marker, r.rolcreatedb OR r.rolsuper AS can_create
FROM unnest(ARRAY[:'template', :'name', :'aside']) WITH ORDINALITY AS a (name, ord)
JOIN pg_roles AS r ON r.rolname = current_user
LEFT JOIN pg_database AS d ON d.datname = a.name
ORDER BY a.ord;
