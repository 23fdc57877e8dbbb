/* Clones against their sources, by what pg_dump and the rows say; made by a role that can only
 * read. */
#include "cluster.h"
#include "contract.h"

static struct cluster cluster;
static struct warehouse *ci; /* a connection of the role that can only read */
static const struct warehouse_ops *ops;
static void *ctx;

static const char *
get(void *arg, const char *key)
{
    (void)arg;
    if (strcmp(key, "host") == 0)
        return cluster.socket;
    if (strcmp(key, "user") == 0)
        return "ci";
    return strcmp(key, "dbname") == 0 ? "postgres" : NULL;
}

static const char *
value(const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    if (ops->query(ctx, ci, sql, &out, &err))
        fail_msg("%s: %s", sql, err.msg);
    assert_int_equal(out.n, 1);
    return out.v[0];
}

static const char *
admin(const char *sql)
{
    return cluster_psql(ctx, &cluster, sql);
}

static char *
receipt(const char *schemas)
{
    struct err err = {0};
    struct strlist out = {0};
    struct strlist names = {0};
    strlist_split(ctx, &names, schemas, ',');
    if (ops->receipt(ctx, ci, &names, &out, &err))
        fail_msg("%s", err.msg);
    assert_true(out.n > 0);
    return strlist_join(ctx, &out, "\n");
}

static void
run_phases(const struct clone_sql *sql)
{
    struct err err = {0};
    const struct strlist *phases[] = {&sql->before, &sql->load, &sql->after};
    for (size_t p = 0; p < BASE_COUNT(phases); p++) {
        for (size_t i = 0; i < phases[p]->n; i++)
            if (ops->exec(ci, phases[p]->v[i], &err))
                fail_msg("%s: %s", phases[p]->v[i], err.msg);
    }
}

/* Clones all tables of a schema into another, in one batch; returns how many. */
static size_t
clone_schema(const char *from, const char *to, enum clone_strategy strategy, bool logged)
{
    struct err err = {0};
    struct strlist names = {0};
    strlist_split(
        ctx, &names,
        admin(mem_printf(
            ctx,
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = '%s'::regnamespace ORDER BY 1",
            from)),
        '\n');
    struct clone_request *requests = mem_array(ctx, struct clone_request, names.n);
    struct clone_sql *sql = mem_array(ctx, struct clone_sql, names.n);
    for (size_t i = 0; i < names.n; i++)
        requests[i] = (struct clone_request){.from = {NULL, from, names.v[i]},
                                             .to = {NULL, to, names.v[i]},
                                             .strategy = strategy,
                                             .logged = logged,
                                             .keep_partitions = true};
    if (ops->clone_sql(ctx, ci, requests, names.n, sql, &err))
        fail_msg("%s", err.msg);
    (void)value(mem_printf(ctx, "CREATE SCHEMA %s; SELECT 1", to));
    for (size_t i = 0; i < names.n; i++) {
        if (sql[i].refused)
            fail_msg("%s: %s", names.v[i], sql[i].refused);
        if (sql[i].left_out.n)
            fail_msg("%s: %s", names.v[i], sql[i].left_out.v[0]);
        run_phases(&sql[i]);
    }
    return names.n;
}

/* What pg_dump says of a schema's tables, statement by statement, sorted; the schema's name
 * replaced. */
static struct strlist
dump(const char *schema)
{
    const char *argv[] = {"pg_dump",       "-h",         cluster.socket,    "-U", "postgres",
                          "--schema-only", "--no-owner", "--no-privileges", "-n", schema,
                          "postgres",      NULL};
    char *text = cluster_run(ctx, argv, NULL);
    char *dotted = mem_printf(ctx, "%s.", schema);
    struct strlist statements = {0};
    struct buf b;
    buf_init(&b, ctx);
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        bool noise = !*line || str_starts(line, "--") || str_starts(line, "SET ") ||
                     str_starts(line, "SELECT pg_catalog.set_config") ||
                     str_starts(line, "CREATE SCHEMA") || str_starts(line, "\\");
        for (char *p = line; !noise && *p;) {
            if (str_starts(p, "UNLOGGED ")) {
                p += strlen("UNLOGGED ");
            } else if (str_starts(p, dotted)) {
                buf_puts(&b, "S.");
                p += strlen(dotted);
            } else {
                buf_putc(&b, *p++);
            }
        }
        if (b.len && b.s[b.len - 1] == ';') {
            strlist_add(ctx, &statements, b.s);
            buf_reset(&b);
        } else if (!noise) {
            buf_putc(&b, '\n');
        }
        line = end;
    }
    strlist_sort(&statements);
    return statements;
}

