-- Drops a database, unless somebody is connected to it; not in a transaction.
DROP DATABASE IF EXISTS :"name";
