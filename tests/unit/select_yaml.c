/* selectors.yml, as dbt 1.11 and 1.12 read it. */
#include "select_ask.h"

static const char selectors[] =
    "version: 2\n"
    "selectors:\n"
    "  - {name: text, definition: \"stg_a+1\"}\n"
    "  - {name: comma, definition: \"fct,stg_b\"}\n"
    "  - {name: pair, definition: {tag: core}}\n"
    "  - {name: plus, definition: {fqn: fct+}}\n"
    "  - {name: number, definition: {method: config.meta.n, value: 1.0}}\n"
    "  - {name: none, definition: {intersection: [{config.materialized: null}, "
    "\"resource_type:source\"]}}\n"
    "  - {name: tagged, definition: {tag: 5}}\n"
    "  - {name: unlimited, definition: {method: fqn, value: fct, parents: true, parents_depth: 0, "
    "indirect_selection: empty}}\n"
    "  - {name: zero, definition: {method: fqn, value: fct, parents: 1, parents_depth: \"0\", "
    "indirect_selection: empty}}\n"
    "  - {name: falsy, definition: {method: fqn, value: fct, parents: [], children: 0, "
    "indirect_selection: empty}}\n"
    "  - name: union\n"
    "    definition:\n"
    "      union:\n"
    "        - {method: fqn, value: fct, indirect_selection: cautious}\n"
    "        - {method: fqn, value: stg_b, indirect_selection: cautious}\n"
    "  - name: swallowed\n"
    "    definition:\n"
    "      union: [fct, {method: fqn, value: stg_b, exclude: [\"test_type:generic\"]}]\n"
    "  - {name: inherits, definition: {method: selector, value: pair, parents: true, exclude: "
    "[\"dim.v1\"]}}\n"
    "  - {name: jinja, definition: \"{{ var('x') }}\"}\n"
    "  - {name: on_jinja, definition: {method: selector, value: jinja}}\n"
    "  - {name: block, definition: {method: fqn, value: \"fct\\n\", indirect_selection: empty}}\n";

struct yaml_row {
    const char *name, *old, *new; /* answers of 1.11 and 1.12; NULL: the same */
};

static void
test_selectors(void **state)
{
    const struct fixture *f = *state;
    static const struct yaml_row rows[] = {
        {"text",
         "model.p.fct model.p.stg_a test.p.rel test.p.sum test.p.unique_a unit_test.p.stg_a.adds",
         NULL},
        {"comma", "", NULL},
        {"pair", "model.p.dim.v1 model.p.dim.v2", NULL},
        {"plus", "", NULL},
        {"number", "model.p.stg_a test.p.unique_a unit_test.p.stg_a.adds", NULL},
        {"none", "source.p.web.events test.p.sum", NULL},
        {"tagged", "error: tag:5: the value of 'tag:' is not a text", NULL},
        {"unlimited", "model.p.fct model.p.stg_a model.p.stg_b seed.p.codes source.p.web.events",
         NULL},
        {"zero", "model.p.fct", NULL},
        {"falsy", "model.p.fct", NULL},
        {"union", "model.p.fct model.p.stg_b", NULL},
        {"swallowed", "model.p.fct test.p.sum", NULL},
        {"inherits", "model.p.dim.v1 model.p.dim.v2", "model.p.dim.v2 model.p.stg_b seed.p.codes"},
        {"jinja",
         "error: selectors.yml:22:12: selector 'jinja' contains Jinja, which cloneci does not "
         "render here",
         NULL},
        {"on_jinja",
         "error: selectors.yml:23:12: selector 'on_jinja' contains Jinja, which cloneci does not "
         "render here",
         "error: selectors.yml:22:12: selector 'jinja' contains Jinja, which cloneci does not "
         "render here"},
        {"block", "model.p.fct", NULL},
        {"unoin", "error: there is no selector 'unoin' in selectors.yml", NULL},
    };
    void *ctx = talloc_new(NULL);
    struct err err;
    put(ctx, f, "selectors.yml", selectors);
    for (size_t i = 0; i < BASE_COUNT(rows) * 2; i++) {
        const struct yaml_row *row = &rows[i / 2];
        const struct select_request r = {.selector = row->name};
        const char *want = i % 2 && row->new ? row->new : row->old,
                   *got = ask(ctx, &f->env[i % 2], &r, &err);
        if (strcmp(got, want) != 0)
            fail_msg("%s of 1.%d\n    got  %s\n    want %s", row->name, 11 + (int)(i % 2), got,
                     want);
    }
    assert_string_equal(err.hint, "Did you mean 'union'?");
    talloc_free(ctx);
}

/* 1.12: `selector:` as a method of the command line; what a selector excludes is not brought back.
 */