static void
assert_same_dump(const char *a, const char *b, size_t least)
{
    struct strlist left = dump(a), right = dump(b);
    int differences = 0;
    for (size_t i = 0; i < left.n; i++)
        if (!strlist_has(&right, left.v[i]) && ++differences)
            print_message("only of %s: %s\n", a, left.v[i]);
    for (size_t i = 0; i < right.n; i++)
        if (!strlist_has(&left, right.v[i]) && ++differences)
            print_message("only of %s: %s\n", b, right.v[i]);
    assert_int_equal(differences, 0);
    assert_int_equal(left.n, right.n);
    assert_true(left.n >= least);
}

/* Rows of all tables of a schema, as one hash and a count for each. */
static const char *
rows_of(const char *schema)
{
    return admin(mem_printf(ctx,
                            "SELECT string_agg(c.relname || ' ' || (xpath('//r/text()', "
                            "query_to_xml(format('SELECT count(*) || "
                            "coalesce(md5(string_agg(t::text, ''|'' ORDER BY t::text COLLATE "
                            "\"C\")), '''') AS r FROM %%I.%%I AS t', "
                            "n.nspname, c.relname), false, false, '')))[1]::text, E'\\n' ORDER BY "
                            "c.relname COLLATE \"C\") "
                            "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
                            "WHERE n.nspname = '%s' AND c.relkind = 'r'",
                            schema));
}

static void
test_copies(void **state)
{
    (void)state;
    char *before = receipt("prod,lib,odd");
    assert_true(clone_schema("prod", "a_copy", CLONE_COPY, false) >= 40);
    assert_same_dump("prod", "a_copy", 150);
    assert_string_equal(rows_of("prod"), rows_of("a_copy"));
    assert_string_equal(
        value("SELECT count(*) FROM pg_class WHERE relnamespace = 'a_copy'::regnamespace "
              "AND relkind = 'r' AND relpersistence <> 'u'"),
        "0");
    /* the planner knows them */
    assert_string_equal(value("SELECT n_distinct FROM pg_stats WHERE schemaname = 'a_copy' AND "
                              "tablename = 'plain' AND attname = 'id'"),
                        "-1");
    assert_string_equal(value("SELECT count(*) FROM pg_stats WHERE schemaname = 'a_copy' AND "
                              "tablename = 'indexes_expression'"),
                        "3");
    assert_string_equal(
        value("SELECT count(*) > 0 FROM pg_stats_ext WHERE statistics_schemaname = 'a_copy' "
              "AND statistics_name = 'es_all' AND n_distinct IS NOT NULL"),
        "t");
    assert_string_equal(receipt("prod,lib,odd"), before);
}

static void
test_next_numbers(void **state)
{
    (void)state;
    char *before = receipt("prod");
    static const char *const cases[][2] = {
        {"INSERT INTO a_copy.serials (t) VALUES ('y') RETURNING a + b + c", "153"},
        {"INSERT INTO a_copy.\"Serial's\" (t) VALUES ('y') RETURNING \"Id\"", "3"},
        {"INSERT INTO a_copy.identity_always (t) VALUES ('y') RETURNING id", "51"},
        {"INSERT INTO a_copy.identity_options (t) VALUES ('y') RETURNING id", "120"},
        {"INSERT INTO a_copy.identity_options (t) VALUES ('y') RETURNING down", "-4"},
        {"INSERT INTO a_copy.identity_beyond (t) VALUES ('y') RETURNING id", "1"},
        {"INSERT INTO a_copy.everything_at_once DEFAULT VALUES RETURNING g", "4"},
        {"INSERT INTO a_copy.\"表表表表表表表表表表表表表表表表表表表表表\" DEFAULT VALUES "
         "RETURNING id",
         "2"},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++)
        assert_string_equal(value(cases[i][0]), cases[i][1]);
    assert_string_equal(receipt("prod"), before);
}

