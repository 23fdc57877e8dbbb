-- Moves a schema with all that stands in it: one row of pg_namespace, no lock on its relations.
ALTER SCHEMA :"from" RENAME TO :"to";
