-- Foreign keys of all shapes, for adapters_keys.c. `k` is cloned; `raw` and `bi` are not.
CREATE SCHEMA raw;
CREATE SCHEMA k;
CREATE SCHEMA bi;
CREATE SCHEMA dark;
CREATE DOMAIN public.code AS text COLLATE "C" CHECK (value <> '');
CREATE TABLE raw.countries (name text, "the Code" public.code UNIQUE);
INSERT INTO raw.countries VALUES ('Germany', 'de'), ('France', 'fr');
CREATE TABLE raw.pairs (a integer, b bigint, note text, PRIMARY KEY (b, a));
INSERT INTO raw.pairs SELECT g, g * 10, 'note ' || g FROM generate_series(1, 5) AS g;

CREATE TABLE k.customers (id integer PRIMARY KEY, country text REFERENCES raw.countries ("the Code"),
    parent integer CONSTRAINT up REFERENCES k.customers DEFERRABLE INITIALLY DEFERRED);
INSERT INTO k.customers SELECT g, 'de', nullif(g - 1, 0) FROM generate_series(1, 9) AS g;
CREATE TABLE k.orders (id integer, customer integer CONSTRAINT whose REFERENCES k.customers ON DELETE CASCADE, a integer, b bigint,
    CONSTRAINT pair FOREIGN KEY (b, a) REFERENCES raw.pairs (b, a) MATCH FULL ON UPDATE SET NULL);
INSERT INTO k.orders VALUES (1, 1, 1, 10), (2, NULL, NULL, NULL), (3, 2, 5, 50);
-- names that look like the words around them, and a collation under which unequal texts are the same
CREATE COLLATION public.any_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE TABLE raw."odd) REFERENCES x.y(" ("a, b" text COLLATE public.any_case PRIMARY KEY);
INSERT INTO raw."odd) REFERENCES x.y(" VALUES ('One');
CREATE TABLE k.odd ("x) REFERENCES raw.z(" text COLLATE public.any_case
    CONSTRAINT "it's odd" REFERENCES raw."odd) REFERENCES x.y(");
INSERT INTO k.odd VALUES ('ONE');
-- to an index that is no constraint, in another order, with more columns than the key
CREATE TABLE raw.indexed (a integer NOT NULL, b integer NOT NULL, c text);
CREATE UNIQUE INDEX ON raw.indexed (b DESC, a) INCLUDE (c);
INSERT INTO raw.indexed VALUES (1, 2, 'x');
CREATE TABLE k.at_index (x integer, y integer, CONSTRAINT of_index FOREIGN KEY (x, y) REFERENCES raw.indexed (a, b));
INSERT INTO k.at_index VALUES (1, 2);
-- rows that break a key which was never checked
CREATE TABLE k.unchecked (id integer, customer integer);
INSERT INTO k.unchecked VALUES (1, 1), (2, 99);
ALTER TABLE k.unchecked ADD CONSTRAINT never FOREIGN KEY (customer) REFERENCES k.customers NOT VALID;
CREATE TABLE k.parted (id integer, customer integer CONSTRAINT of_parts REFERENCES k.customers) PARTITION BY HASH (id);
CREATE TABLE k.parted_0 PARTITION OF k.parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO k.parted VALUES (1, 1);
-- a key of one column that may be set to null alone (15 and later), to a partitioned table
CREATE TABLE k.target (id integer PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE k.target_0 PARTITION OF k.target FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO k.target VALUES (1);
CREATE TABLE k.at_target (id integer CONSTRAINT of_target REFERENCES k.target);

CREATE TABLE bi.notes (customer integer CONSTRAINT noted REFERENCES k.customers, t text);
INSERT INTO bi.notes VALUES (1, 'a'), (1, 'b'), (NULL, 'c'), (9, 'd');
CREATE TABLE dark.notes (customer integer CONSTRAINT unseen REFERENCES k.customers);
GRANT USAGE ON SCHEMA raw, k, bi TO ci;
GRANT SELECT ON ALL TABLES IN SCHEMA raw, k, bi TO ci;
GRANT REFERENCES ON ALL TABLES IN SCHEMA raw, k, bi TO ci;
GRANT CREATE ON DATABASE postgres TO ci;

SELECT current_setting('server_version_num')::integer >= 180000 AS has_temporal \gset
\if :has_temporal
CREATE EXTENSION btree_gist;
CREATE TABLE raw.prices (item integer, valid daterange, PRIMARY KEY (item, valid WITHOUT OVERLAPS));
INSERT INTO raw.prices VALUES (1, '[2026-01-01,2026-07-01)'), (1, '[2026-07-01,2027-01-01)');
CREATE TABLE k.sales (item integer, during daterange,
    CONSTRAINT priced FOREIGN KEY (item, PERIOD during) REFERENCES raw.prices (item, PERIOD valid),
    customer integer CONSTRAINT loose REFERENCES k.customers NOT ENFORCED);
INSERT INTO k.sales VALUES (1, '[2026-06-01,2026-08-01)', 99);
GRANT SELECT ON raw.prices, k.sales TO ci;
\endif
