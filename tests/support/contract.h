/*
 * contract: what every adapter promises, as one suite over its operations. An adapter's test
 * program supplies a real warehouse and a few statements of its dialect, and calls contract_run.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

/* First, since cmocka makes a macro of `fail`. */
#include "adapters/warehouse.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct contract {
    const struct warehouse_ops *ops;
    const char *(*get)(void *arg, const char *key); /* the profile of a good connection */
    const char *(*get_bad)(void *arg,
                           const char *key); /* the same with a server that is not there */
    const char *bad_place;                   /* that the error must name */
    void *arg;
    const char *schema; /* exists, is empty, and ours */
    const char *schema_absent;
    const char *select_one;       /* a query that returns the single value 1 */
    const char *select_three;     /* a query of one column: a, b, c in this order */
    const char *select_absent;    /* fails: reads the relation absent_relation */
    const char *select_slow;      /* runs for minutes unless it is cancelled */
    void (*wait_slow)(void *arg); /* returns once the server runs it */
    const char *create_table;     /* makes the empty table `schema`.plain */
    const char *create_view;      /* makes the view `schema`.a_view */
    const char *insert_rows;      /* puts three rows into plain */
    const char *count_rows;       /* the number of rows in plain */
    const char *count_copy, *count_shape, *count_view; /* the same of its clones of these names */
    const char *create_other;                          /* makes the table `schema`.other */
};

static const struct contract *contract;

static struct warehouse *
contract_open(void *ctx)
{
    struct err err = {0};
    struct warehouse *a;
    if (contract->ops->open(ctx, &a, contract->get, contract->arg, &err))
        fail_msg("%s (%s)", err.msg, err.hint);
    return a;
}

