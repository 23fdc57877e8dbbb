-- Where the journal stands; made once, by the role that promotes.
CREATE SCHEMA IF NOT EXISTS cloneci;
