#include "internal.h"

#include <string.h>

static const char *const test_words[STATE_TESTS] = {
    [STATE_OLD] = "old",
    [STATE_NEW] = "new",
    [STATE_MODIFIED] = "modified",
    [STATE_UNMODIFIED] = "unmodified",
    [STATE_MODIFIED_BODY] = "modified.body",
    [STATE_MODIFIED_CONFIGS] = "modified.configs",
    [STATE_MODIFIED_RELATION] = "modified.relation",
    [STATE_MODIFIED_PERSISTED_DESCRIPTIONS] = "modified.persisted_descriptions",
    [STATE_MODIFIED_MACROS] = "modified.macros",
    [STATE_MODIFIED_CONTRACT] = "modified.contract",
};

const char *const *
state_test_names(size_t *n)
{
    *n = STATE_TESTS;
    return test_words;
}

int
state_test_parse(const char *word, enum state_test *out)
{
    for (int i = 0; i < STATE_TESTS; i++) {
        if (str_eq(word, test_words[i])) {
            *out = (enum state_test)i;
            return 0;
        }
    }
    return -1;
}

struct state *
state_new(void *ctx, const struct manifest *head, const struct manifest *production,
          const struct state_flags *flags, const struct gitdiff *diff)
{
    struct state *s = mem_new(ctx, struct state);
    s->head = head;
    s->production = production;
    s->flags = *flags;
    s->diff = diff;
    s->upgrades = state_upgrades(s);
    s->old = mem_array(s, uint32_t, head->n_nodes + 1);
    /* dbt 1.7 does not look for semantic models in production's manifest: they all count as new. */
    bool all = manifest_since(head, 8, 0);
    for (uint32_t i = 0; i < head->n_nodes; i++)
        s->old[i] = all || head->nodes[i].group != NODE_SEMANTIC_MODELS
                        ? manifest_find(production, head->nodes[i].unique_id)
                        : MAP_NONE;
    return s;
}

uint32_t
state_production_node(const struct state *s, uint32_t node)
{
    return s->old[node];
}

static int
compare_one(struct state *s, uint32_t i, struct reasons *out, void *ctx, uint8_t *differ,
            struct err *err)
{
    const struct node *node = &s->head->nodes[i];
    const struct node *old = &s->production->nodes[s->old[i]];
    *differ = 0;
    if (s->from_diff) {
        *differ = s->body_changed[i] ? DIFFER_BODY | DIFFER_MODIFIED : 0;
        if (out && s->body_changed[i])
            reasons_add(ctx, out, (struct state_reason){.kind = STATE_REASON_BODY});
        return 0;
    }
    bool upgrades = s->upgrades && old->group == NODE_NODES && old->raw_code_length > 2;
    bool same = node->fingerprint && node->fingerprint == old->fingerprint;
    if (same && !upgrades)
        return 0;
    void *tmp = mem_new(NULL, char);
    struct pair p = {.ctx = ctx ? ctx : tmp, .s = s, .node = node, .old = old, .out = out};
    int rc = manifest_node_value(tmp, s->production, s->old[i], &p.b, err);
    if (rc == 0 && upgrades && state_upgrade(tmp, &p.b))
        same = false;
    if (rc == 0 && !same)
        rc = manifest_node_value(tmp, s->head, i, &p.a, err);
    if (rc == 0 && !same)
        compare_nodes(&p);
    *differ = (uint8_t)p.differ;
    if (p.breaks && !s->broken) {
        s->broken = node->unique_id;
        s->breaks = mem_strdup(s, p.breaks);
    }
    if (p.fails)
        s->fails = node->unique_id;
    talloc_free(tmp);
    return rc ? -1 : 0;
}

