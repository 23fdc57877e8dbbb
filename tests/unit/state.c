/* The state room: each kind of difference, what it counts for, and its reason. The corpora of
 * tests/golden hold dbt's own answers; here is what they lack, and the reasons. */
#include "state/state.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define META_OF(version)                                                                           \
    "\"metadata\": {\"dbt_schema_version\": \"https://schemas.getdbt.com/dbt/manifest/v12.json\"," \
    " \"dbt_version\": \"" version "\", \"project_name\": \"p\", \"adapter_type\": \"postgres\"}"
#define META META_OF("1.11.16")

static struct manifest *
parse(void *ctx, const char *text, const char *name)
{
    struct manifest *m;
    struct err err = {0};
    if (manifest_parse(ctx, &m, text, strlen(text), name, &err))
        fail_msg("%s: %s", err.msg, text);
    return m;
}

/* A manifest of one member, and what else is given. */
static struct manifest *
one(void *ctx, const char *section, const char *id, const char *fields, const char *more)
{
    return parse(ctx,
                 mem_printf(ctx, "{" META ", \"%s\": {\"%s\": {\"unique_id\": \"%s\", %s}}%s}",
                            section, id, id, fields, more),
                 "m.json");
}

static bool
holds(struct state *s, enum state_test test, uint32_t node)
{
    const uint8_t *out;
    struct err err = {0};
    if (state_ask(s, test, &out, &err))
        fail_msg("%s", err.msg);
    return out[node];
}

static char *
reasons_text(void *ctx, struct state *s, uint32_t node)
{
    struct state_reason *r;
    struct err err = {0};
    size_t n;
    struct buf b;
    buf_init(&b, ctx);
    if (state_reasons(ctx, s, node, &r, &n, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "; " : "", state_reason_text(ctx, &r[i]));
    return b.s ? b.s : mem_strdup(ctx, "");
}

struct change {
    const char *section, *id, *old, *new; /* fields, production's and the head's */
    const char *words;                    /* of state: that hold, of those after modified. */
    const char *reasons;                  /* "" if not modified */
};

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
#define MODEL "nodes", "model.p.a"
#define TYPE "\"resource_type\": \"model\""
#define CONFIG(x) TYPE ", \"unrendered_config\": {" x "}"
#define PERSIST TYPE ", \"config\": {\"persist_docs\": {\"relation\": true, \"columns\": 1}}"
#define DEPRECATED(date) TYPE ", \"deprecation_date\": \"" date "\""
#define TEST "\"resource_type\": \"test\", \"test_metadata\": {}"

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
        cmocka_unit_test(older_versions_compare_less),
        cmocka_unit_test(macros_reach_by_calls),
        cmocka_unit_test(a_missing_macro_is_met_or_not),
        cmocka_unit_test(contracts_break_or_only_differ),
        cmocka_unit_test(a_lost_custom_constraint_stops_dbt),
        cmocka_unit_test(production_of_another_dbt_is_upgraded),
        cmocka_unit_test(simple_tests_are_not_upgraded),
        cmocka_unit_test(removed_contracts_stop_dbt),
        cmocka_unit_test(disabled_nodes_are_never_in),
        cmocka_unit_test(words_are_dbts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