static void
test_shapes(void **state)
{
    (void)state;
    clone_schema("prod", "a_shape", CLONE_SHAPE, false);
    assert_same_dump("prod", "a_shape", 150);
    assert_string_equal(value("SELECT count(*) FROM a_shape.plain"), "0");
    assert_string_equal(value("SELECT count(*) FROM a_shape.serials"), "0");
    assert_string_equal(value("INSERT INTO a_shape.serials (t) VALUES ('y') RETURNING a"), "1");
}

static void
test_logged(void **state)
{
    (void)state;
    clone_schema("prod", "a_logged", CLONE_COPY, true);
    assert_string_equal(
        value("SELECT count(*) FROM pg_class WHERE relnamespace = 'a_logged'::regnamespace "
              "AND relpersistence <> 'p'"),
        "0");
    assert_same_dump("prod", "a_logged", 150);
}

static struct clone_sql
odd_sql(const char *schema, const char *name, const char *to)
{
    struct err err = {0};
    struct clone_sql sql;
    struct clone_request request = {
        .from = {NULL, schema, name}, .to = {NULL, "odd_pr", to}, .strategy = CLONE_COPY};
    if (ops->clone_sql(ctx, ci, &request, 1, &sql, &err))
        fail_msg("%s", err.msg);
    return sql;
}

/* Clones one table of odd.sql and says what it told: what is left out, then what it depends on. */
static const char *
odd_clone(const char *name)
{
    struct clone_sql sql = odd_sql("odd", name, name);
    if (sql.refused)
        fail_msg("%s", sql.refused);
    run_phases(&sql);
    for (size_t i = 0; i < sql.depends_on_production.n; i++)
        strlist_add(ctx, &sql.left_out, sql.depends_on_production.v[i]);
    return strlist_join(ctx, &sql.left_out, "; ");
}

static void
test_sequences(void **state)
{
    (void)state;
    char *before = receipt("odd");
    assert_string_equal(odd_clone("shared_a"), "");
    assert_string_equal(odd_clone("shared_b"), "");
    assert_string_equal(odd_clone("quoted_sequence"), "");
    assert_string_equal(value("INSERT INTO odd_pr.shared_a (t) VALUES ('c') RETURNING id"), "1002");
    /* the columns that are no plain numbers go on where production's sequence stands */
    assert_string_equal(
        value("INSERT INTO odd_pr.shared_b DEFAULT VALUES RETURNING id || code || minus"),
        "1003B1005-1005");
    assert_string_equal(value("INSERT INTO odd_pr.quoted_sequence DEFAULT VALUES RETURNING id"),
                        "2");
    assert_string_equal(
        odd_clone("by_text"),
        "default of id: nextval(('odd.shared'::text)::regclass): it names a sequence of "
        "production in a text");
    assert_string_equal(odd_clone("by_function"),
                        "default of id: odd.next_id(): odd.next_id() may write to production");
    assert_string_equal(
        value("INSERT INTO odd_pr.by_function DEFAULT VALUES RETURNING coalesce(id, -1)"), "-1");
    assert_string_equal(receipt("odd"), before);
}

static void
test_left_out(void **state)
{
    (void)state;
    assert_string_equal(
        odd_clone("by_relation"),
        "default of r: 'odd.by_text'::regclass: it would hold a relation of production; "
        "constraint by_relation_t_check on table odd.by_relation: it would hold odd.by_text");
    assert_string_equal(odd_clone("child"), "inheritance from odd.parent");
    assert_string_equal(value("SELECT id || t || extra FROM odd_pr.child"), "2c3");
    assert_string_equal(odd_clone("parent"), "");
    assert_string_equal(value("SELECT count(*) FROM odd_pr.parent"), "2");
    assert_string_equal(odd_clone("referencing"),
                        "foreign key fk: it would tie the clone to odd.parent");
    assert_string_equal(odd_clone("triggered"), "trigger stamp; rule audit");
    assert_string_equal(value("SELECT t FROM odd_pr.triggered"), "before the trigger");
    assert_string_equal(odd_clone("of_type"), "");
    assert_string_equal(odd_clone("extended"), "");
    assert_string_equal(
        odd_clone("partitioned"),
        "partitions: the clone is one plain table; index odd.partitioned_invalid: it is not valid");
    assert_string_equal(value("SELECT count(*) || ' ' || sum(g) FROM odd_pr.partitioned"),
                        "60 3660");
    assert_string_equal(
        value("SELECT string_agg(pg_get_indexdef(indexrelid), '; ' ORDER BY 1) FROM pg_index "
              "WHERE indrelid = 'odd_pr.partitioned'::regclass"),
        "CREATE INDEX partitioned_day ON odd_pr.partitioned USING btree (day DESC); "
        "CREATE UNIQUE INDEX partitioned_pkey ON odd_pr.partitioned USING btree (id, day)");
    assert_string_equal(odd_clone("partitioned_1"), "inheritance from odd.partitioned");
}

