-- Locks that are taken behind it are given back when it is returned to; those before it stay.
SAVEPOINT :"savepoint";
