-- The generation that the run put live; no row: it did not happen.
SELECT g.generation FROM :"journal".generation AS g WHERE g.run_id = :'run_id';
