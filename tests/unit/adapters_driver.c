/* The driver for PostgreSQL beyond the contract: ways in, error states, interrupts, privileges. */
#include "driver_test.h"

static struct err
open_fails(struct profile profile)
{
    struct err err = {0};
    struct warehouse *a;
    assert_int_equal(ops->open(ctx, &a, get, &profile, &err), -1);
    assert_true(err.hint[0] != '\0');
    return err;
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
        cmocka_unit_test(test_describe_as_reader),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    talloc_free(ctx);
    cluster_stop(&cluster);
    return failed;
}