static int
compare_all(struct state *s, struct err *err)
{
    if (s->differ)
        return 0;
    uint8_t *differ = mem_array(s, uint8_t, s->head->n_nodes + 1);
    for (uint32_t i = 0; i < s->head->n_nodes; i++) {
        if (!s->head->nodes[i].enabled)
            continue;
        if (s->old[i] == MAP_NONE)
            differ[i] = (uint8_t)compare_new(&s->head->nodes[i]);
        else if (compare_one(s, i, NULL, NULL, &differ[i], err))
            return -1;
    }
    s->differ = differ;
    return 0;
}

/* A versioned model that is gone, or disabled now, and whose contract was enforced, stops dbt, from
 * 1.9 on. */
static int
check_removed(struct state *s, struct err *err)
{
    void *tmp = mem_new(s, char);
    int rc = 0;
    for (uint32_t i = 0; i < s->production->n_nodes && rc == 0 && !s->broken; i++) {
        const struct node *old = &s->production->nodes[i];
        if (old->group != NODE_NODES || s->from_diff)
            continue;
        struct value model = {0};
        bool disabled;
        rc = manifest_disabled_value(tmp, s->head, old->unique_id, &model, err);
        disabled = model.n > 0;
        uint32_t at = rc ? MAP_NONE : manifest_find(s->head, old->unique_id);
        bool gone = at == MAP_NONE || s->head->nodes[at].group != NODE_NODES;
        if (rc == 0 && !disabled && gone && old->versioned)
            rc = manifest_node_value(tmp, s->production, i, &model, err);
        if (rc == 0 && contract_breaks_when_removed(model)) {
            s->broken = old->unique_id;
            s->breaks = disabled ? "it was disabled" : "it was removed";
        }
    }
    talloc_free(tmp);
    return rc;
}

static int
refuse_broken(const struct state *s, struct err *err)
{
    fail(err, ERR_REFUSED, "the contract of %s is broken: %s", s->broken, s->breaks);
    return hint(err,
                "dbt stops here with ContractBreakingChangeError. Add a new version of the model "
                "and do not change this one, or set a deprecation_date and wait for it.");
}

static int
refuse_custom(const struct state *s, struct err *err)
{
    fail(err, ERR_INPUT, "the contract of %s lost a constraint of the type custom", s->fails);
    return hint(err, "dbt also fails here (KeyError). Keep the constraint as production has it, or "
                     "build production with the change first.");
}

static int
check_contracts(struct state *s, struct err *err)
{
    if (compare_all(s, err))
        return -1;
    if (!s->looked_at_contracts && manifest_since(s->head, 9, 0) && check_removed(s, err))
        return -1;
    s->looked_at_contracts = true;
    if (s->fails)
        return refuse_custom(s, err);
    return s->broken ? refuse_broken(s, err) : 0;
}

static void
by_bit(const struct state *s, uint8_t *out, uint32_t bit)
{
    for (uint32_t i = 0; i < s->head->n_nodes; i++)
        out[i] = (s->differ[i] & bit) != 0;
}

static int
answer_modified(struct state *s, uint8_t *out, bool want, struct err *err)
{
    if (check_contracts(s, err) || macros_answer(s, out, err))
        return -1;
    for (uint32_t i = 0; i < s->head->n_nodes; i++) {
        bool modified = out[i] || (s->differ[i] & DIFFER_MODIFIED);
        out[i] = s->head->nodes[i].enabled && modified == want;
    }
    return 0;
}

