-- For what only reads: nothing can be written by mistake, and all sees one snapshot.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
