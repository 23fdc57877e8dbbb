-- As database_create, and how the server copies it (15 and later): wal_log, block by block through the WAL; file_copy, file by file,
-- with a checkpoint before and after.
CREATE DATABASE :"name" TEMPLATE :"template" STRATEGY :'strategy';
