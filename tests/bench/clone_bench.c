/*
 * clone_bench: what clones cost, against the plainest way to make the same with SQL. Starts a
 * throwaway cluster.
 *
 *   clone_bench [ROWS [PAIRS [OBJECTS]]]     8,000,000 rows (1 GB), 3 pairs, 1,000 objects
 *
 * Each row is measured in ABBA order within one run; only the ratios mean anything on a shared
 * machine.
 */
#include "adapters/postgres/postgres.h"
#include "adapters/warehouse.h"
#include "cluster.h"
#include "delay.h"

#include <sys/mman.h>

#define WORKERS 2
#define DELAY_MS 5.0 /* each way */
#define DELAY_MOST 1.15
#define SWAP_MOST 200.0

static struct cluster cluster;
static const struct warehouse_ops *ops;
static void *ctx;
static struct warehouse *lead, *workers[WORKERS];

static const char *
get(void *arg, const char *key)
{
    if (strcmp(key, "host") == 0)
        return arg ? arg : cluster.socket;
    return strcmp(key, "user") == 0 || strcmp(key, "dbname") == 0 ? "postgres" : NULL;
}

static void
check(int rc, const struct err *err)
{
    if (!rc)
        return;
    fprintf(stderr, "clone_bench: %s\n", err->msg);
    cluster_stop(&cluster);
    exit(1);
}

static void
must(const char *sql)
{
    struct err err = {0};
    check(pg_exec(lead, sql, &err), &err);
}

static void
clean(void)
{
    struct err err = {0};
    check(ops->drop_places(lead, &(struct place_name){NULL, "pr"}, 1, NULL, &err), &err);
    must("CREATE SCHEMA pr");
}

static int
by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

struct row {
    const char *name, *against;
    double goal; /* ratio */
    double (*ours)(void), (*plain)(void);
};

/* ABBA: the order within a pair is turned each time, so that a drift of the machine hits both. */
static bool
measure(const struct row *row, size_t pairs)
{
    double *ours = mem_array(ctx, double, pairs), *plain = mem_array(ctx, double, pairs);
    double *ratio = mem_array(ctx, double, pairs);
    for (size_t i = 0; i < pairs; i++) {
        if (i % 2)
            ours[i] = row->ours();
        plain[i] = row->plain();
        if (i % 2 == 0)
            ours[i] = row->ours();
        ratio[i] = ours[i] / plain[i];
    }
    qsort(ours, pairs, sizeof *ours, by_value);
    qsort(plain, pairs, sizeof *plain, by_value);
    qsort(ratio, pairs, sizeof *ratio, by_value);
    bool good = ratio[pairs / 2] <= row->goal;
    printf("%-42s %9.0f ms  %-38s %9.0f ms  ratio %.2f (least %.2f), goal %.2f: %s\n", row->name,
           ours[pairs / 2], row->against, plain[pairs / 2], ratio[pairs / 2], ratio[0], row->goal,
           good ? "met" : "MISSED");
    fflush(stdout);
    return good;
}

static struct clone_request table_request = {
    .from = {NULL, "prod", "facts"}, .to = {NULL, "pr", "facts"}, .strategy = CLONE_COPY};

static double
copy_plain(void)
{
    clean();
    must("CHECKPOINT");
    double start = clock_ms();
    must("CREATE TABLE pr.facts (LIKE prod.facts INCLUDING ALL)");
    must("INSERT INTO pr.facts SELECT * FROM prod.facts");
    return clock_ms() - start;
}

static double
copy_one(void)
{
    struct err err = {0};
    struct clone_sql sql;
    clean();
    must("CHECKPOINT");
    double start = clock_ms();
    check(ops->clone_sql(ctx, lead, &table_request, 1, &sql, &err), &err);
    const struct strlist *phases[] = {&sql.before, &sql.load, &sql.after};
    must("BEGIN");
    for (size_t p = 0; p < BASE_COUNT(phases); p++)
        check(pg_exec_all(lead, phases[p]->v, phases[p]->n, NULL, NULL, NULL, &err), &err);
    must("COMMIT");
    return clock_ms() - start;
}

static double longest_ms;
static size_t parts, cut_short;

