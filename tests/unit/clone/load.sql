-- Production for the tests of loading: made anew for each.
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS prod CASCADE;
CREATE SCHEMA prod;
CREATE TABLE prod.big (id integer PRIMARY KEY, t text);
INSERT INTO prod.big SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, 100000) AS i;
CREATE INDEX big_t ON prod.big (t);
CREATE TABLE prod.small (id integer, t text);
INSERT INTO prod.small SELECT i, 'x' FROM generate_series(1, 1000) AS i;
CREATE TABLE prod.empty (id integer PRIMARY KEY);
CREATE TABLE prod.parts (id integer, t text) PARTITION BY RANGE (id);
CREATE TABLE prod.parts_1 PARTITION OF prod.parts FOR VALUES FROM (0) TO (500);
CREATE TABLE prod.parts_2 PARTITION OF prod.parts DEFAULT;
INSERT INTO prod.parts SELECT i, 'x' FROM generate_series(1, 1000) AS i;
CREATE TABLE prod.identity (id integer GENERATED ALWAYS AS IDENTITY, t text, g integer GENERATED ALWAYS AS (1 + 1) STORED);
INSERT INTO prod.identity (t) SELECT 'x' FROM generate_series(1, 100);
