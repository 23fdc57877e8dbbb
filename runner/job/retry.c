#include "findings.h"

#include "dbt/dbt.h"

#include <string.h>

static const char *
results_path(struct job *s)
{
    return job_file(s, s->ctx, "results.json");
}

static cJSON *
add_node(cJSON *list, const struct build_node *n)
{
    cJSON *o = mem_check(cJSON_CreateObject());
    cJSON_AddItemToArray(list, o);
    json_put_str(o, "unique_id", n->unique_id);
    json_put_str(o, "status", n->status);
    json_put_str(o, "message", n->message);
    json_put_str(o, "compiled", n->compiled);
    mem_check(cJSON_AddNumberToObject(o, "ms", n->ms));
    mem_check(cJSON_AddNumberToObject(o, "rows", (double)n->rows));
    return o;
}

static void
add_earlier(struct findings *o)
{
    const struct build_result *old = o->earlier;
    struct build_result *new = &o->built;
    void *ctx = o->s->ctx;
    struct build_node *all = mem_array(ctx, struct build_node, new->n + old->n);
    if (new->n)
        memcpy(all, new->nodes, new->n * sizeof *all);
    new->nodes = all;
    for (size_t i = 0; i < old->n; i++) {
        const char *id = old->nodes[i].unique_id;
        if (build_find(new, id))
            continue;
        map_set(new->index, id, strlen(id), (uint32_t)new->n);
        all[new->n++] = old->nodes[i];
    }
}

int
findings_keep_results(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    if (o->earlier)
        add_earlier(o);
    cJSON *doc = json_object(s->ctx), *list;
    json_put_str(doc, "clones", o->clones_run);
    list = mem_check(cJSON_AddArrayToObject(doc, "nodes"));
    for (size_t i = 0; i < o->built.n; i++)
        add_node(list, &o->built.nodes[i]);
    char *text = json_print(s->ctx, doc, false);
    return file_put(results_path(s), text, strlen(text), 0644, err);
}

static int
read_earlier(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    const char *path = results_path(s);
    cJSON *doc = NULL;
    const cJSON *item;
    if (file_exists(path) && json_read(s->ctx, &doc, path, err))
        return -1;
    if (!doc || !str_eq(json_str(doc, "clones"), o->clones_run)) {
        fail(err, ERR_INPUT, "there is no build on these clones to be retried");
        return hint(err, "Run 'cloneci build' first: --retry goes on from what it left.");
    }
    const cJSON *list = json_get(doc, "nodes");
    struct build_result *r = mem_new(s->ctx, struct build_result);
    size_t n = (size_t)cJSON_GetArraySize(list);
    *r = (struct build_result){.index = map_new(s->ctx, n),
                               .nodes = mem_array(s->ctx, struct build_node, n)};
    cJSON_ArrayForEach (item, list) {
        const char *id = json_str(item, "unique_id"), *status = json_str(item, "status");
        if (!id || !status)
            continue;
        r->nodes[r->n] = (struct build_node){.unique_id = id,
                                             .status = status,
                                             .message = json_str(item, "message"),
                                             .compiled = json_str(item, "compiled"),
                                             .started = -1,
                                             .ms = json_num(item, "ms", -1),
                                             .rows = (int64_t)json_num(item, "rows", -1)};
        map_set(r->index, id, strlen(id), (uint32_t)r->n++);
    }
    o->earlier = r;
    return 0;
}

static bool
is_done(const struct findings *o, const struct node *n)
{
    const struct build_node *b = build_find(o->earlier, n->unique_id);
    return b && dbt_passed(b->status);
}

int
findings_retry(struct findings *o, bool *done, struct err *err)
{
    struct job *s = o->s;
    if (s->config->build_command.n) {
        fail(err, ERR_CONFIG, "--retry needs dbt's results, and the build step is another command");
        return hint(err, "Leave out --retry: the command itself knows what is left to do.");
    }
    if (read_earlier(o, err))
        return -1;
    struct job left = *s;
    left.selected = (struct select_result){.in = mem_array(s->ctx, uint8_t, s->head->n_nodes + 1),
                                           .nodes = mem_array(s->ctx, uint32_t, s->selected.n + 1)};
    for (uint32_t i = 0; i < s->selected.n; i++) {
        uint32_t node = s->selected.nodes[i];
        if (!plan_is_built(&s->head->nodes[node]) || is_done(o, &s->head->nodes[node]))
            continue;
        left.selected.in[node] = 1;
        left.selected.nodes[left.selected.n++] = node;
    }
    *done = left.selected.n == 0;
    if (*done) {
        o->built = *o->earlier;
        log_event(LOG_INFO, "retry.nothing",
                  "nothing is left to be retried: all %zu nodes were built and passed",
                  o->earlier->n);
        return 0;
    }
    log_event(LOG_INFO, "retry.start", "%u of %u nodes are built again", left.selected.n,
              s->selected.n);
    struct strlist ids = {0};
    for (uint32_t i = 0; i < left.selected.n; i++)
        strlist_add(s->ctx, &ids, s->head->nodes[left.selected.nodes[i]].unique_id);
    plan_narrow_build(s->plan, job_names(&left), &ids);
    return 0;
}
