-- One snapshot for all that follows; it can be exported to other sessions, or taken from one.
BEGIN ISOLATION LEVEL REPEATABLE READ;
