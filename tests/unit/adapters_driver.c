/* The driver for PostgreSQL beyond the contract: ways in, error states, interrupts, privileges,
 * drops. */
#include "cluster.h"
#include "contract.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct cluster cluster;
static const struct warehouse_ops *ops;
static void *ctx;

struct profile {
    const char *pairs[24]; /* key, value, .. */
};

static const char *
get(void *arg, const char *key)
{
    const struct profile *p = arg;
    for (size_t i = 0; p->pairs[i]; i += 2)
        if (strcmp(p->pairs[i], key) == 0)
            return strcmp(p->pairs[i + 1], "SOCKET") == 0 ? cluster.socket : p->pairs[i + 1];
    return NULL;
}

#define PROFILE(...) ((struct profile){{__VA_ARGS__}})
#define AS(user) PROFILE("host", "SOCKET", "user", user, "dbname", "postgres")

static struct warehouse *
open_as(struct profile profile)
{
    struct err err = {0};
    struct warehouse *a;
    if (ops->open(ctx, &a, get, &profile, &err))
        fail_msg("%s", err.msg);
    return a;
}

static struct err
open_fails(struct profile profile)
{
    struct err err = {0};
    struct warehouse *a;
    assert_int_equal(ops->open(ctx, &a, get, &profile, &err), -1);
    assert_true(err.hint[0] != '\0');
    return err;
}

static const char *
value(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    if (ops->query(ctx, a, sql, &out, &err))
        fail_msg("%s: %s", sql, err.msg);
    assert_int_equal(out.n, 1);
    return out.v[0];
}