static void
test_selector_method(void **state)
{
    const struct fixture *f = *state;
    static const struct row rows[] = {
        {"selector:pair,dim.v1", "model.p.dim.v1"},
        {"selector:pai?+ selector:zero", "model.p.dim.v1 model.p.dim.v2 model.p.fct"},
        {"selector:swallowed", "model.p.fct test.p.sum"},
        {"selector:nope", "error: there is no selector 'nope' in selectors.yml"},
        {"selector:jin*", "error: selectors.yml:22:12: selector 'jinja' contains Jinja, which "
                          "cloneci does not render here"},
    };
    void *ctx = talloc_new(NULL);
    put(ctx, f, "selectors.yml", selectors);
    check_rows(&f->env[1], NULL, rows, BASE_COUNT(rows));
    put(ctx, f, "selectors.yml",
        "selectors:\n  - {name: a, definition: \"selector:b\"}\n  - {name: b, definition: "
        "{selector: a}}\n");
    static const struct row circle = {"selector:a",
                                      "error: selectors.yml: selector 'a' refers to itself"};
    check_rows(&f->env[1], NULL, &circle, 1);
    talloc_free(ctx);
}

static void
test_default_selector(void **state)
{
    const struct fixture *f = *state;
    void *ctx = talloc_new(NULL);
    struct err err;
    const struct select_request nothing = {0}, select = request(ctx, "stg_b", "empty");
    put(ctx, f, "selectors.yml",
        "selectors:\n  - {name: a, default: true, definition: {fqn: dim}}\n");
    assert_string_equal(ask(ctx, &f->env[0], &nothing, &err), "model.p.dim.v1 model.p.dim.v2");
    assert_string_equal(ask(ctx, &f->env[0], &select, &err), "model.p.stg_b");
    put(ctx, f, "selectors.yml", "");
    const char *all = ask(ctx, &f->env[0], &nothing, &err);
    assert_true(strstr(all, "model.q.other") && strstr(all, "source.p.web.events") &&
                !strstr(all, "operation."));
    talloc_free(ctx);
}

/* Every command reads the file, so that a fault in it stops all. */
static void
test_bad_selectors(void **state)
{
    const struct fixture *f = *state;
    static const struct row rows[] = {
        {"a: b\n", "selectors.yml:1:1: selectors.yml has an unknown key 'a'"},
        {"selectors: 5\n", "selectors.yml:1:12: 'selectors' has a value of the wrong kind"},
        {"version: 2\n", "selectors.yml:1:1: a selector without 'selectors'"},
        {"selectors: [{name: 5, definition: x}]\n",
         "selectors.yml:1:20: 'name' has a value of the wrong kind"},
        {"selectors: [{name: a}]\n", "selectors.yml:1:13: a selector without 'definition'"},
        {"selectors: [{name: a, definition: [x]}]\n",
         "selectors.yml:1:35: a definition is a text or a mapping"},
        {"selectors: [{name: a, definition: {union: [x], exclude: [y]}}]\n",
         "selector 'a': selectors.yml:1:35: 'union' or 'intersection' must be the only key here"},
        {"selectors: [{name: a, definition: {union: x}}]\n",
         "selector 'a': selectors.yml:1:43: 'union' is not a list"},
        {"selectors: [{name: a, definition: {union: [5]}}]\n",
         "selector 'a': selectors.yml:1:44: an item of 'union' is neither a text nor a mapping"},
        {"selectors: [{name: a, definition: {union: [{exclude: [x]}, {exclude: [y]}]}}]\n",
         "selector 'a': selectors.yml:1:60: a second 'exclude' in one union or intersection"},
        {"selectors: [{name: a, definition: {method: tag, valeu: x}}]\n",
         "selector 'a': selectors.yml:1:35: a definition has one key, or else 'method' and "
         "'value'"},
        {"selectors: [{name: a, definition: {tga: x}}]\n",
         "selector 'a': selectors.yml:1: 'tga' is not a method of selection (in 'tga:x')"},
        {"selectors: [{name: a, definition: {method: tag, value: x, childrens_parents: true, "
         "children: true}}]\n",
         "selector 'a': selectors.yml:1:56: 'childrens_parents' and 'children' exclude each other"},
        {"selectors: [{name: a, definition: {method: tag, value: x, parents_depth: many}}]\n",
         "selector 'a': selectors.yml:1:74: 'parents_depth' is not a number"},
        {"selectors: [{name: a, definition: {method: tag, value: x, indirect_selection: eagr}}]\n",
         "selector 'a': selectors.yml:1: 'eagr' is not a mode of indirect selection"},
        {"selectors: [{name: a, definition: {method: selector, value: b}}, {name: b, definition: "
         "x}]\n",
         "selector 'a': selectors.yml:1:61: there is no selector 'b' before this one"},
        {"selectors: [{name: a, definition: x, default: true}, {name: b, definition: x, default: "
         "true}]\n",
         "selectors.yml:1:88: a second selector is the default; the first is in line 1"},
    };
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct err err;
        const struct select_request r = request(ctx, "fct", NULL);
        put(ctx, f, "selectors.yml", rows[i].text);
        const char *got = ask(ctx, &f->env[0], &r, &err);
        if (!str_starts(got, "error: ") || strcmp(got + 7, rows[i].expected) != 0)
            fail_msg("%s    got  %s\n    want %s", rows[i].text, got, rows[i].expected);
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_selectors),
        TEST(test_selector_method),
        TEST(test_default_selector),
        TEST(test_bad_selectors),
    };
    return cmocka_run_group_tests_name("select_yaml", tests, NULL, NULL);
}
