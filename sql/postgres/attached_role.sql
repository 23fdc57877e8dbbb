-- Do the rights of role :'role' include those of :'owner'? No row where one of them is missing.
SELECT pg_has_role(r.oid, o.oid, 'USAGE') FROM pg_roles AS r, pg_roles AS o WHERE r.rolname = :'role' AND o.rolname = :'owner';
