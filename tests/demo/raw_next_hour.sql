-- The hour after production's last build: new rides, corrected rides, new dock events, a bicycle repaired.
INSERT INTO raw.ride_messages
SELECT last_id + i, 1 + (i * 131) % 400, 1 + (i::bigint * 7919) % 18013, 1 + i % 16, 1 + (i * 5) % 16,
       (ARRAY['member', 'casual', 'student', 'member'])[1 + i % 4],
       at, at + (2 + i % 55) * interval '1 minute', at + interval '1 hour'
FROM (SELECT i, last_id, last_at + i * interval '3 seconds' AS at
      FROM (SELECT max(ride_id) AS last_id, max(started_at) AS last_at FROM raw.ride_messages) AS m,
           generate_series(1, 1200) AS i) AS r;

INSERT INTO raw.ride_messages
SELECT ride_id, bike_id, rider_id, from_station, to_station, plan, started_at,
       ended_at + interval '3 minutes', last_loaded
FROM raw.ride_messages,
     (SELECT max(ride_id) AS last_id, max(loaded_at) AS last_loaded FROM raw.ride_messages) AS m
WHERE ride_id BETWEEN last_id - 1400 AND last_id - 1251;

INSERT INTO raw.dock_events
SELECT last_id + i, 1 + i % 16, 1 + i % 8, 'taken', at, at + interval '10 minutes'
FROM (SELECT i, last_id, last_at + i * interval '4 seconds' AS at
      FROM (SELECT max(event_id) AS last_id, max(happened_at) AS last_at FROM raw.dock_events) AS m,
           generate_series(1, 900) AS i) AS e;

UPDATE raw.bikes SET state = 'street', updated_at = localtimestamp WHERE bike_id = 37;