/* Partitions are kept: what pg_dump says of the whole and of each is the same, and each has its
 * rows. */
static void
test_partitions(void **state)
{
    (void)state;
    struct err err = {0};
    struct clone_sql sql;
    char *before = receipt("parted");
    assert_int_equal(clone_schema("parted", "a_parted", CLONE_COPY, false), 8);
    assert_same_dump("parted", "a_parted", 60);
    assert_string_equal(rows_of("parted"), rows_of("a_parted"));
    assert_string_equal(value("SELECT count(*) FROM pg_index WHERE NOT indisvalid AND indrelid IN "
                              "(SELECT oid FROM pg_class "
                              "WHERE relnamespace = 'a_parted'::regnamespace)"),
                        "0");
    assert_string_equal(value("SELECT string_agg(DISTINCT concat(relkind, relpersistence), ' ' "
                              "ORDER BY concat(relkind, relpersistence)) "
                              "FROM pg_class WHERE relnamespace = 'a_parted'::regnamespace AND "
                              "relkind IN ('r', 'p')"),
                        "pp ru");
    /* a row finds its place, one without is refused, and the next number is the whole's */
    assert_string_equal(
        value("INSERT INTO a_parted.nested (kind, day) VALUES ('a', '2024-02-02') RETURNING id || "
              "tableoid::regclass::text"),
        "41a_parted.nested_a_2");
    assert_int_equal(
        ops->exec(ci, "INSERT INTO a_parted.nested (kind, day) VALUES ('a', '2024-03-02')", &err),
        -1);
    assert_non_null(strstr(err.msg, "no partition of relation"));
    /* in the planner's statistics, of the parts' expressions as well */
    assert_string_equal(
        value("SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'a_parted' AND tablename LIKE "
              "'by_range_1_%'"),
        "t");
    clone_schema("parted", "a_parted_shape", CLONE_SHAPE, false);
    assert_same_dump("parted", "a_parted_shape", 60);
    assert_string_equal(value("SELECT count(*) FROM a_parted_shape.nested"), "0");
    assert_string_equal(receipt("parted"), before);
    /* what the key of its partitions calls stays production's */
    struct clone_request request = {.from = {NULL, "parted", "by_expression"},
                                    .to = {NULL, "odd_pr", "by_expression"},
                                    .strategy = CLONE_COPY,
                                    .keep_partitions = true};
    assert_int_equal(ops->clone_sql(ctx, ci, &request, 1, &sql, &err), 0);
    assert_string_equal(strlist_join(ctx, &sql.depends_on_production, "; "),
                        "function lib.half(integer)");
    request = (struct clone_request){.from = {NULL, "odd", "elsewhere"},
                                     .to = {NULL, "odd_pr", "elsewhere"},
                                     .strategy = CLONE_COPY,
                                     .keep_partitions = true};
    assert_int_equal(ops->clone_sql(ctx, ci, &request, 1, &sql, &err), 0);
    assert_string_equal(
        sql.refused,
        "its partition odd.elsewhere_1 is a foreign table; flatten it with clone.partitions");
    /* a partition that may not be read by itself, though the whole may */
    request = (struct clone_request){.from = {NULL, "odd", "half_granted"},
                                     .to = {NULL, "odd_pr", "half_granted"},
                                     .strategy = CLONE_COPY,
                                     .keep_partitions = true};
    assert_int_equal(ops->clone_sql(ctx, ci, &request, 1, &sql, &err), 0);
    assert_int_equal(sql.n_sources, 1);
    assert_int_equal(sql.parts.n, 1);
    assert_non_null(strstr(sql.parts.v[0], " FROM odd.half_granted"));
    run_phases(&sql);
    assert_string_equal(value("SELECT count(*) || tableoid::regclass::text FROM "
                              "odd_pr.half_granted GROUP BY tableoid"),
                        "3odd_pr.half_granted_1");
}

