/* clone: a plan carried out on a warehouse in memory, with what another warehouse may lack. */
#include "clone/clone.h"
#include "plan_case.h"

#include <stdlib.h>

static const char facts[] =
    "{\"production\": {"
    " \"model.shop.orders\": {\"materialized\": \"incremental\", \"sql\": \"select 1\"},"
    " \"model.shop.money\": {\"materialized\": \"incremental\", \"sql\": \"select 1\"}},"
    " \"head\": {\"model.shop.orders\": {\"sql\": \"select 2\"},"
    "            \"model.shop.money\": {\"sql\": \"select 2\"}}";

static struct plan_case *
planned(void *ctx, const char *more)
{
    struct err err = {0};
    cJSON *doc;
    int rc;
    char *text = mem_printf(ctx, "%s%s}", facts, more);
    if (json_parse(ctx, &doc, text, strlen(text), "facts", &err))
        fail_msg("%s", err.msg);
    struct plan_case *c = case_run(ctx, doc, &rc, &err);
    if (rc)
        fail_msg("%s", err.msg);
    return c;
}

static int
make(struct plan_case *c, struct clone_result *out, bool *stale, struct err *err)
{
    return clone_all(c->ctx, c->warehouse, c->plan, out, stale, NULL, NULL, NULL, err);
}

static int64_t
rows(const char *schema, const char *name)
{
    return fake_rows(&(struct relation){"shop", schema, name});
}

static struct place_info
place(struct plan_case *c, const char *schema)
{
    struct place_info info;
    struct err err;
    const struct place_name name = {"shop", schema};
    assert_int_equal(fake_ops.places(c->ctx, c->warehouse, &name, 1, &info, &err), 0);
    return info;
}

