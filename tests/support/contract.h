/*
 * contract: what every adapter promises, as one suite over the operations of the door. An adapter's
 * test program supplies a real warehouse, a few statements of its dialect and what is particular of
 * it, and calls contract_run.
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
    const char *nothing;          /* a statement that succeeds and changes nothing */
    const char *absent;           /* fails: reads the relation absent_relation */
    const char *slow;             /* runs for minutes unless it is cancelled */
    void (*wait_slow)(void *arg); /* returns once the server runs it */
    const char *create_table;     /* makes the empty table `schema`.plain */
    const char *create_view;      /* makes the view `schema`.a_view of it */
    const char *insert_rows;      /* puts three rows into plain */
    const char *create_other;     /* makes the table `schema`.other */
    /* how many rows a relation of `schema` has */
    int64_t (*count)(void *arg, struct warehouse *a, const char *name);
    bool unregistered; /* it is of the tests alone: warehouse_find does not know it */
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

static int
contract_try(struct warehouse *a, const char *sql, struct err *err)
{
    struct script script = {.statements = {.v = &sql, .n = 1}, .in_transaction = true};
    struct run_stop stop;
    return contract->ops->run(a, &script, 1, &(struct run_options){0}, &stop, err);
}

static void
contract_exec(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    if (contract_try(a, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
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
    assert_int_equal(found, !contract->unregistered);
    assert_ptr_equal(warehouse_find(contract->ops->name),
                     contract->unregistered ? NULL : contract->ops);
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
contract_failing_statement(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    assert_int_equal(contract_try(a, contract->absent, &err), -1);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_non_null(strstr(err.msg, "absent_relation"));
    /* the connection is as good as before */
    contract_exec(a, contract->nothing);
}

struct done_list {
    size_t n;
    bool in_order;
};

static void
contract_on_done(void *arg, size_t script, size_t statement, double ms)
{
    struct done_list *list = arg;
    list->in_order = list->in_order && script == 0 && statement == list->n && ms >= 0;
    list->n++;
}

/* Who watches is informed of each statement. */
static void
contract_told(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct run_stop stop;
    struct done_list done = {.in_order = true};
    struct script script = {.in_transaction = true};
    const struct run_options options = {.on_done = contract_on_done, .arg = &done};
    const char *sql[] = {contract->create_table, contract->insert_rows, contract->create_view};
    assert_int_equal(contract->ops->run(a, &script, 0, &options, &stop, &err), 0);
    assert_int_equal(contract->ops->run(a, &script, 1, &options, &stop, &err), 0);
    for (size_t i = 0; i < BASE_COUNT(sql); i++)
        strlist_add(*state, &script.statements, sql[i]);
    if (contract->ops->run(a, &script, 1, &options, &stop, &err))
        fail_msg("%zu: %s", stop.statement, err.msg);
    assert_int_equal(done.n, 3);
    assert_true(done.in_order);
    assert_int_equal(contract->count(contract->arg, a, "plain"), 3);
}

#include "contract_places.h"

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
    assert_true(info[3].no_schema && !info[3].can_use_schema && !info[0].no_schema);
    assert_true(relation_is_same(&info[1], &info[7]) && relation_is_kept(&info[1], &info[7]));
    assert_false(relation_is_same(&info[1], &info[4]) || relation_is_same(&info[1], &info[0]));
    assert_true(info[1].bytes > 0);
    assert_string_equal(info[1].owner, server.role);
    assert_string_equal(info[2].near, "plain");
    assert_null(info[0].near);
    assert_int_equal(contract->ops->describe(*state, a, NULL, 0, NULL, &err), 0);
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
    assert_int_equal(contract->count(contract->arg, a, "a_copy"), 3);
    assert_int_equal(contract->count(contract->arg, a, "a_shape"), 0);
    assert_int_equal(contract->count(contract->arg, a, "a_pointer"), 3);
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
    int rc = contract_try(a, contract->slow, &err);
    waitpid(helper, NULL, 0);
    if (rc != -1 || err.kind != ERR_SIGNAL || err.sys != SIGINT)
        return 3;
    /* nothing more runs, but for what is done behind the shield */
    if (contract_try(a, contract->nothing, &err) != -1 || err.kind != ERR_SIGNAL)
        return 4;
    contract->ops->shield(a, true);
    if (contract_try(a, contract->nothing, &err))
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
        CONTRACT_TEST(contract_registered),  CONTRACT_TEST(contract_server),
        CONTRACT_TEST(contract_unreachable), CONTRACT_TEST(contract_failing_statement),
        CONTRACT_TEST(contract_told),        CONTRACT_TEST(contract_scripts),
        CONTRACT_TEST(contract_sources),     CONTRACT_TEST(contract_places),
        CONTRACT_TEST(contract_describe),    CONTRACT_TEST(contract_places_found),
        CONTRACT_TEST(contract_locks),       CONTRACT_TEST(contract_marked),
        CONTRACT_TEST(contract_clone),       CONTRACT_TEST(contract_clone_names),
        CONTRACT_TEST(contract_receipt),     CONTRACT_TEST(contract_interrupt),
    };
    return cmocka_run_group_tests_name(c->ops->name, tests, NULL, NULL);
}

#endif