/* Partitions of one name, of different schemas, in one clone's. */
static void
test_partitions_that_meet(void **state)
{
    (void)state;
    struct err err = {0};
    struct clone_sql sql[2];
    const struct clone_request requests[] = {
        {.from = {NULL, "odd_too", "far"},
         .to = {NULL, "odd_pr", "far"},
         .strategy = CLONE_COPY,
         .keep_partitions = true},
        {.from = {NULL, "odd_three", "far_1"},
         .to = {NULL, "odd_pr", "far_1"},
         .strategy = CLONE_COPY,
         .keep_partitions = true},
    };
    assert_int_equal(ops->clone_sql(ctx, ci, requests, 2, sql, &err), 0);
    run_phases(&sql[0]);
    run_phases(&sql[1]);
    assert_string_equal(value("SELECT count(*) || ' ' || sum(id) FROM odd_pr.far"), "3 6");
    assert_string_equal(value("SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY 1) FROM "
                              "pg_inherits WHERE inhparent = "
                              "'odd_pr.far'::regclass"),
                        value("SELECT 'odd_pr.far_1_' || left(md5('odd_pr.far.odd_three.far_1'), "
                              "8) || ' odd_pr.far_1_' || "
                              "left(md5('odd_pr.far.odd_too.far_1'), 8)"));
}

static void
test_depends(void **state)
{
    (void)state;
    struct err err = {0};
    struct clone_sql sql[2];
    const struct clone_request requests[] = {
        {.from = {NULL, "prod", "own_types"},
         .to = {NULL, "odd_pr", "own_types"},
         .strategy = CLONE_SHAPE},
        {.from = {NULL, "prod", "plain"},
         .to = {NULL, "odd_pr", "pointer"},
         .strategy = CLONE_VIEW},
    };
    assert_int_equal(ops->clone_sql(ctx, ci, requests, 2, sql, &err), 0);
    assert_string_equal(
        strlist_join(ctx, &sql[0].depends_on_production, "; "),
        "type lib.mood; type lib.mood[]; type lib.pair; type lib.pair[]; type lib.positive; "
        "type lib.positive[]; type lib.span");
    assert_true(str_starts(sql[1].depends_on_production.v[0], "prod.plain itself: a view"));
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a_view", "odd.a_view is a view"},
        {"a_matview", "odd.a_matview is a materialized view"},
        {"a_foreign", "odd.a_foreign is a foreign table"},
        {"a_sequence", "odd.a_sequence is not there"},
        {"nothing", "odd.nothing is not there"},
        {"row_typed",
         "the column p of odd.row_typed needs odd.parent, which production could no longer drop"},
        {"row_typed_array", "the column p of odd.row_typed_array needs odd.parent, which "
                            "production could no longer drop"},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        struct clone_sql sql = odd_sql("odd", cases[i][0], cases[i][0]);
        assert_non_null(sql.refused);
        assert_string_equal(sql.refused, cases[i][1]);
        assert_int_equal(sql.before.n + sql.load.n + sql.after.n, 0);
    }
}

/* A policy hides rows from our role: describe tells, and the load fails instead of copying fewer.
 */
static void
test_row_security(void **state)
{
    (void)state;
    struct err err = {0};
    struct relation relation = {NULL, "odd", "guarded"};
    struct relation_info info;
    assert_int_equal(ops->describe(ctx, ci, &relation, 1, &info, &err), 0);
    assert_true(info.row_security);
    struct clone_sql sql = odd_sql("odd", "guarded", "guarded");
    assert_string_equal(sql.left_out.v[0], "row-level security and its policies");
    assert_int_equal(ops->exec(ci, sql.before.v[0], &err), 0);
    assert_int_equal(ops->exec(ci, sql.load.v[0], &err), -1);
    assert_int_equal(err.cause, CAUSE_DENIED);
}

