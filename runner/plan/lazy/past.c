/* Who reads a relation of the build past the graph: by its name, without ref(). */
#include "read.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static void
add_text(struct lazy_texts *t, struct plan *plan, uint32_t node, const char *by, const char *text)
{
    if (text) {
        t->v = mem_grow(plan, t->v, struct lazy_text, t->n + 1);
        t->v[t->n++] = (struct lazy_text){.node = node, .by = by, .text = text};
    }
}

static void
add_hooks(struct lazy_texts *t, struct plan *plan, uint32_t node, const cJSON *config)
{
    static const char *const kinds[] = {"pre-hook", "post-hook"};
    const cJSON *item;
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        cJSON_ArrayForEach (item, json_get(config, kinds[i]))
            add_text(t, plan, MAP_NONE,
                     mem_printf(plan, "a %s of %s", kinds[i], plan->in.head->nodes[node].name),
                     cJSON_IsString(item) ? cJSON_GetStringValue(item) : json_str(item, "sql"));
}

static int
add_node(struct lazy_texts *t, struct plan *plan, uint32_t node, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(plan, plan->in.head, node, &json, err))
        return -1;
    add_hooks(t, plan, node, json_get(json, "config"));
    add_text(t, plan, node, plan->in.head->nodes[node].name, json_str(json, "raw_code"));
    return 0;
}

int
lazy_texts_read(struct lazy_texts *t, struct plan *plan, struct err *err)
{
    const struct manifest *m = plan->in.head;
    if (t->read)
        return 0;
    t->read = true;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan_is_built(plan->nodes[i].info) && add_node(t, plan, plan->nodes[i].node, err))
            return -1;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (m->nodes[i].type == NODE_OPERATION && add_node(t, plan, i, err))
            return -1;
    for (uint32_t i = 0; i < m->n_macros; i++) {
        cJSON *json = NULL;
        if (dbt_owns_package(m->adapter_type, m->macros[i].package))
            continue;
        if (manifest_macro_json(plan, m, i, &json, err))
            return -1;
        add_text(t, plan, MAP_NONE,
                 mem_printf(plan, "the macro %s", strrchr(m->macros[i].unique_id, '.') + 1),
                 json_str(json, "macro_sql"));
    }
    return 0;
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Behind a schema (`x.name`, "x"."name"), or as the identifier of a relation that Jinja makes. */
static bool
is_named_at(const char *text, const char *at)
{
    static const char identifier[] = "identifier";
    const char *p = at;
    while (p > text && strchr("\"'` \t", p[-1]))
        p--;
    if (p > text && p[-1] == '.')
        return true;
    if (p == text || p[-1] != '=')
        return false;
    for (p--; p > text && (p[-1] == ' ' || p[-1] == '\t');)
        p--;
    size_t n = sizeof identifier - 1;
    return (size_t)(p - text) >= n && strncmp(p - n, identifier, n) == 0;
}

static bool
names(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = text; *p; p++)
        if (strncasecmp(p, name, n) == 0 && !is_word(p[n]) && (p == text || !is_word(p[-1])) &&
            is_named_at(text, p))
            return true;
    return false;
}

const char *
lazy_read_past_graph(struct plan *plan, const struct lazy_texts *t, const struct plan_node *p)
{
    const struct manifest *m = plan->in.head;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *n = &m->nodes[i];
        const struct relation r = {n->database, n->schema, n->alias ? n->alias : n->name};
        if (n->type == NODE_SOURCE && relation_same(plan->in.adapter->dialect, &r, &p->target))
            return mem_printf(plan, "the source %s is the same relation", n->name);
    }
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].node != p->node && names(t->v[i].text, p->target.name))
            return mem_printf(plan, "%s seems to read it by its name, without ref()", t->v[i].by);
    return NULL;
}
