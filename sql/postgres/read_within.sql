SAVEPOINT cloneci_read;
