-- What Spoke's docks and billing send: 60 days of rides and dock events (300,000 of each unless
-- psql -v rides=N says otherwise) and 400 bicycles, up to the last full hour. Arithmetic instead of
-- chance, so that two runs differ by the hour only.
\if :{?rides}
\else
\set rides 300000
\endif
CREATE SCHEMA raw;

CREATE TABLE raw.bikes AS
SELECT i AS bike_id,
       (ARRAY['Heron', 'Kestrel', 'Wagtail'])[1 + i % 3] AS model,
       i % 3 = 1 AS electric,
       CASE WHEN i % 37 = 0 THEN 'workshop' ELSE 'street' END AS state,
       date_trunc('hour', localtimestamp) - interval '70 days' + i * interval '1 minute' AS updated_at
FROM generate_series(1, 400) AS i;

CREATE TABLE raw.ride_messages (
    ride_id bigint NOT NULL,
    bike_id integer NOT NULL,
    rider_id integer NOT NULL,
    from_station integer NOT NULL,
    to_station integer NOT NULL,
    plan text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    loaded_at timestamptz NOT NULL
);
INSERT INTO raw.ride_messages
SELECT i,
       1 + (i * 131) % 400,
       1 + (i::bigint * 7919) % 18013,
       1 + (i * 31 + i / 97) % 16,
       1 + (i * 17 + i / 13) % 16,
       (ARRAY['member', 'casual', 'student', 'member'])[1 + i % 4],
       at,
       at + (2 + (i * 37) % 55) * interval '1 minute',
       at + interval '1 hour'
FROM (SELECT i, date_trunc('hour', now()) - interval '60 days 2 hours' + i * interval '60 days' / :rides AS at
      FROM generate_series(1, :rides) AS i) AS r;

CREATE TABLE raw.dock_events AS
SELECT i::bigint AS event_id,
       1 + i % 16 AS station_id,
       1 + i % 8 AS dock,
       (ARRAY['taken', 'returned', 'taken', 'returned', 'blocked'])[1 + i % 5] AS kind,
       at AS happened_at,
       at + interval '10 minutes' AS loaded_at
FROM (SELECT i, date_trunc('hour', now()) - interval '60 days 1 hour' + i * interval '60 days' / :rides AS at
      FROM generate_series(1, :rides) AS i) AS e;
