-- The statements that clone relations, made by the server from its catalog; writes nothing.
-- :'requests' is a JSON array of {from: {database, schema, name}, to: {schema, name}, strategy, logged, and for a
-- window column and seconds, for a sample percent and perhaps column}.
-- Rows: ord (the request, from 1), phase, sql. Phases, each in the order of its rows:
--   before    makes the empty relation           load      fills it (copy)
--   range     fills it from blocks $1 to $2, where the server can read such a range by itself
--   after     indexes, constraints, statistics   depends   what of production it would depend on
--   left_out  what was not taken over, and why   refused   why there is no clone; then nothing else
-- Run it under search_path = '': then all names in what the server prints are qualified.
--
-- Columns that a version of the server lacks are read by to_jsonb(row) ->> 'column'.
WITH RECURSIVE request AS MATERIALIZED (
    SELECT a.ord, a.r ->> 'strategy' AS strategy, coalesce((a.r ->> 'logged')::boolean, false) AS logged,
           a.r ->> 'column' AS by_column, a.r ->> 'seconds' AS seconds, a.r ->> 'percent' AS percent,
           a.r -> 'to' ->> 'schema' AS to_schema, a.r -> 'to' ->> 'name' AS to_name,
           format('%I.%I', a.r -> 'to' ->> 'schema', a.r -> 'to' ->> 'name') AS target,
           format('%I.%I', a.r -> 'from' ->> 'schema', a.r -> 'from' ->> 'name') AS source,
           c.oid, c.relkind, c.relam, c.reloptions, c.reltoastrelid, c.relreplident, c.reltablespace,
           c.relrowsecurity, c.relhassubclass,
           count(*) OVER (PARTITION BY a.r -> 'to' ->> 'schema', a.r -> 'to' ->> 'name') AS same_target
    FROM jsonb_array_elements(:'requests'::jsonb) WITH ORDINALITY AS a (r, ord)
    LEFT JOIN pg_namespace AS n
        ON n.nspname = a.r -> 'from' ->> 'schema'
       AND coalesce(a.r -> 'from' ->> 'database', current_database()) = current_database()
    -- LIMIT: by the index, not by a scan of all classes
    LEFT JOIN LATERAL (
        SELECT * FROM pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relname = a.r -> 'from' ->> 'name'
          AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        LIMIT 1
    ) AS c ON true
),
-- Tables that a copy or a shape is to be made of.
wanted AS MATERIALIZED (
    SELECT r.* FROM request AS r WHERE r.strategy <> 'view' AND r.relkind IN ('r', 'p')
),
attribute AS MATERIALIZED (
    SELECT w.ord, w.target, w.to_schema, a.attrelid, a.attnum, a.attname, a.attnotnull, a.attidentity,
           a.attgenerated, a.attoptions, d.oid AS defoid,
           pg_get_expr(d.adbin, d.adrelid) AS expr,
           format_type(a.atttypid, a.atttypmod) AS type,
           t.typname IN ('int2', 'int4', 'int8', 'numeric') AND t.typnamespace = 'pg_catalog'::regnamespace
               AS is_number,
           CASE WHEN a.attcollation <> t.typcollation
                THEN (SELECT format(' COLLATE %I.%I', n.nspname, c.collname) FROM pg_collation AS c
                      JOIN pg_namespace AS n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation)
           END AS collation,
           CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN ' COMPRESSION pglz'
                                                 WHEN 'l' THEN ' COMPRESSION lz4' END AS compression,
           CASE WHEN a.attstorage <> t.typstorage
                THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                       WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END AS storage,
           nullif(coalesce(a.attstattarget, -1), -1) AS target_rows
    FROM wanted AS w
    JOIN pg_attribute AS a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
),
index AS MATERIALIZED (
    SELECT w.ord, w.target, w.source, w.to_schema, i.indexrelid, c.relname, c.reloptions, i.indisclustered,
           i.indisreplident, con.oid AS conoid, con.conname, con.contype, con.condeferrable, con.condeferred,
           pg_get_constraintdef(con.oid) AS condef, pg_get_indexdef(i.indexrelid) AS def,
           format('CREATE %sINDEX %I ON %s%s USING ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname,
                  CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, w.source) AS prefix
    FROM wanted AS w
    JOIN pg_index AS i ON i.indrelid = w.oid AND i.indisvalid
    JOIN pg_class AS c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint AS con ON con.conindid = i.indexrelid AND con.conrelid = w.oid
                                  AND con.contype IN ('p', 'u', 'x')
),
checked AS MATERIALIZED (
    SELECT w.ord, w.target, con.oid, con.conname, con.convalidated, pg_get_constraintdef(con.oid) AS def
    FROM wanted AS w JOIN pg_constraint AS con ON con.conrelid = w.oid AND con.contype = 'c'
),
statistic AS MATERIALIZED (
    SELECT w.ord, w.target, w.source, w.to_schema, s.oid, s.stxname,
           nullif((to_jsonb(s) ->> 'stxstattarget')::integer, -1) AS target_rows,
           pg_get_statisticsobjdef(s.oid) AS def,
           format('CREATE STATISTICS %I.%I', n.nspname, s.stxname) AS prefix,
           format(' FROM %s', w.source) AS suffix
    FROM wanted AS w
    JOIN pg_statistic_ext AS s ON s.stxrelid = w.oid
    JOIN pg_namespace AS n ON n.oid = s.stxnamespace
),
-- The parts of a table that can hold references to other objects, and these references.
part AS (
    SELECT ord, 'pg_attrdef'::regclass AS classid, defoid AS objid FROM attribute WHERE defoid IS NOT NULL
    UNION ALL SELECT ord, 'pg_constraint'::regclass, oid FROM checked
    UNION ALL SELECT ord, 'pg_class'::regclass, indexrelid FROM index
    UNION ALL SELECT ord, 'pg_constraint'::regclass, conoid FROM index WHERE conoid IS NOT NULL
    UNION ALL SELECT ord, 'pg_statistic_ext'::regclass, oid FROM statistic
    UNION ALL SELECT ord, 'pg_class'::regclass, oid FROM wanted
),
reference AS MATERIALIZED (
    SELECT p.ord, p.classid, p.objid, d.objsubid, d.refclassid, d.refobjid, t.relation AS row_type_of,
           -- a relation of production that the clone would hold fast, other than its source
           CASE WHEN d.refclassid = 'pg_class'::regclass THEN d.refobjid ELSE t.relation END AS holds
    FROM part AS p
    JOIN wanted AS w ON w.ord = p.ord
    JOIN pg_depend AS d ON d.classid = p.classid AND d.objid = p.objid AND d.deptype IN ('n', 'a')
    LEFT JOIN LATERAL (
        SELECT r.oid AS relation
        FROM pg_type AS t
        LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
        JOIN pg_class AS r ON r.oid = coalesce(nullif(e.typrelid, 0), t.typrelid) AND r.relkind <> 'c'
        WHERE d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
    ) AS t ON true
    WHERE d.refobjid >= 16384
      AND (p.objid <> w.oid OR d.objsubid > 0)
      AND NOT (d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid)
      AND d.refclassid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass,
                           'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass,
                           'pg_collation'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
),
-- Functions of production that a default calls and that may write: next_id() is a sequence in disguise.
writing AS (
    SELECT f.objid, min(f.refobjid::regprocedure::text) AS function
    FROM reference AS f JOIN pg_proc AS p ON p.oid = f.refobjid AND p.provolatile = 'v'
    WHERE f.classid = 'pg_attrdef'::regclass AND f.refclassid = 'pg_proc'::regclass
      AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid
                                                   AND e.deptype = 'e')
    GROUP BY f.objid
),
-- Sequences: of identity columns, and those that defaults read. The clone gets its own.
sequence AS MATERIALIZED (
    SELECT a.ord, a.target, a.to_schema, a.attnum, a.attname, a.defoid, a.is_number, a.expr,
           a.attidentity <> '' AS is_identity, c.relname, s.*,
           NOT EXISTS (SELECT FROM pg_depend AS d
                       WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
                         AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum) AS is_shared,
           -- the column holds the sequence's numbers as they are, or else has the state of the sequence read
           a.attidentity = '' AND has_sequence_privilege(s.seqrelid, 'SELECT') AND NOT (a.is_number AND
               a.expr ~ '^[(]?nextval[(]''[^()]*''::regclass[)]([)]::(integer|smallint|numeric))?$') AS by_state,
           format('%s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s',
                  CASE WHEN a.attidentity = '' THEN ' AS ' || format_type(s.seqtypid, NULL) END, s.seqincrement,
                  s.seqmin, s.seqmax, s.seqstart, s.seqcache,
                  CASE WHEN s.seqcycle THEN ' CYCLE' ELSE ' NO CYCLE' END) AS options,
           -- how the server prints a constant of type regclass
           '''' || replace(s.seqrelid::regclass::text, '''', '''''') || '''::regclass' AS printed
    FROM (SELECT a.ord, a.attnum, d.objid AS seqoid
          FROM attribute AS a
          JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
                             AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
          WHERE a.attidentity <> ''
          UNION
          SELECT a.ord, a.attnum, f.refobjid
          FROM attribute AS a
          JOIN reference AS f ON f.ord = a.ord AND f.objid = a.defoid AND f.classid = 'pg_attrdef'::regclass
                             AND f.refclassid = 'pg_class'::regclass) AS q
    JOIN attribute AS a ON a.ord = q.ord AND a.attnum = q.attnum
    JOIN pg_sequence AS s ON s.seqrelid = q.seqoid
    JOIN pg_class AS c ON c.oid = s.seqrelid
),
-- Names are the source's. Where two sources of different schemas come into one, the later one's gets a mark;
-- so does the copy of a sequence that is not the column's own, since another clone may have one too.
name AS MATERIALIZED (
    SELECT n.ord, n.kind, n.objid, n.attnum,
           CASE WHEN NOT n.shared AND row_number() OVER (PARTITION BY n.kind = 'statistic', n.to_schema, n.name
                                        ORDER BY n.kind <> 'table', n.shared, n.ord, n.attnum, n.objid) = 1
                THEN n.name
                ELSE left(n.name, 13) || '_' || left(md5(format('%s.%s.%s', n.target, n.attnum, n.name)), 8)
           END AS name
    FROM (SELECT ord, 'table' AS kind, oid AS objid, 0 AS attnum, to_schema, target, to_name AS name,
                 false AS shared
          FROM request
          UNION ALL SELECT ord, 'index', indexrelid, 0, to_schema, target, relname, false FROM index
          UNION ALL SELECT ord, 'sequence', seqrelid, attnum, to_schema, target, relname, is_shared FROM sequence
          UNION ALL SELECT ord, 'statistic', oid, 0, to_schema, target, stxname, false FROM statistic) AS n
),
own_sequence AS MATERIALIZED (
    SELECT s.*, format('%I.%I', s.to_schema, n.name) AS own,
           '''' || replace(format('%I.%I', s.to_schema, n.name), '''', '''''') || '''::regclass' AS own_printed
    FROM sequence AS s
    JOIN name AS n ON n.ord = s.ord AND n.kind = 'sequence' AND n.objid = s.seqrelid AND n.attnum = s.attnum
),
-- Defaults with the clone's own sequences in place of production's, one after the other. `rest` is without
-- the calls that are replaced.
numbered AS (
    SELECT ord, attnum, expr, printed, own_printed,
           row_number() OVER (PARTITION BY ord, attnum ORDER BY length(printed) DESC, seqrelid) AS i
    FROM own_sequence WHERE NOT is_identity
),
replacing AS (
    SELECT ord, attnum, 0::bigint AS i, expr, expr AS rest FROM numbered WHERE i = 1
    UNION ALL
    SELECT r.ord, r.attnum, n.i, replace(r.expr, n.printed, n.own_printed),
           replace(r.rest, 'nextval(' || n.printed, '')
    FROM replacing AS r JOIN numbered AS n ON n.ord = r.ord AND n.attnum = r.attnum AND n.i = r.i + 1
),
replaced AS (
    SELECT DISTINCT ON (ord, attnum) ord, attnum, expr, rest FROM replacing ORDER BY ord, attnum, i DESC
),
-- Defaults that would hold a relation of production even so.
holding_default AS (
    SELECT DISTINCT f.ord, f.objid
    FROM reference AS f
    LEFT JOIN own_sequence AS s ON s.ord = f.ord AND s.defoid = f.objid AND s.seqrelid = f.holds
    WHERE f.classid = 'pg_attrdef'::regclass AND f.holds IS NOT NULL AND s.ord IS NULL
),
own_default AS MATERIALIZED (
    SELECT a.ord, a.attnum, a.attname, a.defoid, a.expr AS source_expr, coalesce(r.expr, a.expr) AS expr,
           w.function, h.ord IS NOT NULL AS holds,
           -- what stands in a literal is no call
           regexp_replace(coalesce(r.rest, a.expr), $re$'([^']|'')*'$re$, '', 'g')
               ~ '(nextval|setval|currval|lastval)[(]' AS by_name
    FROM attribute AS a
    LEFT JOIN replaced AS r ON r.ord = a.ord AND r.attnum = a.attnum
    LEFT JOIN holding_default AS h ON h.ord = a.ord AND h.objid = a.defoid
    LEFT JOIN writing AS w ON w.objid = a.defoid
    WHERE a.defoid IS NOT NULL AND a.attgenerated = ''
),
kept_default AS MATERIALIZED (
    SELECT * FROM own_default WHERE function IS NULL AND NOT holds AND NOT by_name
),
lost_default AS MATERIALIZED (
    SELECT * FROM own_default WHERE function IS NOT NULL OR holds OR by_name
),
-- Sequences of defaults that are not kept are not made.
made_sequence AS MATERIALIZED (
    SELECT s.*, w.strategy
    FROM own_sequence AS s
    JOIN wanted AS w ON w.ord = s.ord
    LEFT JOIN kept_default AS k ON k.ord = s.ord AND k.attnum = s.attnum
    WHERE s.is_identity OR k.ord IS NOT NULL
),
-- Parts that hold another relation fast: left out.
holding AS MATERIALIZED (
    SELECT f.ord, f.classid, f.objid, min(f.holds::regclass::text) AS relation
    FROM reference AS f WHERE f.holds IS NOT NULL GROUP BY f.ord, f.classid, f.objid
),
-- A column cannot be left out.
holding_column AS (
    SELECT DISTINCT ON (x.ord) x.ord, x.attname, x.relation
    FROM (SELECT a.ord, a.attnum, a.attname, f.holds::regclass::text AS relation
          FROM attribute AS a
          JOIN reference AS f ON f.ord = a.ord AND f.classid = 'pg_class'::regclass AND f.objid = a.attrelid
                             AND f.objsubid = a.attnum
          WHERE f.holds IS NOT NULL
          UNION ALL
          SELECT a.ord, a.attnum, a.attname, h.relation
          FROM attribute AS a
          JOIN holding AS h ON h.ord = a.ord AND h.classid = 'pg_attrdef'::regclass AND h.objid = a.defoid
          WHERE a.attgenerated <> '') AS x
    ORDER BY x.ord, x.attnum
),
-- What is taken apart here must look as expected.
unknown_print AS (
    SELECT ord, min(what) AS what
    FROM (SELECT ord, format('index %I', relname) AS what FROM index WHERE NOT starts_with(def, prefix)
          UNION ALL
          SELECT ord, format('statistics %I', stxname) FROM statistic
          WHERE NOT (starts_with(def, prefix) AND right(def, length(suffix)) = suffix)) AS x
    GROUP BY ord
),
refused AS MATERIALIZED (
    SELECT r.ord,
           CASE WHEN r.oid IS NULL THEN format('%s is not there', r.source)
                WHEN r.same_target > 1 THEN format('two clones would have the name %s', r.target)
                WHEN r.strategy <> 'view' AND r.relkind NOT IN ('r', 'p')
                THEN format('%s is a %s', r.source, CASE r.relkind WHEN 'v' THEN 'view'
                     WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END)
                WHEN r.by_column IS NOT NULL AND r.strategy IN ('window', 'sample') AND NOT EXISTS (
                    SELECT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid AND t.typcategory = 'D'
                                                                   AND t.typname NOT IN ('time', 'timetz')
                    WHERE a.attrelid = r.oid AND a.attname = r.by_column AND a.attnum > 0 AND NOT a.attisdropped)
                THEN format('%s has no column %I of a date or a time, by which its newest rows could be told', r.source,
                            r.by_column)
                WHEN h.relation IS NOT NULL
                THEN format('the column %I of %s needs %s, which production could no longer drop',
                            h.attname, r.source, h.relation)
                WHEN u.what IS NOT NULL
                THEN format('the server prints the %s of %s in an unknown way', u.what, r.source)
           END AS reason
    FROM request AS r
    LEFT JOIN holding_column AS h ON h.ord = r.ord
    LEFT JOIN unknown_print AS u ON u.ord = r.ord
),
doable AS MATERIALIZED (
    SELECT w.* FROM wanted AS w JOIN refused AS x ON x.ord = w.ord AND x.reason IS NULL
),
option AS (
    SELECT w.ord, string_agg(format('%s%I=%L', o.prefix, split_part(o.text, '=', 1),
                                    substr(o.text, strpos(o.text, '=') + 1)), ', ' ORDER BY o.prefix, o.i) AS list
    FROM wanted AS w
    JOIN LATERAL (
        SELECT '' AS prefix, u.text, u.i FROM unnest(w.reloptions) WITH ORDINALITY AS u (text, i)
        WHERE w.relkind = 'r'
        UNION ALL
        SELECT 'toast.', u.text, u.i FROM pg_class AS t, unnest(t.reloptions) WITH ORDINALITY AS u (text, i)
        WHERE t.oid = w.reltoastrelid
    ) AS o ON true
    GROUP BY w.ord
),
own_index AS MATERIALIZED (
    SELECT i.*, n.name, format('%I.%I', i.to_schema, n.name) AS own
    FROM index AS i
    JOIN name AS n ON n.ord = i.ord AND n.kind = 'index' AND n.objid = i.indexrelid
    LEFT JOIN holding AS h ON h.ord = i.ord AND h.objid = i.indexrelid AND h.classid = 'pg_class'::regclass
    LEFT JOIN holding AS g ON g.ord = i.ord AND g.objid = i.conoid AND g.classid = 'pg_constraint'::regclass
    WHERE h.ord IS NULL AND g.ord IS NULL
),
own_check AS (
    SELECT c.*
    FROM checked AS c
    LEFT JOIN holding AS h ON h.ord = c.ord AND h.objid = c.oid AND h.classid = 'pg_constraint'::regclass
    WHERE h.ord IS NULL
),
own_statistic AS (
    SELECT s.*, format('%I.%I', s.to_schema, n.name) AS own
    FROM statistic AS s
    JOIN name AS n ON n.ord = s.ord AND n.kind = 'statistic' AND n.objid = s.oid
    LEFT JOIN holding AS h ON h.ord = s.ord AND h.objid = s.oid AND h.classid = 'pg_statistic_ext'::regclass
    WHERE h.ord IS NULL
),
line AS (
    SELECT a.ord, 1 AS kind, a.attnum::integer AS rank,
           format('%I %s%s%s%s%s', a.attname, a.type, a.compression, a.collation,
               CASE WHEN a.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', a.expr)
                    WHEN a.attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', a.expr)
                    WHEN a.attidentity <> ''
                    THEN format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s%s)',
                                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.own, s.options)
                    WHEN k.expr IS NOT NULL THEN format(' DEFAULT %s', k.expr) END,
               CASE WHEN a.attnotnull THEN ' NOT NULL' END) AS text
    FROM attribute AS a
    LEFT JOIN own_sequence AS s ON s.ord = a.ord AND s.attnum = a.attnum AND s.is_identity
    LEFT JOIN kept_default AS k ON k.ord = a.ord AND k.attnum = a.attnum
    UNION ALL
    SELECT ord, 2, 0, format('CONSTRAINT %I %s', conname, def) FROM own_check WHERE convalidated
),
body AS (
    SELECT ord, string_agg(E'\n    ' || text, ',' ORDER BY kind, rank, text) AS lines FROM line GROUP BY ord
),
insertable AS (
    SELECT ord, string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS list
    FROM attribute WHERE attgenerated = '' GROUP BY ord
),
statement AS (
    SELECT ord, 'before' AS phase, 10 AS step, seqrelid::bigint AS sub,
           format('CREATE SEQUENCE %s%s', own, options) AS sql
    FROM made_sequence WHERE NOT is_identity
    UNION ALL
    SELECT d.ord, 'before', 20, 0,
           format(E'CREATE %sTABLE %s (%s\n)%s%s', CASE WHEN NOT d.logged THEN 'UNLOGGED ' END, d.target,
                  b.lines, E'\nUSING ' || quote_ident(m.amname), E'\nWITH (' || o.list || ')')
    FROM doable AS d
    LEFT JOIN body AS b ON b.ord = d.ord
    LEFT JOIN option AS o ON o.ord = d.ord
    LEFT JOIN pg_am AS m ON m.oid = d.relam AND m.amname <> current_setting('default_table_access_method')
    UNION ALL
    SELECT ord, 'before', 30, seqrelid, format('ALTER SEQUENCE %s OWNED BY %s.%I', own, target, attname)
    FROM made_sequence WHERE NOT is_identity
    UNION ALL
    SELECT a.ord, 'before', 40, 0,
           format('ALTER TABLE %s %s', a.target, string_agg(s.text, ', ' ORDER BY a.attnum, s.rank))
    FROM attribute AS a
    JOIN LATERAL (
        SELECT 1 AS rank, format('ALTER COLUMN %I SET STORAGE %s', a.attname, a.storage) AS text
        WHERE a.storage IS NOT NULL
        UNION ALL
        SELECT 2, format('ALTER COLUMN %I SET STATISTICS %s', a.attname, a.target_rows)
        WHERE a.target_rows IS NOT NULL
        UNION ALL
        SELECT 3, format('ALTER COLUMN %I SET (%s)', a.attname,
                         string_agg(format('%I=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', '))
        -- these two are for people; minor releases of 2026 keep a mark of their own (pg_attver) there too
        FROM unnest(a.attoptions) AS o WHERE o ~ '^n_distinct(_inherited)?=' HAVING count(*) > 0
    ) AS s ON true
    GROUP BY a.ord, a.target
    UNION ALL
    SELECT d.ord, 'load', 10, 0,
           CASE WHEN i.list IS NULL THEN format('INSERT INTO %s SELECT FROM %s', d.target, d.source)
                ELSE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s',
                            d.target, i.list, i.list, d.source) END
    FROM doable AS d LEFT JOIN insertable AS i ON i.ord = d.ord
    WHERE d.strategy = 'copy'
    UNION ALL
    -- back from the newest row, not from now: production may have stood still
    SELECT d.ord, 'load', 10, 0,
           format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s '
                  'WHERE %I >= (SELECT pg_catalog.max(%I) FROM %s) - %L::pg_catalog.interval',
                  d.target, i.list, i.list, d.source, d.by_column, d.by_column, d.source, d.seconds || ' seconds')
    FROM doable AS d JOIN insertable AS i ON i.ord = d.ord
    WHERE d.strategy = 'window' AND d.by_column IS NOT NULL
    UNION ALL
    -- by the rows' places: the same ones each time, as long as production is not rewritten
    SELECT d.ord, 'load', 10, 0,
           format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s '
                  'WHERE (pg_catalog.hashtextextended(ctid::pg_catalog.text, 0) & 9223372036854775807) %% 1000000 < %s%s',
                  d.target, i.list, i.list, d.source, (d.percent::numeric * 10000)::bigint,
                  CASE WHEN d.by_column IS NOT NULL
                       THEN format(' OR %I = (SELECT pg_catalog.max(%I) FROM %s)', d.by_column, d.by_column, d.source) END)
    FROM doable AS d JOIN insertable AS i ON i.ord = d.ord
    WHERE d.strategy = 'sample'
    UNION ALL
    SELECT d.ord, 'range', 10, 0,
           format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s '
                  'WHERE ctid >= $1::pg_catalog.tid AND ctid < $2::pg_catalog.tid',
                  d.target, i.list, i.list, d.source)
    FROM doable AS d
    JOIN insertable AS i ON i.ord = d.ord
    JOIN pg_am AS m ON m.oid = d.relam AND m.amname = 'heap'
    WHERE d.strategy = 'copy' AND d.relkind = 'r' AND NOT d.relhassubclass
      AND current_setting('server_version_num')::integer >= 140000
    UNION ALL
    -- the index first where the constraint's own words would lose its storage options
    SELECT ord, 'after', 10, indexrelid, format('CREATE %sINDEX %I ON %s USING %s',
               CASE WHEN starts_with(def, 'CREATE UNIQUE') THEN 'UNIQUE ' END, name, target,
               substr(def, length(prefix) + 1))
    FROM own_index WHERE conoid IS NULL OR (reloptions IS NOT NULL AND contype <> 'x')
    UNION ALL
    SELECT ord, 'after', 20, indexrelid, format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, name,
               CASE WHEN reloptions IS NULL OR contype = 'x' THEN condef
                    ELSE format('%s USING INDEX %I%s%s', CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
                                name, CASE WHEN condeferrable THEN ' DEFERRABLE' END,
                                CASE WHEN condeferred THEN ' INITIALLY DEFERRED' END) END)
    FROM own_index WHERE conoid IS NOT NULL
    UNION ALL
    SELECT i.ord, 'after', 30, i.indexrelid, format('ALTER INDEX %s %s', i.own,
               string_agg(format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget), ', '
                          ORDER BY a.attnum))
    FROM own_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indexrelid AND coalesce(a.attstattarget, -1) <> -1
    GROUP BY i.ord, i.indexrelid, i.own
    UNION ALL
    SELECT ord, 'after', 40, oid, format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, conname, def)
    FROM own_check WHERE NOT convalidated
    UNION ALL
    SELECT ord, 'after', 50, seqrelid, format(
               'SELECT pg_catalog.setval(%L::pg_catalog.regclass, %s(%I)::bigint) FROM %s HAVING %s(%I) BETWEEN %s AND %s',
               own, CASE WHEN seqincrement > 0 THEN 'max' ELSE 'min' END, attname, target,
               CASE WHEN seqincrement > 0 THEN 'max' ELSE 'min' END, attname, seqmin, seqmax)
    FROM made_sequence WHERE strategy IN ('copy', 'window', 'sample') AND is_number AND NOT by_state
    UNION ALL
    SELECT ord, 'after', 50, seqrelid, format(
               'SELECT pg_catalog.setval(%L::pg_catalog.regclass, last_value, is_called) FROM %s',
               own, seqrelid::regclass::text)
    FROM made_sequence WHERE by_state
    UNION ALL
    SELECT ord, 'after', 60, oid, format('CREATE STATISTICS %s%s FROM %s', own,
               substr(def, length(prefix) + 1, length(def) - length(prefix) - length(suffix)), target)
    FROM own_statistic
    UNION ALL
    SELECT ord, 'after', 61, oid, format('ALTER STATISTICS %s SET STATISTICS %s', own, target_rows)
    FROM own_statistic WHERE target_rows IS NOT NULL
    UNION ALL
    SELECT ord, 'after', 70, 0, format('ALTER TABLE %s CLUSTER ON %I', target, name)
    FROM own_index WHERE indisclustered
    UNION ALL
    SELECT d.ord, 'after', 71, 0, format('ALTER TABLE %s REPLICA IDENTITY %s', d.target,
               CASE d.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                                   ELSE format('USING INDEX %I', i.name) END)
    FROM doable AS d LEFT JOIN own_index AS i ON i.ord = d.ord AND i.indisreplident
    WHERE d.relreplident IN ('f', 'n') OR (d.relreplident = 'i' AND i.name IS NOT NULL)
    UNION ALL
    SELECT ord, 'after', 80, 0, format('COMMENT ON TABLE %s IS %L', target, obj_description(oid, 'pg_class'))
    FROM doable WHERE obj_description(oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT a.ord, 'after', 81, a.attnum,
           format('COMMENT ON COLUMN %s.%I IS %L', a.target, a.attname, d.description)
    FROM attribute AS a
    JOIN pg_description AS d ON d.classoid = 'pg_class'::regclass AND d.objoid = a.attrelid
                            AND d.objsubid = a.attnum
    UNION ALL
    SELECT ord, 'after', 82, oid, format('COMMENT ON CONSTRAINT %I ON %s IS %L', conname, target,
               obj_description(oid, 'pg_constraint'))
    FROM own_check WHERE obj_description(oid, 'pg_constraint') IS NOT NULL
    UNION ALL
    SELECT ord, 'after', 83, conoid, format('COMMENT ON CONSTRAINT %I ON %s IS %L', name, target,
               obj_description(conoid, 'pg_constraint'))
    FROM own_index WHERE obj_description(conoid, 'pg_constraint') IS NOT NULL
    UNION ALL
    SELECT ord, 'after', 84, indexrelid, format('COMMENT ON INDEX %s IS %L', own,
               obj_description(indexrelid, 'pg_class'))
    FROM own_index WHERE obj_description(indexrelid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT ord, 'after', 85, oid, format('COMMENT ON STATISTICS %s IS %L', own,
               obj_description(oid, 'pg_statistic_ext'))
    FROM own_statistic WHERE obj_description(oid, 'pg_statistic_ext') IS NOT NULL
    UNION ALL
    SELECT ord, 'after', 90, 0, format('ANALYZE %s', target) FROM doable WHERE strategy IN ('copy', 'window', 'sample')
    UNION ALL
    SELECT r.ord, 'before', 20, 0, format('CREATE VIEW %s AS SELECT * FROM %s', r.target, r.source)
    FROM request AS r WHERE r.strategy = 'view'
    UNION ALL
    SELECT r.ord, 'depends', 10, 0, format('%s itself: a view blocks changes of its columns, and is dropped '
                                           'when dbt rebuilds it', r.source)
    FROM request AS r WHERE r.strategy = 'view'
    UNION ALL
    -- the types and functions of what is taken over; those of extensions stay anyway
    SELECT DISTINCT f.ord, 'depends', 20, 0, pg_describe_object(f.refclassid, f.refobjid, 0)
    FROM reference AS f
    LEFT JOIN holding AS h ON h.ord = f.ord AND h.classid = f.classid AND h.objid = f.objid AND f.objsubid = 0
    LEFT JOIN lost_default AS l ON l.ord = f.ord AND l.defoid = f.objid AND f.classid = 'pg_attrdef'::regclass
    LEFT JOIN pg_depend AS e ON e.classid = f.refclassid AND e.objid = f.refobjid AND e.deptype = 'e'
    WHERE f.holds IS NULL AND h.ord IS NULL AND l.ord IS NULL AND e.objid IS NULL
    UNION ALL
    SELECT ord, 'left_out', 10, 0, 'partitions: the clone is one plain table' FROM doable WHERE relkind = 'p'
    UNION ALL
    SELECT d.ord, 'left_out', 20, 0, format('inheritance from %s', i.inhparent::regclass)
    FROM doable AS d JOIN pg_inherits AS i ON i.inhrelid = d.oid
    UNION ALL
    SELECT d.ord, 'left_out', 30, c.oid, format('foreign key %I: it would tie the clone to %s', c.conname,
                                                c.confrelid::regclass)
    FROM doable AS d JOIN pg_constraint AS c ON c.conrelid = d.oid AND c.contype = 'f'
    UNION ALL
    SELECT ord, 'left_out', 40, attnum, format('default of %I: %s: %s', attname, source_expr,
               CASE WHEN function IS NOT NULL THEN format('%s may write to production', function)
                    WHEN holds THEN 'it would hold a relation of production'
                    ELSE 'it names a sequence of production in a text' END)
    FROM lost_default
    UNION ALL
    SELECT h.ord, 'left_out', 50, h.objid, format('%s: it would hold %s', pg_describe_object(h.classid, h.objid, 0),
                                                  h.relation)
    FROM holding AS h JOIN doable AS d ON d.ord = h.ord AND h.objid <> d.oid
    WHERE h.classid <> 'pg_attrdef'::regclass
    UNION ALL
    SELECT d.ord, 'left_out', 60, t.oid, format('trigger %I', t.tgname)
    FROM doable AS d JOIN pg_trigger AS t ON t.tgrelid = d.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT d.ord, 'left_out', 70, r.oid, format('rule %I', r.rulename)
    FROM doable AS d JOIN pg_rewrite AS r ON r.ev_class = d.oid
    UNION ALL
    SELECT ord, 'left_out', 80, 0, 'row-level security and its policies' FROM doable WHERE relrowsecurity
    UNION ALL
    SELECT d.ord, 'left_out', 90, 0, format('tablespace %I', t.spcname)
    FROM doable AS d JOIN pg_tablespace AS t ON t.oid = d.reltablespace
    UNION ALL
    SELECT d.ord, 'left_out', 100, i.indexrelid, format('index %s: it is not valid', i.indexrelid::regclass)
    FROM doable AS d JOIN pg_index AS i ON i.indrelid = d.oid AND NOT i.indisvalid
)
SELECT x.ord, 'refused' AS phase, 0 AS step, 0 AS sub, x.reason AS sql
FROM refused AS x WHERE x.reason IS NOT NULL
UNION ALL
SELECT s.ord, s.phase, s.step, s.sub, s.sql
FROM statement AS s JOIN refused AS x ON x.ord = s.ord AND x.reason IS NULL
ORDER BY ord, phase, step, sub, sql;
