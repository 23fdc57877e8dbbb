/* The state room: manifests of several versions of dbt, contracts, disabled nodes. */
#include "state_test.h"

#define CONTRACT(sum, cols, version)                                                               \
    TYPE ", \"version\": " version ", \"config\": {\"materialized\": \"table\"}, \"contract\": "   \
         "{\"enforced\": true, \"checksum\": \"" sum "\"}, \"columns\": {" cols "}"
#define COLUMN(name, type, constraints)                                                            \
    "\"" name "\": {\"data_type\": \"" type "\", \"constraints\": [" constraints "]}"

static void
contracts_break_or_only_differ(void **state)
{
    static const struct {
        const char *old, *new;
        const char *breaks; /* NULL: it only differs */
        const char *why;
    } cases[] = {
        {CONTRACT("1", COLUMN("a", "varchar(10)", ""), "1"),
         CONTRACT("2", COLUMN("a", "VARCHAR (20)", ""), "1"), NULL,
         "contract, column a: varchar(10) -> VARCHAR (20)"},
        {CONTRACT("1", COLUMN("a", "int", ""), "1"), CONTRACT("2", COLUMN("a", "text", ""), "1"),
         "column a has another type", NULL},
        {CONTRACT("1", COLUMN("a", "int", ""), "null"), CONTRACT("2", "", "null"), NULL,
         "contract, column a: int -> (not set)"},
        {CONTRACT("1", COLUMN("a", "int", ""), "1"), CONTRACT("2", "", "1"), "column a is gone",
         NULL},
        {CONTRACT("1", COLUMN("a", "int", "{\"type\": \"not_null\"}"), "1"),
         CONTRACT("2", COLUMN("a", "int", ""), "1"), "column a lost a constraint", NULL},
        {CONTRACT("1", COLUMN("a", "int", "{\"type\": \"not_null\"}"), "1"),
         CONTRACT("2",
                  COLUMN("a", "int", "{\"type\": \"not_null\", \"to\": null, \"to_columns\": []}"),
                  "1"),
         NULL,
         "contract: {\"enforced\": true, \"checksum\": \"1\"} -> "
         "{\"enforced\": true, \"checksum\": \"2\"}"},
        {CONTRACT("1", "", "1"), TYPE ", \"version\": 1, \"contract\": {\"enforced\": false}",
         "it is no longer enforced", NULL},
        {TYPE ", \"version\": 1, \"contract\": {\"enforced\": false}", CONTRACT("1", "", "1"), NULL,
         "contract: false -> true"},
    };
    struct state_flags flags = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const uint8_t *out;
        struct err err = {0};
        struct state *s = state_new(ctx, one(ctx, MODEL, cases[i].new, ""),
                                    one(ctx, MODEL, cases[i].old, ""), &flags, NULL);
        int rc = state_ask(s, STATE_MODIFIED_CONTRACT, &out, &err);
        if (cases[i].breaks) {
            if (rc == 0 || err.kind != ERR_REFUSED || !strstr(err.msg, cases[i].breaks))
                fail_msg("case %zu: %s", i, err.msg);
            assert_int_equal(state_ask(s, STATE_UNMODIFIED, &out, &err), -1);
            assert_int_equal(state_ask(s, STATE_MODIFIED_BODY, &out, &err), 0);
        } else {
            assert_int_equal(rc, 0);
            assert_true(out[0]);
            assert_string_equal(reasons_text(ctx, s, 0), cases[i].why);
        }
        talloc_free(ctx);
    }
}

