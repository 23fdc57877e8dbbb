/* The driver of PostgreSQL: statements, locks, interrupts, what it reads of the catalog. */
#include "driver_test.h"

static void
on_statement(void *arg, size_t index, double ms)
{
    struct done_list *list = arg;
    list->in_order = list->in_order && index == list->n && ms >= 0;
    list->n++;
}

static void
test_lock_timeout(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres")), *b = open_as(AS("postgres"));
    must(a, "BEGIN");
    must(a, "LOCK TABLE prod.t IN ACCESS EXCLUSIVE MODE");
    must(b, "SET lock_timeout = 1");
    assert_int_equal(fails(b, "SELECT * FROM prod.t").cause, CAUSE_BUSY);
    must(a, "ROLLBACK");
    must(b, "SELECT * FROM prod.t");
    ops->close(b);
    ops->close(a);
}

/* What asks the catalog waits as long as was said, and names the relation and who has it. */
static void
test_locked_while_it_is_described(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres")), *b = open_as(AS("postgres"));
    const struct relation relation = {NULL, "prod", "t"};
    struct relation_info info;
    struct err err = {0};
    must(a, "SET application_name = 'the rebuild'");
    must(a, "BEGIN");
    must(a, "LOCK TABLE prod.t IN ACCESS EXCLUSIVE MODE");
    ops->read_limit(b, 1);
    assert_int_equal(ops->describe(ctx, b, &relation, 1, &info, &err), -1);
    assert_int_equal(err.cause, CAUSE_BUSY);
    assert_has(err.msg, "waited 1 ms for a lock on production: prod.t is locked by pid ");
    assert_has(err.msg, "(the rebuild, user postgres) for ");
    assert_has(err.hint, "--lock-timeout");
    must(a, "ROLLBACK");
    assert_int_equal(ops->describe(ctx, b, &relation, 1, &info, &err), 0);
    ops->close(b);
    ops->close(a);
}

static void
test_lost_connection(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres")), *b = open_as(AS("postgres"));
    struct err err = fails(a, "SELECT pg_terminate_backend(pg_backend_pid())");
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_int_equal(err.cause, CAUSE_LOST);
    assert_has(err.hint, "Run again");
    err = fails(a, "SELECT 1");
    assert_int_equal(err.cause, CAUSE_LOST);
    assert_has(err.msg, "lost the connection to");
    assert_has(err.hint, "run again");
    ops->close(a);
    const char *sql[] = {"SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 2"};
    size_t failed = 9;
    assert_int_equal(pg_exec_all(b, sql, 3, &failed, NULL, NULL, &err), -1);
    assert_int_equal(failed, 1);
    assert_int_equal(err.cause, CAUSE_LOST);
    ops->close(b);
    /* what nobody here speaks ends, too */
    a = open_as(AS("postgres"));
    assert_int_equal(fails(a, "COPY prod.t TO STDOUT").kind, ERR_BUG);
    ops->close(a);
}

/* A pipeline far larger than any buffer between us and the server, with an error late in it. */
static void
test_large_pipeline(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres"));
    struct err err = {0};
    size_t failed, n = 5000;
    const char **sql = mem_array(ctx, const char *, n);
    for (size_t i = 0; i < n; i++)
        sql[i] = "SELECT repeat('some text', 500)";
    struct done_list done = {.in_order = true};
    assert_int_equal(pg_exec_all(a, sql, n, &failed, on_statement, &done, &err), 0);
    assert_int_equal(done.n, n);
    sql[0] = "BEGIN";
    sql[n - 2] = "SELECT 1/0";
    done = (struct done_list){.in_order = true};
    assert_int_equal(pg_exec_all(a, sql, n, &failed, on_statement, &done, &err), -1);
    assert_int_equal(failed, n - 2);
    assert_int_equal(done.n, n - 2);
    assert_string_equal(err.msg, "division by zero");
    must(a, "ROLLBACK");
    assert_string_equal(value(a, "SELECT 1"), "1");
    ops->close(a);
}

