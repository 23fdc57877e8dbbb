-- Before the clone is made anew in its place.
DROP TABLE IF EXISTS :"schema".:"name" RESTRICT;
