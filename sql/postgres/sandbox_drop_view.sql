-- As sandbox_drop_table.
DROP VIEW IF EXISTS :"schema".:"name" RESTRICT;