/* In a child, since a signal once received stays: 0 if a pipeline stopped, and could be undone. */
static int
interrupt_pipeline(void)
{
    struct err err = {0};
    struct warehouse *a;
    struct profile profile = AS("postgres");
    if (interrupt_setup(&err) || ops->open(ctx, &a, get, &profile, &err))
        return 2;
    pid_t self = getpid(), helper = fork();
    if (helper == 0) {
        talloc_free(
            cluster_psql(NULL, &cluster,
                         "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query = "
                         "'SELECT pg_sleep(600)' AND state = 'active') LOOP "
                         "PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"));
        kill(self, SIGTERM);
        _exit(0);
    }
    const char *sql[] = {"BEGIN", "CREATE TABLE prod.half_made ()", "SELECT pg_sleep(600)",
                         "COMMIT"};
    size_t failed = 9;
    int rc = pg_exec_all(a, sql, 4, &failed, NULL, NULL, &err);
    waitpid(helper, NULL, 0);
    if (rc != -1 || err.kind != ERR_SIGNAL || err.sys != SIGTERM || failed != 2)
        return 3;
    ops->shield(a, true);
    if (pg_exec(a, "ROLLBACK", &err) ||
        strcmp(value(a, "SELECT count(*) FROM pg_class WHERE relname = 'half_made'"), "0") != 0)
        return 4;
    /* behind the shield a further signal still counts */
    helper = fork();
    if (helper == 0) {
        kill(self, SIGTERM);
        _exit(0);
    }
    waitpid(helper, NULL, 0);
    return pg_exec(a, "SELECT 1", &err) == -1 && err.kind == ERR_SIGNAL ? 0 : 5;
}

/* One column, rows in their order; a second query adds, one that fails does not. */
static void
test_query(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres"));
    struct strlist out = {0};
    struct err err = {0};
    const char *three = "SELECT x FROM (VALUES ('a'), ('b'), ('c')) AS v (x) ORDER BY x";
    assert_int_equal(pg_query(ctx, a, three, &out, &err), 0);
    assert_string_equal(strlist_join(ctx, &out, ","), "a,b,c");
    assert_int_equal(pg_query(ctx, a, "SELECT 1", &out, &err), 0);
    assert_int_equal(out.n, 4);
    assert_int_equal(pg_query(ctx, a, "SELECT * FROM prod.absent_relation", &out, &err), -1);
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_int_equal(out.n, 4);
    assert_string_equal(value(a, "SELECT 1"), "1");
    ops->close(a);
}

/* A pipeline stops at the statement that fails, and names it. */
static void
test_pipeline_stops(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres"));
    struct err err = {0};
    size_t failed = 99;
    const char *sql[] = {"SELECT 1", "SELECT * FROM prod.absent_relation",
                         "CREATE TABLE prod.other (id integer)"};
    assert_int_equal(pg_exec_all(a, sql, 0, &failed, NULL, NULL, &err), 0);
    struct done_list done = {.in_order = true};
    assert_int_equal(pg_exec_all(a, sql, 3, &failed, on_statement, &done, &err), -1);
    assert_int_equal(failed, 1);
    assert_int_equal(done.n, 1);
    assert_true(done.in_order);
    assert_has(err.msg, "absent_relation");
    assert_string_equal(value(a, "SELECT to_regclass('prod.other') IS NULL"), "t");
    /* alone, it is the first that fails */
    assert_int_equal(pg_exec_all(a, sql + 1, 1, &failed, NULL, NULL, &err), -1);
    assert_int_equal(failed, 0);
    ops->close(a);
}

