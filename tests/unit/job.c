/* What of a job needs no server and no dbt: names for dbt, narrowed plans, facts by their node. */
#include "job/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- names --- */

/* shop.a, shop.b, shop.b.c (a folder of a model's name), and a model in two versions. */
static struct manifest
head(struct node nodes[5])
{
    static const char *a[] = {"shop", "a"}, *b[] = {"shop", "b"}, *c[] = {"shop", "b", "c"},
                      *v1[] = {"shop", "dim", "v1"}, *v2[] = {"shop", "dim", "v2"};
    const struct node all[] = {
        {.unique_id = "model.shop.a", .name = "a", .fqn = a, .n_fqn = 2, .enabled = true},
        {.unique_id = "model.shop.b", .name = "b", .fqn = b, .n_fqn = 2, .enabled = true},
        {.unique_id = "model.shop.c", .name = "c", .fqn = c, .n_fqn = 3, .enabled = true},
        {.unique_id = "model.shop.dim.v1",
         .name = "dim",
         .fqn = v1,
         .n_fqn = 3,
         .versioned = true,
         .enabled = true},
        {.unique_id = "model.shop.dim.v2",
         .name = "dim",
         .fqn = v2,
         .n_fqn = 3,
         .versioned = true,
         .enabled = true}};
    memcpy(nodes, all, sizeof all);
    for (int i = 0; i < 5; i++)
        nodes[i].type = NODE_MODEL;
    return (struct manifest){.nodes = nodes, .n_nodes = 5};
}

static char *
names_of(void *ctx, const struct manifest *m, const uint32_t *chosen, uint32_t n)
{
    struct select_result r = {.in = mem_array(ctx, uint8_t, m->n_nodes),
                              .nodes = mem_array(ctx, uint32_t, n + 1)};
    for (uint32_t i = 0; i < n; i++) {
        r.in[chosen[i]] = 1;
        r.nodes[r.n++] = chosen[i];
    }
    const struct strlist *names = dbt_names(ctx, m, &r);
    return names ? strlist_join(ctx, names, " ") : NULL;
}

static void
test_names_say_exactly_the_same(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct node nodes[5];
    const struct manifest m = head(nodes);
    assert_string_equal(names_of(ctx, &m, (uint32_t[]){0}, 1), "fqn:shop.a");
    assert_string_equal(names_of(ctx, &m, (uint32_t[]){2}, 1), "fqn:shop.b.c");
    /* shop.b selects what is below it as well */
    assert_null(names_of(ctx, &m, (uint32_t[]){1}, 1));
    assert_string_equal(names_of(ctx, &m, (uint32_t[]){1, 2}, 2), "fqn:shop.b fqn:shop.b.c");
    assert_string_equal(names_of(ctx, &m, (uint32_t[]){3}, 1), "fqn:shop.dim.v1");
    assert_null(names_of(ctx, &m, NULL, 0));
    talloc_free(ctx);
}

static void
test_a_selector_selects_one_node(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct node nodes[5];
    const struct manifest m = head(nodes);
    static const char *const wanted[] = {"a", "shop.b", "c", "shop.dim.v1", "shop.dim.v2"};
    const struct map *counts = dbt_names_count(ctx, &m);
    for (uint32_t i = 0; i < 5; i++)
        assert_string_equal(dbt_selector(ctx, &m, counts, i), wanted[i]);
    talloc_free(ctx);
}

/* --- plans --- */

static void
test_a_narrowed_plan_leaves_its_plan_alone(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct config config = {.dbt = "dbt"};
    const struct project project = {.dir = "/p"};
    struct strlist names = {0}, ids = {0}, all = {0};
    strlist_add(ctx, &names, "fqn:shop.a");
    strlist_add(ctx, &ids, "model.shop.a");
    strlist_add(ctx, &all, "model.shop.a");
    strlist_add(ctx, &all, "model.shop.b");
    const struct plan plan = {.in = {.config = &config,
                                     .project = &project,
                                     .target_path = "/p/target",
                                     .deferral_dir = "/p/target/cloneci/defer"},
                              .to_build = all};
    const struct plan *left = plan_narrowed(ctx, &plan, &names, &ids, true);
    assert_int_equal(left->to_build.n, 1);
    assert_string_equal(strlist_join(ctx, &left->argv, " "),
                        "dbt build --select fqn:shop.a --indirect-selection empty --defer --state "
                        "/p/target/cloneci/defer --project-dir /p --target-path /p/target "
                        "--full-refresh");
    const struct plan *rest = plan_narrowed(ctx, left, NULL, &ids, false);
    assert_string_equal(strlist_join(ctx, &rest->argv, " "),
                        "dbt build --select result:success --indirect-selection empty --defer "
                        "--state /p/target/cloneci/defer --project-dir /p --target-path /p/target");
    assert_int_equal(plan.to_build.n, 2);
    assert_int_equal(plan.argv.n, 0);
    assert_true(left->in.full_refresh && !plan.in.full_refresh);
    talloc_free(ctx);
}

/* --- facts --- */

static void
test_a_fact_is_found_by_its_node(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct plan_clone first = {.index = 0}, second = {.index = 1};
    struct plan_node nodes[] = {{.clone = &first}, {.clone = NULL}, {.clone = &second}};
    const struct plan plan = {.nodes = nodes, .n_nodes = 3, .n_clones = 2};
    struct job job = {.ctx = ctx};
    struct findings f = {.job = &job, .plan = &plan};
    assert_null(findings_of(&f, &nodes[0])); /* nothing was cloned yet */
    f.clones = findings_facts(&f);
    assert_ptr_equal(findings_of(&f, &nodes[0]), &f.clones[0]);
    assert_null(findings_of(&f, &nodes[1]));
    assert_ptr_equal(findings_of(&f, &nodes[2]), &f.clones[1]);
    assert_int_equal(findings_of(&f, &nodes[2])->lazy_rows, -1);
    assert_int_equal(findings_of(&f, &nodes[2])->empty, -1);
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_say_exactly_the_same),
        cmocka_unit_test(test_a_selector_selects_one_node),
        cmocka_unit_test(test_a_narrowed_plan_leaves_its_plan_alone),
        cmocka_unit_test(test_a_fact_is_found_by_its_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
