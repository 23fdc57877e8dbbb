/* Clones in PostgreSQL: partitions, dependencies, refusals, names, rows that one may not see. */
#include "clone_test.h"

/* Partitions are kept: what pg_dump says of the whole and of each is the same, and each has its
 * rows. */
static void
test_partitions(void **state)
{
    (void)state;
    struct err err = {0};
    char *before = receipt("parted");
    assert_true(clone_schema("parted", "a_parted", CLONE_COPY, false) >= 8);
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
        pg_exec(ci, "INSERT INTO a_parted.nested (kind, day) VALUES ('a', '2024-03-02')", &err),
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
}

/* One whose key calls a function, one that is elsewhere, one that may not be read by itself. */
static void
test_odd_partitions(void **state)
{
    (void)state;
    struct err err = {0};
    struct clone_sql sql;
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
        {"distributed", "odd.distributed is a distributed table of Citus"},
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
    assert_int_equal(pg_exec(ci, sql.before.v[0], &err), 0);
    assert_int_equal(pg_exec(ci, sql.load.v[0], &err), -1);
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
    assert_int_equal(pg_exec(ci, "COMMIT", &err), 0);
    (void)odd_sql("odd", "meets", "m");
    assert_string_equal(value("SHOW search_path"), path);
    assert_string_equal(value("SHOW transaction_read_only"), "off");
}

int
main(void)
{
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    load_sources();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_odd_partitions),
        cmocka_unit_test(test_partitions_that_meet),
        cmocka_unit_test(test_depends),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_row_security),
        cmocka_unit_test(test_names_that_meet),
        cmocka_unit_test(test_within_transaction),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
