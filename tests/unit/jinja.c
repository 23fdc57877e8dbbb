/* The jinja room: keyword arguments as dbt 1.12 writes them back, each answer as dbt-core 1.12.6
 * gives it. */
#include "jinja/jinja.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The value of `k` in the first `config()`, "(none)" if there is no such call. */
static const char *
value_of(void *ctx, const char *text)
{
    struct jinja_keyword *words;
    size_t n;
    if (!jinja_keywords(ctx, text, strlen(text), "config", &words, &n))
        return "(none)";
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i].key, "k") == 0)
            return words[i].text;
    return "(no k)";
}

static void
expressions_are_written_back(void **state)
{
    static const struct {
        const char *expression, *text;
    } cases[] = {
        {"'it'", "it"},
        {"'a' \"b\"", "ab"},
        {"['it\\'s', \"q\"]", "[\"it's\", 'q']"},
        {"['\\n\\x41\\u00e9\\q']", "['\\nA\xc3\xa9\\\\q']"},
        {"true", "True"},
        {"none", "None"},
        {"1_000", "1000"},
        {"0x1F", "31"},
        {"-1.50", "-1.5"},
        {"[1e5, 1e16, 1e-5, 0.1]", "[100000.0, 1e+16, 1e-05, 0.1]"},
        {"[1e999, -1e999]", "[inf, -inf]"},
        {"{'a': [1, {}],}", "{'a': [1, {}]}"},
        {"(1,)", "(1,)"},
        {"(1)", "1"},
        {"env_var('X', default='y', *a, **b)", "env_var('X', default='y', *a, **b)"},
        {"target.name == 'prod' and not x in y", "target.name == 'prod' and not x in y"},
        {"a not in b < c", "a not in b < c"},
        {"a ~ 'b'", "a ~ 'b'"},
        {"a['k'][0].b()", "a['k'][0].b()"},
        {"a.0", "a[0]"},
        {"x | upper", "Filter(node=Name(name='x', ctx='load'), name='upper', args=[], kwargs=[], "
                      "dyn_args=None, dyn_kwargs=None)"},
        {"x is not none",
         "not Test(node=Name(name='x', ctx='load'), name='none', args=[], kwargs=[], "
         "dyn_args=None, dyn_kwargs=None)"},
        {"1 if x", "CondExpr(test=Name(name='x', ctx='load'), expr1=Const(value=1), expr2=None)"},
        {"1 + 2 * 3",
         "Add(left=Const(value=1), right=Mul(left=Const(value=2), right=Const(value=3)))"},
        {"x[1:]", "x[Slice(start=Const(value=1), stop=None, step=None)]"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const char *text = mem_printf(ctx, "select {{ config(a=1, k=%s) }}", cases[i].expression);
        assert_string_equal(value_of(ctx, text), cases[i].text);
        talloc_free(ctx);
    }
}

static void
the_first_call_is_found(void **state)
{
    static const struct {
        const char *template, *text;
    } cases[] = {
        {"{# {{ config(k='a') }} #}{% set x = config(k='b') %}{{ config(k='c') }}", "b"},
        {"{{ x.config(k='a') }}{{ config (k='b') }}", "b"},
        {"{% raw %}{{ config(k='a') }}{% endraw %}", "(none)"},
        {"config(k='a')", "(none)"},
        {"{{ config({'k': 'a'}) }}", "(no k)"},
        {"{{ config(k=[) }}", "(none)"},
        {"{{ config(k='a }}", "(none)"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        assert_string_equal(value_of(ctx, cases[i].template), cases[i].text);
        talloc_free(ctx);
    }
}

static void
too_deep_is_not_read(void **state)
{
    void *ctx = talloc_new(NULL);
    struct buf b;
    (void)state;
    buf_init(&b, ctx);
    buf_puts(&b, "{{ config(k=");
    for (int i = 0; i < 100000; i++)
        buf_puts(&b, "not ");
    buf_puts(&b, "a) }}");
    assert_string_equal(value_of(ctx, b.s), "(none)");
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_written_back),
        cmocka_unit_test(the_first_call_is_found),
        cmocka_unit_test(too_deep_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
