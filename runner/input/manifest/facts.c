#include "reader.h"

#include <string.h>

/* Reads what is wanted of a config into a slot of the cache. */
static void
learn(struct reader *r, struct config_facts *c, struct value config)
{
    if (c->capacity < config.n) {
        c->capacity = config.n + config.n / 4;
        c->text = mem_grow(r->tmp, c->text, char, c->capacity);
    }
    memcpy(c->text, config.s, config.n);
    c->len = config.n;
    struct value enabled = value_get(config, "enabled"), docs = value_get(config, "persist_docs");
    c->enabled = !(enabled.n && *enabled.s == 'f');
    c->materialized = list_text(r, value_get(config, "materialized"));
    c->persist_relation = value_truth(value_get(docs, "relation"));
    c->persist_columns = value_truth(value_get(docs, "columns"));
}

const struct config_facts *
config_facts(struct reader *r)
{
    static const struct config_facts none = {.enabled = true};
    struct value v = r->f[FIELD_CONFIG];
    if (r->config)
        return r->config;
    if (v.n <= 2 || *v.s != '{')
        return &none;
    /* where configs mostly differ: materialized, tags, meta; what is missed here is only read again
     */
    size_t from = v.n > 96 ? 32 : 0, n = v.n - from < 256 ? v.n - from : 256;
    struct config_facts *c = &r->configs[hash_fast(v.s + from, n, v.n) % CONFIG_SLOTS];
    if (!c->text || c->len != v.n || memcmp(c->text, v.s, v.n) != 0)
        learn(r, c, v);
    if (r->recent_configs[0] != c) {
        r->recent_configs[1] = r->recent_configs[0];
        r->recent_configs[0] = c;
    }
    return c;
}

/* What the comparison of each group looks at (runner/state/compare.c), but for persisted
 * descriptions. */
static const uint8_t looked_at[NODE_GROUPS][16] = {
    [NODE_NODES] = {FIELD_RAW_CODE, FIELD_UNRENDERED_CONFIG, FIELD_FQN, FIELD_CONTRACT,
                    FIELD_ACCESS, FIELD_LATEST_VERSION, FIELD_DEPRECATION_DATE},
    [NODE_FUNCTIONS] = {FIELD_RAW_CODE, FIELD_UNRENDERED_CONFIG, FIELD_FQN, FIELD_ARGUMENTS,
                        FIELD_RETURNS, FIELD_OVERLOADS},
    [NODE_SOURCES] = {FIELD_DATABASE, FIELD_SCHEMA, FIELD_IDENTIFIER, FIELD_UNRENDERED_DATABASE,
                      FIELD_UNRENDERED_SCHEMA, FIELD_FQN, FIELD_QUOTING, FIELD_FRESHNESS,
                      FIELD_LOADED_AT_FIELD, FIELD_EXTERNAL, FIELD_UNRENDERED_CONFIG},
    [NODE_EXPOSURES] = {FIELD_FQN, FIELD_TYPE, FIELD_OWNER, FIELD_MATURITY, FIELD_URL,
                        FIELD_DESCRIPTION, FIELD_LABEL, FIELD_DEPENDS_ON, FIELD_UNRENDERED_CONFIG},
    [NODE_METRICS] = {FIELD_TYPE, FIELD_DESCRIPTION, FIELD_LABEL, FIELD_UNRENDERED_CONFIG},
    [NODE_SEMANTIC_MODELS] = {FIELD_MODEL, FIELD_DESCRIPTION, FIELD_DEFAULTS, FIELD_ENTITIES,
                              FIELD_DIMENSIONS, FIELD_MEASURES, FIELD_CONFIG, FIELD_PRIMARY_ENTITY,
                              FIELD_GROUP, FIELD_UNRENDERED_CONFIG},
    [NODE_SAVED_QUERIES] = {FIELD_QUERY_PARAMS, FIELD_DESCRIPTION, FIELD_LABEL, FIELD_CONFIG,
                            FIELD_GROUP, FIELD_TAGS, FIELD_EXPORTS, FIELD_UNRENDERED_CONFIG},
    [NODE_UNIT_TESTS] = {FIELD_CHECKSUM},
};

/* Not equal to itself in Python, however it is written; rare, so a word in a text may count as
 * well. */
static bool
may_hold_nan(struct value v)
{
    return v.n > 2 && *v.s != '"' && memmem(v.s, v.n, "NaN", 3);
}

static uint64_t
mix(const struct reader *r, enum field field, uint64_t h, bool *sure)
{
    struct value v = r->f[field];
    if (r->s.nan)
        *sure &= !may_hold_nan(v);
    return hash_fast(v.s, v.n, h + (uint64_t)field);
}

uint64_t
fingerprint(const struct reader *r, const struct node *n, const struct config_facts *c)
{
    bool sure = true;
    uint64_t h = (uint64_t)n->group << 16 | (uint64_t)n->type << 8 | (uint64_t)n->generic << 2 |
                 (uint64_t)c->persist_relation << 1 | (uint64_t)c->persist_columns;
    for (const uint8_t *field = looked_at[n->group]; *field; field++)
        h = mix(r, (enum field) * field, h, &sure);
    if (n->group == NODE_NODES || n->group == NODE_FUNCTIONS) {
        if (n->type == NODE_SEED) {
            h = mix(r, FIELD_CHECKSUM, h, &sure);
            sure &= n->checksum || value_is(value_get(r->f[FIELD_CHECKSUM], "name"), "path");
        }
        if (c->persist_relation)
            h = mix(r, FIELD_DESCRIPTION, h, &sure);
        if (c->persist_columns)
            h = mix(r, FIELD_COLUMNS, h, &sure);
    }
    return sure ? h | 1 : 0;
}
