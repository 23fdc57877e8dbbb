#include "findings.h"

#include "dbt/dbt.h"

#include <string.h>

static const char *
results_path(const struct findings *f)
{
    return job_file(f->job, f->job->ctx, "results.json");
}

static cJSON *
add_node(cJSON *list, const struct build_node *n)
{
    cJSON *item = mem_check(cJSON_CreateObject());
    cJSON_AddItemToArray(list, item);
    json_put_str(item, "unique_id", n->unique_id);
    json_put_str(item, "status", n->status);
    json_put_str(item, "message", n->message);
    json_put_str(item, "compiled", n->compiled);
    json_put_str(item, "exception", n->exception);
    json_put_str(item, "statement", n->statement);
    mem_check(cJSON_AddNumberToObject(item, "ms", n->ms));
    mem_check(cJSON_AddNumberToObject(item, "rows", (double)n->rows));
    return item;
}

static void
add_earlier(struct findings *f)
{
    const struct build_result *old = f->earlier;
    struct build_result *new = &f->built;
    void *ctx = f->job->ctx;
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
findings_keep_results(struct findings *f, struct err *err)
{
    if (f->earlier)
        add_earlier(f);
    cJSON *doc = json_object(f->job->ctx), *list;
    json_put_str(doc, "clones", f->clones_run);
    list = mem_check(cJSON_AddArrayToObject(doc, "nodes"));
    for (size_t i = 0; i < f->built.n; i++)
        add_node(list, &f->built.nodes[i]);
    char *text = json_print(f->job->ctx, doc, false);
    return file_put(results_path(f), text, strlen(text), 0644, err);
}

static int
read_earlier(struct findings *f, struct err *err)
{
    const char *path = results_path(f);
    cJSON *doc = NULL;
    const cJSON *item;
    if (file_exists(path) && json_read(f->job->ctx, &doc, path, err))
        return -1;
    if (!doc || !str_eq(json_str(doc, "clones"), f->clones_run)) {
        fail(err, ERR_INPUT, "there is no build on these clones to retry");
        return hint(err, "Run 'cloneci build' first: --retry continues that build.");
    }
    const cJSON *list = json_get(doc, "nodes");
    struct build_result *r = mem_new(f->job->ctx, struct build_result);
    size_t n = (size_t)cJSON_GetArraySize(list);
    *r = (struct build_result){.index = map_new(f->job->ctx, n),
                               .nodes = mem_array(f->job->ctx, struct build_node, n)};
    cJSON_ArrayForEach (item, list) {
        const char *id = json_str(item, "unique_id"), *status = json_str(item, "status");
        if (!id || !status)
            continue;
        r->nodes[r->n] = (struct build_node){.unique_id = id,
                                             .status = status,
                                             .message = json_str(item, "message"),
                                             .compiled = json_str(item, "compiled"),
                                             .exception = json_str(item, "exception"),
                                             .statement = json_str(item, "statement"),
                                             .started = -1,
                                             .ms = json_num(item, "ms", -1),
                                             .rows = (int64_t)json_num(item, "rows", -1)};
        map_set(r->index, id, strlen(id), (uint32_t)r->n++);
    }
    f->earlier = r;
    return 0;
}

static bool
is_done(const struct findings *f, const struct node *n)
{
    const struct build_node *b = build_find(f->earlier, n->unique_id);
    return b && dbt_passed(b->status);
}

static struct select_result
find_left(const struct findings *f)
{
    const struct select_result *chosen = &f->choice->selected;
    const struct manifest *head = f->in->head;
    struct select_result left = {.in = mem_array(f->job->ctx, uint8_t, head->n_nodes + 1),
                                 .nodes = mem_array(f->job->ctx, uint32_t, chosen->n + 1)};
    for (uint32_t i = 0; i < chosen->n; i++) {
        uint32_t node = chosen->nodes[i];
        if (!plan_is_built(&head->nodes[node]) || is_done(f, &head->nodes[node]))
            continue;
        left.in[node] = 1;
        left.nodes[left.n++] = node;
    }
    return left;
}

int
findings_retry(struct findings *f, const struct plan **left, struct err *err)
{
    void *ctx = f->job->ctx;
    *left = NULL;
    if (f->job->config->build_command.n) {
        fail(err, ERR_CONFIG, "--retry needs dbt's results, and the build step is another command");
        return hint(err, "Leave out --retry.");
    }
    if (read_earlier(f, err))
        return -1;
    const struct select_result nodes = find_left(f);
    if (!nodes.n) {
        f->built = *f->earlier;
        log_event(LOG_INFO, "retry.nothing",
                  "there is nothing to retry: all %zu nodes were built and passed", f->earlier->n);
        return 0;
    }
    log_event(LOG_INFO, "retry.start", "%u of %u nodes are built again", nodes.n,
              f->choice->selected.n);
    struct strlist ids = {0};
    for (uint32_t i = 0; i < nodes.n; i++)
        strlist_add(ctx, &ids, f->in->head->nodes[nodes.nodes[i]].unique_id);
    *left = plan_narrowed(ctx, f->plan, dbt_names(ctx, f->in->head, &nodes), &ids,
                          f->plan->in.full_refresh);
    return 0;
}
