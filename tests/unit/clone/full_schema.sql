-- A schema that is not easy to drop without CASCADE: things that lean on one another in all directions, made
-- in an order that no simple rule undoes, and more tables than one transaction can drop.
CREATE SCHEMA "full";
CREATE SCHEMA outside;
SET search_path = "full";
CREATE TYPE mood AS ENUM ('a');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION checked(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE DOMAIN twice AS positive CHECK (checked(VALUE));
CREATE TABLE base (id serial PRIMARY KEY, m mood, p positive, t twice, n integer DEFAULT f(3));
CREATE VIEW a_view AS SELECT id, f(id) AS f FROM base;
CREATE MATERIALIZED VIEW b_matview AS SELECT * FROM a_view;
CREATE INDEX ON b_matview (id);
CREATE VIEW c_view AS SELECT * FROM b_matview;
CREATE VIEW "A later, 'odd' view" AS SELECT * FROM c_view;
CREATE TABLE a_child () INHERITS (base);
CREATE TABLE points_back (id integer PRIMARY KEY REFERENCES base);
ALTER TABLE base ADD CONSTRAINT circle_free CHECK (f(n) > 0);
CREATE FUNCTION rows_of_base() RETURNS SETOF base LANGUAGE sql AS 'SELECT * FROM "full".base';
CREATE FUNCTION atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM points_back; END;
CREATE VIEW through_functions AS SELECT r.id, atomic() AS n FROM rows_of_base() AS r;
CREATE AGGREGATE total (integer) (sfunc = int4pl, stype = integer);
CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE alone;
CREATE TABLE uses_sequence (id bigint DEFAULT nextval('alone'));
CREATE TABLE parts (id integer) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE a_parent (id integer) PARTITION BY RANGE (id);
CREATE TABLE b_part PARTITION OF a_parent FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE c_part PARTITION OF b_part FOR VALUES FROM (0) TO (5);
CREATE VIEW of_a_part AS SELECT * FROM c_part;
CREATE TABLE round_1 (id integer PRIMARY KEY, other integer);
CREATE TABLE round_2 (id integer PRIMARY KEY REFERENCES round_1);
ALTER TABLE round_1 ADD FOREIGN KEY (other) REFERENCES round_2;
CREATE TYPE pair AS (a integer, b mood);
CREATE TABLE of_pair (p pair, l pair[]);
CREATE TYPE span AS RANGE (subtype = integer);
CREATE FUNCTION trigger_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER x BEFORE INSERT ON base FOR EACH ROW EXECUTE FUNCTION trigger_f();
CREATE STATISTICS base_s ON id, n FROM base;
CREATE VIEW outside.leans AS SELECT * FROM base;
CREATE SCHEMA beside;
CREATE VIEW beside.on_full AS SELECT * FROM a_view;
CREATE VIEW on_beside AS SELECT * FROM beside.on_full;
DO $$
BEGIN
    FOR i IN 1..1300 LOOP
        EXECUTE format('CREATE TABLE "full".many_%s (id integer PRIMARY KEY, t text)', i);
        IF i % 100 = 0 THEN COMMIT; END IF;
    END LOOP;
END
$$;

-- what a build's hooks, and the lease of a run that was killed, leave there
CREATE TEXT SEARCH DICTIONARY "full".plain (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION "full".cloneci_lease_0 (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION "full".cloneci_lease_0 ALTER MAPPING FOR word WITH "full".plain;
CREATE COLLATION "full".numbers (provider = icu, locale = 'und-u-kn');
CREATE TABLE "full".sorted (t text COLLATE "full".numbers);
CREATE FUNCTION "full".near(int, int) RETURNS boolean LANGUAGE sql RETURN abs($1 - $2) < 2;
CREATE OPERATOR "full".<~> (FUNCTION = "full".near, LEFTARG = int, RIGHTARG = int);
CREATE VIEW "full".by_operator AS SELECT 1 OPERATOR("full".<~>) 2 AS near;
CREATE OPERATOR CLASS "full".ints FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