static void
contract_exec(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    if (contract->ops->exec(a, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
}

static const char *
contract_value(void *ctx, struct warehouse *a, const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    if (contract->ops->query(ctx, a, sql, &out, &err))
        fail_msg("%s: %s", sql, err.msg);
    assert_int_equal(out.n, 1);
    return out.v[0];
}

static int
contract_setup(void **state)
{
    void *ctx = talloc_new(NULL);
    *state = ctx;
    return 0;
}

static int
contract_teardown(void **state)
{
    talloc_free(*state);
    return 0;
}

static void
contract_registered(void **state)
{
    (void)state;
    size_t n;
    const char *const *names = warehouse_names(&n);
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found = found || strcmp(names[i], contract->ops->name) == 0;
    assert_true(found);
    assert_ptr_equal(warehouse_find(contract->ops->name), contract->ops);
    assert_null(warehouse_find("no_such_adapter"));
    assert_int_equal(contract->ops->abi, WAREHOUSE_ABI);
    const struct dialect *d = contract->ops->dialect;
    assert_true(d->name_max > 0 && *d->name && *d->product);
    assert_true(*d->lexis.name_quotes && *d->lexis.text_quotes);
}

static void
contract_server(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct server_info info;
    struct err err = {0};
    assert_int_equal(contract->ops->server(*state, a, &info, &err), 0);
    assert_true(info.version_num > 0 && *info.version);
    assert_non_null(info.role);
    assert_non_null(info.database);
    assert_false(info.pooled);
}

static void
contract_unreachable(void **state)
{
    struct warehouse *a = NULL;
    struct err err = {0};
    assert_int_equal(contract->ops->open(*state, &a, contract->get_bad, contract->arg, &err), -1);
    assert_null(a);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_int_equal(err.cause, CAUSE_LOST);
    assert_non_null(strstr(err.msg, contract->bad_place));
    assert_true(err.hint[0] != '\0');
}

static void
contract_query(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct strlist out = {0};
    struct err err = {0};
    assert_string_equal(contract_value(*state, a, contract->select_one), "1");
    assert_int_equal(contract->ops->query(*state, a, contract->select_three, &out, &err), 0);
    assert_string_equal(strlist_join(*state, &out, ","), "a,b,c");
    /* a second query adds */
    assert_int_equal(contract->ops->query(*state, a, contract->select_one, &out, &err), 0);
    assert_int_equal(out.n, 4);
}

static void
contract_failing_statement(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct strlist out = {0};
    struct err err = {0};
    assert_int_equal(contract->ops->exec(a, contract->select_absent, &err), -1);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_non_null(strstr(err.msg, "absent_relation"));
    assert_int_equal(contract->ops->query(*state, a, contract->select_absent, &out, &err), -1);
    assert_int_equal(out.n, 0);
    /* the connection is as good as before */
    assert_string_equal(contract_value(*state, a, contract->select_one), "1");
}

struct done_list {
    size_t n;
    bool in_order;
};

static void
contract_on_done(void *arg, size_t index, double ms)
{
    struct done_list *list = arg;
    list->in_order = list->in_order && index == list->n && ms >= 0;
    list->n++;
}

static void
contract_exec_all(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    size_t failed = 99;
    struct done_list done = {.in_order = true};
    const char *sql[] = {contract->create_table, contract->insert_rows, contract->create_view};
    assert_int_equal(contract->ops->exec_all(a, sql, 0, &failed, NULL, NULL, &err), 0);
    if (contract->ops->exec_all(a, sql, 3, &failed, contract_on_done, &done, &err))
        fail_msg("%zu: %s", failed, err.msg);
    assert_int_equal(done.n, 3);
    assert_true(done.in_order);
    assert_string_equal(contract_value(*state, a, contract->count_rows), "3");
}

static void
contract_exec_all_stops(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    size_t failed = 99;
    struct done_list done = {.in_order = true};
    struct relation other = {NULL, contract->schema, "other"};
    struct relation_info info;
    const char *sql[] = {contract->select_one, contract->select_absent, contract->create_other};
    assert_int_equal(contract->ops->exec_all(a, sql, 3, &failed, contract_on_done, &done, &err),
                     -1);
    assert_int_equal(failed, 1);
    assert_int_equal(done.n, 1);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_non_null(strstr(err.msg, "absent_relation"));
    assert_int_equal(contract->ops->describe(*state, a, &other, 1, &info, &err), 0);
    assert_int_equal(info.kind, RELATION_MISSING);
    /* alone, it is the first that fails */
    assert_int_equal(contract->ops->exec_all(a, sql + 1, 1, &failed, NULL, NULL, &err), -1);
    assert_int_equal(failed, 0);
}

static int
contract_send(struct warehouse *a, const char *const *sql, size_t n, bool together,
              const struct relation_info *source, struct run_stop *stop, struct err *err)
{
    struct script scripts[2] = {{.in_transaction = together}, {.in_transaction = together}};
    struct run_options options = {.sources = &source, .n_sources = source ? 1 : 0};
    for (size_t i = 0; i < n; i++)
        strlist_add(a, &scripts[i % 2].statements, sql[i]);
    return contract->ops->run(a, scripts, source ? 1 : 2, &options, stop, err);
}

/* Each script is all or nothing, and says where it stopped. */
static void
contract_scripts(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct run_stop stop;
    struct relation other = {NULL, contract->schema, "other"};
    struct relation_info info;
    /* the second script: makes a table, then fails */
    const char *sql[] = {contract->select_one, contract->create_other, contract->select_one,
                         contract->select_absent};
    assert_int_equal(contract_send(a, sql, 4, true, NULL, &stop, &err), -1);
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_int_equal(stop.script, 1);
    assert_int_equal(stop.statement, 1);
    assert_true(stop.source == RUN_NOWHERE);
    assert_int_equal(contract->ops->describe(*state, a, &other, 1, &info, &err), 0);
    assert_int_equal(info.kind, RELATION_MISSING);
    assert_int_equal(contract_send(a, sql + 2, 1, false, NULL, &stop, &err), 0);
    assert_true(stop.script == RUN_NOWHERE);
    assert_string_equal(contract_value(*state, a, contract->select_one), "1");
}

/* What is read must be what it was. */
static void
contract_sources(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct run_stop stop;
    const struct relation plain = {NULL, contract->schema, "plain"};
    const char *sql[] = {contract->select_one};
    struct relation_info info;
    assert_int_equal(contract->ops->describe(*state, a, &plain, 1, &info, &err), 0);
    if (contract_send(a, sql, 1, true, &info, &stop, &err))
        fail_msg("%s", err.msg);
    info.identity = "another";
    assert_int_equal(contract_send(a, sql, 1, true, &info, &stop, &err), -1);
    assert_int_equal(err.cause, CAUSE_CHANGED);
    assert_int_equal(stop.source, 0);
    assert_string_equal(contract_value(*state, a, contract->select_one), "1");
}

/* Made aside and put in place, twice: the second takes the first one's place. */
static void
contract_places(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct run_stop stop;
    const struct place_name names[] = {
        {NULL, "a_place"}, {NULL, "a_place_aside"}, {NULL, "a_place_old"}};
    struct place_info info[3];
    struct new_place place = {.name = names[0].schema,
                              .aside = names[1].schema,
                              .old = names[2].schema,
                              .building = "{\"tool\":\"cloneci\",\"state\":\"building\"}",
                              .ready = "{\"tool\":\"cloneci\",\"state\":\"ready\"}"};
    for (int i = 0; i < 2; i++) {
        struct script prepare = {.in_transaction = true}, publish = {.in_transaction = true};
        const struct run_options options = {.lock_ms = 5000};
        place.replaces = i == 1;
        assert_int_equal(contract->ops->dialect->prepare(*state, &place, &prepare.statements, &err),
                         0);
        assert_int_equal(contract->ops->dialect->publish(*state, &place, &publish.statements, &err),
                         0);
        if (contract->ops->run(a, &prepare, 1, &options, &stop, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(contract->ops->places(*state, a, names, 3, info, &err), 0);
        assert_true(info[0].exists == (i == 1) && info[1].exists && !info[2].exists);
        assert_non_null(strstr(info[1].marker, "building"));
        /* what is there already cannot be made again */
        assert_int_equal(contract->ops->run(a, &prepare, 1, &options, &stop, &err), -1);
        assert_int_equal(err.cause, CAUSE_EXISTS);
        if (contract->ops->run(a, &publish, 1, &options, &stop, &err))
            fail_msg("%s", err.msg);
    }
    assert_int_equal(contract->ops->places(*state, a, names, 3, info, &err), 0);
    assert_true(info[0].exists && !info[1].exists && info[2].exists);
    assert_non_null(strstr(info[0].marker, "ready"));
    if (contract->ops->drop_places(a, names, 3, NULL, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(contract->ops->places(*state, a, names, 3, info, &err), 0);
    assert_false(info[0].exists || info[1].exists || info[2].exists);
}

static void
contract_describe(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct server_info server;
    struct err err = {0};
    assert_int_equal(contract->ops->server(*state, a, &server, &err), 0);
    const struct relation relations[] = {
        {server.database, contract->schema, "nowhere"},
        {server.database, contract->schema, "plain"},
        {NULL, contract->schema, "PLAIN"},
        {NULL, contract->schema_absent, "plain"},
        {NULL, contract->schema, "a_view"},
        {NULL, contract->schema, "it's \"odd\" \\ \xc3\xbc"},
        {"another_database", contract->schema, "plain"},
        {NULL, contract->schema, "plain"},
    };
    struct relation_info info[BASE_COUNT(relations)];
    if (contract->ops->describe(*state, a, relations, BASE_COUNT(relations), info, &err))
        fail_msg("%s", err.msg);
    static const enum relation_kind kinds[] = {
        RELATION_MISSING, RELATION_TABLE,   RELATION_MISSING, RELATION_MISSING,
        RELATION_VIEW,    RELATION_MISSING, RELATION_MISSING, RELATION_TABLE,
    };
    for (size_t i = 0; i < BASE_COUNT(relations); i++) {
        assert_int_equal(info[i].kind, kinds[i]);
        assert_string_equal(info[i].relation.name, relations[i].name);
    }
    assert_true(info[1].can_select && info[1].can_write && info[1].can_use_schema);
    assert_false(info[0].can_select || info[0].can_write || info[1].row_security);
    assert_true(relation_is_same(&info[1], &info[7]) && relation_is_kept(&info[1], &info[7]));
    assert_false(relation_is_same(&info[1], &info[4]) || relation_is_same(&info[1], &info[0]));
    assert_true(info[1].bytes > 0);
    assert_string_equal(info[1].owner, server.role);
    assert_string_equal(info[2].near, "plain");
    assert_null(info[0].near);
    assert_int_equal(contract->ops->describe(*state, a, NULL, 0, NULL, &err), 0);
}

static void
contract_places_found(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    const struct place_name names[] = {{NULL, contract->schema_absent}, {NULL, contract->schema}};
    struct place_info info[2];
    assert_int_equal(contract->ops->places(*state, a, names, 2, info, &err), 0);
    assert_string_equal(info[0].name.schema, contract->schema_absent);
    assert_false(info[0].exists || info[0].owned);
    assert_true(info[1].exists && info[1].owned);
    assert_null(info[1].marker);
    assert_int_equal(info[1].relations, 2);
}

static void
contract_clone(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    const struct clone_request requests[] = {
        {.from = {NULL, contract->schema, "plain"},
         .to = {NULL, contract->schema, "a_copy"},
         .strategy = CLONE_COPY},
        {.from = {NULL, contract->schema, "plain"},
         .to = {NULL, contract->schema, "a_shape"},
         .strategy = CLONE_SHAPE},
        {.from = {NULL, contract->schema, "plain"},
         .to = {NULL, contract->schema, "a_pointer"},
         .strategy = CLONE_VIEW},
        {.from = {NULL, contract->schema, "nowhere"},
         .to = {NULL, contract->schema, "b_copy"},
         .strategy = CLONE_COPY},
        {.from = {NULL, contract->schema, "a_view"},
         .to = {NULL, contract->schema, "c_copy"},
         .strategy = CLONE_COPY},
    };
    struct clone_sql sql[BASE_COUNT(requests)];
    if (contract->ops->clone_sql(*state, a, requests, BASE_COUNT(requests), sql, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < 3; i++) {
        assert_null(sql[i].refused);
        assert_int_equal(sql[i].load.n > 0, requests[i].strategy == CLONE_COPY);
        const struct strlist *phases[] = {&sql[i].before, &sql[i].load, &sql[i].after};
        for (size_t p = 0; p < 3; p++)
            for (size_t k = 0; k < phases[p]->n; k++)
                contract_exec(a, phases[p]->v[k]);
    }
    assert_string_equal(contract_value(*state, a, contract->count_copy), "3");
    assert_string_equal(contract_value(*state, a, contract->count_shape), "0");
    assert_string_equal(contract_value(*state, a, contract->count_view), "3");
    for (size_t i = 3; i < 5; i++) {
        assert_non_null(sql[i].refused);
        assert_non_null(strstr(sql[i].refused, requests[i].from.name));
        assert_int_equal(sql[i].before.n + sql[i].load.n + sql[i].after.n, 0);
    }
}

static void
contract_clone_names(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct clone_sql sql;
    char *longest = talloc_zero_array(*state, char, contract->ops->dialect->name_max + 2);
    memset(longest, 'n', contract->ops->dialect->name_max + 1);
    struct clone_request request = {.from = {NULL, contract->schema, "plain"},
                                    .to = {NULL, contract->schema, longest},
                                    .strategy = CLONE_SHAPE};
    assert_int_equal(contract->ops->clone_sql(*state, a, &request, 1, &sql, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_non_null(strstr(err.msg, longest));
    longest[contract->ops->dialect->name_max] = '\0';
    assert_int_equal(contract->ops->clone_sql(*state, a, &request, 1, &sql, &err), 0);
    assert_null(sql.refused);
}

/* The child's part: 0 if the slow statement ended by the signal, and undoing was possible after it.
 */
static int
contract_interrupted_child(void *ctx)
{
    struct err err = {0};
    struct warehouse *a;
    if (interrupt_setup(&err) || contract->ops->open(ctx, &a, contract->get, contract->arg, &err))
        return 2;
    pid_t self = getpid(), helper = fork();
    if (helper == 0) {
        contract->wait_slow(contract->arg);
        kill(self, SIGINT);
        _exit(0);
    }
    int rc = contract->ops->exec(a, contract->select_slow, &err);
    waitpid(helper, NULL, 0);
    if (rc != -1 || err.kind != ERR_SIGNAL || err.sys != SIGINT)
        return 3;
    /* nothing more runs, but for what is done behind the shield */
    if (contract->ops->exec(a, contract->select_one, &err) != -1 || err.kind != ERR_SIGNAL)
        return 4;
    contract->ops->shield(a, true);
    if (contract->ops->exec(a, contract->select_one, &err))
        return 5;
    contract->ops->shield(a, false);
    contract->ops->close(a);
    return 0;
}

static void
contract_interrupt(void **state)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(contract_interrupted_child(*state));
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Runs the suite; returns the number of tests that failed. */
static inline int
contract_run(const struct contract *c)
{
    contract = c;
#define CONTRACT_TEST(f) cmocka_unit_test_setup_teardown(f, contract_setup, contract_teardown)
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(contract_registered),
        CONTRACT_TEST(contract_server),
        CONTRACT_TEST(contract_unreachable),
        CONTRACT_TEST(contract_query),
        CONTRACT_TEST(contract_failing_statement),
        CONTRACT_TEST(contract_exec_all),
        CONTRACT_TEST(contract_exec_all_stops),
        CONTRACT_TEST(contract_scripts),
        CONTRACT_TEST(contract_sources),
        CONTRACT_TEST(contract_places),
        CONTRACT_TEST(contract_describe),
        CONTRACT_TEST(contract_places_found),
        CONTRACT_TEST(contract_clone),
        CONTRACT_TEST(contract_clone_names),
        CONTRACT_TEST(contract_interrupt),
    };
    return cmocka_run_group_tests_name(c->ops->name, tests, NULL, NULL);
}

#endif
