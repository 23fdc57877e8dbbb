-- Makes a schema. Its marker follows in the same transaction (namespace_mark).
CREATE SCHEMA :"schema";
