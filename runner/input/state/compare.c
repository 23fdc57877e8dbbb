#include "internal.h"

#include <string.h>

static void
compare_field(struct pair *p, const char *key)
{
    struct value a = value_get(p->a, key), b = value_get(p->b, key);
    if (!same_field(a, b))
        pair_note(p, 0, true, pair_reason(p, STATE_REASON_FIELD, key, b, a));
}

static void
compare_records(struct pair *p, const char *const *keys)
{
    for (; *keys; keys++)
        if (!same_record(value_get(p->a, *keys), value_get(p->b, *keys)))
            compare_field(p, *keys);
}

static void
compare_fields(struct pair *p, const char *const *keys)
{
    for (; *keys; keys++)
        compare_field(p, *keys);
}

static void
compare_fqn(struct pair *p)
{
    struct value a = value_get(p->a, "fqn"), b = value_get(p->b, "fqn");
    if (!same_field(a, b))
        pair_note(p, 0, true, pair_reason(p, STATE_REASON_FQN, NULL, b, a));
}

/* Seeds have only a checksum to compare; one of the name "none" equals nothing. */
static bool
same_body(const struct pair *p)
{
    if (p->node->type != NODE_SEED)
        return same_field(value_get(p->a, "raw_code"), value_get(p->b, "raw_code"));
    struct value a = value_get(p->a, "checksum"), b = value_get(p->b, "checksum");
    return !value_is(value_get(a, "name"), "none") && value_equal(a, b);
}

static void
compare_body(struct pair *p, bool counts)
{
    if (!same_body(p))
        pair_note(p, DIFFER_BODY, counts, (struct state_reason){.kind = STATE_REASON_BODY});
}

static void
compare_key(struct pair *p, struct value key, struct value a, struct value b)
{
    if (value_equal(a, b))
        return;
    char *name = value_text(NULL, key, true, NULL);
    pair_note(p, DIFFER_CONFIG, true, pair_reason(p, STATE_REASON_CONFIG, name, b, a));
    talloc_free(name);
}

/* Every key of either, known to dbt or not; a key that is null on one side and missing on the other
 * differs. `only` or `but` narrow the keys, where given. */
static void
compare_configs(struct pair *p, const char *const *only, const char *const *but)
{
    struct value a = value_get(p->a, "unrendered_config"), b = value_get(p->b, "unrendered_config");
    struct value rest, key, item;
    if (value_equal(a, b))
        return;
    for (rest = a; value_each(&rest, &key, &item);)
        if ((!only || is_one_of(key, only)) && (!but || !is_one_of(key, but)))
            compare_key(p, key, value_get_key(a, key), value_get_key(b, key));
    for (rest = b; value_each(&rest, &key, &item);)
        if ((!only || is_one_of(key, only)) && (!but || !is_one_of(key, but)) &&
            value_get_key(a, key).n == 0)
            compare_key(p, key, (struct value){0}, value_get_key(b, key));
}

/* As configured, not as it is: another target is no change. */
static void
compare_relation(struct pair *p, bool counts)
{
    static const char *const keys[] = {"database", "schema", "alias"};
    struct value a = value_get(p->a, "unrendered_config"), b = value_get(p->b, "unrendered_config");
    for (size_t i = 0; i < BASE_COUNT(keys); i++) {
        struct value x = value_get(a, keys[i]), y = value_get(b, keys[i]);
        if (!same_field(x, y))
            pair_note(p, DIFFER_RELATION, counts,
                      pair_reason(p, STATE_REASON_RELATION, keys[i], y, x));
    }
}

static void
note_description(struct pair *p, const char *key, struct value before, struct value after)
{
    pair_note(p, DIFFER_DESCRIPTION, true,
              pair_reason(p, STATE_REASON_DESCRIPTION, key, before, after));
}

static void
compare_column_descriptions(struct pair *p)
{
    struct value a = value_get(p->a, "columns"), b = value_get(p->b, "columns"), rest, key, item;
    for (rest = a; value_each(&rest, &key, &item);) {
        struct value x = value_get(value_get_key(a, key), "description");
        struct value other = value_get_key(b, key), y = value_get(other, "description");
        if (other.n && same_field(x, y))
            continue;
        char *name = value_text(NULL, key, true, NULL);
        note_description(p, name, y, x);
        talloc_free(name);
    }
    for (rest = b; value_each(&rest, &key, &item);) {
        if (value_get_key(a, key).n)
            continue;
        char *name = value_text(NULL, key, true, NULL);
        note_description(p, name, value_get(item, "description"), (struct value){0});
        talloc_free(name);
    }
}