/* Without anybody who loads, each clone is made and filled by a script of its own. */
static void
assert_cloned(const char *more)
{
    void *ctx = talloc_new(NULL);
    struct plan_case *c = planned(ctx, more);
    struct clone_result out;
    struct err err = {0};
    bool stale;
    if (make(c, &out, &stale, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(out.n, 2);
    assert_int_equal(rows(CASE_SCHEMA, "orders"), 1000);
    assert_int_equal(rows(CASE_SCHEMA, "money"), 1000);
    for (size_t i = 0; i < out.n; i++)
        assert_int_equal(out.clones[i].made.kind, RELATION_TABLE);
    const struct place_info made = place(c, CASE_SCHEMA);
    struct marker m;
    assert_int_equal(marker_parse(ctx, made.marker, &m), 0);
    assert_string_equal(m.state, "ready");
    assert_int_equal(made.relations, 2);
    for (size_t i = 0; i < c->plan->n_schemas; i++) {
        const struct plan_schema *s = &c->plan->schemas[i];
        if (strcmp(s->aside, s->name) == 0)
            continue;
        assert_false(place(c, s->aside).exists || place(c, s->old).exists);
    }
    talloc_free(ctx);
}

#define LAST_RUN                                                                                   \
    ", \"places\": {\"pr_7\": {\"holds\": \"orders\", \"marker\": "                                \
    "\"{\\\"tool\\\":\\\"cloneci\\\",\\\"project\\\":\\\"shop\\\",\\\"schema\\\":\\\"pr_7\\\"}\"}" \
    "}"

static void
test_all(void **state)
{
    (void)state;
    assert_cloned("");
    assert_cloned(LAST_RUN);
    /* no schema can be renamed */
    assert_cloned(", \"caps\": [\"one_snapshot\"]");
    assert_cloned(", \"caps\": [\"one_snapshot\"]" LAST_RUN);
}

static void
rebuild(const char *name)
{
    struct err err;
    struct run_stop stop;
    struct warehouse *a;
    void *ctx = talloc_new(NULL);
    assert_int_equal(fake_ops.open(ctx, &a, case_no_profile, NULL, &err), 0);
    const char *sql[] = {mem_printf(ctx, "[\"rebuild\", \"shop\", \"analytics\", \"%s\"]", name)};
    struct script script = {.statements = {.v = sql, .n = 1}};
    if (fake_ops.run(a, &script, 1, &(struct run_options){0}, &stop, &err))
        fail_msg("%s", err.msg);
    talloc_free(ctx);
}

/* Production was rebuilt since the plan looked: nothing is put in place. */
static void
test_stale(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct plan_case *c = planned(ctx, "");
    struct clone_result out;
    struct err err = {0};
    bool stale = false;
    rebuild("money");
    assert_int_equal(make(c, &out, &stale, &err), -1);
    assert_true(stale);
    assert_int_equal(err.kind, ERR_LOCKED);
    assert_non_null(strstr(err.msg, "`analytics`.`money`"));
    assert_false(place(c, CASE_SCHEMA).exists);
    talloc_free(ctx);
}

/* A schema that somebody made meanwhile is looked at by planning again. */
static void
test_made_meanwhile(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct plan_case *c = planned(ctx, "");
    struct clone_result out;
    struct err err = {0};
    bool stale = false;
    fake_add_place(&(struct fake_place){.name = {"shop", c->plan->schemas[0].aside}});
    assert_int_equal(make(c, &out, &stale, &err), -1);
    assert_true(stale);
    talloc_free(ctx);
}

/* What leans on the last run's relations from elsewhere is kept, and said. */
static void
test_in_use(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct plan_case *c = planned(ctx, LAST_RUN);
    struct clone_result out;
    struct err err = {0};
    bool stale = false;
    fake_add(&(struct fake_relation){.at = {"shop", "mine", "leans"},
                                     .of = {"shop", c->plan->schemas[0].old, "orders"},
                                     .kind = RELATION_VIEW});
    assert_int_equal(make(c, &out, &stale, &err), -1);
    assert_int_equal(err.cause, CAUSE_IN_USE);
    assert_false(stale);
    talloc_free(ctx);
}

/* Where connections bear no names nobody is asked to give way: who comes second waits, and is
 * informed.
 */
static void
test_lock(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct plan_case *c = planned(ctx, "");
    struct err err = {0};
    struct warehouse *other;
    bool got;
    bool forced = false;
    const struct clone_lease lease = {.patience_ms = 50, .forced = &forced};
    assert_int_equal(fake_ops.open(ctx, &other, case_no_profile, NULL, &err), 0);
    assert_int_equal(fake_ops.lock_try(other, marker_schema_lock(ctx, CASE_SCHEMA), &got, &err), 0);
    assert_int_equal(clone_lock(c->warehouse, c->plan, &lease, &err), -1);
    assert_int_equal(err.kind, ERR_LOCKED);
    assert_non_null(strstr(err.msg, CASE_SCHEMA));
    fake_ops.close(other);
    assert_int_equal(clone_lock(c->warehouse, c->plan, &lease, &err), 0);
    assert_int_equal(clone_leased(c->warehouse, c->plan, &err), 0);
    assert_int_equal(clone_leased_still(c->warehouse, c->plan, &err), 0);
    assert_int_equal(clone_guard(c->warehouse, c->plan, &err), 0);
    assert_int_equal(clone_end_builds(c->warehouse, c->plan, &err), 0);
    /* another run that made the schema since is the successor, by the marker alone */
    assert_int_equal(fake_ops.open(ctx, &other, case_no_profile, NULL, &err), 0);
    assert_int_equal(clone_successor(other, c->plan, &err), 0);
    fake_add_place(&(struct fake_place){
        .name = {"shop", CASE_SCHEMA},
        .marker = "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"pr_7\",\"run\":\"9\"}"});
    assert_int_equal(clone_successor(other, c->plan, &err), -1);
    assert_non_null(strstr(err.msg, "run 9"));
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_made_meanwhile),
        cmocka_unit_test(test_in_use),
        cmocka_unit_test(test_lock),
    };
    case_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
