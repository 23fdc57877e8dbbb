-- The sources of every case, and what other teams have in the same database.
CREATE SCHEMA raw; CREATE SCHEMA analytics; CREATE SCHEMA app;
CREATE TABLE raw.orders (id int, customer int, amount int, status text, at timestamp);
CREATE TABLE raw.customers (id int PRIMARY KEY, name text);
CREATE TABLE app.regions (id int PRIMARY KEY);
CREATE TABLE app.runs (n int);
CREATE TABLE app.secrets (secret text);
INSERT INTO raw.customers SELECT i, 'c' || i FROM generate_series(1, 10) AS i;
INSERT INTO app.regions SELECT i FROM generate_series(1, 20) AS i;
INSERT INTO app.secrets VALUES ('x');
INSERT INTO raw.orders
SELECT i, i % 10 + 1, i * 10, 's' || i % 3, date :'begin' + i * interval '1 hour' FROM generate_series(1, 40) AS i;