/* dbt looks a lost constraint up in a table that knows no custom ones. */
static void
a_lost_custom_constraint_stops_dbt(void **state)
{
#define CUSTOM "{\"type\": \"custom\", \"expression\": \"x\"}"
    static const struct {
        const char *old, *new, *version;
        bool fails;
    } cases[] = {
        {CUSTOM, "", "null", true},
        {CUSTOM, "", "1", true},
        {CUSTOM, CUSTOM, "null", false},
        {"", CUSTOM, "1", false},
    };
    struct state_flags flags = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const uint8_t *out;
        struct err err = {0};
        char *fields[2];
        for (int k = 0; k < 2; k++)
            fields[k] = mem_printf(ctx, CONTRACT("%d", COLUMN("a", "int", "%s"), "%s"),
                                   cases[i].version, k, k ? cases[i].new : cases[i].old);
        struct state *s = state_new(ctx, one(ctx, MODEL, fields[1], ""),
                                    one(ctx, MODEL, fields[0], ""), &flags, NULL);
        int rc = state_ask(s, STATE_MODIFIED, &out, &err);
        assert_int_equal(rc, cases[i].fails ? -1 : 0);
        if (cases[i].fails) {
            assert_string_equal(err.msg,
                                "the contract of model.p.a lost a constraint of the type custom");
            assert_int_equal(err.kind, ERR_INPUT);
            assert_int_equal(state_ask(s, STATE_MODIFIED_BODY, &out, &err), 0);
        } else {
            assert_true(out[0]);
        }
        talloc_free(ctx);
    }
}

/* The manifest of one member, written by that version; of none, if there are no fields. */
static struct manifest *
written_by(void *ctx, const char *version, const char *section, const char *fields)
{
    const char *member =
        mem_printf(ctx,
                   "\"x.p.a\": {\"unique_id\": \"x.p.a\", \"package_name\": \"p\", "
                   "\"resource_type\": \"model\", %s}",
                   fields);
    return parse(ctx,
                 mem_printf(ctx, "{" META_OF("%s") ", \"%s\": {%s}}", version, section,
                            fields[0] ? member : ""),
                 "m.json");
}

static const char *
compared(void *ctx, const struct manifest *new, const struct manifest *old)
{
    const uint8_t *out;
    struct err err = {0};
    const struct state_flags flags = {.more_unrendered = true};
    if (state_ask(state_new(ctx, new, old, &flags, NULL), STATE_MODIFIED, &out, &err))
        return err.kind == ERR_REFUSED ? "refused" : "failed";
    return new->n_nodes &&out[0] ? "modified" : "same";
}

#define SIZED(sum, type)                                                                           \
    "\"version\": 1, \"contract\": {\"enforced\": true, \"checksum\": \"" sum                      \
    "\"}, \"columns\": {" COLUMN("a", type, "") "}"

#define PARTED(x) "\"external\": {\"x\": 1, \"partitions\": [" x "]}"
#define TESTED(config) "\"resource_type\": \"test\", \"unrendered_config\": {" config "}"
#define OVERLOADS(x) "\"resource_type\": \"function\", \"overloads\": [{" x "}]"

