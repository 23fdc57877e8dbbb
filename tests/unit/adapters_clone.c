/* Clones against their sources, by what pg_dump and the rows say; made by a role that can only
 * read. */
#include "clone_test.h"

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
    /* the columns that are no plain numbers go on where production's sequence is */
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
    assert_int_equal(pg_read_cells(ctx, ci, "receipt_dependants", &var, 1, &out, &err), 0);
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
        cmocka_unit_test(test_production_droppable),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
