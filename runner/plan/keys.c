/*
 * Foreign keys. What a key of the build refers to is in the pull request's schema, as a table
 * that is logged: where the build does not make it, it is cloned. The keys of production's
 * relations come along with their clones; where the other end is not cloned, a table of its keys
 * takes its place.
 */
#include "plan_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* --- what keys of the build refer to --- */

static bool
has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strcasestr(p, word)); p += n)
        if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
            return true;
    return false;
}

bool
plan_quotes_name(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = text; (p = strstr(p, name)); p += n)
        if (p > text && (p[-1] == '\'' || p[-1] == '"') && p[n] == p[-1])
            return true;
    return false;
}

/* The parents of `reader` that the text names; NULL: all of them. */
static void
refer(struct plan *plan, uint32_t reader, const char *text)
{
    const struct node *n = &plan->in.head->nodes[reader];
    for (uint32_t i = 0; i < n->n_parents; i++) {
        uint32_t p = n->parents[i];
        if (p != reader && (!text || plan_quotes_name(text, plan->in.head->nodes[p].name)))
            plan->referred_by[p] = reader;
    }
}

static void
scan_constraints(struct plan *plan, uint32_t reader, const cJSON *of)
{
    const cJSON *c;
    cJSON_ArrayForEach (c, json_get(of, "constraints")) {
        const char *to = json_str(c, "to");
        if (to && str_eq(json_str(c, "type"), "foreign_key"))
            refer(plan, reader, to);
    }
}

static void
scan_hooks(struct plan *plan, uint32_t reader, const cJSON *hooks)
{
    const cJSON *h;
    cJSON_ArrayForEach (h, hooks) {
        const char *sql = cJSON_IsString(h) ? cJSON_GetStringValue(h) : json_str(h, "sql");
        if (sql && has_word(sql, "references"))
            refer(plan, reader, sql);
    }
}

/* Does a macro of the project's, or one that it calls, make foreign keys? Then of what the node
 * refers to anything may be at the other end. */
static int
scan_macros(struct plan *plan, uint32_t reader, uint8_t *seen, uint32_t *stack, struct err *err)
{
    const struct manifest *m = plan->in.head;
    const struct node *n = &m->nodes[reader];
    size_t depth = 0;
    int rc = 0;
    memset(seen, 0, m->n_macros + 1);
    for (uint32_t i = 0; i < n->n_macros; i++)
        stack[depth++] = n->macros[i];
    while (rc == 0 && depth) {
        uint32_t at = stack[--depth];
        if (at == MAP_NONE || seen[at] || dbt_owns_package(m->adapter_type, m->macros[at].package))
            continue;
        seen[at] = 1;
        cJSON *json = NULL;
        rc = manifest_macro_json(plan, m, at, &json, err);
        const char *sql = rc == 0 ? json_str(json, "macro_sql") : NULL;
        if (sql && has_word(sql, "foreign") && has_word(sql, "references"))
            refer(plan, reader, NULL);
        for (uint32_t k = 0; k < m->macros[at].n_macros && depth < m->n_macros; k++)
            stack[depth++] = m->macros[at].macros[k];
    }
    return rc;
}

