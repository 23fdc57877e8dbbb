/* Where a node's relation will be in production: what is there is what dbt will find, whatever
 * the node was called before. */
#include "plan_internal.h"

#include <string.h>

/* A place of the head's, and the one of production that its relations have. */
struct place_pair {
    const char *head, *database, *schema;
    bool several; /* more than one: the head's place does not tell */
};

struct places {
    struct map *index;
    struct place_pair *v;
    size_t n;
};

static void
add_pair(struct plan *plan, struct places *p, const struct node *head, const struct node *old)
{
    const struct dialect *d = plan->in.adapter->dialect;
    const char *key = place_key(plan, d, head->database, head->schema);
    uint32_t at = map_gets(p->index, key);
    if (at == MAP_NONE) {
        p->v = mem_grow(plan, p->v, struct place_pair, p->n + 1);
        p->v[p->n] = (struct place_pair){
            .head = head->schema, .database = old->database, .schema = old->schema};
        map_set(p->index, key, strlen(key), (uint32_t)p->n++);
        return;
    }
    const struct place_name other = {old->database, old->schema};
    p->v[at].several =
        p->v[at].several || !place_same(d, p->v[at].database, p->v[at].schema, &other);
}

/* Its place is what the pull request changes: it says nothing of others'. */
static bool
is_moved(const struct plan *plan, uint32_t node)
{
    const struct plan_node *p = plan_find_node(plan, node);
    for (size_t i = 0; p && i < p->n_reasons; i++)
        if (strcmp(p->reasons[i].kind, "relation") == 0)
            return true;
    return false;
}

/* Of all that both manifests have. */
static struct places
pair_places(struct plan *plan)
{
    struct places p = {.index = map_new(plan, 16)};
    const struct manifest *head = plan->in.head;
    for (uint32_t i = 0; i < head->n_nodes; i++) {
        uint32_t old =
            plan_makes_relation(&head->nodes[i]) ? plan_production_node(plan, i) : MAP_NONE;
        bool both =
            old != MAP_NONE && head->nodes[i].schema && plan->in.production->nodes[old].schema;
        if (both && head->nodes[i].enabled && !is_moved(plan, i))
            add_pair(plan, &p, &head->nodes[i], &plan->in.production->nodes[old]);
    }
    return p;
}

/* Where its configuration sends a node, now and before. */
struct custom {
    const char *schema, *before; /* or NULL */
    bool alike;
};

static int
read_custom(struct plan *plan, uint32_t node, uint32_t old, struct custom *out, struct err *err)
{
    cJSON *a = NULL, *b = NULL;
    if (manifest_node_json(plan, plan->in.head, node, &a, err) ||
        manifest_node_json(plan, plan->in.production, old, &b, err))
        return -1;
    const cJSON *x = json_get(a, "config"), *y = json_get(b, "config");
    *out = (struct custom){.schema = json_str(x, "schema"), .before = json_str(y, "schema")};
    out->alike = str_eq(out->schema, out->before) &&
                 str_eq(json_str(x, "database"), json_str(y, "database"));
    return 0;
}

/* What follows the pull request's schema in a schema's name; NULL: it is none of its schemas. */
static const char *
suffix_of(const struct plan *plan, const char *schema)
{
    const char *base = plan->in.schema;
    return base && schema && str_starts(schema, base) ? schema + strlen(base) : NULL;
}

/* A schema that no other node has: what follows the target's schema is the same in production,
 * where that is so of the others. */
static const char *
derive_schema(struct plan *plan, const struct places *places, const char *schema)
{
    const char *wanted = suffix_of(plan, schema);
    for (size_t i = 0; wanted && i < places->n; i++) {
        const struct place_pair *pair = &places->v[i];
        const char *suffix = suffix_of(plan, pair->head);
        if (pair->several || !suffix || !str_ends(pair->schema, suffix))
            continue;
        return mem_printf(plan, "%.*s%s", (int)(strlen(pair->schema) - strlen(suffix)),
                          pair->schema, wanted);
    }
    return NULL;
}

/* Where no other node tells: both names are as dbt makes them from a target's schema. */
static const char *
derive_from_itself(struct plan *plan, const struct node *n, const struct node *before,
                   const struct custom *c)
{
    const char *now = c->schema ? mem_printf(plan, "_%s", c->schema) : "",
               *old = c->before ? mem_printf(plan, "_%s", c->before) : "";
    if (!str_eq(suffix_of(plan, n->schema), now) || !str_ends(before->schema, old))
        return NULL;
    return mem_printf(plan, "%.*s%s", (int)(strlen(before->schema) - strlen(old)), before->schema,
                      now);
}

static int
find_one(struct plan *plan, struct plan_node *p, const struct places *places, struct err *err)
{
    const struct node *n = p->info;
    uint32_t old = plan_production_node(plan, p->node);
    const struct node *before = old == MAP_NONE ? NULL : &plan->in.production->nodes[old];
    struct custom custom = {0};
    if (before && read_custom(plan, p->node, old, &custom, err))
        return -1;
    if (before && !before->alias)
        return 0;
    const char *key = place_key(plan, plan->in.adapter->dialect, n->database, n->schema);
    uint32_t at = map_gets(places->index, key);
    struct relation *r = &p->production;
    *r = (struct relation){.name = n->alias ? n->alias : n->name};
    if (before && custom.alike) {
        r->database = before->database;
        r->schema = before->schema;
    } else if (at != MAP_NONE) {
        r->database = places->v[at].database;
        r->schema = places->v[at].several ? NULL : places->v[at].schema;
    } else if ((r->schema = derive_schema(plan, places, n->schema)) ||
               (before && (r->schema = derive_from_itself(plan, n, before, &custom)))) {
        r->database = n->database;
    }
    if (!r->schema)
        *r = before ? (struct relation){before->database, before->schema, before->alias}
                    : (struct relation){0};
    return 0;
}

int
plan_find_production(struct plan *plan, struct err *err)
{
    const struct places places = pair_places(plan);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        if (p->target.name && p->info->schema && find_one(plan, p, &places, err))
            return -1;
    }
    return 0;
}

bool
plan_had_relation(const struct plan *plan, const struct plan_node *p)
{
    uint32_t old = plan_production_node(plan, p->node);
    const struct node *n = old == MAP_NONE ? NULL : &plan->in.production->nodes[old];
    const struct relation r = {n ? n->database : NULL, n ? n->schema : NULL, n ? n->alias : NULL};
    return n && n->alias && relation_same(plan->in.adapter->dialect, &r, &p->production);
}
