-- What arrives before the next run: new rows, new versions of old ones.
UPDATE raw.orders SET amount = amount + 1, at = at + interval '40 hours' WHERE id <= 3;
INSERT INTO raw.orders
SELECT i, CASE i WHEN 46 THEN 12 ELSE i % 10 + 1 END, nullif(i, 48) * 10, CASE i WHEN 47 THEN 's9' ELSE 's' || i % 3 END,
       (SELECT min(at) FROM raw.orders) + i * interval '1 hour'
FROM generate_series(44, 50) AS i;
