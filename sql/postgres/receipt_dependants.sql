-- Objects outside of :'schema' that depend on something in it, and so would keep it from being dropped or
-- be dropped with it: there should be none.
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) || ' depends on '
       || pg_describe_object(d.refclassid, d.refobjid, 0)
FROM pg_namespace AS n
JOIN pg_class AS c ON c.relnamespace = n.oid
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'n'
LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef AS f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
JOIN pg_class AS o ON o.oid = coalesce(r.ev_class, k.conrelid, f.adrelid,
                                       CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END)
WHERE n.nspname = :'schema' AND o.relnamespace <> n.oid
ORDER BY 1;
