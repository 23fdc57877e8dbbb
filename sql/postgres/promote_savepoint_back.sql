ROLLBACK TO SAVEPOINT cloneci_exclusive;
