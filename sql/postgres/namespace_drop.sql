-- Removes a schema that was emptied before; refuses (2BP01) if something stands in it still.
DROP SCHEMA IF EXISTS :"schema" RESTRICT;
