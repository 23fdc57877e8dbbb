-- What makes a table without rows a lazy clone: the rows that hold the greatest values the model reads, and the means by
-- which the build step brings in production's rows of the keys that it is about to touch. Made by the server from its
-- catalog; writes nothing. :'requests' as in clone_sql.sql, for a lazy clone with keys (columns; null: none) and cursors.
-- Rows: ord, phase, sql.
--
-- A clone holds all of production's rows of each key that it holds: so a key that is there need not be brought in again,
-- and dbt's statement meets as many rows as in production.
WITH request AS MATERIALIZED (
    SELECT a.ord, a.r -> 'to' ->> 'schema' AS to_schema, a.r -> 'to' ->> 'name' AS to_name,
           a.r -> 'from' ->> 'schema' AS from_schema, a.r -> 'from' ->> 'name' AS from_name,
           format('%I.%I', a.r -> 'to' ->> 'schema', a.r -> 'to' ->> 'name') AS target,
           format('%I.%I', a.r -> 'from' ->> 'schema', a.r -> 'from' ->> 'name') AS source,
           CASE WHEN jsonb_typeof(a.r -> 'keys') = 'array'
                THEN (SELECT array_agg(k ORDER BY n) FROM jsonb_array_elements_text(a.r -> 'keys')
                                                          WITH ORDINALITY AS u (k, n)) END AS keys,
           CASE WHEN jsonb_typeof(a.r -> 'cursors') = 'array' THEN a.r -> 'cursors' ELSE '[]' END AS cursors,
           row_number() OVER (PARTITION BY a.r -> 'to' ->> 'schema' ORDER BY a.ord) = 1 AS is_first
    FROM jsonb_array_elements(:'requests'::jsonb) WITH ORDINALITY AS a (r, ord)
    WHERE a.r ->> 'strategy' = 'lazy'
),
column_list AS (
    SELECT r.ord, min(c.oid::bigint) AS source, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list
    FROM request AS r
    JOIN pg_namespace AS n ON n.nspname = r.from_schema
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.from_name AND c.relkind = 'r'
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY r.ord
),
key_list AS (
    SELECT r.ord, string_agg(quote_ident(k), ', ') AS list, string_agg(format('%I IS NULL', k), ' OR ') AS any_null
    FROM request AS r, unnest(r.keys) AS k
    GROUP BY r.ord
),
statement AS (
    SELECT r.ord, 10 AS step, 0::bigint AS sub, format(
        'CREATE UNLOGGED TABLE %I.cloneci_lazy (clone oid PRIMARY KEY, source oid NOT NULL, source_schema text NOT NULL, '
        'source_name text NOT NULL, keys text[], brought bigint NOT NULL DEFAULT 0, '
        'complete boolean NOT NULL DEFAULT false, nulls_complete boolean NOT NULL DEFAULT false)', r.to_schema) AS sql
    FROM request AS r WHERE r.is_first
    UNION ALL
    -- Called by the build step's macros before each statement of dbt's that writes a lazy clone. It runs under dbt's own
    -- search_path, so that values are compared by the operators that dbt's statement finds. With apart, what takes all rows
    -- anew is returned, to be run by the caller.
    SELECT r.ord, 11, 0, format('CREATE FUNCTION %I.cloneci_hydrate', r.to_schema) ||
$statement$(clone regclass, incoming regclass, null_safe boolean, apart boolean) RETURNS text
LANGUAGE plpgsql AS $function$
DECLARE
    home text;
    fact record;
    source regclass;
    columns text;
    changed boolean;
    keys text;
    ours text;
    theirs text;
    casts text;
    differ boolean;
    brought bigint := 0;
    more bigint := 0;
    rest text;
BEGIN
    SELECT pg_catalog.quote_ident(n.nspname) INTO home
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = clone;
    -- batches of one model that run at once go one after the other from here on
    EXECUTE pg_catalog.format('SELECT * FROM %s.cloneci_lazy AS l WHERE l.clone = $1 FOR UPDATE', home)
        INTO fact USING clone::oid;
    IF fact.clone IS NULL THEN
        RAISE EXCEPTION '% is no lazy clone', clone;
    END IF;
    source := pg_catalog.to_regclass(pg_catalog.format('%I.%I', fact.source_schema, fact.source_name));
    IF source IS NULL OR source::oid <> fact.source THEN
        RAISE EXCEPTION 'production''s %.% was rebuilt since it was cloned lazily', fact.source_schema, fact.source_name
            USING HINT = 'Run again when production has been built.';
    END IF;
    PERFORM pg_catalog.set_config('cloneci.hydrated', clone::oid::text, true);
    -- a column that has got longer holds all that it held
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s.attname), ', ' ORDER BY s.attnum),
           pg_catalog.bool_or((s.atttypid <> c.atttypid OR s.atttypmod <> c.atttypmod) AND NOT (
               s.atttypid = c.atttypid AND (c.atttypmod = -1 OR (s.atttypmod <> -1 AND c.atttypmod > s.atttypmod AND
               c.atttypid IN ('pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype)))))
    INTO columns, changed
    FROM pg_catalog.pg_attribute AS s
    JOIN pg_catalog.pg_attribute AS c ON c.attrelid = clone AND c.attname = s.attname AND c.attnum > 0
                                     AND NOT c.attisdropped AND c.attgenerated = ''
    WHERE s.attrelid = source AND s.attnum > 0 AND NOT s.attisdropped AND s.attgenerated = '';
    IF fact.complete THEN
        RETURN NULL;
    END IF;
    IF changed THEN
        -- dbt has changed a type, which each row of production's must bear: bring in all of them. One that does not fails
        -- in the words that dbt's own conversion of a full table has.
        rest := pg_catalog.format('DELETE FROM %s; INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s',
                                  clone, clone, columns, columns, source);
        IF NOT apart THEN
            EXECUTE rest;
            rest := NULL;
        END IF;
    ELSIF fact.keys IS NOT NULL THEN
        SELECT pg_catalog.string_agg(pg_catalog.quote_ident(k), ', ' ORDER BY i),
               pg_catalog.string_agg(pg_catalog.format('ours.%I', k), ', ' ORDER BY i),
               pg_catalog.string_agg(pg_catalog.format('theirs.%I', k), ', ' ORDER BY i)
        INTO keys, ours, theirs
        FROM pg_catalog.unnest(fact.keys) WITH ORDINALITY AS u (k, i);
        -- a few pages are estimated well enough without
        IF pg_catalog.pg_relation_size(incoming) > 1048576 THEN
            EXECUTE pg_catalog.format('ANALYZE %s', incoming);
        END IF;
        BEGIN
            EXECUTE pg_catalog.format(
                'INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s AS theirs '
                'WHERE (%s) IN (SELECT %s FROM %s AS incoming) '
                'AND NOT EXISTS (SELECT FROM %s AS ours WHERE (%s) = (%s))',
                clone, columns, columns, source, theirs, keys, incoming, clone, ours, theirs);
            GET DIAGNOSTICS brought = ROW_COUNT;
            IF null_safe AND NOT fact.nulls_complete THEN
                EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM (SELECT FROM %s WHERE %s IS NULL LIMIT 1) AS x',
                                          incoming, keys) INTO more;
            END IF;
            IF more > 0 THEN
                EXECUTE pg_catalog.format('DELETE FROM %s WHERE %s IS NULL', clone, keys);
                EXECUTE pg_catalog.format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s WHERE %s IS NULL',
                                          clone, columns, columns, source, keys);
                GET DIAGNOSTICS more = ROW_COUNT;
                brought := brought + more;
                fact.nulls_complete := true;
            END IF;
        EXCEPTION WHEN undefined_function OR undefined_column OR indeterminate_collation THEN
            -- the keys cannot be compared: dbt's own statement fails at it as well, in its own words
            NULL;
        END;
        -- What is written is of the clone's own type: so a key can meet one there that it did not equal before.
        SELECT pg_catalog.string_agg(pg_catalog.format(
                   '(incoming.%I::%s)%s', k, pg_catalog.format_type(c.atttypid, c.atttypmod),
                   (SELECT pg_catalog.format(' COLLATE %I.%I', n.nspname, l.collname) FROM pg_catalog.pg_collation AS l
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace WHERE l.oid = c.attcollation)), ', ' ORDER BY i),
               -- whole numbers stay what they are
               pg_catalog.bool_or(c.attcollation <> a.attcollation OR (c.atttypid = a.atttypid AND c.atttypmod NOT IN (-1, a.atttypmod))
                   OR (c.atttypid <> a.atttypid AND NOT ARRAY[c.atttypid, a.atttypid] <@ ARRAY[20, 21, 23]::oid[]))
        INTO casts, differ
        FROM pg_catalog.unnest(fact.keys) WITH ORDINALITY AS u (k, i)
        JOIN pg_catalog.pg_attribute AS c ON c.attrelid = clone AND c.attname = k AND NOT c.attisdropped
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = incoming AND a.attname = k AND NOT a.attisdropped
        HAVING pg_catalog.count(*) = pg_catalog.cardinality(fact.keys);
        IF differ THEN
            BEGIN
                EXECUTE pg_catalog.format(
                    'INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s AS theirs '
                    'WHERE (%s) IN (SELECT %s FROM %s AS incoming) '
                    'AND NOT EXISTS (SELECT FROM %s AS ours WHERE (%s) = (%s))',
                    clone, columns, columns, source, theirs, casts, incoming, clone, ours, theirs);
                GET DIAGNOSTICS more = ROW_COUNT;
                brought := brought + more;
            EXCEPTION WHEN data_exception OR cannot_coerce OR undefined_function OR check_violation OR not_null_violation THEN
                -- a value that is none of the clone's type: dbt's own statement cannot write it
                NULL;
            END;
        END IF;
    END IF;
    EXECUTE pg_catalog.format('UPDATE %s.cloneci_lazy AS l SET brought = l.brought + $1, complete = $2, '
                              'nulls_complete = $3 WHERE l.clone = $4', home)
        USING brought, coalesce(changed, false), fact.nulls_complete, clone::oid;
    RETURN rest;
END
$function$ $statement$
    FROM request AS r WHERE r.is_first
    UNION ALL
    -- Whoever writes a lazy clone without bringing in the rows first would see a table that production has not.
    SELECT r.ord, 12, 0, format('CREATE FUNCTION %I.cloneci_guard', r.to_schema) ||
$statement$() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    IF pg_catalog.current_setting('cloneci.hydrated', true) IS DISTINCT FROM TG_RELID::text THEN
        RAISE EXCEPTION '"%"."%" is a lazy clone: it lacks rows of production, which only the build step of cloneci brings in',
            TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING HINT = 'Build it with cloneci run or cloneci build, or clone it with --strategy copy.';
    END IF;
    RETURN NULL;
END
$function$ $statement$
    FROM request AS r WHERE r.is_first
    UNION ALL
    -- One row with the greatest value is enough, with all those of its key; without a key, or where it is null, by its
    -- place. Nothing where the clone has that value already.
    SELECT r.ord, 20, u.n, format(
        'WITH newest AS MATERIALIZED (SELECT * FROM (SELECT ctid AS "cloneci.place", %I AS "cloneci.greatest"%s FROM %s WHERE %I IS NOT NULL '
        'ORDER BY %I DESC LIMIT 1) AS x WHERE NOT EXISTS (SELECT FROM %s AS c WHERE c.%I = x."cloneci.greatest")) '
        'INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s WHERE ctid = (SELECT "cloneci.place" FROM newest%s)%s',
        u.cursor, ', ' || k.list, r.source, u.cursor, u.cursor, r.target, u.cursor, r.target, c.list, c.list, r.source,
        ' WHERE ' || k.any_null,
        CASE WHEN k.list IS NOT NULL THEN
            format(' UNION ALL SELECT %s FROM %s AS p WHERE (%s) = (SELECT %s FROM newest) '
                   'AND NOT EXISTS (SELECT FROM %s AS c WHERE (%s) = (%s))', c.list, r.source, p.list, k.list, r.target, o.list, p.list) END)
    FROM request AS r
    JOIN column_list AS c ON c.ord = r.ord
    CROSS JOIN LATERAL jsonb_array_elements_text(r.cursors) WITH ORDINALITY AS u (cursor, n)
    LEFT JOIN key_list AS k ON k.ord = r.ord
    LEFT JOIN LATERAL (SELECT string_agg(format('p.%I', x), ', ') AS list FROM unnest(r.keys) AS x) AS p ON true
    LEFT JOIN LATERAL (SELECT string_agg(format('c.%I', x), ', ') AS list FROM unnest(r.keys) AS x) AS o ON true
    UNION ALL
    SELECT r.ord, 30, 0, format('ANALYZE %s', r.target) FROM request AS r
    UNION ALL
    -- the source as it stands now: another one that comes in its place is noticed
    SELECT r.ord, 31, 0, format('INSERT INTO %I.cloneci_lazy (clone, source, source_schema, source_name, keys) VALUES '
                                '(%L::pg_catalog.regclass, %s, %L, %L, %L)',
                                r.to_schema, r.target, c.source, r.from_schema, r.from_name, r.keys)
    FROM request AS r JOIN column_list AS c ON c.ord = r.ord
    UNION ALL
    SELECT r.ord, 32, 0, format('CREATE TRIGGER cloneci_guard BEFORE INSERT OR DELETE ON %s FOR EACH STATEMENT '
                                'EXECUTE FUNCTION %I.cloneci_guard()', r.target, r.to_schema)
    FROM request AS r
)
SELECT ord, 'after' AS phase, sql FROM statement ORDER BY ord, step, sub;
