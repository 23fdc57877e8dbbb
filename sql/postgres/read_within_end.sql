-- Also puts back what read_settings changed; nothing else was done since.
ROLLBACK TO SAVEPOINT cloneci_read;
