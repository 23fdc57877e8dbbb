-- The statements that clone relations, made by the server from its catalog; writes nothing.
-- :'requests' is a JSON array of {from: {database, schema, name}, to: {schema, name}, strategy, logged, keep_partitions,
-- and for a window column and seconds, for a sample percent and perhaps column}.
-- Rows: ord (the request, from 1), phase, sql. Phases, each in the order of its rows:
--   before    makes the empty relation           load      fills it, a statement for each table that holds rows
--   source    of each load in turn, as JSON: schema, name, identity, storage, blocks, block_size; range: the same from blocks $1 to $2, where
--             the server can read such a range by itself, else null
--   after     indexes, constraints, statistics   depends   what of production it would depend on
--   left_out  what was not taken over, and why   refused   why there is no clone; then nothing else
-- Run it under search_path = '': then all names in what the server prints are qualified.
--
-- Within, `ord` is a number for each table that is made: a million times the request's, and for the partitions of a
-- table that keeps them the numbers that follow.
-- Columns that a version of the server lacks are read by to_jsonb(row) ->> 'column'.
WITH RECURSIVE request AS MATERIALIZED (
    SELECT a.ord * 1000000 AS ord, a.r ->> 'strategy' AS strategy, coalesce((a.r ->> 'logged')::boolean, false) AS logged,
           coalesce((a.r ->> 'with_keys')::boolean, false) AS with_keys,
           coalesce((a.r ->> 'keep_partitions')::boolean, false) AND c.relkind = 'p' AND a.r ->> 'strategy' <> 'view'
               AS keep,
           a.r ->> 'column' AS by_column, a.r ->> 'seconds' AS seconds, a.r ->> 'percent' AS percent,
           a.r -> 'to' ->> 'schema' AS to_schema, a.r -> 'to' ->> 'name' AS to_name,
           format('%I.%I', a.r -> 'to' ->> 'schema', a.r -> 'to' ->> 'name') AS target,
           format('%I.%I', a.r -> 'from' ->> 'schema', a.r -> 'from' ->> 'name') AS source,
           c.oid, c.relkind, c.relam, c.reloptions, c.reltoastrelid, c.relreplident, c.reltablespace,
           c.relrowsecurity,
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
-- What a key of a logged clone refers to must be logged as well, and so on; a table that keeps its partitions is logged.
tied (oid) AS (
    SELECT k.confrelid FROM request AS r JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype = 'f'
    WHERE r.with_keys AND (r.logged OR r.keep)
    UNION
    SELECT k.confrelid FROM tied AS t JOIN request AS r ON r.oid = t.oid AND r.with_keys
    JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype = 'f'
),
-- Partitions that are made anew, each as a table that is attached then: so does pg_dump. Parents come first. Two of one
-- name, of different schemas, or with the name of a clone: the later one gets a mark.
piece AS MATERIALIZED (
    SELECT p.*, CASE WHEN p.meets = 1 AND NOT EXISTS (SELECT FROM request AS o WHERE o.to_schema = p.to_schema
                                                                             AND o.to_name = p.relname)
                     THEN p.relname::text
                     ELSE left(p.relname, 13) || '_' || left(md5(format('%s.%s.%s', p.target, p.nspname, p.relname)), 8)
                END AS to_name
    FROM (SELECT r.ord AS root, r.ord + row_number() OVER (PARTITION BY r.ord ORDER BY t.level, n.nspname, c.relname)
                     AS ord,
                 row_number() OVER (PARTITION BY r.to_schema, c.relname ORDER BY r.ord, t.level, n.nspname) AS meets,
                 r.to_schema, r.target, n.nspname, c.relname, c.oid, t.parentrelid
          FROM request AS r
          CROSS JOIN LATERAL pg_partition_tree(r.oid) AS t
          JOIN pg_class AS c ON c.oid = t.relid
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE r.keep AND t.level > 0) AS p
),
-- Tables that a copy or a shape is to be made of.
wanted AS MATERIALIZED (
    SELECT r.ord AS root, r.ord, r.strategy, r.logged OR r.oid IN (TABLE tied) AS logged, r.keep, r.by_column, r.seconds, r.percent, r.to_schema, r.to_name,
           r.target, r.source, r.oid, r.relkind, r.relam, r.reloptions, r.reltoastrelid, r.relreplident,
           r.reltablespace, r.relrowsecurity, NULL::oid AS parent
    FROM request AS r WHERE r.strategy <> 'view' AND r.relkind IN ('r', 'p')
    UNION ALL
    SELECT p.root, p.ord, r.strategy, r.logged OR r.oid IN (TABLE tied), r.keep, r.by_column, r.seconds, r.percent, p.to_schema, p.to_name,
           format('%I.%I', p.to_schema, p.to_name), format('%I.%I', p.nspname, p.relname), c.oid, c.relkind, c.relam,
           c.reloptions, c.reltoastrelid, c.relreplident, c.reltablespace, c.relrowsecurity, p.parentrelid::oid
    FROM piece AS p
    JOIN request AS r ON r.ord = p.root
    JOIN pg_class AS c ON c.oid = p.oid
),
attribute AS MATERIALIZED (
    SELECT w.ord, w.root, w.target, w.to_schema, a.attrelid, a.attnum, a.attname, a.attidentity,
           -- from version 18 on NOT NULL is a constraint, with a name; where it was never checked it is added behind the rows
           a.attnotnull AND coalesce(t_null.convalidated, true) AS not_null,
           t_null.conname AS null_name, t_null.connoinherit AS null_alone, w.to_name AS table_name,
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
    LEFT JOIN pg_constraint AS t_null ON t_null.conrelid = a.attrelid AND t_null.contype = 'n' AND t_null.conkey = ARRAY[a.attnum]
),
index AS MATERIALIZED (
    SELECT w.ord, w.root, w.target, w.source, w.to_schema, w.oid AS tableoid, w.parent,
           CASE WHEN w.keep AND w.relkind = 'p' THEN 'ONLY ' END AS alone, i.indexrelid, c.relname, c.reloptions, i.indisclustered,
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
    SELECT w.ord, w.target, con.oid, con.conname, con.convalidated, w.parent IS NOT NULL AND con.coninhcount > 0 AS inherited,
           pg_get_constraintdef(con.oid) AS def
    FROM wanted AS w
    JOIN pg_constraint AS con ON con.conrelid = w.oid AND (con.contype = 'c' OR (con.contype = 'n' AND NOT con.convalidated))
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
      AND (p.objid <> w.oid OR d.objsubid > 0
           -- what the key of partitions calls
           OR (w.keep AND d.refclassid IN ('pg_proc'::regclass, 'pg_opclass'::regclass, 'pg_collation'::regclass)))
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
    SELECT a.ord, first_value(a.ord) OVER same AS first_ord, first_value(a.attnum) OVER same AS first_attnum,
           a.target, a.to_schema, a.attnum, a.attname, a.defoid, a.is_number, a.expr,
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
    WINDOW same AS (PARTITION BY a.root, s.seqrelid ORDER BY a.ord, a.attnum)
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
          UNION ALL SELECT ord, 'table', oid, 0, to_schema, target, to_name, false FROM wanted WHERE ord <> root
          UNION ALL SELECT ord, 'index', indexrelid, 0, to_schema, target, relname, false FROM index
          UNION ALL SELECT ord, 'sequence', seqrelid, attnum, to_schema, target, relname, is_shared FROM sequence
          UNION ALL SELECT ord, 'statistic', oid, 0, to_schema, target, stxname, false FROM statistic) AS n
),
own_sequence AS MATERIALIZED (
    SELECT s.*, format('%I.%I', s.to_schema, n.name) AS own,
           '''' || replace(format('%I.%I', s.to_schema, n.name), '''', '''''') || '''::regclass' AS own_printed
    FROM sequence AS s
    -- the partitions of a table draw from its sequence
    JOIN name AS n ON n.kind = 'sequence' AND n.objid = s.seqrelid
                  AND n.ord = s.first_ord AND n.attnum = CASE WHEN s.ord = s.first_ord THEN s.attnum ELSE s.first_attnum END
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
    WHERE (s.is_identity OR k.ord IS NOT NULL) AND s.ord = s.first_ord
),
-- Parts that hold another relation fast: left out.
holding AS MATERIALIZED (
    SELECT f.ord, f.classid, f.objid, min(f.holds::regclass::text) AS relation
    FROM reference AS f WHERE f.holds IS NOT NULL GROUP BY f.ord, f.classid, f.objid
),
-- A column cannot be left out.
holding_column AS (
    SELECT DISTINCT ON (x.root) x.root AS ord, x.attname, x.relation
    FROM (SELECT a.root, a.ord, a.attnum, a.attname, f.holds::regclass::text AS relation
          FROM attribute AS a
          JOIN reference AS f ON f.ord = a.ord AND f.classid = 'pg_class'::regclass AND f.objid = a.attrelid
                             AND f.objsubid = a.attnum
          WHERE f.holds IS NOT NULL
          UNION ALL
          SELECT a.root, a.ord, a.attnum, a.attname, h.relation
          FROM attribute AS a
          JOIN holding AS h ON h.ord = a.ord AND h.classid = 'pg_attrdef'::regclass AND h.objid = a.defoid
          WHERE a.attgenerated <> '') AS x
    ORDER BY x.root, x.ord, x.attnum
),
-- What is taken apart here must look as expected.
unknown_print AS (
    SELECT ord / 1000000 * 1000000 AS ord, min(what) AS what
    FROM (SELECT ord, format('index %I', relname) AS what FROM index WHERE NOT starts_with(def, prefix)
          UNION ALL
          SELECT ord, format('statistics %I', stxname) FROM statistic
          WHERE NOT (starts_with(def, prefix) AND right(def, length(suffix)) = suffix)) AS x
    GROUP BY 1
),
-- A partition elsewhere would be no part of the clone.
foreign_partition AS (
    SELECT p.root AS ord, min(p.oid::regclass::text) AS name
    FROM piece AS p JOIN pg_class AS c ON c.oid = p.oid AND c.relkind NOT IN ('r', 'p') GROUP BY p.root
),
refused AS MATERIALIZED (
    SELECT r.ord,
           CASE WHEN r.oid IS NULL THEN format('%s is not there', r.source)
                WHEN r.same_target > 1 THEN format('two clones would have the name %s', r.target)
                WHEN r.strategy <> 'view' AND r.relkind NOT IN ('r', 'p')
                THEN format('%s is a %s', r.source, CASE r.relkind WHEN 'v' THEN 'view'
                     WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END)
                -- Citus has such a trigger on each table of its own
                WHEN EXISTS (SELECT FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
                             WHERE t.tgrelid = r.oid AND p.proname IN ('citus_truncate_trigger', 'truncate_local_data_trigger')
                               AND p.pronamespace = 'pg_catalog'::regnamespace)
                THEN format('%s is a distributed table of Citus', r.source)
                WHEN r.by_column IS NOT NULL AND r.strategy IN ('window', 'sample') AND NOT EXISTS (
                    SELECT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid AND t.typcategory = 'D'
                                                                   AND t.typname NOT IN ('time', 'timetz')
                    WHERE a.attrelid = r.oid AND a.attname = r.by_column AND a.attnum > 0 AND NOT a.attisdropped)
                THEN format('%s has no column %I of a date or a time, by which its newest rows could be told', r.source,
                            r.by_column)
                WHEN g.name IS NOT NULL
                THEN format('its partition %s is a foreign table; flatten it with clone.partitions', g.name)
                WHEN h.relation IS NOT NULL
                THEN format('the column %I of %s needs %s, which production could no longer drop',
                            h.attname, r.source, h.relation)
                WHEN u.what IS NOT NULL
                THEN format('the server prints the %s of %s in an unknown way', u.what, r.source)
           END AS reason
    FROM request AS r
    LEFT JOIN holding_column AS h ON h.ord = r.ord
    LEFT JOIN unknown_print AS u ON u.ord = r.ord
    LEFT JOIN foreign_partition AS g ON g.ord = r.ord
),
doable AS MATERIALIZED (
    SELECT w.* FROM wanted AS w JOIN refused AS x ON x.ord = w.root AND x.reason IS NULL
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
                    -- from version 17 on a partition has its parent's, which comes with being attached
                    WHEN s.own IS NOT NULL
                    THEN format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %s%s)',
                                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.own, s.options)
                    WHEN k.expr IS NOT NULL THEN format(' DEFAULT %s', k.expr) END,
               CASE WHEN a.not_null
                    THEN format('%s NOT NULL%s',
                                CASE WHEN a.null_name <> format('%s_%s_not_null', a.table_name, a.attname)
                                     THEN format(' CONSTRAINT %I', a.null_name) END,
                                CASE WHEN a.null_alone THEN ' NO INHERIT' END) END) AS text
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
-- Tables that rows are read from. Of a partitioned one its partitions, so that each can be read in short parts; the
-- parent where one of them cannot be read by itself.
leaf AS MATERIALIZED (
    SELECT d.root, c.oid, c.relam, n.nspname, c.relname,
           c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
               AND NOT row_security_active(c.oid) AS readable
    FROM doable AS d
    CROSS JOIN LATERAL pg_partition_tree(d.oid) AS t
    JOIN pg_class AS c ON c.oid = t.relid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE d.ord = d.root AND d.relkind = 'p' AND t.isleaf AND d.oid <> c.oid
),
reading AS (
    SELECT d.root, CASE WHEN d.keep THEN p.ord ELSE d.root END AS into_ord, l.oid, l.relam, l.nspname, l.relname,
           false AS has_children
    FROM doable AS d
    JOIN leaf AS l ON l.root = d.root
    LEFT JOIN piece AS p ON p.root = d.root AND p.oid = l.oid
    WHERE d.ord = d.root AND NOT EXISTS (SELECT FROM leaf AS o WHERE o.root = d.root AND NOT o.readable)
    UNION ALL
    SELECT d.root, d.root, d.oid, d.relam, n.nspname, c.relname, c.relhassubclass
    FROM doable AS d
    JOIN pg_class AS c ON c.oid = d.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE d.ord = d.root
      AND (d.relkind <> 'p' OR EXISTS (SELECT FROM leaf AS o WHERE o.root = d.root AND NOT o.readable))
),
load AS MATERIALIZED (
    SELECT r.root AS ord, row_number() OVER (PARTITION BY r.root ORDER BY r.nspname, r.relname) AS sub,
           r.oid, r.nspname, r.relname,
           CASE WHEN i.list IS NULL THEN format('INSERT INTO %s SELECT FROM %I.%I', t.target, r.nspname, r.relname)
                ELSE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %I.%I', t.target, i.list, i.list,
                            r.nspname, r.relname) END AS insert,
           CASE d.strategy
                -- back from the newest row, not from now: production may have stood still
                WHEN 'window'
                THEN format('%I >= (SELECT pg_catalog.max(%I) FROM %s) - %L::pg_catalog.interval', d.by_column, d.by_column,
                            d.source, d.seconds || ' seconds')
                -- by the rows' places: the same ones each time, as long as production is not rewritten
                WHEN 'sample'
                THEN format('(pg_catalog.hashtextextended(ctid::pg_catalog.text, 0) & 9223372036854775807) %% 1000000 < %s%s',
                            (d.percent::numeric * 10000)::bigint,
                            CASE WHEN d.by_column IS NOT NULL
                                 THEN format(' OR %I = (SELECT pg_catalog.max(%I) FROM %s)', d.by_column, d.by_column,
                                             d.source) END)
                ELSE '' END AS condition,
           i.list IS NOT NULL AND r.relam = (SELECT m.oid FROM pg_am AS m WHERE m.amname = 'heap') AND NOT r.has_children
               AND current_setting('server_version_num')::integer >= 140000
               -- what asks for the newest value would ask anew in each part, and the planner might take the column's
               -- index there, which reads all of the window for each
               AND (d.strategy = 'copy' OR d.by_column IS NULL) AS by_range
    FROM reading AS r
    JOIN doable AS d ON d.ord = r.root
    JOIN doable AS t ON t.ord = r.into_ord
    LEFT JOIN insertable AS i ON i.ord = r.root
    WHERE d.strategy = 'copy' OR (d.strategy = 'window' AND d.by_column IS NOT NULL) OR d.strategy = 'sample'
),
statement AS (
    SELECT ord, 'before' AS phase, 10 AS step, seqrelid::bigint AS sub,
           format('CREATE SEQUENCE %s%s', own, options) AS sql
    FROM made_sequence WHERE NOT is_identity
    UNION ALL
    SELECT d.ord, 'before', 20, 0,
           format(E'CREATE %sTABLE %s (%s\n)%s%s%s',
                  CASE WHEN NOT d.logged AND NOT (d.keep AND d.relkind = 'p') THEN 'UNLOGGED ' END, d.target, b.lines,
                  CASE WHEN d.keep AND d.relkind = 'p' THEN E'\nPARTITION BY ' || pg_get_partkeydef(d.oid) END,
                  E'\nUSING ' || quote_ident(m.amname), E'\nWITH (' || o.list || ')')
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
    SELECT d.ord, 'before', 50, 0,
           format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', p.target, d.target,
                  (SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c WHERE c.oid = d.oid))
    FROM doable AS d JOIN doable AS p ON p.root = d.root AND p.oid = d.parent
    UNION ALL
    SELECT ord, 'load', 10, sub, format('%s%s%s', insert, CASE WHEN condition <> '' THEN ' WHERE ' END, condition) FROM load
    UNION ALL
    SELECT ord, 'source', 10, sub, jsonb_build_object('schema', nspname, 'name', relname, 'identity', oid::text,
               'storage', pg_relation_filenode(oid)::text, 'block_size', current_setting('block_size')::bigint,
               'blocks', coalesce((SELECT sum(pg_relation_size(t.relid))::bigint FROM pg_partition_tree(oid) AS t),
                                  pg_relation_size(oid)) / current_setting('block_size')::bigint, 'range', CASE WHEN by_range THEN
                   format('%s WHERE %sctid >= $1::pg_catalog.tid AND ctid < $2::pg_catalog.tid', insert,
                          CASE WHEN condition <> '' THEN format('(%s) AND ', condition) END) END)::text
    FROM load
    UNION ALL
    -- the index first where the constraint's own words would lose its storage options
    SELECT ord, 'after', 10, indexrelid, format('CREATE %sINDEX %I ON %s%s USING %s',
               CASE WHEN starts_with(def, 'CREATE UNIQUE') THEN 'UNIQUE ' END, name, alone, target,
               substr(def, length(prefix) + 1))
    FROM own_index WHERE conoid IS NULL OR (reloptions IS NOT NULL AND contype <> 'x' AND alone IS NULL)
    UNION ALL
    SELECT ord, 'after', 20, indexrelid, format('ALTER TABLE %s%s ADD CONSTRAINT %I %s', alone, target, name,
               CASE WHEN reloptions IS NULL OR contype = 'x' OR alone IS NOT NULL THEN condef
                    ELSE format('%s USING INDEX %I%s%s', CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
                                name, CASE WHEN condeferrable THEN ' DEFERRABLE' END,
                                CASE WHEN condeferred THEN ' INITIALLY DEFERRED' END) END)
    FROM own_index WHERE conoid IS NOT NULL
    UNION ALL
    SELECT i.ord, 'after', 25, i.indexrelid, format('ALTER INDEX %s ATTACH PARTITION %s', p.own, i.own)
    FROM own_index AS i
    JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
    JOIN own_index AS p ON p.root = i.root AND p.indexrelid = h.inhparent
    WHERE i.parent IS NOT NULL
    UNION ALL
    SELECT i.ord, 'after', 30, i.indexrelid, format('ALTER INDEX %s %s', i.own,
               string_agg(format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget), ', '
                          ORDER BY a.attnum))
    FROM own_index AS i
    JOIN pg_attribute AS a ON a.attrelid = i.indexrelid AND coalesce(a.attstattarget, -1) <> -1
    GROUP BY i.ord, i.indexrelid, i.own
    UNION ALL
    SELECT ord, 'after', 40, oid, format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, conname, def)
    FROM own_check WHERE NOT convalidated AND NOT inherited
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
    SELECT ord, 'after', 90, 0, format('ANALYZE %s', target)
    FROM doable WHERE strategy IN ('copy', 'window', 'sample') AND ord = root
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
    SELECT ord, 'left_out', 10, 0, 'partitions: the clone is one plain table'
    FROM doable WHERE relkind = 'p' AND NOT keep
    UNION ALL
    SELECT d.ord, 'left_out', 20, 0, format('inheritance from %s', i.inhparent::regclass)
    FROM doable AS d JOIN pg_inherits AS i ON i.inhrelid = d.oid WHERE d.ord = d.root
    UNION ALL
    SELECT d.ord, 'left_out', 30, c.oid, format('foreign key %I: it would tie the clone to %s', c.conname,
                                                c.confrelid::regclass)
    FROM doable AS d JOIN pg_constraint AS c ON c.conrelid = d.oid AND c.contype = 'f'
    JOIN request AS r ON r.ord = d.root
    -- with_keys: see clone_keys.sql
    WHERE CASE WHEN d.ord = d.root THEN NOT r.with_keys ELSE c.conparentid = 0 END
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
    WHERE d.ord = d.root OR coalesce((to_jsonb(t) ->> 'tgparentid')::oid, 0) = 0
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
SELECT x.ord / 1000000 AS ord, 'refused' AS phase, 0 AS last, 0 AS table_ord, 0 AS step, 0 AS sub, x.reason AS sql
FROM refused AS x WHERE x.reason IS NOT NULL
UNION ALL
-- the planner's statistics at the very end, when the partitions have their indexes as well
SELECT x.ord / 1000000, s.phase, (s.step = 90)::integer, s.ord, s.step, s.sub, s.sql
FROM statement AS s JOIN refused AS x ON x.ord = s.ord / 1000000 * 1000000 AND x.reason IS NULL
ORDER BY ord, phase, last, table_ord, step, sub, sql;