static int
answer(struct state *s, enum state_test test, uint8_t *out, struct err *err)
{
    static const uint32_t bits[STATE_TESTS] = {
        [STATE_MODIFIED_BODY] = DIFFER_BODY,
        [STATE_MODIFIED_CONFIGS] = DIFFER_CONFIG,
        [STATE_MODIFIED_RELATION] = DIFFER_RELATION,
        [STATE_MODIFIED_PERSISTED_DESCRIPTIONS] = DIFFER_DESCRIPTION,
        [STATE_MODIFIED_CONTRACT] = DIFFER_CONTRACT,
    };
    switch (test) {
    case STATE_OLD:
    case STATE_NEW:
        for (uint32_t i = 0; i < s->head->n_nodes; i++)
            out[i] = s->head->nodes[i].enabled && (s->old[i] == MAP_NONE) == (test == STATE_NEW);
        return 0;
    case STATE_MODIFIED:
    case STATE_UNMODIFIED:
        return answer_modified(s, out, test == STATE_MODIFIED, err);
    case STATE_MODIFIED_MACROS:
        return macros_answer(s, out, err);
    case STATE_MODIFIED_CONTRACT:
        if (check_contracts(s, err))
            return -1;
        by_bit(s, out, bits[test]);
        return 0;
    case STATE_MODIFIED_BODY:
    case STATE_MODIFIED_CONFIGS:
    case STATE_MODIFIED_RELATION:
    case STATE_MODIFIED_PERSISTED_DESCRIPTIONS:
        if (compare_all(s, err))
            return -1;
        by_bit(s, out, bits[test]);
        return 0;
    case STATE_TESTS:
        break;
    }
    return fail(err, ERR_BUG, "state test %d", (int)test);
}

void
state_scope_pr(struct state *s)
{
    s->pr_only = true;
}

/* Not this branch's doing, as far as it can be known: an unknown origin stays in. */
static int
is_foreign(struct state *s, uint32_t node, bool *out, struct err *err)
{
    void *tmp = mem_new(NULL, char);
    struct state_reason *r = NULL;
    size_t n = 0;
    int rc = state_reasons(tmp, s, node, &r, &n, err);
    *out = n > 0;
    for (size_t i = 0; i < n; i++)
        *out = *out && (r[i].origin == STATE_ORIGIN_UPSTREAM_MERGE ||
                        r[i].origin == STATE_ORIGIN_ENVIRONMENT);
    talloc_free(tmp);
    return rc;
}

static int
leave_out_foreign(struct state *s, enum state_test test, uint8_t *out, struct err *err)
{
    if (test == STATE_OLD)
        return 0;
    const uint8_t changed = test == STATE_UNMODIFIED ? 0 : 1;
    for (uint32_t i = 0; i < s->head->n_nodes; i++) {
        bool foreign = false;
        if (!s->head->nodes[i].enabled || out[i] != changed)
            continue;
        if (is_foreign(s, i, &foreign, err))
            return -1;
        if (foreign)
            out[i] = !changed;
    }
    return 0;
}

int
state_ask(struct state *s, enum state_test test, const uint8_t **out, struct err *err)
{
    *out = NULL;
    if (!s->answers[test]) {
        uint8_t *bytes = mem_array(s, uint8_t, s->head->n_nodes + 1);
        if (answer(s, test, bytes, err) || (s->pr_only && leave_out_foreign(s, test, bytes, err))) {
            talloc_free(bytes);
            return -1;
        }
        s->answers[test] = bytes;
    }
    *out = s->answers[test];
    return 0;
}

/* The graph does not tell of a node that is disabled, and dbt does not select it. */
int
state_reasons(void *ctx, struct state *s, uint32_t node, struct state_reason **out, size_t *n,
              struct err *err)
{
    struct reasons reasons = {0};
    uint8_t differ = 0;
    *out = NULL;
    *n = 0;
    if (!s->head->nodes[node].enabled)
        return 0;
    if (s->old[node] == MAP_NONE) {
        if (compare_new(&s->head->nodes[node]) & DIFFER_MODIFIED)
            reasons_add(ctx, &reasons, (struct state_reason){.kind = STATE_REASON_NEW});
    } else if (compare_one(s, node, &reasons, ctx, &differ, err)) {
        return -1;
    }
    if (macros_reasons(ctx, s, node, &reasons, err) || origin_fill(s, node, &reasons, err))
        return -1;
    *out = reasons.v;
    *n = reasons.n;
    return 0;
}
