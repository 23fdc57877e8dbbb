-- Of a project in a schema of production: the newest generation, the one whose content is live, the one before that, whether :'to' is
-- one of its own; 0 before the first promotion. last: the newest number of all projects. elsewhere: it has rows of another database,
-- from which this one was copied, or of an older version: what they name by OID may be anything here.
WITH row AS (
    SELECT g.generation, g.kind, g.content, to_jsonb(g) ->> 'origin' IS NOT DISTINCT FROM :'origin' AS here,
           g.project = :'project' AND coalesce(to_jsonb(g) ->> 'production', :'production') = :'production' AS ours
    FROM :"journal".generation AS g
),
own AS (
    SELECT r.generation, r.kind, r.content,
           lag(r.content, 1, 0::bigint) OVER (ORDER BY r.generation) AS before
    FROM row AS r WHERE r.here AND r.ours
),
live AS (
    SELECT o.generation, o.content FROM own AS o ORDER BY o.generation DESC LIMIT 1
)
SELECT coalesce((SELECT l.generation FROM live AS l), 0) AS live,
       coalesce((SELECT l.content FROM live AS l), 0) AS content,
       coalesce((SELECT CASE p.kind WHEN 'promote' THEN p.before END FROM own AS p JOIN live AS l ON p.generation = l.content), -1) AS before,
       :'to'::bigint = 0 OR EXISTS (SELECT FROM own AS o WHERE o.generation = :'to'::bigint) AS known,
       coalesce((SELECT max(r.generation) FROM row AS r), 0) AS last,
       EXISTS (SELECT FROM row AS r WHERE r.ours AND NOT r.here) AS elsewhere;
