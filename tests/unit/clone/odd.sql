-- Sources with parts that a clone leaves out, replaces, or is refused for.
CREATE SCHEMA odd;
CREATE SCHEMA odd_too;
CREATE SCHEMA odd_three;
CREATE EXTENSION citext SCHEMA public;

-- one sequence for two tables, and a default that is more than the next number
CREATE SEQUENCE odd.shared START 1000;
CREATE TABLE odd.shared_a (id bigint DEFAULT nextval('odd.shared'), t text);
CREATE TABLE odd.shared_b (id bigint DEFAULT nextval('odd.shared'), code text DEFAULT 'B' || nextval('odd.shared'),
    minus integer DEFAULT - nextval('odd.shared'));
INSERT INTO odd.shared_a (t) VALUES ('a'), ('b');
INSERT INTO odd.shared_b DEFAULT VALUES;
CREATE SEQUENCE odd."it's ""a"" seq\";
CREATE TABLE odd.quoted_sequence (id integer DEFAULT nextval('odd."it''s ""a"" seq\"'), t text);
INSERT INTO odd.quoted_sequence (t) VALUES ('a');
GRANT SELECT ON SEQUENCE odd.shared TO ci;

-- a sequence named by text only; a function that is a sequence in disguise; a relation in a default
CREATE TABLE odd.by_text (id integer DEFAULT nextval('odd.shared'::text), t text);
INSERT INTO odd.by_text VALUES (1, 'a');
CREATE FUNCTION odd.next_id() RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER AS 'SELECT nextval(''odd.shared'')';
CREATE TABLE odd.by_function (id integer DEFAULT odd.next_id(), t text);
INSERT INTO odd.by_function VALUES (1, 'a');
CREATE TABLE odd.by_relation (r regclass DEFAULT 'odd.by_text'::regclass, t text CHECK (t <> 'odd.by_text'::regclass::text));
INSERT INTO odd.by_relation (t) VALUES ('a');

-- as Citus marks its tables
CREATE FUNCTION pg_catalog.citus_truncate_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TABLE odd.distributed (id integer);
CREATE TRIGGER truncate_trigger_1 AFTER TRUNCATE ON odd.distributed EXECUTE FUNCTION pg_catalog.citus_truncate_trigger();

-- ties to others
CREATE TABLE odd.parent (id integer PRIMARY KEY, t text);
INSERT INTO odd.parent VALUES (1, 'p');
CREATE TABLE odd.child (extra integer CHECK (extra > 0)) INHERITS (odd.parent);
INSERT INTO odd.child VALUES (2, 'c', 3);
CREATE TABLE odd.referencing (id integer, parent_id integer CONSTRAINT fk REFERENCES odd.parent);
INSERT INTO odd.referencing VALUES (1, 1);
CREATE FUNCTION odd.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.t := ''stamped''; RETURN NEW; END';
CREATE TABLE odd.triggered (id integer, t text);
INSERT INTO odd.triggered VALUES (1, 'before the trigger');
CREATE TRIGGER stamp BEFORE INSERT ON odd.triggered FOR EACH ROW EXECUTE FUNCTION odd.stamp();
CREATE RULE audit AS ON DELETE TO odd.triggered DO INSTEAD NOTHING;
CREATE TABLE odd.guarded (id integer, t text);
INSERT INTO odd.guarded VALUES (1, 'a'), (2, 'b');
CREATE POLICY one ON odd.guarded USING (id = 1);
ALTER TABLE odd.guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE odd.row_typed (id integer, p odd.parent);
CREATE TABLE odd.row_typed_array (id integer, p odd.parent[]);
CREATE TABLE odd.extended (c public.citext PRIMARY KEY);
INSERT INTO odd.extended VALUES ('A');
CREATE TYPE odd.shape AS (id integer, t text);
CREATE TABLE odd.of_type OF odd.shape (PRIMARY KEY (id));
INSERT INTO odd.of_type VALUES (1, 'a');

-- partitions, with an index on the parent that is not valid yet
CREATE TABLE odd.partitioned (id integer NOT NULL, day date NOT NULL, g integer GENERATED ALWAYS AS (id * 2) STORED,
    PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE odd.partitioned_1 PARTITION OF odd.partitioned FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE odd.partitioned_2 PARTITION OF odd.partitioned DEFAULT;
INSERT INTO odd.partitioned SELECT i, '2024-01-01'::date + i FROM generate_series(1, 60) AS i;
CREATE INDEX partitioned_day ON odd.partitioned (day DESC);
CREATE INDEX partitioned_invalid ON ONLY odd.partitioned (id);
COMMENT ON TABLE odd.partitioned IS 'in parts';

-- no tables
CREATE VIEW odd.a_view AS SELECT * FROM odd.parent;
CREATE MATERIALIZED VIEW odd.a_matview AS SELECT * FROM odd.parent;
CREATE SEQUENCE odd.a_sequence;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE odd.a_foreign (id integer) SERVER nowhere;

-- names that meet when two schemas are cloned into one
CREATE TABLE odd.meets (id serial PRIMARY KEY, t text);
CREATE INDEX meeting ON odd.meets (t);
CREATE STATISTICS odd.meeting ON id, t FROM odd.meets;
CREATE TABLE odd_too.meets_too (id serial, t text);
ALTER SEQUENCE odd_too.meets_too_id_seq RENAME TO meets_id_seq;
CREATE INDEX meeting ON odd_too.meets_too (t);
CREATE STATISTICS odd_too.meeting ON id, t FROM odd_too.meets_too;
CREATE TABLE odd_three.meeting (id integer);

-- partitions that cannot be read by themselves, or not be made anew
CREATE TABLE odd.half_granted (id integer) PARTITION BY RANGE (id);
CREATE TABLE odd.half_granted_1 PARTITION OF odd.half_granted FOR VALUES FROM (0) TO (10);
INSERT INTO odd.half_granted VALUES (1), (2), (3);
CREATE TABLE odd.elsewhere (id integer) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE odd.elsewhere_1 PARTITION OF odd.elsewhere FOR VALUES FROM (0) TO (10) SERVER nowhere;

-- partitions of one name
CREATE TABLE odd_too.far (id integer) PARTITION BY RANGE (id);
CREATE TABLE odd_too.far_1 PARTITION OF odd_too.far FOR VALUES FROM (0) TO (2);
CREATE TABLE odd_three.far_1 PARTITION OF odd_too.far FOR VALUES FROM (2) TO (10);
INSERT INTO odd_too.far VALUES (1), (2), (3);
