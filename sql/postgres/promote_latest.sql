-- The newest generation, the one whose content is live, and the one before that; 0 before the first promotion.
SELECT coalesce(max(g.generation), 0) AS live,
       coalesce((SELECT l.content FROM cloneci.generation AS l ORDER BY l.generation DESC LIMIT 1), 0) AS content,
       coalesce((SELECT CASE p.kind WHEN 'promote' THEN coalesce(b.content, 0) END
                 FROM cloneci.generation AS p
                 LEFT JOIN LATERAL (SELECT o.content FROM cloneci.generation AS o WHERE o.generation < p.generation
                                    ORDER BY o.generation DESC LIMIT 1) AS b ON true
                 WHERE p.generation = (SELECT l.content FROM cloneci.generation AS l
                                       ORDER BY l.generation DESC LIMIT 1)), -1) AS before
FROM cloneci.generation AS g;