static void
test_interrupted_pipeline(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(interrupt_pipeline());
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* What the findings advise, an administrator does; then there are none. */
static void
test_privileges(void **state)
{
    (void)state;
    struct warehouse *admin = open_as(AS("postgres")), *ci = open_as(AS("new ci"));
    struct err err = {0};
    struct strlist cells = {0};
    struct sql_var var = {"schemas", "[\"prod\", \"shut\"]"};
    must(admin, "GRANT INSERT ON prod.t TO PUBLIC");
    must(admin, "GRANT CREATE ON SCHEMA shut TO \"new ci\"");
    must(admin, "GRANT UPDATE ON SEQUENCE prod.numbers TO \"new ci\"");
    assert_int_equal(pg_read_cells(ctx, ci, "privileges", &var, 1, &cells, &err), 0);
    char *text = strlist_join(ctx, &cells, "\n");
    assert_has(text, "may not create schemas in the database postgres");
    assert_has(text, "lacks USAGE on the schema prod");
    assert_has(text, "may not read");
    assert_has(text, "may create in the schema shut");
    assert_has(text, "may write 1 of 8 relations of prod: t");
    assert_has(text, "may advance 1 sequences of prod: numbers");
    assert_has(text, "what owner builds next in prod will not be readable");
    for (size_t i = 2; i < cells.n; i += 3)
        must(admin, cells.v[i]);
    cells.n = 0;
    assert_int_equal(pg_read_cells(ctx, ci, "privileges", &var, 1, &cells, &err), 0);
    assert_string_equal(cells.n ? cells.v[1] : "", "");
    must(ci, "CREATE SCHEMA \"of new ci\"");
    assert_int_equal(fails(ci, "INSERT INTO prod.t VALUES (1)").cause, CAUSE_DENIED);
    /* a superuser and a member of the owner are told of */
    assert_int_equal(pg_read_cells(ctx, admin, "privileges", &var, 1, &cells, &err), 0);
    assert_has(cells.v[1], "is a superuser");
    must(admin, "GRANT owner TO \"new ci\"");
    cells.n = 0;
    assert_int_equal(pg_read_cells(ctx, ci, "privileges", &var, 1, &cells, &err), 0);
    assert_has(strlist_join(ctx, &cells, "\n"), "is a member of the owner owner of");
    must(admin, "REVOKE owner FROM \"new ci\"");
    ops->close(ci);
    ops->close(admin);
}

static char *
receipt(struct warehouse *a)
{
    struct err err = {0};
    struct strlist out = {0};
    const struct place_list schemas = {&(struct place_name){.schema = "prod"}, 1};
    if (ops->receipt(ctx, a, &schemas, &out, &err))
        fail_msg("%s", err.msg);
    return strlist_join(ctx, &out, "\n");
}

static void
test_receipt(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres"));
    static const char *const changes[] = {
        "SELECT nextval('prod.numbers')",   "TRUNCATE prod.t",
        "CREATE TABLE prod.more ()",        "DROP TABLE prod.more",
        "GRANT DELETE ON prod.t TO reader", "GRANT UPDATE (id) ON prod.t TO reader",
        "CREATE INDEX more ON prod.t (id)", "ALTER TABLE prod.t OWNER TO postgres",
    };
    char *before = receipt(a);
    must(a, "SELECT * FROM prod.t");
    must(a, "ANALYZE prod.t");
    assert_string_equal(receipt(a), before);
    for (size_t i = 0; i < BASE_COUNT(changes); i++) {
        must(a, changes[i]);
        char *after = receipt(a);
        if (strcmp(before, after) == 0)
            fail_msg("the receipt does not show: %s", changes[i]);
        before = after;
    }
    ops->close(a);
}

static void
test_disk(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres")), *ci = open_as(AS("reader"));
    struct err err = {0};
    struct disk_info disk;
    assert_int_equal(ops->disk(ctx, a, &disk, &err), 0);
    assert_true(disk.available > 0);
    assert_int_equal(ops->disk(ctx, ci, &disk, &err), 0);
    assert_int_equal(disk.available, -1);
    ops->close(a);
    ops->close(ci);
}

static void
test_lock(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("reader")), *b = open_as(AS("reader"));
    struct err err = {0};
    char *try_lock;
    struct strlist holders = {0};
    struct sql_var var = {"key", pg_lock_key(ctx, "pr_7")};
    assert_int_equal(sql_render(ctx, &try_lock, "postgres", "lock_try", &var, 1, &err), 0);
    must(a, "BEGIN");
    assert_string_equal(value(a, try_lock), "t");
    assert_string_equal(value(b, try_lock), "f");
    assert_int_equal(pg_read_cells(ctx, b, "lock_holders", &var, 1, &holders, &err), 0);
    assert_int_equal(holders.n, 1);
    assert_string_equal(holders.v[0], value(a, "SELECT pg_backend_pid()"));
    must(a, "COMMIT");
    assert_string_equal(value(b, try_lock), "t");
    ops->close(a);
    ops->close(b);
}

int
main(void)
{
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    prepare();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock_timeout),
        cmocka_unit_test(test_locked_while_it_is_described),
        cmocka_unit_test(test_lost_connection),
        cmocka_unit_test(test_large_pipeline),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_pipeline_stops),
        cmocka_unit_test(test_interrupted_pipeline),
        cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_receipt),
        cmocka_unit_test(test_disk),
        cmocka_unit_test(test_lock),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
