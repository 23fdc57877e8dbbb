-- The person whom a sandbox is for works in it as in a schema of one's own.
GRANT USAGE, CREATE ON SCHEMA :"schema" TO :"role";
GRANT ALL ON ALL TABLES IN SCHEMA :"schema" TO :"role";
GRANT ALL ON ALL SEQUENCES IN SCHEMA :"schema" TO :"role";