static void
must(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    if (ops->exec(a, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
}

static struct err
fails(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    assert_int_equal(ops->exec(a, sql, &err), -1);
    return err;
}

static void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

static void
test_ways_in(void **state)
{
    (void)state;
    struct warehouse *a =
        open_as(PROFILE("host", "SOCKET", "user", "secret", "pass", "pa ss'\\", "database",
                        "postgres", "search_path", "one, \"T wo\\\"", "role", "Ro le",
                        "connect_timeout", "7", "keepalives_idle", "0"));
    assert_string_equal(value(a, "SHOW search_path"), "one, \"T wo\\\"");
    assert_string_equal(value(a, "SELECT session_user || ' ' || current_user"), "secret Ro le");
    assert_string_equal(value(a, "SHOW application_name"), "cloneci");
    assert_string_equal(value(a, "SHOW row_security"), "off");
    assert_string_equal(value(a, "SHOW maintenance_work_mem"), "256MB");
    assert_string_equal(value(a, "SHOW client_connection_check_interval"), "500ms");
    ops->close(a);
    a = open_as(PROFILE("host", "SOCKET", "user", "postgres", "dbname", "postgres",
                        "application_name", "mine"));
    assert_string_equal(value(a, "SHOW application_name"), "mine");
    ops->close(a);
}

static void
write_file(const char *path, const char *text)
{
    struct err err = {0};
    if (file_write(path, text, strlen(text), 0600, &err))
        fail_msg("%s", err.msg);
}

static void
test_password_and_service_files(void **state)
{
    (void)state;
    char *dir = mem_printf(ctx, "/tmp/cloneci-test.%d.files", (int)getpid());
    struct err err = {0};
    assert_int_equal(file_mkdirs(dir, 0700, &err), 0);
    char *pass = path_join(ctx, dir, "pgpass"), *service = path_join(ctx, dir, "service");
    write_file(pass, "*:*:*:secret:pa ss'\\\\\n");
    write_file(service,
               mem_printf(ctx, "[here]\nhost=%s\nuser=secret\ndbname=postgres\n", cluster.socket));
    setenv("PGPASSFILE", pass, 1);
    struct warehouse *a = open_as(AS("secret"));
    assert_string_equal(value(a, "SELECT session_user"), "secret");
    ops->close(a);
    setenv("PGSERVICEFILE", service, 1);
    setenv("PGSERVICE", "here", 1);
    a = open_as(PROFILE("connect_timeout", "9"));
    assert_string_equal(value(a, "SELECT session_user"), "secret");
    ops->close(a);
    unsetenv("PGPASSFILE");
    unsetenv("PGSERVICEFILE");
    unsetenv("PGSERVICE");
    assert_int_equal(file_remove(dir, &err), 0);
}

static void
test_refused_connections(void **state)
{
    (void)state;
    struct err err = open_fails(
        PROFILE("host", "SOCKET", "user", "secret", "password", "wr0ng", "dbname", "postgres"));
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_int_equal(err.cause, CAUSE_DENIED);
    assert_null(strstr(err.msg, "wr0ng"));
    assert_has(err.hint, "PGPASSFILE");
    assert_int_equal(open_fails(AS("secret")).cause, CAUSE_DENIED);
    assert_int_equal(open_fails(AS("nobody at all")).cause, CAUSE_DENIED);
    assert_int_equal(open_fails(AS("Ro le")).cause, CAUSE_DENIED);
    err = open_fails(PROFILE("host", "SOCKET", "user", "postgres", "dbname", "no such db"));
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_has(err.hint, "dbname");
    err = open_fails(
        PROFILE("host", "127.0.0.1", "port", "1", "user", "x", "dbname", "y", "retries", "0"));
    assert_int_equal(err.cause, CAUSE_LOST);
    assert_has(err.hint, "127.0.0.1:1");
    err =
        open_fails(PROFILE("host", "/nowhere/at/all", "user", "x", "dbname", "y", "retries", "0"));
    assert_has(err.msg, "cannot connect to /nowhere/at/all");
    err = open_fails(PROFILE("host", "SOCKET", "user", "postgres", "dbname", "postgres", "role",
                             "no such role"));
    assert_has(err.msg, "taking the role 'no such role' of the profile");
}

/* A server that takes the connection and then says nothing. */
static void
test_silent_server(void **state)
{
    (void)state;
    char *dir = mem_printf(ctx, "/tmp/cloneci-test.%d.silent", (int)getpid());
    struct err err = {0};
    assert_int_equal(file_mkdirs(dir, 0700, &err), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    err = open_fails(
        PROFILE("host", dir, "user", "x", "dbname", "y", "retries", "0", "connect_timeout", "1"));
    assert_has(err.msg, "no answer from");
    assert_has(err.msg, dir);
    close(fd);
    assert_int_equal(file_remove(dir, &err), 0);
}

/* What a pooler does, as far as we can tell: the process id that it names is not the server's. */
static void
pool(int listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/.s.PGSQL.5432", cluster.socket);
    int ends[2] = {accept(listener, NULL, NULL), socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (connect(ends[1], (struct sockaddr *)&address, sizeof address))
        _exit(1);
    for (;;) {
        static const char key_message[] = {'K', 0, 0, 0, 12};
        char data[65536], *key;
        struct pollfd fds[2] = {{.fd = ends[0], .events = POLLIN},
                                {.fd = ends[1], .events = POLLIN}};
        poll(fds, 2, -1);
        int from = fds[0].revents ? 0 : 1;
        ssize_t n = read(ends[from], data, sizeof data);
        if (n <= 0)
            _exit(0);
        if (from == 1 && (key = memmem(data, (size_t)n, key_message, sizeof key_message)))
            key[8] ^= 1;
        if (write(ends[1 - from], data, (size_t)n) != n)
            _exit(1);
    }
}

static void
test_pooler(void **state)
{
    (void)state;
    char *dir = mem_printf(ctx, "/tmp/cloneci-test.%d.pool", (int)getpid());
    struct err err = {0};
    struct server_info info;
    assert_int_equal(file_mkdirs(dir, 0700, &err), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    pid_t child = fork();
    if (child == 0)
        pool(fd);
    struct warehouse *a = open_as(PROFILE("host", dir, "user", "postgres", "dbname", "postgres"));
    assert_int_equal(ops->server(ctx, a, &info, &err), 0);
    assert_true(info.pooled);
    ops->close(a);
    waitpid(child, NULL, 0);
    close(fd);
    assert_int_equal(file_remove(dir, &err), 0);
}

static void
test_hints(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres"));
    static const struct {
        const char *state, *hint;
        enum err_cause cause;
    } states[] = {
        {"53100", "disk", CAUSE_NONE},
        {"53200", "max_locks_per_transaction", CAUSE_NONE},
        {"53300", "--threads", CAUSE_NONE},
        {"55P03", "lock_timeout", CAUSE_BUSY},
        {"57014", "statement_timeout", CAUSE_CANCELLED},
        {"25006", "read-only", CAUSE_NONE},
        {"40P01", "Run again", CAUSE_CONFLICT},
        {"40001", "", CAUSE_CONFLICT},
        {"42501", "roles.sql", CAUSE_DENIED},
        {"42P01", "", CAUSE_MISSING},
        {"42P06", "", CAUSE_EXISTS},
        {"42P07", "already exists", CAUSE_EXISTS},
        {"23505", "", CAUSE_EXISTS},
        {"2BP01", "", CAUSE_IN_USE},
        {"55006", "", CAUSE_IN_USE},
        {"22012", "", CAUSE_NONE},
    };
    for (size_t i = 0; i < BASE_COUNT(states); i++) {
        struct err err = fails(a, mem_printf(ctx,
                                             "DO $$ BEGIN RAISE 'the text' USING ERRCODE = '%s', "
                                             "DETAIL = 'the detail'; END $$",
                                             states[i].state));
        assert_int_equal(err.kind, ERR_WAREHOUSE);
        assert_int_equal(err.cause, states[i].cause);
        assert_string_equal(err.msg, "the text: the detail");
        assert_has(err.hint, states[i].hint);
    }
    /* the server's own hint is kept where we know nothing better */
    struct err err = fails(a, "DO $$ BEGIN RAISE 'x' USING HINT = 'Turn it off and on.'; END $$");
    assert_string_equal(err.hint, "Turn it off and on.");
    struct warehouse *ci = open_as(AS("reader"));
    assert_has(fails(ci, "SELECT * FROM prod.secrets").hint,
               "GRANT USAGE ON SCHEMA prod TO reader");
    must(a, "GRANT USAGE ON SCHEMA prod TO reader");
    assert_has(fails(ci, "SELECT * FROM prod.secrets").hint,
               "GRANT SELECT ON TABLE secrets TO reader");
    assert_has(fails(ci, "CREATE SCHEMA mine").hint, "GRANT CREATE ON DATABASE postgres TO reader");
    ops->close(ci);
    ops->close(a);
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
    assert_int_equal(ops->exec_all(b, sql, 3, &failed, NULL, NULL, &err), -1);
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
    assert_int_equal(ops->exec_all(a, sql, n, &failed, contract_on_done, &done, &err), 0);
    assert_int_equal(done.n, n);
    sql[0] = "BEGIN";
    sql[n - 2] = "SELECT 1/0";
    done = (struct done_list){.in_order = true};
    assert_int_equal(ops->exec_all(a, sql, n, &failed, contract_on_done, &done, &err), -1);
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
    int rc = ops->exec_all(a, sql, 4, &failed, NULL, NULL, &err);
    waitpid(helper, NULL, 0);
    if (rc != -1 || err.kind != ERR_SIGNAL || err.sys != SIGTERM || failed != 2)
        return 3;
    ops->shield(a, true);
    if (ops->exec(a, "ROLLBACK", &err) ||
        strcmp(value(a, "SELECT count(*) FROM pg_class WHERE relname = 'half_made'"), "0") != 0)
        return 4;
    /* behind the shield a further signal still counts */
    helper = fork();
    if (helper == 0) {
        kill(self, SIGTERM);
        _exit(0);
    }
    waitpid(helper, NULL, 0);
    return ops->exec(a, "SELECT 1", &err) == -1 && err.kind == ERR_SIGNAL ? 0 : 5;
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

static void
test_describe_as_reader(void **state)
{
    (void)state;
    struct warehouse *ci = open_as(AS("reader"));
    struct err err = {0};
    static const struct relation relations[] = {
        {NULL, "prod", "t"},        {NULL, "prod", "secrets"},    {NULL, "prod", "columns"},
        {NULL, "prod", "writable"}, {NULL, "shut", "t"},          {NULL, "prod", "parts"},
        {NULL, "prod", "matview"},  {NULL, "prod", "one_column"},
    };
    struct relation_info i[BASE_COUNT(relations)];
    assert_int_equal(ops->describe(ctx, ci, relations, BASE_COUNT(relations), i, &err), 0);
    assert_true(i[0].can_select && !i[0].can_write && i[0].can_use_schema);
    assert_int_equal(i[0].rows, 1000);
    assert_true(!i[1].can_select && !i[1].can_write);
    assert_true(!i[2].can_select);                  /* one of two columns */
    assert_true(i[3].can_select && i[3].can_write); /* UPDATE of one column */
    assert_true(i[4].kind == RELATION_TABLE && !i[4].can_use_schema && i[4].can_select);
    assert_int_equal(i[5].kind, RELATION_PARTITIONED);
    assert_int_equal(i[5].rows, 30);
    assert_true(i[5].bytes > 0);
    assert_int_equal(i[6].kind, RELATION_MATERIALIZED_VIEW);
    assert_true(i[7].can_select && !i[7].can_write); /* each column by itself */
    ops->close(ci);
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
    assert_int_equal(ops->read(ctx, ci, "privileges", &var, 1, &cells, &err), 0);
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
    assert_int_equal(ops->read(ctx, ci, "privileges", &var, 1, &cells, &err), 0);
    assert_string_equal(cells.n ? cells.v[1] : "", "");
    must(ci, "CREATE SCHEMA \"of new ci\"");
    assert_int_equal(fails(ci, "INSERT INTO prod.t VALUES (1)").cause, CAUSE_DENIED);
    /* a superuser and a member of the owner are told of */
    assert_int_equal(ops->read(ctx, admin, "privileges", &var, 1, &cells, &err), 0);
    assert_has(cells.v[1], "is a superuser");
    must(admin, "GRANT owner TO \"new ci\"");
    cells.n = 0;
    assert_int_equal(ops->read(ctx, ci, "privileges", &var, 1, &cells, &err), 0);
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
    struct strlist schemas = {0};
    strlist_add(ctx, &schemas, "prod");
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

static int
drop(struct warehouse *a, struct err *err)
{
    static const struct place_name schemas[] = {{NULL, "full"}, {NULL, "beside"}};
    return ops->drop_places(a, schemas, BASE_COUNT(schemas), err);
}

static void
test_drop_places(void **state)
{
    (void)state;
    struct warehouse *a = open_as(AS("postgres"));
    struct err err = {0};
    char *sql = cluster_psql_with(ctx, &cluster, "postgres", NULL,
                                  (const char *[]){"-f", "tests/unit/clone/full_schema.sql", NULL});
    (void)sql;
    assert_true(
        atoi(value(a, "SELECT count(*) FROM pg_class WHERE relnamespace = 'full'::regnamespace")) >
        1300);
    /* used from elsewhere: kept, and said */
    assert_int_equal(ops->drop_places(a, &(struct place_name){NULL, "full"}, 1, &err), -1);
    assert_int_equal(err.cause, CAUSE_IN_USE);
    assert_int_equal(drop(a, &err), -1);
    assert_int_equal(err.cause, CAUSE_IN_USE);
    assert_has(err.msg, "\"full\".base");
    assert_has(err.msg, "outside.leans");
    assert_string_equal(value(a, "SELECT count(*) FROM outside.leans"), "0");
    assert_string_equal(value(a, "SELECT 1"), "1");
    must(a, "DROP VIEW outside.leans");
    if (drop(a, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(
        value(a, "SELECT count(*) FROM pg_namespace WHERE nspname IN ('full', 'beside')"), "0");
    assert_int_equal(drop(a, &err), 0);
    assert_int_equal(ops->drop_places(a, &(struct place_name){NULL, "it's \"not\" there"}, 1, &err),
                     0);
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
    struct sql_var var = {"key", warehouse_lock_key(ctx, "pr_7")};
    assert_int_equal(sql_render(ctx, &try_lock, "postgres", "lock_try", &var, 1, &err), 0);
    must(a, "BEGIN");
    assert_string_equal(value(a, try_lock), "t");
    assert_string_equal(value(b, try_lock), "f");
    assert_int_equal(ops->read(ctx, b, "lock_holders", &var, 1, &holders, &err), 0);
    assert_int_equal(holders.n, 1);
    assert_string_equal(holders.v[0], value(a, "SELECT pg_backend_pid()"));
    must(a, "COMMIT");
    assert_string_equal(value(b, try_lock), "t");
    ops->close(a);
    ops->close(b);
}

static void
prepare(void)
{
    (void)cluster_psql(
        ctx, &cluster,
        "CREATE ROLE by_password; CREATE ROLE secret LOGIN PASSWORD $$pa ss'\\$$ IN ROLE "
        "by_password; "
        "CREATE ROLE \"Ro le\"; GRANT \"Ro le\" TO secret; CREATE ROLE reader LOGIN; CREATE ROLE "
        "owner; "
        "CREATE ROLE \"new ci\" LOGIN; REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; "
        "GRANT TEMPORARY ON DATABASE postgres TO reader; "
        "CREATE SCHEMA prod AUTHORIZATION owner; CREATE SCHEMA shut AUTHORIZATION owner; SET ROLE "
        "owner; "
        "CREATE TABLE prod.t (id integer); INSERT INTO prod.t SELECT generate_series(1, 1000); "
        "CREATE TABLE prod.secrets (id integer); CREATE TABLE prod.columns (a integer, b integer); "
        "CREATE TABLE prod.writable (a integer, b integer); CREATE TABLE shut.t (id integer); "
        "CREATE TABLE prod.one_column (a integer, b integer, c integer); "
        "ALTER TABLE prod.one_column DROP COLUMN b; "
        "CREATE TABLE prod.parts (id integer) PARTITION BY RANGE (id); "
        "CREATE TABLE prod.parts_1 PARTITION OF prod.parts FOR VALUES FROM (0) TO (100); "
        "INSERT INTO prod.parts SELECT generate_series(1, 30); "
        "CREATE MATERIALIZED VIEW prod.matview AS SELECT 1; CREATE SEQUENCE prod.numbers; ANALYZE "
        "prod.t, prod.parts; "
        "GRANT SELECT ON prod.t, prod.writable, shut.t, prod.parts TO reader; "
        "GRANT SELECT (a) ON prod.columns TO reader; GRANT SELECT (a, c) ON prod.one_column TO "
        "reader; "
        "GRANT UPDATE (b) ON prod.writable TO reader");
}

int
main(void)
{
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    prepare();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_in),
        cmocka_unit_test(test_password_and_service_files),
        cmocka_unit_test(test_refused_connections),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_pooler),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_lock_timeout),
        cmocka_unit_test(test_locked_while_it_is_described),
        cmocka_unit_test(test_lost_connection),
        cmocka_unit_test(test_large_pipeline),
        cmocka_unit_test(test_interrupted_pipeline),
        cmocka_unit_test(test_describe_as_reader),
        cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_receipt),
        cmocka_unit_test(test_drop_places),
        cmocka_unit_test(test_disk),
        cmocka_unit_test(test_lock),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
