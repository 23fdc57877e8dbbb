/* The state room: each kind of difference, what it counts for, and its reason. The corpora of
 * tests/golden hold dbt's own answers; here is what they lack, and the reasons. */
#include "state_test.h"

struct change {
    const char *section, *id, *old, *new; /* fields, production's and the head's */
    const char *words;                    /* of state: that hold, of those after modified. */
    const char *reasons;                  /* "" if not modified */
};

static const struct change changes[] = {
    {MODEL, TYPE ", \"raw_code\": \"a\"",
     TYPE ", \"raw_code\": \"a\", \"description\": \"x\", \"tags\": [\"t\"]", "", ""},
    {MODEL, TYPE ", \"raw_code\": \"a\\u0000b\"", TYPE ", \"raw_code\": \"a\\u0000c\"", "body",
     "body changed"},
    {MODEL, TYPE ", \"raw_code\": \"\\u00e9\"", TYPE ", \"raw_code\": \"\xc3\xa9\"", "", ""},
    {MODEL, CONFIG("\"meta\": {\"a\": 4, \"b\": true}"), CONFIG("\"meta\": {\"b\": 1, \"a\": 4.0}"),
     "", ""},
    {MODEL, CONFIG("\"materialized\": \"table\""), CONFIG("\"materialized\": \"incremental\""),
     "configs", "config materialized: table -> incremental"},
    {MODEL, CONFIG("\"x\": 9007199254740993"), CONFIG("\"x\": 9007199254740992"), "configs",
     "config x: 9007199254740993 -> 9007199254740992"},
    {MODEL, CONFIG(""), CONFIG("\"x\": null"), "configs", "config x: (not set) -> null"},
    {MODEL, CONFIG("\"tags\": 1, \"group\": 1"), CONFIG("\"tags\": 2"), "", ""},
    {MODEL, CONFIG("\"schema\": \"a\", \"alias\": null"), CONFIG("\"schema\": \"b\""), "relation",
     "relation schema: a -> b"},
    {MODEL, TYPE ", \"fqn\": [\"p\", \"a\"]", TYPE ", \"fqn\": [\"p\", \"x\", \"a\"]", "",
     "moved, fqn: [\"p\", \"a\"] -> [\"p\", \"x\", \"a\"]"},
    {MODEL, TYPE ", \"access\": \"private\"", TYPE ", \"access\": \"public\"", "",
     "field access: private -> public"},
    {MODEL, TYPE ", \"deprecation_date\": null", TYPE, "", ""},
    {MODEL, DEPRECATED("2030-01-01T00:00:00+02:00"), DEPRECATED("2029-12-31T22:00:00+00:00"), "",
     ""},
    {MODEL, DEPRECATED("2030-01-01T00:00:00.500000Z"), DEPRECATED("2030-01-01T00:00:00.5-00:00"),
     "", ""},
    {MODEL, DEPRECATED("2030-01-01T00:00:00+02:00"), DEPRECATED("2030-01-01T00:00:00+01:00"), "",
     "field deprecation_date: 2030-01-01T00:00:00+02:00 -> 2030-01-01T00:00:00+01:00"},
    {MODEL, DEPRECATED("2030-01-01"), DEPRECATED("2030-01-01T00:00:00+00:00"), "", ""},
    {MODEL, TYPE, DEPRECATED("2030-01-01T00:00:00+00:00"), "",
     "field deprecation_date: (not set) -> 2030-01-01T00:00:00+00:00"},
    {MODEL, PERSIST ", \"description\": \"a\"", PERSIST ", \"description\": \"b\"",
     "persisted_descriptions", "persisted description: a -> b"},
    {MODEL, PERSIST ", \"columns\": {}", PERSIST ", \"columns\": {\"c\": {\"description\": \"\"}}",
     "persisted_descriptions", "persisted description of column c: (not set) -> \"\""},
    {MODEL, TYPE ", \"description\": \"a\", \"config\": {\"persist_docs\": {\"relation\": true}}",
     TYPE ", \"description\": \"b\", \"config\": {\"persist_docs\": {}}", "", ""},
    {"nodes", "seed.p.a",
     "\"resource_type\": \"seed\", \"checksum\": {\"name\": \"path\", \"checksum\": \"x\"}",
     "\"resource_type\": \"seed\", \"checksum\": {\"name\": \"sha256\", \"checksum\": \"x\"}",
     "body", "body changed"},
    {"nodes", "seed.p.a",
     "\"resource_type\": \"seed\", \"checksum\": {\"name\": \"none\", \"checksum\": \"\"}",
     "\"resource_type\": \"seed\", \"checksum\": {\"name\": \"none\", \"checksum\": \"\"}", "body",
     "body changed"},
    {"nodes", "test.p.a",
     TEST ", \"raw_code\": \"a\", \"unrendered_config\": {\"meta\": 1, \"schema\": 1}",
     TEST ", \"raw_code\": \"b\", \"unrendered_config\": {\"schema\": 2}", "body relation", ""},
    {"nodes", "test.p.a", TEST ", \"unrendered_config\": {}",
     TEST ", \"unrendered_config\": {\"where\": \"x\"}", "configs", "config where: (not set) -> x"},
    {"sources", "source.p.s.a", "\"database\": \"d\", \"unrendered_database\": null",
     "\"database\": \"e\"", "relation", "relation database: d -> e"},
    {"sources", "source.p.s.a", "\"quoting\": {\"a\": null}", "\"quoting\": {}", "",
     "field quoting: {\"a\": null} -> {}"},
    {"sources", "source.p.s.a", "\"unrendered_config\": {\"tags\": []}",
     "\"unrendered_config\": {\"tags\": [\"x\"]}", "configs", "config tags: [] -> [\"x\"]"},
    {"exposures", "exposure.p.a", "\"depends_on\": {\"nodes\": [\"x\", \"y\"]}",
     "\"depends_on\": {\"nodes\": [\"y\", \"x\", \"x\"]}", "", ""},
    {"exposures", "exposure.p.a", "\"depends_on\": {\"nodes\": [\"x\"]}",
     "\"depends_on\": {\"nodes\": [\"y\"]}", "", "field depends_on: [\"x\"] -> [\"y\"]"},
    /* long values are cut so that what differs is seen */
    {"exposures", "exposure.p.a", "\"description\": \"" LONG "é one\"",
     "\"description\": \"" LONG "é\"", "",
     "field description: ...456789012345678901é one -> ...456789012345678901é"},
    {"metrics", "metric.p.a",
     "\"type_params\": 1, \"fqn\": [], \"unrendered_config\": {\"group\": 1}",
     "\"type_params\": 2, \"fqn\": [1], \"unrendered_config\": {}", "", ""},
    {"metrics", "metric.p.a", "\"label\": \"x\"", "\"label\": \"y\"", "", "field label: x -> y"},
    {"semantic_models", "semantic_model.p.a",
     "\"config\": {\"meta\": 1}, \"unrendered_config\": {}",
     "\"config\": {\"meta\": 2}, \"unrendered_config\": {\"a\": 1}", "configs",
     "config meta: 1 -> 2"},
    /* fields that an older dbt has not written are read as their defaults */
    {"semantic_models", "semantic_model.p.a", "\"entities\": [{\"name\": \"e\"}], \"defaults\": {}",
     "\"entities\": [{\"name\": \"e\", \"config\": null}], \"defaults\": {\"x\": null}", "", ""},
    {"semantic_models", "semantic_model.p.a", "\"measures\": [{\"name\": \"m\"}]",
     "\"measures\": [{\"name\": \"m\", \"config\": {\"meta\": {}}}]", "",
     "field measures: [{\"name\": \"m\"}] -> "
     "[{\"name\": \"m\", \"config\": {\"meta\": {}}}]"},
    {"semantic_models", "semantic_model.p.a", "\"dimensions\": [{\"config\": {\"meta\": {}}}]",
     "\"dimensions\": [{\"config\": {\"meta\": {\"a\": null}}}]", "",
     "field dimensions: [{\"config\": {\"meta\": {}}}] -> "
     "[{\"config\": {\"meta\": {\"a\": null}}}]"},
    {"functions", "function.p.a", "\"arguments\": [{\"name\": \"x\"}]",
     "\"arguments\": [{\"name\": \"x\", \"default_value\": null}]", "", ""},
    {"functions", "function.p.a", "\"arguments\": [{\"name\": \"x\"}]",
     "\"arguments\": [{\"name\": \"x\", \"default_value\": 0}]", "",
     "field arguments: [{\"name\": \"x\"}] -> [{\"name\": \"x\", \"default_value\": 0}]"},
    {"saved_queries", "saved_query.p.a", "\"config\": {\"enabled\": true}",
     "\"config\": {\"enabled\": true, \"group\": null, \"cache\": {\"enabled\": false}}", "", ""},
    {"saved_queries", "saved_query.p.a", "\"config\": {\"enabled\": true}",
     "\"config\": {\"enabled\": true, \"cache\": {\"enabled\": true}, \"mine\": null}", "configs",
     "config cache: (not set) -> {\"enabled\": true}; config mine: (not set) -> null"},
    {"saved_queries", "saved_query.p.a",
     "\"query_params\": {\"metrics\": [\"a\"], \"limit\": 1}, \"exports\": []",
     "\"query_params\": {\"metrics\": [\"a\"], \"limit\": 2}, \"exports\": [{\"name\": \"e\"}]", "",
     "field exports: [] -> [{\"name\": \"e\"}]"},
    {"unit_tests", "unit_test.p.a.u", "\"checksum\": \"1\", \"description\": \"x\"",
     "\"checksum\": \"1\"", "", ""},
    {"unit_tests", "unit_test.p.a.u", "\"checksum\": \"1\"", "\"checksum\": \"2\"", "",
     "field checksum: 1 -> 2"},
    {"functions", "function.p.a", "\"returns\": {\"data_type\": \"int\"}",
     "\"returns\": {\"data_type\": \"text\"}", "",
     "field returns: {\"data_type\": \"int\"} -> {\"data_type\": \"text\"}"},
};