static double
copy_parts(size_t n_workers)
{
    struct err err = {0};
    struct clone_sql sql;
    struct relation_info info;
    const struct load_options options = {.lock_ms = 5000};
    clean();
    must("CHECKPOINT");
    double start = clock_ms();
    check(ops->describe(ctx, lead, &table_request.from, 1, &info, &err), &err);
    check(ops->clone_sql(ctx, lead, &table_request, 1, &sql, &err), &err);
    check(pg_exec_all(lead, sql.before.v, sql.before.n, NULL, NULL, NULL, &err), &err);
    struct load_item item = {.from = table_request.from, .identity = info.identity, .sql = &sql};
    check(ops->load(lead, workers, n_workers, &item, 1, &options, &err), &err);
    if (item.longest_ms > longest_ms)
        longest_ms = item.longest_ms;
    parts = item.parts;
    cut_short = item.cut_short;
    return clock_ms() - start;
}

static double
copy_parts_1(void)
{
    return copy_parts(1);
}

static double
copy_parts_2(void)
{
    return copy_parts(2);
}

/* --- what production waits for --- */

struct swaps {
    double worst;
    long n;
};

/* Production's own swap of the table, over and over: what it waits for is the lock. */
static void
swap_for_ever(struct swaps *out)
{
    struct err err = {0};
    struct warehouse *owner;
    check(ops->open(ctx, &owner, get, NULL, &err), &err);
    for (;; out->n++) {
        double start = clock_ms();
        check(pg_exec(owner, "BEGIN; LOCK TABLE prod.facts IN ACCESS EXCLUSIVE MODE", &err), &err);
        double ms = clock_ms() - start;
        check(pg_exec(owner, "ROLLBACK", &err), &err);
        out->worst = ms > out->worst ? ms : out->worst;
        usleep(20000);
    }
}

static bool
measure_swaps(void)
{
    struct swaps *swaps =
        mmap(NULL, sizeof *swaps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        swap_for_ever(swaps);
    }
    double ms = copy_parts(WORKERS);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    bool good = swaps->worst <= SWAP_MOST && swaps->n > 1;
    printf("production's swap of the table while it is copied (%.0f ms, %ld swaps) waits at most "
           "%.0f ms, goal %.0f: %s\n",
           ms, swaps->n, swaps->worst, SWAP_MOST, good ? "met" : "MISSED");
    munmap(swaps, sizeof *swaps);
    return good;
}

static struct strlist statements; /* the DDL of many objects */

static void
prepare_statements(enum clone_strategy strategy, size_t n)
{
    struct err err = {0};
    struct clone_request *requests = mem_array(ctx, struct clone_request, n);
    struct clone_sql *sql = mem_array(ctx, struct clone_sql, n);
    for (size_t i = 0; i < n; i++) {
        char *name = mem_printf(ctx, "m%zu", i);
        requests[i] = (struct clone_request){
            .from = {NULL, "many", name}, .to = {NULL, "pr", name}, .strategy = strategy};
    }
    double start = clock_ms();
    check(ops->clone_sql(ctx, lead, requests, n, sql, &err), &err);
    statements = (struct strlist){0};
    strlist_add(ctx, &statements, "BEGIN");
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sql[i].before.n; k++)
            strlist_add(ctx, &statements, sql[i].before.v[k]);
        for (size_t k = 0; k < sql[i].after.n; k++)
            strlist_add(ctx, &statements, sql[i].after.v[k]);
    }
    strlist_add(ctx, &statements, "COMMIT");
    printf("rendering %zu %ss from the catalog: %.0f ms, %zu statements\n", n,
           clone_strategy_name(strategy), clock_ms() - start, statements.n);
}

static double
many_piped(void)
{
    struct err err = {0};
    clean();
    double start = clock_ms();
    check(pg_exec_all(lead, statements.v, statements.n, NULL, NULL, NULL, &err), &err);
    return clock_ms() - start;
}

/* The same over a slow line: no more than without one, but for two round trips. */
static bool
measure_delay(size_t pairs)
{
    struct err err = {0};
    struct delay delay;
    struct warehouse *near = lead, *far;
    double *ratio = mem_array(ctx, double, pairs), *ms = mem_array(ctx, double, pairs);
    delay_start(&delay, cluster.socket, DELAY_MS);
    check(ops->open(ctx, &far, get, delay.dir, &err), &err);
    for (size_t i = 0; i < pairs; i++) {
        double direct = i % 2 ? 0 : many_piped();
        lead = far;
        ms[i] = many_piped();
        lead = near;
        direct = i % 2 ? many_piped() : direct;
        ratio[i] = (ms[i] - 2 * 2 * DELAY_MS) / direct;
    }
    qsort(ratio, pairs, sizeof *ratio, by_value);
    qsort(ms, pairs, sizeof *ms, by_value);
    bool good = ratio[pairs / 2] <= DELAY_MOST;
    printf("the same with %.0f ms of delay each way                %9.0f ms  but for two round "
           "trips, against none:   ratio %.2f (least %.2f), "
           "goal %.2f: %s\n",
           DELAY_MS, ms[pairs / 2], ratio[pairs / 2], ratio[0], DELAY_MOST,
           good ? "met" : "MISSED");
    fflush(stdout);
    ops->close(far);
    delay_stop(&delay);
    return good;
}

