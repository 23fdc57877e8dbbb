-- A round trip: with its answer comes what was said to this session before.
SELECT 1;