static void
test_names_that_meet(void **state)
{
    (void)state;
    struct err err = {0};
    struct clone_sql sql[4];
    const struct clone_request requests[] = {
        {.from = {NULL, "odd", "meets"}, .to = {NULL, "odd_pr", "meets"}, .strategy = CLONE_COPY},
        {.from = {NULL, "odd_too", "meets_too"},
         .to = {NULL, "odd_pr", "meets_too"},
         .strategy = CLONE_COPY},
        {.from = {NULL, "odd_three", "meeting"},
         .to = {NULL, "odd_pr", "meeting"},
         .strategy = CLONE_COPY},
        {.from = {NULL, "odd_three", "meeting"},
         .to = {NULL, "odd_pr", "same"},
         .strategy = CLONE_VIEW},
    };
    assert_int_equal(ops->clone_sql(ctx, ci, requests, 4, sql, &err), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_null(sql[i].refused);
        run_phases(&sql[i]);
    }
    assert_string_equal(
        value("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace "
              "= 'odd_pr'::regnamespace AND relname ~ '^(meeting|meets_id_seq)(_[0-9a-f]{8})?$' "),
        value(
            "SELECT 'meeting meeting_' || left(md5('odd_pr.meets.0.meeting'), 8) || ' meeting_' || "
            "left(md5('odd_pr.meets_too.0.meeting'), 8) || ' meets_id_seq meets_id_seq_' || "
            "left(md5('odd_pr.meets_too.1.meets_id_seq'), 8)"));
    struct clone_request twice[] = {requests[0], requests[0]};
    assert_int_equal(ops->clone_sql(ctx, ci, twice, 2, sql, &err), 0);
    assert_string_equal(sql[1].refused, "two clones would have the name odd_pr.meets");
}

/* Within a transaction of the caller nothing is left behind: not its end, not a changed
 * search_path. */
static void
test_within_transaction(void **state)
{
    (void)state;
    struct err err = {0};
    const char *path = value("SHOW search_path");
    (void)value("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    (void)odd_sql("odd", "meets", "m");
    assert_string_equal(value("SHOW search_path"), path);
    assert_string_equal(value("SHOW transaction_isolation"), "repeatable read");
    assert_int_equal(ops->exec(ci, "COMMIT", &err), 0);
    (void)odd_sql("odd", "meets", "m");
    assert_string_equal(value("SHOW search_path"), path);
    assert_string_equal(value("SHOW transaction_read_only"), "off");
}

/* Last: every table of production can be dropped though its clone stands, and the clone stays
 * whole. */
static void
test_production_droppable(void **state)
{
    (void)state;
    struct err err = {0};
    struct strlist out = {0};
    struct sql_var var = {"schema", "prod"};
    const char *rows = rows_of("a_logged");
    assert_int_equal(ops->read(ctx, ci, "receipt_dependants", &var, 1, &out, &err), 0);
    assert_int_equal(out.n, 0);
    (void)admin(
        "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND "
        "relnamespace = 'prod'::regnamespace LOOP EXECUTE format('DROP TABLE %s RESTRICT', t); END "
        "LOOP; END $$");
    (void)admin(
        "DROP TABLE odd.shared_a, odd.shared_b, odd.quoted_sequence, odd.by_text, odd.by_function, "
        "odd.by_relation, odd.partitioned, odd.meets, odd_too.meets_too, odd_too.far, "
        "parted.nested RESTRICT");
    (void)admin("DROP SEQUENCE odd.shared RESTRICT");
    assert_string_equal(rows_of("a_logged"), rows);
    assert_string_equal(value("INSERT INTO a_logged.serials (t) VALUES ('y') RETURNING a"), "51");
}

static void
load_sources(void)
{
    const char *shapes[] = {"-f", "tests/unit/clone/shapes.sql", NULL};
    const char *odd[] = {"-f", "tests/unit/clone/odd.sql", NULL};
    const char *parted[] = {"-f", "tests/unit/clone/partitions.sql", NULL};
    const char *roles[] = {"-v", "ci=ci",
                           "-v", "owner=postgres",
                           "-v", "schemas=prod,odd,odd_too,odd_three,lib,parted",
                           "-f", "conf/roles.sql",
                           NULL};
    (void)admin("CREATE ROLE ci LOGIN");
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, shapes);
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, odd);
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, parted);
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, roles);
    (void)admin("REVOKE SELECT ON odd.half_granted_1 FROM ci");
    struct err err = {0};
    if (ops->open(ctx, &ci, get, NULL, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    (void)cluster_psql_with(ctx, &cluster, "ci", "CREATE SCHEMA odd_pr", NULL);
}

int
main(void)
{
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    load_sources();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_next_numbers),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_logged),
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_partitions_that_meet),
        cmocka_unit_test(test_depends),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_row_security),
        cmocka_unit_test(test_names_that_meet),
        cmocka_unit_test(test_within_transaction),
        cmocka_unit_test(test_production_droppable),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
