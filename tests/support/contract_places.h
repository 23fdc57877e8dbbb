/* The part of the contract that is about scripts, places, their markers and locks; see contract.h.
 */
#ifndef CONTRACT_PLACES_H
#define CONTRACT_PLACES_H

#include "contract.h"

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
    const char *sql[] = {contract->nothing, contract->create_other, contract->nothing,
                         contract->absent};
    assert_int_equal(contract_send(a, sql, 4, true, NULL, &stop, &err), -1);
    assert_int_equal(err.cause, CAUSE_MISSING);
    assert_int_equal(stop.script, 1);
    assert_int_equal(stop.statement, 1);
    assert_true(stop.source == RUN_NOWHERE);
    assert_int_equal(contract->ops->describe(*state, a, &other, 1, &info, &err), 0);
    assert_int_equal(info.kind, RELATION_MISSING);
    assert_int_equal(contract_send(a, sql + 2, 1, false, NULL, &stop, &err), 0);
    assert_true(stop.script == RUN_NOWHERE);
    contract_exec(a, contract->nothing);
}

/* What is read must be what it was. */
static void
contract_sources(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct run_stop stop;
    const struct relation plain = {NULL, contract->schema, "plain"};
    const char *sql[] = {contract->nothing};
    struct relation_info info;
    assert_int_equal(contract->ops->describe(*state, a, &plain, 1, &info, &err), 0);
    if (contract_send(a, sql, 1, true, &info, &stop, &err))
        fail_msg("%s", err.msg);
    info.identity = "another";
    assert_int_equal(contract_send(a, sql, 1, true, &info, &stop, &err), -1);
    assert_int_equal(err.cause, CAUSE_CHANGED);
    assert_int_equal(stop.source, 0);
    contract_exec(a, contract->nothing);
}

/* Made under a temporary name and put in place, twice: the second takes the first one's place. */
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

/* A lock by name is one connection's, until it gives it back or ends. */
static void
contract_locks(void **state)
{
    struct warehouse *a = contract_open(*state), *b = contract_open(*state);
    struct err err = {0};
    bool got = false;
    assert_int_equal(contract->ops->lock_try(a, "a lock", &got, &err), 0);
    assert_true(got);
    assert_int_equal(contract->ops->lock_try(b, "a lock", &got, &err), 0);
    assert_false(got);
    assert_int_equal(contract->ops->lock_try(b, "another", &got, &err), 0);
    assert_true(got);
    assert_int_equal(contract->ops->lock_release(a, "a lock", &err), 0);
    assert_int_equal(contract->ops->lock_wait(b, "a lock", &err), 0);
    contract->ops->close(b);
    for (int i = 0; i < 100 && (i == 0 || !got); i++) {
        assert_int_equal(contract->ops->lock_try(a, "a lock", &got, &err), 0);
        if (!got)
            usleep(20000); /* a server needs a moment to see that a connection is gone */
    }
    assert_true(got);
}

/* Two receipts are equal as long as nothing is made, and reading makes nothing. */
static void
contract_receipt(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct strlist before = {0}, same = {0}, after = {0};
    const struct place_list schemas = {&(struct place_name){.schema = contract->schema}, 1};
    assert_int_equal(contract->ops->receipt(*state, a, &schemas, &before, &err), 0);
    assert_true(before.n > 0);
    contract_exec(a, contract->nothing);
    assert_int_equal(contract->ops->receipt(*state, a, &schemas, &same, &err), 0);
    assert_true(strlist_same(&before, &same));
    contract_exec(a, contract->create_other);
    assert_int_equal(contract->ops->receipt(*state, a, &schemas, &after, &err), 0);
    assert_false(strlist_same(&before, &after));
}

/* What bears a marker is found by it, and only that. */
static void
contract_marked(void **state)
{
    struct warehouse *a = contract_open(*state);
    struct err err = {0};
    struct run_stop stop;
    struct marked_place *found = NULL;
    size_t n = 0, ours = 0;
    struct script script = {.in_transaction = true};
    const struct new_place place = {
        .name = "b_place", .aside = "b_place", .building = "{\"tool\":\"cloneci\",\"run\":\"1\"}"};
    const struct place_name name = {NULL, "b_place"};
    cJSON *marker = NULL;
    assert_int_equal(contract->ops->dialect->prepare(*state, &place, &script.statements, &err), 0);
    if (contract->ops->run(a, &script, 1, &(struct run_options){0}, &stop, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(contract->ops->marked(*state, a, &found, &n, &err), 0);
    for (size_t i = 0; i < n; i++)
        if (!found[i].database && strcmp(found[i].name, "b_place") == 0) {
            ours++;
            assert_true(found[i].owned && found[i].marker_own);
            assert_int_equal(
                json_parse(*state, &marker, found[i].marker, strlen(found[i].marker), "it", &err),
                0);
            assert_string_equal(json_str(marker, "run"), "1");
        }
    assert_int_equal(ours, 1);
    assert_int_equal(contract->ops->drop_places(a, &name, 1, NULL, &err), 0);
}

#endif