static void
older_versions_compare_less(void **state)
{
    static const struct {
        const char *version, *section, *old, *new, *answer;
    } cases[] = {
        {"1.11.0", "nodes", SIZED("1", "varchar(1)"), SIZED("2", "varchar(2)"), "modified"},
        {"1.10.9", "nodes", SIZED("1", "varchar(1)"), SIZED("2", "varchar(2)"), "refused"},
        {"1.9.0", "nodes", SIZED("1", "int"), "", "refused"},
        {"1.8.0", "nodes", SIZED("1", "int"), "", "same"},
        {"1.10.0", "saved_queries", "\"tags\": [\"a\"]", "\"tags\": [\"b\"]", "modified"},
        {"1.9.0", "saved_queries", "\"tags\": [\"a\"]", "\"tags\": [\"b\"]", "same"},
        /* the flag for unrendered values came with 1.9 */
        {"1.9.0", "sources", "\"schema\": \"a\"", "\"schema\": \"b\"", "same"},
        {"1.8.0", "sources", "\"schema\": \"a\"", "\"schema\": \"b\"", "modified"},
        {"1.12.0", "sources", PARTED("{\"name\": \"a\"}"),
         PARTED("{\"name\": \"a\", \"description\": \"\", \"meta\": {}}"), "same"},
        {"1.11.0", "sources", PARTED("{\"name\": \"a\"}"),
         PARTED("{\"name\": \"a\", \"description\": \"\", \"meta\": {}}"), "modified"},
        {"1.12.0", "sources", PARTED("{\"name\": \"a\"}"),
         PARTED("{\"name\": \"a\", \"mine\": null}"), "modified"},
        {"1.12.0", "sources", PARTED("\"a\""), PARTED("{\"name\": \"a\"}"), "modified"},
        {"1.12.0", "nodes", TESTED("\"sql_header\": \"a\""), TESTED("\"sql_header\": \"b\""),
         "modified"},
        {"1.11.0", "nodes", TESTED("\"sql_header\": \"a\""), TESTED("\"sql_header\": \"b\""),
         "same"},
        {"1.12.0", "functions", OVERLOADS("\"raw_body\": \"a\""), OVERLOADS("\"raw_body\": \"b\""),
         "modified"},
        {"1.12.0", "functions", OVERLOADS("\"description\": \"a\", \"returns\": null"),
         OVERLOADS("\"description\": \"b\""), "same"},
        {"1.12.0", "functions", "\"resource_type\": \"function\"",
         "\"resource_type\": \"function\", \"overloads\": []", "same"},
        {"1.11.0", "functions", OVERLOADS("\"raw_body\": \"a\""), OVERLOADS("\"raw_body\": \"b\""),
         "same"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const char *version = cases[i].version, *section = cases[i].section;
        const char *got = compared(ctx, written_by(ctx, version, section, cases[i].new),
                                   written_by(ctx, version, section, cases[i].old));
        if (!str_eq(got, cases[i].answer))
            fail_msg("case %zu: %s", i, got);
        talloc_free(ctx);
    }
}

#define CODED(code, config)                                                                        \
    "\"raw_code\": \"" code "\", \"unrendered_config\": {\"x\": 1, " config "}"

/* dbt 1.12 reads a manifest of another dbt with the configs of its code as text. */
static void
production_of_another_dbt_is_upgraded(void **state)
{
    static const char *const call = "{{ config(enabled=true, a='b', pre_hook=[\\\"c\\\"]) }}";
    static const struct {
        const char *head, *production;
        const char *code, *new, *old, *answer;
    } cases[] = {
        {"1.12.6", "1.11.16", NULL, "\"enabled\": \"True\", \"a\": \"b\", \"pre_hook\": \"['c']\"",
         "\"enabled\": true, \"a\": \"b\", \"pre_hook\": [\"c\"]", "same"},
        {"1.12.6", "1.12.0", NULL, "\"enabled\": \"True\", \"a\": \"b\", \"pre_hook\": \"['c']\"",
         "\"a\": \"e\"", "same"},
        /* equal, but for what dbt makes of it */
        {"1.12.6", "1.11.16", NULL, "\"enabled\": true", "\"enabled\": true", "modified"},
        {"1.12.6", "1.12.6", NULL, "\"enabled\": true", "\"enabled\": true", "same"},
        {"1.11.17", "1.11.16", NULL, "\"enabled\": true", "\"enabled\": true", "same"},
        {"1.12.6", "1.11.16", "select 'config(a=1)'", "\"a\": 1", "\"a\": 1", "same"},
        {"1.12.6", "1.11.16", "{{ x.config(a=1) }}", "\"a\": 1", "\"a\": 1", "same"},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const char *code = cases[i].code ? cases[i].code : call;
        const char *new = mem_printf(ctx, CODED("%s", "%s"), code, cases[i].new);
        const char *old = mem_printf(ctx, CODED("%s", "%s"), code, cases[i].old);
        const char *got = compared(ctx, written_by(ctx, cases[i].head, "nodes", new),
                                   written_by(ctx, cases[i].production, "nodes", old));
        if (!str_eq(got, cases[i].answer))
            fail_msg("case %zu: %s", i, got);
        talloc_free(ctx);
    }
}

/* dbt's own tests of one column have no code that sets a config. */
static void
simple_tests_are_not_upgraded(void **state)
{
#define CALLS(macros)                                                                              \
    "\"resource_type\": \"test\", \"depends_on\": {\"macros\": [" macros                           \
    "]}, " CODED("{{ config(limit=1) }}", "\"limit\": 1")
    static const char *const simple = CALLS("\"macro.dbt.test_unique\""),
                             *const other = CALLS("\"macro.dbt.test_unique\", \"macro.p.m\"");
    void *ctx = talloc_new(NULL);
    (void)state;
    assert_string_equal(compared(ctx, written_by(ctx, "1.12.6", "nodes", simple),
                                 written_by(ctx, "1.11.16", "nodes", simple)),
                        "same");
    assert_string_equal(compared(ctx, written_by(ctx, "1.12.6", "nodes", other),
                                 written_by(ctx, "1.11.16", "nodes", other)),
                        "modified");
    talloc_free(ctx);
}

static void
removed_contracts_stop_dbt(void **state)
{
#define GONE(date) CONTRACT("1", "", "1") ", \"deprecation_date\": " date
    static const struct {
        const char *old, *disabled;
        bool breaks;
    } cases[] = {
        {GONE("null"), "", true},
        {GONE("\"2001-01-01T00:00:00+00:00\""), "", false},
        {GONE("\"2901-01-01T00:00:00+01:00\""), "", true},
        {TYPE ", \"contract\": {\"enforced\": true}", "", false},
        {GONE("null"),
         ", \"disabled\": {\"model.p.a\": [{" TYPE
         ", \"version\": 1, \"contract\": {\"enforced\": false}}]}",
         false},
    };
    struct state_flags flags = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const uint8_t *out;
        struct err err = {0};
        struct manifest *new = one(ctx, "nodes", "model.p.other", TYPE, cases[i].disabled);
        struct manifest *old = parse(
            ctx,
            mem_printf(ctx,
                       "{" META ", \"nodes\": {\"model.p.other\": {%s, \"unique_id\": "
                       "\"model.p.other\"}, \"model.p.a\": {\"unique_id\": \"model.p.a\", %s}}}",
                       TYPE, cases[i].old),
            "old");
        struct state *s = state_new(ctx, new, old, &flags, NULL);
        if ((state_ask(s, STATE_MODIFIED, &out, &err) != 0) != cases[i].breaks)
            fail_msg("case %zu: %s", i, err.msg);
        talloc_free(ctx);
    }
}

static void
disabled_nodes_are_never_in(void **state)
{
    void *ctx = talloc_new(NULL);
    struct state_flags flags = {0};
    struct manifest *old = one(ctx, MODEL, TYPE ", \"raw_code\": \"a\"", "");
    struct manifest *new =
        one(ctx, MODEL, TYPE ", \"raw_code\": \"b\", \"config\": {\"enabled\": false}", "");
    struct state *s = state_new(ctx, new, old, &flags, NULL);
    (void)state;
    for (int t = 0; t < STATE_TESTS; t++)
        assert_false(holds(s, (enum state_test)t, 0));
    assert_string_equal(reasons_text(ctx, s, 0), "");
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_versions_compare_less),
        cmocka_unit_test(contracts_break_or_only_differ),
        cmocka_unit_test(a_lost_custom_constraint_stops_dbt),
        cmocka_unit_test(production_of_another_dbt_is_upgraded),
        cmocka_unit_test(simple_tests_are_not_upgraded),
        cmocka_unit_test(removed_contracts_stop_dbt),
        cmocka_unit_test(disabled_nodes_are_never_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