static int
scan_node(struct plan *plan, uint32_t node, uint8_t *seen, uint32_t *stack, struct err *err)
{
    const struct node *n = &plan->in.head->nodes[node];
    cJSON *json = NULL, *column;
    if (n->type != NODE_MODEL && n->type != NODE_SNAPSHOT && n->type != NODE_SEED)
        return 0;
    if (manifest_node_json(plan, plan->in.head, node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    scan_constraints(plan, node, json);
    cJSON_ArrayForEach (column, json_get(json, "columns"))
        scan_constraints(plan, node, column);
    scan_hooks(plan, node, json_get(config, "pre-hook"));
    scan_hooks(plan, node, json_get(config, "post-hook"));
    return scan_macros(plan, node, seen, stack, err);
}

int
plan_find_referred(struct plan *plan, struct err *err)
{
    const struct manifest *m = plan->in.head;
    const struct select_result *s = plan->in.selected;
    void *tmp = talloc_new(plan);
    uint8_t *seen = mem_array(tmp, uint8_t, m->n_macros + 1);
    size_t most = m->n_macros + 1;
    for (uint32_t i = 0; i < s->n; i++)
        if (m->nodes[s->nodes[i]].n_macros > most)
            most = m->nodes[s->nodes[i]].n_macros;
    uint32_t *stack = mem_array(tmp, uint32_t, most + m->n_macros);
    plan->referred_by = mem_array(plan, uint32_t, m->n_nodes + 1);
    for (uint32_t i = 0; i <= m->n_nodes; i++)
        plan->referred_by[i] = MAP_NONE;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && !plan->in.sandbox && i < s->n; i++)
        rc = scan_node(plan, s->nodes[i], seen, stack, err);
    talloc_free(tmp);
    return rc;
}

static bool
is_table(const struct node *n)
{
    return n->type == NODE_SEED || n->type == NODE_SNAPSHOT ||
           (n->type == NODE_MODEL && n->materialized && strcmp(n->materialized, "view") != 0 &&
            strcmp(n->materialized, "ephemeral") != 0);
}

/* What production has and no build of the pull request's makes. */
bool
plan_is_kept(const struct plan *plan, uint32_t node)
{
    uint32_t old = plan->in.whole || plan->in.sandbox || plan->in.reads_from
                       ? MAP_NONE
                       : plan_production_node(plan, node);
    return plan->referred_by[node] != MAP_NONE && !plan->in.selected->in[node] &&
           is_table(&plan->in.head->nodes[node]) && old != MAP_NONE &&
           plan->in.production->nodes[old].alias;
}

/* --- the keys of production's relations --- */

static void
leave_out(struct plan *plan, const struct plan_node *p, const struct clone_key *k, const char *why)
{
    plan_warn(plan, "left_out",
              mem_printf(plan, "the clone of %s is without foreign key %s %s %s: %s", p->info->name,
                         k->name, k->incoming ? "from" : "to", plan_qualify(plan, &k->other), why));
}

/* Does the build make it, other than on a clone? dbt's own rebuild drops the key, here as in
 * production. */
static bool
is_rebuilt(const struct plan *plan, const struct relation *production)
{
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        if (p->target.name && !p->clone && !p->kept &&
            relation_same(plan->in.adapter->dialect, &p->production, production))
            return true;
    }
    return false;
}

static bool
is_whole(const struct plan_node *p)
{
    return p->clone && p->clone->strategy == CLONE_COPY;
}

/* Why the key cannot be had, or NULL. `other`: the node whose clone is at its other end, or NULL.
 */
static const char *
why_not(struct plan *plan, const struct plan_node *p, const struct clone_key *k,
        const struct plan_node *other, double most, const char *budget)
{
    if (k->refused)
        return k->refused;
    if (other && !other->clone)
        return "there is no clone of it";
    if (other && !is_whole(k->incoming ? p : other))
        return "the clone that it refers to lacks rows";
    if (!other && plan->in.whole)
        return "it is not built here";
    if (!other && most >= 0 && (double)k->bytes > most)
        return mem_printf(plan, "its %s are more than %s", str_bytes(plan, k->bytes), budget);
    return NULL;
}

int
plan_choose_keys(struct plan *plan, struct plan_node *const *of, struct err *err)
{
    double most;
    const char *budget;
    if (plan_copy_budget(plan, &most, &budget, err))
        return -1;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        for (size_t j = 0; p->clone && j < p->clone->sql.n_keys; j++) {
            const struct clone_key *k = &p->clone->sql.keys[j];
            const struct plan_node *other = k->clone == CLONE_NOT ? NULL : of[k->clone];
            if (!k->incoming && k->clone == CLONE_NOT && is_rebuilt(plan, &k->other))
                continue;
            const char *why = why_not(plan, p, k, other, most, budget);
            if (why) {
                leave_out(plan, p, k, why);
                continue;
            }
            struct plan_clone *c = p->clone;
            c->keys_made = mem_grow(plan, c->keys_made, const struct clone_key *, c->n_keys + 1);
            c->keys_made[c->n_keys++] = k;
        }
    }
    return 0;
}

static void
add_sql(void *ctx, struct strlist *out, const struct clone_sql *sql)
{
    const struct strlist *const lists[] = {&sql->before, &sql->parts, &sql->after};
    for (size_t i = 0; i < BASE_COUNT(lists); i++)
        for (size_t k = 0; k < lists[i]->n; k++)
            strlist_add(ctx, out, lists[i]->v[k]);
}

struct strlist
plan_clone_statements(void *ctx, const struct plan_clone *c)
{
    struct strlist out = {0};
    add_sql(ctx, &out, &c->sql);
    for (size_t i = 0; i < c->n_keys; i++) {
        if (c->keys_made[i]->table)
            add_sql(ctx, &out, c->keys_made[i]->table);
        strlist_add(ctx, &out, c->keys_made[i]->link);
    }
    return out;
}