static double
many_plain(void)
{
    clean();
    char *all = strlist_join(ctx, &statements, ";\n");
    double start = clock_ms();
    must(all);
    double ms = clock_ms() - start;
    talloc_free(all);
    return ms;
}

static void
prepare(long rows, long objects)
{
    must("CREATE SCHEMA prod; CREATE SCHEMA many");
    must(mem_printf(
        ctx,
        "CREATE TABLE prod.facts (id bigint NOT NULL, user_id bigint, happened_at timestamp, "
        "amount "
        "numeric(12,2), kind text, note text); INSERT INTO prod.facts SELECT i, i %% 100000, "
        "'2024-01-01'::timestamp + i * interval '1 second', (i %% 10000) / 100.0, 'kind' || i %% "
        "20, "
        "md5(i::text) || md5((i + 1)::text) FROM generate_series(1, %ld) AS i",
        rows));
    must("CREATE UNIQUE INDEX facts_id ON prod.facts (id)");
    must("CREATE INDEX facts_at ON prod.facts (happened_at, user_id)");
    must("VACUUM ANALYZE prod.facts");
    must(mem_printf(
        ctx,
        "DO $$ BEGIN FOR i IN 0..%ld LOOP EXECUTE format('CREATE TABLE many.m%%s (id bigint NOT "
        "NULL, a "
        "text, b numeric(10,2), c timestamp, d text, e integer DEFAULT 1, f boolean, g date)', i); "
        "EXECUTE format('CREATE UNIQUE INDEX m%%s_i ON many.m%%s (id)', i, i); "
        "IF i %% 100 = 99 THEN COMMIT; END IF; END LOOP; END $$",
        objects - 1));
    must("ANALYZE");
}

static const char *
value(const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    check(pg_query(ctx, lead, sql, &out, &err), &err);
    return out.v[0];
}

int
main(int argc, char **argv)
{
    long rows = argc > 1 ? atol(argv[1]) : 8000000, pairs = argc > 2 ? atol(argv[2]) : 3;
    long objects = argc > 3 ? atol(argv[3]) : 1000;
    struct err err = {0};
    if (rows < 1 || pairs < 1 || objects < 1) {
        fprintf(stderr, "usage: clone_bench [ROWS [PAIRS [OBJECTS]]]\n");
        return 2;
    }
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    check(ops->open(ctx, &lead, get, NULL, &err), &err);
    for (size_t i = 0; i < WORKERS; i++)
        check(ops->open(ctx, &workers[i], get, NULL, &err), &err);
    prepare(rows, objects);
    printf("source: %s with indexes of %s\n",
           value("SELECT pg_size_pretty(pg_table_size('prod.facts'))"),
           value("SELECT pg_size_pretty(pg_indexes_size('prod.facts'))"));
    const struct row table[] = {
        {"copy, one transaction", "LIKE INCLUDING ALL, INSERT", 0.45, copy_one, copy_plain},
        {"copy in parts, 1 worker", "LIKE INCLUDING ALL, INSERT", 0.45, copy_parts_1, copy_plain},
        {"copy in parts, 2 workers", "LIKE INCLUDING ALL, INSERT", 0.45, copy_parts_2, copy_plain},
    };
    bool good = true;
    for (size_t i = 0; i < BASE_COUNT(table); i++) {
        longest_ms = 0;
        good = measure(&table[i], (size_t)pairs) && good;
        if (longest_ms > 0)
            printf("  %zu parts, the longest held its lock %.0f ms, %zu were cut short\n", parts,
                   longest_ms, cut_short);
    }
    good = measure_swaps() && good;
    const struct row many = {"objects, pipelined", "the same as one multi-statement query", 1.10,
                             many_piped, many_plain};
    static const enum clone_strategy strategies[] = {CLONE_VIEW, CLONE_SHAPE};
    for (size_t i = 0; i < BASE_COUNT(strategies); i++) {
        prepare_statements(strategies[i], (size_t)objects);
        good = measure(&many, (size_t)(pairs < 7 ? 7 : pairs)) && good;
        good = measure_delay((size_t)(pairs < 7 ? 7 : pairs)) && good;
    }
    talloc_free(ctx);
    cluster_stop(&cluster);
    return good ? 0 : 1;
}
