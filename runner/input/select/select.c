/* The doors of the room: a request becomes a tree, the tree a set of nodes. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- resource types --- */

static void
all_types(bool *types, bool with_analyses)
{
    for (int t = 0; t < NODE_TYPES; t++)
        if (t != NODE_OPERATION && (t != NODE_ANALYSIS || with_analyses))
            types[t] = true;
}

static int
set_type(struct select *s, const char *word, bool value, const char *flag, struct err *err)
{
    const char *names[NODE_TYPES];
    size_t n = 0;
    for (int t = 0; t < NODE_TYPES; t++) {
        const char *name = node_type_name((enum node_type)t);
        if (t == NODE_OPERATION || !knows_type(s->m, (enum node_type)t))
            continue;
        names[n++] = name;
        if (strcasecmp(word, name) == 0) {
            s->types[t] = value;
            return 0;
        }
    }
    const char *near = str_nearest(word, names, n);
    struct strlist all = {names, n};
    fail(err, ERR_CONFIG, "%s: '%s' is not a resource type", flag, word);
    void *tmp = talloc_new(NULL);
    if (near)
        hint(err, "Did you mean '%s'?", near);
    else
        hint(err, "The types are %s.", strlist_join(tmp, &all, ", "));
    return talloc_free(tmp), -1;
}

/* `dbt ls` leaves analyses out unless asked for all, and never shows operations. */
static int
find_types(struct select *s, const struct select_request *r, struct err *err)
{
    if (r->resource_types.n == 0)
        all_types(s->types, false);
    for (size_t i = 0; i < r->resource_types.n; i++) {
        const char *word = r->resource_types.v[i];
        bool all = strcasecmp(word, "all") == 0;
        if (all || strcasecmp(word, "default") == 0)
            all_types(s->types, all);
        else if (set_type(s, word, true, "--resource-type", err))
            return -1;
    }
    for (size_t i = 0; i < r->exclude_resource_types.n; i++)
        if (set_type(s, r->exclude_resource_types.v[i], false, "--exclude-resource-type", err))
            return -1;
    return 0;
}

/* --- one call --- */

static int
setup(struct select *s, void *scratch, const struct select_env *env, const struct select_request *r,
      struct err *err)
{
    *s = (struct select){
        .root = scratch, .ctx = scratch, .env = env, .m = env->head, .n = env->head->n_nodes};
    s->queue = mem_check(talloc_array(scratch, uint32_t, s->n + 1));
    if ((r->indirect && parse_mode(r->indirect, &s->mode, err)) || find_types(s, r, err))
        return -1;
    return selectors_read(s, err);
}

/* --selector, else the default of selectors.yml if nothing is said, else --select and --exclude. */
static int
find_spec(struct select *s, const struct select_request *r, struct spec **spec, struct err *err)
{
    if (r->selector)
        return selector_by_name(s, r->selector, spec, err);
    for (size_t i = 0; !r->select.n && !r->exclude.n && i < s->selectors.n; i++) {
        const struct selector *one = selectors_find(&s->selectors, s->selectors.v[i].name);
        if (one->is_default)
            return selector_by_name(s, one->name, spec, err);
    }
    return parse_request(s, r, spec, err);
}

static int
run(struct select *s, const struct select_request *r, struct pick *pick, struct err *err)
{
    struct spec *spec;
    if (find_spec(s, r, &spec, err) || attributes_match(s, spec, err))
        return -1;
    return eval_spec(s, spec, pick, err);
}

static int
by_id(const void *a, const void *b, void *arg)
{
    const struct node *nodes = arg;
    return strcmp(nodes[*(const uint32_t *)a].unique_id, nodes[*(const uint32_t *)b].unique_id);
}

/* The sets become the caller's; what the types leave out goes. */
static void
give(void *ctx, struct select_result *out, struct select *s, struct pick *pick)
{
    if (!pick->via)
        pick->via = select_nobody(s);
    *out = (struct select_result){.in = talloc_steal(ctx, pick->in),
                                  .via = talloc_steal(ctx, pick->via),
                                  .n_misses = s->n_misses,
                                  .of_changes = s->of_changes};
    out->misses = mem_array(ctx, struct select_miss, s->n_misses + 1);
    for (size_t i = 0; i < s->n_misses; i++)
        out->misses[i] =
            (struct select_miss){mem_strdup(ctx, s->misses[i].raw),
                                 s->misses[i].near ? mem_strdup(ctx, s->misses[i].near) : NULL};
    for (uint32_t i = 0; i < s->n; i++) {
        out->in[i] = out->in[i] && s->types[s->m->nodes[i].type];
        out->n += out->in[i];
        if (!out->in[i])
            out->via[i] = MAP_NONE;
    }
    out->nodes = mem_array(ctx, uint32_t, out->n + 1);
    uint32_t k = 0;
    BYTES_EACH(i, out->in, s->n)
    out->nodes[k++] = i;
    qsort_r(out->nodes, out->n, sizeof *out->nodes, by_id, s->m->nodes);
}

int
select_nodes(void *ctx, struct select_result *out, const struct select_env *env,
             const struct select_request *request, struct err *err)
{
    struct select s;
    struct pick pick;
    void *scratch = talloc_new(ctx);
    int rc = setup(&s, scratch, env, request, err);
    if (rc == 0)
        rc = run(&s, request, &pick, err);
    if (rc == 0)
        give(ctx, out, &s, &pick);
    talloc_free(scratch);
    return rc;
}

int
select_explain(void *ctx, struct strlist *lines, const struct select_env *env,
               const struct select_request *request, uint32_t node, struct err *err)
{
    struct select s;
    struct pick pick;
    struct strlist trace = {0};
    void *scratch = talloc_new(ctx);
    int rc = setup(&s, scratch, env, request, err);
    s.trace = &trace; /* set before the expression is parsed: names stay apart */
    s.traced = node;
    if (rc == 0)
        rc = run(&s, request, &pick, err);
    for (size_t i = 0; rc == 0 && i < trace.n; i++)
        strlist_add(ctx, lines, trace.v[i]);
    enum node_type type = env->head->nodes[node].type;
    if (rc == 0 && pick.in[node] && !s.types[type])
        strlist_add(ctx, lines,
                    mem_printf(scratch, "%s: not among the resource types", node_type_name(type)));
    talloc_free(scratch);
    return rc;
}
