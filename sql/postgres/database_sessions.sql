-- Who is connected to a database: process id, application, user. The server's own workers have no user, and give way.
SELECT s.pid, s.application_name AS application, s.usename AS "user"
FROM pg_stat_activity AS s
WHERE s.datname = :'database' AND s.usename IS NOT NULL
ORDER BY s.pid;
