-- Who is connected to a database: process id, application, user. The server's own workers have no user, and give way.
SELECT s.pid::text, s.application_name, s.usename::text
FROM pg_stat_activity AS s
WHERE s.datname = :'database' AND s.usename IS NOT NULL
ORDER BY s.pid;