/* By the head's persist_docs alone. */
static void
compare_descriptions(struct pair *p)
{
    struct value docs = value_get(value_get(p->a, "config"), "persist_docs");
    if (value_truth(value_get(docs, "relation"))) {
        struct value a = value_get(p->a, "description"), b = value_get(p->b, "description");
        if (!same_field(a, b))
            note_description(p, NULL, b, a);
    }
    if (value_truth(value_get(docs, "columns")))
        compare_column_descriptions(p);
}

/* The last since 1.12. */
static const char *const test_keys[] = {
    "severity",   "where",    "limit",          "fail_calc",
    "warn_if",    "error_if", "store_failures", "store_failures_as",
    "sql_header", NULL};
static const char *const test_keys_before[] = {
    "severity",          "where", "limit", "fail_calc", "warn_if", "error_if", "store_failures",
    "store_failures_as", NULL};
static const char *const node_but[] = {"alias", "schema", "database", "tags", "group", NULL};
static const char *const metric_but[] = {"group", NULL};

static void
compare_overloads(struct pair *p)
{
    struct value a = value_get(p->a, "overloads"), b = value_get(p->b, "overloads");
    if (!same_items(a, b, same_overload))
        pair_note(p, 0, true, pair_reason(p, STATE_REASON_FIELD, "overloads", b, a));
}

static const char *const *
keys_that_count(const struct pair *p)
{
    if (p->node->type != NODE_TEST)
        return NULL;
    return manifest_since(p->s->head, 12, 0) ? test_keys : test_keys_before;
}

static void
compare_file_node(struct pair *p)
{
    static const char *const of_models[] = {"latest_version", "access", NULL};
    static const char *const of_functions[] = {"arguments", "returns", NULL};
    bool test = p->node->type == NODE_TEST;
    compare_body(p, !p->node->generic);
    compare_configs(p, keys_that_count(p), test ? NULL : node_but);
    compare_relation(p, !p->node->generic);
    if (!test)
        compare_descriptions(p);
    compare_fqn(p);
    if (p->node->type == NODE_MODEL) {
        compare_contract(p);
        compare_fields(p, of_models);
        if (!same_time(value_get(p->a, "deprecation_date"), value_get(p->b, "deprecation_date")))
            compare_field(p, "deprecation_date");
    }
    if (p->node->type == NODE_FUNCTION)
        compare_records(p, of_functions);
    if (p->node->type == NODE_FUNCTION && manifest_since(p->s->head, 12, 0))
        compare_overloads(p);
}

/* 1.12 reads the fields that a partition has not; before, partitions are compared as written. */
static void
compare_external(struct pair *p)
{
    struct value a = value_get(p->a, "external"), b = value_get(p->b, "external");
    bool objects = !value_is_null(a) && !value_is_null(b) && manifest_since(p->s->head, 12, 0);
    if (!objects || !same_external(a, b))
        compare_field(p, "external");
}

static void
compare_source(struct pair *p)
{
    static const char *const real[] = {"database", "schema", "identifier"};
    static const char *const unrendered[] = {"unrendered_database", "unrendered_schema",
                                             "identifier"};
    static const char *const fields[] = {"quoting", "freshness", "loaded_at_field", NULL};
    bool by_text = p->s->flags.more_unrendered && manifest_since(p->s->head, 9, 0);
    const char *const *keys = by_text ? unrendered : real;
    for (size_t i = 0; i < 3; i++) {
        struct value a = value_get(p->a, keys[i]), b = value_get(p->b, keys[i]);
        if (!same_field(a, b))
            pair_note(p, DIFFER_RELATION, true,
                      pair_reason(p, STATE_REASON_RELATION, real[i], b, a));
    }
    compare_fqn(p);
    compare_configs(p, NULL, NULL);
    compare_fields(p, fields);
    compare_external(p);
}

static bool
holds_all(struct value set, struct value of)
{
    struct value rest = of, key, wanted;
    while (value_each(&rest, &key, &wanted)) {
        struct value others = set, item;
        bool found = false;
        while (!found && value_each(&others, &key, &item))
            found = value_equal(item, wanted);
        if (!found)
            return false;
    }
    return true;
}

static void
compare_exposure(struct pair *p)
{
    static const char *const fields[] = {"type",        "owner", "maturity", "url",
                                         "description", "label", NULL};
    struct value a = value_get(value_get(p->a, "depends_on"), "nodes");
    struct value b = value_get(value_get(p->b, "depends_on"), "nodes");
    compare_fqn(p);
    compare_fields(p, fields);
    if (!holds_all(a, b) || !holds_all(b, a))
        pair_note(p, 0, true, pair_reason(p, STATE_REASON_FIELD, "depends_on", b, a));
    compare_configs(p, NULL, NULL);
}

