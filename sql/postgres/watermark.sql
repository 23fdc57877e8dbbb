-- How far a relation goes: the greatest value of one column; null if there is no row. For our own clones.
SELECT max(:"column")::text AS greatest FROM :"schema".:"name";
