-- A row if there is such a role.
SELECT r.rolname FROM pg_roles AS r WHERE r.rolname = :'role';