static void
each_kind_of_difference(void **state)
{
    struct state_flags flags = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(changes); i++) {
        const struct change *c = &changes[i];
        void *ctx = talloc_new(NULL);
        struct manifest *old = one(ctx, c->section, c->id, c->old, "");
        struct manifest *new = one(ctx, c->section, c->id, c->new, "");
        struct state *s = state_new(ctx, new, old, &flags, NULL);
        struct buf words;
        size_t n;
        const char *const *names = state_test_names(&n);
        buf_init(&words, ctx);
        for (size_t t = 0; t < n; t++)
            if (str_starts(names[t], "modified.") && holds(s, (enum state_test)t, 0))
                buf_printf(&words, "%s%s", words.len ? " " : "", names[t] + strlen("modified."));
        char *why = reasons_text(ctx, s, 0);
        bool modified = holds(s, STATE_MODIFIED, 0);
        if (!str_eq(words.s ? words.s : "", c->words) || !str_eq(why, c->reasons) ||
            modified != (*c->reasons != '\0') || modified == holds(s, STATE_UNMODIFIED, 0))
            fail_msg("change %zu: modified %d, '%s' for '%s', '%s' for '%s'", i, modified,
                     words.s ? words.s : "", c->words, why, c->reasons);
        assert_true(holds(s, STATE_OLD, 0) && !holds(s, STATE_NEW, 0));
        talloc_free(ctx);
    }
}

