-- How far a relation goes: the greatest value of one column; empty if there is no row. For our own clones.
SELECT max(:"column")::text FROM :"schema".:"name";
