-- Partitioned tables of many shapes, each with rows: what pg_dump says of a clone that keeps its partitions must be
-- what it says of these.
CREATE SCHEMA parted;

CREATE TABLE parted.by_range (id integer NOT NULL, day date NOT NULL, t text DEFAULT 'x', PRIMARY KEY (id, day))
    PARTITION BY RANGE (day);
CREATE TABLE parted.by_range_1 PARTITION OF parted.by_range FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE parted.by_range_2 PARTITION OF parted.by_range FOR VALUES FROM ('2024-02-01') TO (MAXVALUE);
CREATE TABLE parted.by_range_rest PARTITION OF parted.by_range DEFAULT;
INSERT INTO parted.by_range SELECT i, '2023-12-20'::date + i FROM generate_series(1, 90) AS i;
CREATE INDEX by_range_t ON parted.by_range (t, lower(t)) WHERE id > 3;
CREATE INDEX only_of_one ON parted.by_range_1 (t DESC);
COMMENT ON TABLE parted.by_range IS 'the whole';
COMMENT ON TABLE parted.by_range_1 IS 'a part';
COMMENT ON COLUMN parted.by_range_2.t IS 'of a part';
COMMENT ON INDEX parted.by_range_t IS 'of the whole';

CREATE TABLE parted.by_list (kind text, n integer CHECK (n > 0)) PARTITION BY LIST (kind);
CREATE TABLE parted."by_list_it's" PARTITION OF parted.by_list (CONSTRAINT own CHECK (n < 1000), n DEFAULT 7)
    FOR VALUES IN ('it''s', 'b');
CREATE TABLE parted.by_list_null PARTITION OF parted.by_list FOR VALUES IN (NULL);
INSERT INTO parted.by_list VALUES ('it''s', 1), ('b', 2), (NULL, 3);
CREATE STATISTICS parted.of_whole ON kind, n FROM parted.by_list;
CREATE STATISTICS parted.of_part ON kind, n FROM parted."by_list_it's";

CREATE TABLE parted.by_hash (id integer PRIMARY KEY, t text) PARTITION BY HASH (id);
CREATE TABLE parted.by_hash_0 PARTITION OF parted.by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (fillfactor = 70);
CREATE TABLE parted.by_hash_1 PARTITION OF parted.by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted.by_hash SELECT i, 'x' FROM generate_series(1, 100) AS i;
ALTER TABLE parted.by_hash_0 ALTER COLUMN t SET STATISTICS 200;

CREATE TABLE parted.nested (id serial, kind text NOT NULL, day date NOT NULL, g integer GENERATED ALWAYS AS (1 + 1) STORED,
    UNIQUE (kind, day, id)) PARTITION BY LIST (kind);
CREATE TABLE parted.nested_a PARTITION OF parted.nested FOR VALUES IN ('a') PARTITION BY RANGE (day);
CREATE TABLE parted.nested_a_1 PARTITION OF parted.nested_a FOR VALUES FROM (MINVALUE) TO ('2024-02-01');
CREATE TABLE parted.nested_a_2 PARTITION OF parted.nested_a FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE parted.nested_b PARTITION OF parted.nested FOR VALUES IN ('b');
INSERT INTO parted.nested (kind, day) SELECT CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END, '2024-01-10'::date + i
    FROM generate_series(1, 40) AS i;
CREATE INDEX nested_day ON parted.nested (day);

-- a partition that was a table of its own: other order of columns, one dropped, indexes of its own names
CREATE TABLE parted.attached (a integer NOT NULL, b text, c numeric(10, 2) NOT NULL) PARTITION BY RANGE (a, c);
CREATE TABLE parted.attached_1 (gone integer, c numeric(10, 2) NOT NULL, b text, a integer NOT NULL);
ALTER TABLE parted.attached_1 DROP COLUMN gone;
CREATE UNIQUE INDEX its_own_key ON parted.attached_1 (a, c);
CREATE UNIQUE INDEX attached_key ON parted.attached (a, c);
ALTER TABLE parted.attached ATTACH PARTITION parted.attached_1 FOR VALUES FROM (0, MINVALUE) TO (100, 0);
INSERT INTO parted.attached VALUES (1, 'x', 2.5), (99, 'y', 7);

CREATE TABLE parted.by_expression (t text COLLATE "C", n integer) PARTITION BY RANGE (lower(t) COLLATE "POSIX", lib.half(n));
CREATE TABLE parted.by_expression_1 PARTITION OF parted.by_expression FOR VALUES FROM ('a', 0) TO ('z', 0);
INSERT INTO parted.by_expression VALUES ('B', 3);

CREATE TABLE parted.no_partitions (id integer, t text) PARTITION BY RANGE (id);
CREATE INDEX ON parted.no_partitions (t);

CREATE TABLE parted."Mixed ""Case""" ("Id" integer, "it's" text) PARTITION BY RANGE ("Id", "it's");
CREATE TABLE parted."表表表表表表表表表表表表表表表表表表表表表" PARTITION OF parted."Mixed ""Case""" DEFAULT;
INSERT INTO parted."Mixed ""Case""" VALUES (1, 'a');

-- of version 18: what was never checked of a whole, a constraint of a partition's own, and an expression of its own
SELECT current_setting('server_version_num')::integer >= 180000 AS is_18 \gset
\if :is_18
CREATE TABLE parted.new_in_18 (id integer, c integer, v integer GENERATED ALWAYS AS (id * 2)) PARTITION BY RANGE (id);
CREATE TABLE parted.new_in_18_a PARTITION OF parted.new_in_18 FOR VALUES FROM (0) TO (100);
CREATE TABLE parted.new_in_18_b (id integer, c integer, v integer GENERATED ALWAYS AS (id * 3));
ALTER TABLE parted.new_in_18 ATTACH PARTITION parted.new_in_18_b FOR VALUES FROM (100) TO (200);
INSERT INTO parted.new_in_18 VALUES (1, NULL), (101, 5);
ALTER TABLE parted.new_in_18 ADD CONSTRAINT "c from now on" NOT NULL c NOT VALID, ADD CONSTRAINT loose CHECK (c > 10) NOT ENFORCED;
ALTER TABLE parted.new_in_18_a ADD CONSTRAINT "of one alone" NOT NULL id;
\endif