static void
sources_compare_unrendered_with_the_flag(void **state)
{
    void *ctx = talloc_new(NULL);
    struct state_flags flags = {.more_unrendered = true};
    struct manifest *old = one(ctx, "sources", "source.p.s.a", "\"database\": \"d\"", "");
    struct manifest *new = one(ctx, "sources", "source.p.s.a", "\"database\": \"e\"", "");
    (void)state;
    assert_false(holds(state_new(ctx, new, old, &flags, NULL), STATE_MODIFIED, 0));
    new = one(ctx, "sources", "source.p.s.a", "\"unrendered_schema\": \"x\"", "");
    assert_true(holds(state_new(ctx, new, old, &flags, NULL), STATE_MODIFIED_RELATION, 0));
    talloc_free(ctx);
}

static void
new_nodes_by_kind(void **state)
{
    static const struct {
        const char *section, *id, *fields;
        bool modified;
    } cases[] = {
        {"nodes", "model.p.n", TYPE, true},
        {"unit_tests", "unit_test.p.n", "\"x\": 1", true},
        {"sources", "source.p.n", "\"x\": 1", false},
        {"exposures", "exposure.p.n", "\"x\": 1", false},
        {"metrics", "metric.p.n", "\"x\": 1", false},
    };
    struct state_flags flags = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        struct manifest *old = parse(ctx, "{" META "}", "old"),
                        *new = one(ctx, cases[i].section, cases[i].id, cases[i].fields, "");
        struct state *s = state_new(ctx, new, old, &flags, NULL);
        assert_true(holds(s, STATE_NEW, 0));
        assert_int_equal(holds(s, STATE_MODIFIED, 0), cases[i].modified);
        assert_string_equal(reasons_text(ctx, s, 0),
                            cases[i].modified ? "new: production does not have it" : "");
        talloc_free(ctx);
    }
}

#define MACRO(name, sql, calls)                                                                    \
    "\"macro.p." name "\": {\"macro_sql\": \"" sql "\", \"depends_on\": {\"macros\": [" calls "]}" \
    "}"

