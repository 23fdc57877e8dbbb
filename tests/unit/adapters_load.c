/* Loading over several connections: from one snapshot, in parts, with production changing
 * meanwhile. */
#include "adapters/postgres/postgres.h"
#include "cluster.h"
#include "contract.h"

#define WORKERS 3

static struct cluster cluster;
static const struct warehouse_ops *ops;
static void *ctx;
static struct warehouse *lead, *workers[WORKERS];

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
admin(const char *sql)
{
    return cluster_psql(ctx, &cluster, sql);
}

static void
must(const char *sql)
{
    struct err err = {0};
    if (pg_exec(lead, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
}

static const char *const names[] = {"big", "small", "empty", "parts", "identity"};
#define N BASE_COUNT(names)

struct load_case {
    struct load_item items[N];
    struct clone_sql sql[N];
    const char
        *on_first; /* SQL that an administrator runs once the first part of `big` is loaded */
    int signal;    /* sent to ourselves then */
    int64_t bytes[N], total[N];
};

static void
on_progress(void *arg, size_t item, int64_t bytes, int64_t total)
{
    struct load_case *c = arg;
    assert_true(bytes >= c->bytes[item] && bytes <= total);
    c->bytes[item] = bytes;
    c->total[item] = total;
    if (item != 0)
        return;
    if (c->on_first)
        (void)admin(c->on_first);
    c->on_first = NULL;
    if (c->signal)
        kill(getpid(), c->signal);
    c->signal = 0;
}

/* Recreates the sources, and empty clones of them in `pr`. */
static struct load_case *
prepare(void)
{
    struct load_case *c = mem_new(ctx, struct load_case);
    struct clone_request requests[N];
    struct relation relations[N];
    struct relation_info info[N];
    struct err err = {0};
    const char *sources[] = {"-f", "tests/unit/clone/load.sql", NULL};
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, sources);
    assert_int_equal(ops->drop_places(lead, &(struct place_name){NULL, "pr"}, 1, NULL, &err), 0);
    must("CREATE SCHEMA pr");
    for (size_t i = 0; i < N; i++) {
        relations[i] = (struct relation){NULL, "prod", names[i]};
        requests[i] = (struct clone_request){
            .from = relations[i], .to = {NULL, "pr", names[i]}, .strategy = CLONE_COPY};
    }
    assert_int_equal(ops->describe(ctx, lead, relations, N, info, &err), 0);
    if (ops->clone_sql(ctx, lead, requests, N, c->sql, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < N; i++) {
        c->items[i] = (struct load_item){
            .from = relations[i], .identity = info[i].identity, .sql = &c->sql[i]};
        for (size_t k = 0; k < c->sql[i].before.n; k++)
            must(c->sql[i].before.v[k]);
    }
    return c;
}

static int
load(struct load_case *c, struct err *err)
{
    const struct load_options options = {
        .lock_ms = 60000, .part_ms = 5, .on_progress = on_progress, .arg = c};
    return ops->load(lead, workers, WORKERS, c->items, N, &options, err);
}

/* Count and hash of a clone equal those of a table kept from before. */
static void
assert_rows(const char *name, const char *kept)
{
    assert_string_equal(
        admin(mem_printf(ctx,
                         "SELECT count(*) || coalesce(md5(string_agg(t::text, '|' ORDER BY "
                         "t::text)), '') FROM pr.%s AS t",
                         name)),
        admin(mem_printf(ctx,
                         "SELECT count(*) || coalesce(md5(string_agg(t::text, '|' ORDER BY "
                         "t::text)), '') FROM %s AS t",
                         kept)));
}

static void
test_load(void **state)
{
    (void)state;
    struct err err = {0};
    struct load_case *c = prepare();
    if (load(c, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(c->items[i].state, LOAD_DONE);
        assert_int_equal(c->bytes[i], c->total[i]);
        assert_true(c->items[i].parts >= 1);
        assert_rows(names[i], mem_printf(ctx, "prod.%s", names[i]));
    }
    assert_true(c->items[0].parts > 1);
    assert_int_equal(c->items[3].parts, 2); /* a partitioned table: its partitions one by one */
    assert_true(c->items[0].longest_ms > 0 && c->items[0].ms >= c->items[0].longest_ms);
    assert_string_equal(
        admin("SELECT string_agg(pg_get_indexdef(indexrelid), '; ' ORDER BY 1) FROM pg_index "
              "WHERE indrelid = 'pr.big'::regclass"),
        "CREATE INDEX big_t ON pr.big USING btree (t); "
        "CREATE UNIQUE INDEX big_pkey ON pr.big USING btree (id)");
    assert_string_equal(admin("SELECT reltuples FROM pg_class WHERE oid = 'pr.big'::regclass"),
                        "100000");
    assert_string_equal(admin("INSERT INTO pr.identity (t) VALUES ('x') RETURNING id"), "101");
}

/* A part that takes too long is undone and read again in two, down to one that is short enough to
 * be let go on. */
static void
test_cut_short(void **state)
{
    (void)state;
    struct err err = {0};
    struct load_case *c = prepare();
    must("CREATE FUNCTION pr.slow(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN IF $1 % "
         "20000 = 0 THEN PERFORM "
         "pg_sleep(0.1); END IF; RETURN true; END'; ALTER TABLE pr.big ADD CONSTRAINT slow CHECK "
         "(pr.slow(id))");
    if (load(c, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(c->items[0].state, LOAD_DONE);
    assert_true(c->items[0].cut_short >= 5);
    assert_int_equal(c->bytes[0], c->total[0]);
    assert_rows("big", "prod.big");
}

/* The limit of a part holds for its rows, not for its commit: a cancel there would come when the
 * part is kept already, and its rows would be read once more. */
static void
test_no_limit_on_commits(void **state)
{
    (void)state;
    struct err err = {0};
    struct load_case *c = prepare();
    must("CREATE TABLE pr.noted (at_commit text); CREATE FUNCTION pr.note() RETURNS trigger "
         "LANGUAGE plpgsql AS 'BEGIN INSERT INTO "
         "pr.noted VALUES (current_setting(''statement_timeout'')); RETURN NULL; END'; CREATE "
         "CONSTRAINT TRIGGER note AFTER INSERT ON "
         "pr.big DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id % 1000 = 0) EXECUTE "
         "FUNCTION pr.note()");
    if (load(c, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(
        admin("SELECT count(*) || ' ' || string_agg(DISTINCT at_commit, ' ') FROM pr.noted"),
        "100 0");
}

/* Rows that come or go after the snapshot are not seen, in no table and no part. */
static void
test_one_snapshot(void **state)
{
    (void)state;
    struct err err = {0};
    struct load_case *c = prepare();
    (void)admin("DROP TABLE IF EXISTS kept_big, kept_small; CREATE TABLE kept_big AS SELECT * FROM "
                "prod.big; "
                "CREATE TABLE kept_small AS SELECT * FROM prod.small");
    c->on_first =
        "BEGIN; INSERT INTO prod.big SELECT i, 'new' FROM generate_series(200001, 220000) AS i; "
        "UPDATE prod.big SET t = 'changed' WHERE id % 2 = 0; DELETE FROM prod.big WHERE id % 3 = "
        "0; "
        "DELETE FROM prod.small; COMMIT";
    if (load(c, &err))
        fail_msg("%s", err.msg);
    assert_rows("big", "kept_big");
    assert_rows("small", "kept_small");
}

static void
check_stale(const char *change)
{
    struct err err = {0};
    struct load_case *c = prepare();
    c->on_first = change;
    if (load(c, &err))
        fail_msg("%s: %s", change, err.msg);
    assert_int_equal(c->items[0].state, LOAD_STALE);
    for (size_t i = 1; i < N; i++)
        assert_int_equal(c->items[i].state, LOAD_DONE);
}

static void
test_rebuilt_meanwhile(void **state)
{
    (void)state;
    check_stale("BEGIN; CREATE TABLE prod.big__new (LIKE prod.big); ALTER TABLE prod.big RENAME TO "
                "big__old; "
                "ALTER TABLE prod.big__new RENAME TO big; DROP TABLE prod.big__old; COMMIT");
    check_stale("TRUNCATE prod.big");
    check_stale("DROP TABLE prod.big");
    check_stale("VACUUM FULL prod.big");
    /* before the snapshot, but after it was described */
    struct err err = {0};
    struct load_case *c = prepare();
    (void)admin("TRUNCATE prod.small");
    assert_int_equal(load(c, &err), 0);
    assert_int_equal(c->items[1].state, LOAD_STALE);
    assert_int_equal(c->items[0].state, LOAD_DONE);
}

static void
assert_usable(void)
{
    struct err err = {0};
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pg_exec(workers[i], "SELECT 1", &err), 0);
    must("SELECT 1");
    assert_string_equal(admin("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ci' AND "
                              "xact_start IS NOT NULL"),
                        "0");
}

static void
test_errors(void **state)
{
    (void)state;
    struct err err = {0};
    struct load_case *c = prepare();
    must("DROP TABLE pr.small"); /* the target: no excuse to start again */
    assert_int_equal(load(c, &err), -1);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_non_null(strstr(err.msg, "copying prod.small"));
    assert_usable();
    c = prepare();
    (void)admin("ALTER TABLE prod.big ENABLE ROW LEVEL SECURITY");
    assert_int_equal(load(c, &err), -1);
    assert_int_equal(err.cause, CAUSE_DENIED);
    assert_usable();
    c = prepare();
    must("ALTER TABLE pr.big ADD CHECK (id < 0)");
    assert_int_equal(load(c, &err), -1);
    assert_non_null(strstr(err.msg, "check constraint"));
    assert_usable();
}

/* In a child, since a signal once received stays. */
static int
interrupted(void)
{
    struct err err = {0};
    struct load_case *c = prepare();
    if (interrupt_setup(&err))
        return 2;
    c->signal = SIGINT;
    if (load(c, &err) != -1 || err.kind != ERR_SIGNAL || err.sys != SIGINT)
        return 3;
    for (size_t i = 0; i < WORKERS; i++) {
        ops->shield(workers[i], true);
        if (pg_exec(workers[i], "SELECT 1", &err))
            return 4;
    }
    return strcmp(admin("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ci' AND xact_start "
                        "IS NOT NULL"),
                  "0")
               ? 5
               : 0;
}

static void
test_interrupt(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(interrupted());
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Last: the workers' connections do not survive. */
static void
test_lost_workers(void **state)
{
    (void)state;
    struct err err = {0};
    struct load_case *c = prepare();
    struct strlist pids = {0};
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pg_query(ctx, workers[i], "SELECT pg_backend_pid()", &pids, &err), 0);
    c->on_first =
        mem_printf(ctx, "SELECT pg_terminate_backend(unnest, 60000) FROM unnest(ARRAY[%s])",
                   strlist_join(ctx, &pids, ","));
    assert_int_equal(load(c, &err), -1);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    must("SELECT 1");
}

int
main(void)
{
    struct err err = {0};
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    (void)admin("CREATE ROLE ci LOGIN; GRANT CREATE ON DATABASE postgres TO ci; "
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ci; ALTER DEFAULT PRIVILEGES "
                "GRANT USAGE ON SCHEMAS TO ci");
    if (ops->open(ctx, &lead, get, NULL, &err))
        abort();
    for (size_t i = 0; i < WORKERS; i++)
        if (ops->open(ctx, &workers[i], get, NULL, &err))
            abort();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_no_limit_on_commits),
        cmocka_unit_test(test_one_snapshot),
        cmocka_unit_test(test_rebuilt_meanwhile),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_lost_workers),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
