-- A database gets its name when it is whole and marked.
ALTER DATABASE :"from" RENAME TO :"to";