static void
macros_reach_by_calls(void **state)
{
    void *ctx = talloc_new(NULL);
    struct state_flags flags = {0};
    const char *fields = TYPE ", \"depends_on\": {\"macros\": [\"macro.p.a\"]}";
    const char *rest = ", " MACRO("b", "b", "\"macro.p.c\", \"macro.p.a\"") ", ";
    struct manifest *old =
        one(ctx, "nodes", "model.p.m", fields,
            mem_printf(ctx, ", \"macros\": {%s%s%s}", MACRO("a", "a", "\"macro.p.b\""), rest,
                       MACRO("c", "\\u0063", "")));
    struct manifest *same =
        one(ctx, "nodes", "model.p.m", fields,
            mem_printf(ctx, ", \"macros\": {%s%s%s}", MACRO("a", "a", "\"macro.p.b\""), rest,
                       MACRO("c", "c", "")));
    struct manifest *new =
        one(ctx, "nodes", "model.p.m", fields,
            mem_printf(ctx, ", \"macros\": {%s%s%s}", MACRO("a", "a", "\"macro.p.b\""), rest,
                       MACRO("c", "d", "")));
    (void)state;
    assert_false(holds(state_new(ctx, same, old, &flags, NULL), STATE_MODIFIED_MACROS, 0));
    struct state *s = state_new(ctx, new, old, &flags, NULL);
    assert_true(holds(s, STATE_MODIFIED_MACROS, 0) && holds(s, STATE_MODIFIED, 0));
    assert_string_equal(
        reasons_text(ctx, s, 0),
        "macro macro.p.c changed (model.p.m -> macro.p.a -> macro.p.b -> macro.p.c)");
    talloc_free(ctx);
}

static void
a_missing_macro_is_met_or_not(void **state)
{
    static const struct {
        const char *macros;
        bool fails;
        const char *reasons;
    } cases[] = {
        {"\"macro.p.same\", null, \"macro.p.c\"", true, NULL},
        {"\"macro.p.c\", null", false, "macro macro.p.c changed (model.p.m -> macro.p.c)"},
        /* one that production has was deleted: it differs. One that nobody has: dbt fails. */
        {"\"macro.p.same\", \"macro.p.old\", null", false,
         "macro macro.p.old was deleted (model.p.m -> macro.p.old)"},
        {"\"macro.p.same\", \"macro.p.calls\", null", false,
         "macro macro.p.old was deleted (model.p.m -> macro.p.calls -> macro.p.old)"},
        {"\"macro.p.same\", \"macro.p.nowhere\"", true, NULL},
    };
    struct state_flags flags = {0};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        const uint8_t *out;
        struct err err = {0};
        char *fields =
            mem_printf(ctx, "%s, \"depends_on\": {\"macros\": [%s]}", TYPE, cases[i].macros);
        struct manifest *old =
            one(ctx, "nodes", "model.p.m", fields,
                ", \"macros\": {" MACRO("same", "a", "") ", " MACRO("old", "o", "") ", " MACRO(
                    "calls", "x", "\"macro.p.old\"") ", " MACRO("c", "c", "") "}");
        struct manifest *new =
            one(ctx, "nodes", "model.p.m", fields,
                ", \"macros\": {" MACRO("same", "a", "") ", " MACRO(
                    "calls", "x", "\"macro.p.old\"") ", " MACRO("c", "d", "") "}");
        struct state *s = state_new(ctx, new, old, &flags, NULL);
        assert_int_equal(state_ask(s, STATE_MODIFIED, &out, &err), cases[i].fails ? -1 : 0);
        if (!cases[i].fails) {
            assert_int_equal(out[0], 1);
            assert_string_equal(reasons_text(ctx, s, 0), cases[i].reasons);
        }
        /* nothing differs: dbt does not look */
        assert_int_equal(
            state_ask(state_new(ctx, old, old, &flags, NULL), STATE_MODIFIED, &out, &err), 0);
        talloc_free(ctx);
    }
}

static void
words_are_dbts(void **state)
{
    enum state_test test;
    (void)state;
    assert_int_equal(state_test_parse("modified.persisted_descriptions", &test), 0);
    assert_int_equal(test, STATE_MODIFIED_PERSISTED_DESCRIPTIONS);
    assert_int_equal(state_test_parse("modified.", &test), -1);
    assert_int_equal(state_test_parse("Modified", &test), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_difference),
        cmocka_unit_test(sources_compare_unrendered_with_the_flag),
        cmocka_unit_test(new_nodes_by_kind),
        cmocka_unit_test(macros_reach_by_calls),
        cmocka_unit_test(a_missing_macro_is_met_or_not),
        cmocka_unit_test(words_are_dbts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
