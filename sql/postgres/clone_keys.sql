-- The foreign keys at one end of which a clone stands, as statements that tie it to clones and to tables of keys, never to
-- production; writes nothing. :'requests' is clone_sql.sql's; of those with with_keys one row for each key, in a fixed order:
-- ord (the request, from 1) and key, a JSON object:
--   name, schema and relation (the other end), identity (its), bytes (its), incoming (it refers to the clone), acts (it changes
--   or deletes what refers, instead of refusing)
--   clone     the request that clones the other end, from 1; or null: then a table of the other end's keys takes its place:
--   before, load, source, after    as clone_sql.sql's
--   link      ties both; sent when the rows are there
--   refused   why it cannot be had, or null
-- Run it under search_path = ''.
WITH RECURSIVE request AS MATERIALIZED (
    SELECT a.ord, coalesce((a.r ->> 'with_keys')::boolean, false) AS with_keys,
           coalesce((a.r ->> 'validate_keys')::boolean, false) AS validate,
           coalesce((a.r ->> 'logged')::boolean, false) AS logged,
           coalesce((a.r ->> 'keep_partitions')::boolean, false) AND c.relkind = 'p' AS keep,
           a.r -> 'to' ->> 'schema' AS to_schema,
           format('%I.%I', a.r -> 'to' ->> 'schema', a.r -> 'to' ->> 'name') AS target, c.oid
    FROM jsonb_array_elements(:'requests'::jsonb) WITH ORDINALITY AS a (r, ord)
    JOIN pg_namespace AS n
        ON n.nspname = a.r -> 'from' ->> 'schema'
       AND coalesce(a.r -> 'from' ->> 'database', current_database()) = current_database()
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = a.r -> 'from' ->> 'name' AND c.relkind IN ('r', 'p')
    WHERE a.r ->> 'strategy' <> 'view'
),
-- As in clone_sql.sql.
tied (oid) AS (
    SELECT k.confrelid FROM request AS r JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype = 'f'
    WHERE r.with_keys AND (r.logged OR r.keep)
    UNION
    SELECT k.confrelid FROM tied AS t JOIN request AS r ON r.oid = t.oid AND r.with_keys
    JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype = 'f'
),
-- A key between two clones belongs to the one that refers. What the server made of a key for each partition is no key of
-- its own, unless the partition alone is cloned.
tie AS MATERIALIZED (
    SELECT r.ord, r.to_schema, r.target, r.logged OR r.keep OR r.oid IN (TABLE tied) AS logged, r.validate, k.oid, k.conname, k.conrelid, k.confrelid, k.convalidated,
           r.oid <> k.conrelid AS incoming, CASE WHEN r.oid = k.conrelid THEN k.confrelid ELSE k.conrelid END AS other,
           coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AS enforced,
           coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false) AS period,
           k.confdeltype NOT IN ('a', 'r') OR k.confupdtype NOT IN ('a', 'r') AS acts, k.conkey, k.confkey, pg_get_constraintdef(k.oid) AS def
    FROM pg_constraint AS k
    JOIN request AS r
        ON r.with_keys
       AND (r.oid = k.conrelid AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = k.conparentid
                                                                                AND p.conrelid = k.conrelid)
            OR (r.oid = k.confrelid AND k.conparentid = 0
                AND NOT EXISTS (SELECT FROM request AS o WHERE o.with_keys AND o.oid = k.conrelid)))
    WHERE k.contype = 'f'
),
named AS MATERIALIZED (
    SELECT t.*, x.list AS from_list, x.plain AS from_plain, x.not_null AS from_not_null, y.list AS to_list, y.plain AS to_plain,
           format('FOREIGN KEY (%s) REFERENCES %s(', x.list, t.confrelid::regclass) AS prefix
    FROM tie AS t
    CROSS JOIN LATERAL (
        SELECT string_agg(CASE WHEN t.period AND u.i = cardinality(t.conkey) THEN 'PERIOD ' ELSE '' END || quote_ident(a.attname),
                          ', ' ORDER BY u.i) AS list,
               string_agg(quote_ident(a.attname), ', ' ORDER BY u.i) AS plain,
               string_agg(quote_ident(a.attname) || ' IS NOT NULL', ' AND ' ORDER BY u.i) AS not_null
        FROM unnest(t.conkey) WITH ORDINALITY AS u (attnum, i)
        JOIN pg_attribute AS a ON a.attrelid = t.conrelid AND a.attnum = u.attnum) AS x
    CROSS JOIN LATERAL (
        SELECT string_agg(quote_ident(a.attname) || CASE WHEN t.period AND u.i = cardinality(t.confkey) THEN ' WITHOUT OVERLAPS'
                                                         ELSE '' END, ', ' ORDER BY u.i) AS list,
               string_agg(quote_ident(a.attname), ', ' ORDER BY u.i) AS plain
        FROM unnest(t.confkey) WITH ORDINALITY AS u (attnum, i)
        JOIN pg_attribute AS a ON a.attrelid = t.confrelid AND a.attnum = u.attnum) AS y
),
-- The other end: a clone, or a table of its keys. `made`: the clone or the table, as SQL names it.
ended AS MATERIALIZED (
    SELECT n.*, o.ord AS clone, s.nspname, c.relname, c.relkind, c.relhassubclass, c.relam,
           CASE WHEN o.ord IS NOT NULL THEN o.target
                ELSE format('%I.%I', n.to_schema, left(c.relname, 40) || '_keys_'
                            || left(md5(format('%s.%s.%s.%s', s.nspname, c.relname, n.conname, n.target)), 8))
           END AS made,
           CASE WHEN n.incoming THEN n.from_plain ELSE n.to_plain END AS columns,
           -- the clone that refers keeps its partitions: older servers take no key there that is not checked
           current_setting('server_version_num')::integer < 180000
               AND EXISTS (SELECT FROM request AS q WHERE q.oid = n.conrelid AND q.keep) AS must_validate,
           CASE WHEN NOT starts_with(n.def, n.prefix) THEN 'the server prints it in an unknown way'
                WHEN o.ord IS NOT NULL THEN NULL
                WHEN c.relkind NOT IN ('r', 'p') THEN format('%s is no table', n.other::regclass)
                WHEN NOT has_schema_privilege(s.oid, 'USAGE') OR EXISTS (
                    SELECT FROM unnest(CASE WHEN n.incoming THEN n.conkey ELSE n.confkey END) AS u (attnum)
                    WHERE NOT has_column_privilege(c.oid, u.attnum, 'SELECT'))
                THEN format('the role may not read %s', n.other::regclass)
                WHEN row_security_active(c.oid)
                THEN format('row-level security filters what the role reads of %s', n.other::regclass)
           END AS refused
    FROM named AS n
    JOIN pg_class AS c ON c.oid = n.other
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    LEFT JOIN LATERAL (SELECT * FROM request AS q WHERE q.oid = n.other ORDER BY q.ord LIMIT 1) AS o ON true
    -- a key that is not enforced is of use to nobody without the other table
    WHERE n.enforced OR o.ord IS NOT NULL
),
stated AS (
    SELECT e.*,
           format('INSERT INTO %s (%s) SELECT %s FROM %I.%I', e.made, e.columns, e.columns, e.nspname, e.relname) AS fill,
           CASE WHEN e.incoming THEN format('(%s)', e.from_not_null) END AS condition,
           CASE WHEN e.enforced AND NOT e.must_validate AND NOT (e.validate AND e.convalidated AND e.clone IS NOT NULL)
                THEN ' NOT VALID' ELSE '' END AS validity,
           regexp_replace(substr(e.def, length(e.prefix) + 1), ' NOT VALID$', '') AS rest
    FROM ended AS e
)
SELECT s.ord, jsonb_build_object(
    'name', s.conname, 'schema', s.nspname, 'relation', s.relname, 'identity', s.other::oid::text, 'incoming', s.incoming, 'acts', s.acts,
    'clone', s.clone, 'refused', s.refused,
    'bytes', coalesce((SELECT sum(pg_table_size(t.relid))::bigint FROM pg_partition_tree(s.other) AS t WHERE t.isleaf),
                      pg_table_size(s.other)),
    'before', CASE WHEN s.clone IS NULL THEN format('CREATE %sTABLE %s AS SELECT %s FROM %I.%I WITH NO DATA',
        CASE WHEN s.logged AND NOT s.incoming THEN '' ELSE 'UNLOGGED ' END, s.made, s.columns, s.nspname, s.relname) END,
    'load', CASE WHEN s.clone IS NULL THEN s.fill || coalesce(' WHERE ' || s.condition, '') END,
    'source', CASE WHEN s.clone IS NULL THEN jsonb_build_object(
        'schema', s.nspname, 'name', s.relname, 'identity', s.other::oid::text, 'storage', pg_relation_filenode(s.other)::text,
        'block_size', current_setting('block_size')::bigint,
        'blocks', pg_relation_size(s.other) / current_setting('block_size')::bigint,
        'range', CASE WHEN s.relkind = 'r' AND NOT s.relhassubclass
                           AND s.relam = (SELECT m.oid FROM pg_am AS m WHERE m.amname = 'heap')
            THEN format('%s WHERE %sctid >= $1::pg_catalog.tid AND ctid < $2::pg_catalog.tid', s.fill,
                        coalesce(s.condition || ' AND ', '')) END) END,
    'after', CASE WHEN s.clone IS NOT NULL THEN NULL
                  WHEN s.incoming THEN format('CREATE INDEX ON %s (%s)', s.made, s.from_plain)
                  ELSE format('ALTER TABLE %s ADD UNIQUE (%s)', s.made, s.to_list) END,
    'link', format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s(%s%s',
                   CASE WHEN s.incoming THEN s.made ELSE s.target END, s.conname, s.from_list,
                   CASE WHEN s.incoming THEN s.target ELSE s.made END, s.rest, s.validity)
) AS key
FROM stated AS s
ORDER BY s.ord, s.incoming, s.conname, s.oid;