/* A key of the rendered config that one side has not: dbt 1.7 wrote no `cache`. */
static bool
is_default_config(struct value key, struct value item)
{
    static const char *const own[] = {"group", "meta", "export_as", "schema", NULL};
    static const struct value no_cache = {"{\"enabled\":false}", 17};
    return value_is(key, "cache") ? value_equal(item, no_cache)
                                  : is_one_of(key, own) && is_default(item);
}

static void
compare_rendered_keys(struct pair *p, struct value a, struct value b, bool added)
{
    struct value rest = added ? a : b, key, item;
    while (value_each(&rest, &key, &item)) {
        struct value other = value_get_key(added ? b : a, key);
        if (other.n ? added : !is_default_config(key, item))
            compare_key(p, key, added ? item : other, added ? other : item);
    }
}

/* The rendered config, whole. */
static void
compare_rendered(struct pair *p)
{
    struct value a = value_get(p->a, "config"), b = value_get(p->b, "config");
    compare_rendered_keys(p, a, b, true);
    compare_rendered_keys(p, a, b, false);
}

static void
compare_exports(struct pair *p)
{
    static const char *const keys[] = {"export_as", "schema", "alias"};
    struct value a = value_get(p->a, "exports"), b = value_get(p->b, "exports"), key, x, y;
    struct value ra = a, rb = b;
    bool same = true;
    for (;;) {
        bool more_a = value_each(&ra, &key, &x), more_b = value_each(&rb, &key, &y);
        same &= more_a == more_b;
        if (!same || !more_a)
            break;
        struct value u = value_get(x, "unrendered_config"), v = value_get(y, "unrendered_config");
        same = same_field(value_get(x, "name"), value_get(y, "name"));
        for (size_t i = 0; i < BASE_COUNT(keys); i++)
            same &= same_field(value_get(u, keys[i]), value_get(v, keys[i]));
    }
    if (!same)
        pair_note(p, 0, true, pair_reason(p, STATE_REASON_FIELD, "exports", b, a));
}

static void
compare_saved_query(struct pair *p)
{
    static const char *const of_query[] = {"metrics", "group_by", "where"};
    static const char *const fields[] = {"description", "label", "group", NULL};
    struct value a = value_get(p->a, "query_params"), b = value_get(p->b, "query_params");
    for (size_t i = 0; i < BASE_COUNT(of_query); i++) {
        struct value x = value_get(a, of_query[i]), y = value_get(b, of_query[i]);
        if (!same_field(x, y))
            pair_note(p, 0, true, pair_reason(p, STATE_REASON_FIELD, of_query[i], y, x));
    }
    compare_fields(p, fields);
    if (manifest_since(p->s->head, 10, 0))
        compare_field(p, "tags");
    compare_rendered(p);
    compare_exports(p);
}

void
compare_nodes(struct pair *p)
{
    static const char *const metric[] = {"type", "description", "label", NULL};
    static const char *const unit_test[] = {"checksum", NULL};
    static const char *const semantic_model[] = {"model", "description", "primary_entity", "group",
                                                 NULL};
    static const char *const elements[] = {"defaults", "entities", "dimensions", "measures", NULL};
    switch (p->node->group) {
    case NODE_NODES:
    case NODE_FUNCTIONS:
        compare_file_node(p);
        break;
    case NODE_SOURCES:
        compare_source(p);
        break;
    case NODE_EXPOSURES:
        compare_exposure(p);
        break;
    case NODE_METRICS:
        compare_fields(p, metric);
        compare_configs(p, NULL, metric_but);
        break;
    case NODE_SEMANTIC_MODELS:
        compare_fields(p, semantic_model);
        compare_records(p, elements);
        compare_rendered(p);
        break;
    case NODE_SAVED_QUERIES:
        compare_saved_query(p);
        break;
    case NODE_UNIT_TESTS:
        compare_fields(p, unit_test);
        break;
    case NODE_GROUPS:
        break;
    }
}

uint32_t
compare_new(const struct node *node)
{
    switch (node->group) {
    case NODE_NODES:
    case NODE_FUNCTIONS:
        return DIFFER_BODY | DIFFER_CONFIG | DIFFER_RELATION | DIFFER_DESCRIPTION |
               DIFFER_CONTRACT | DIFFER_MODIFIED;
    case NODE_SOURCES:
        return DIFFER_CONFIG | DIFFER_RELATION;
    case NODE_UNIT_TESTS:
        return DIFFER_MODIFIED;
    case NODE_EXPOSURES:
    case NODE_METRICS:
    case NODE_SEMANTIC_MODELS:
    case NODE_SAVED_QUERIES:
        return DIFFER_CONFIG;
    case NODE_GROUPS:
        break;
    }
    return 0;
}
