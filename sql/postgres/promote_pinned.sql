-- What still depends on what was replaced by the run, from outside of cloneci's own schemas: it was made while the promotion ran.
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0)
FROM :"journal".generation AS g
CROSS JOIN jsonb_array_elements(g.relations) AS r
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = (r ->> 'old')::oid AND d.deptype = 'n'
JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
JOIN pg_class AS v ON v.oid = w.ev_class
LEFT JOIN pg_description AS t ON t.objoid = v.relnamespace AND t.classoid = 'pg_namespace'::regclass AND t.objsubid = 0
WHERE g.run_id = :'run_id' AND coalesce(t.description, '') NOT LIKE '{%"cloneci"%}'
ORDER BY 1;
