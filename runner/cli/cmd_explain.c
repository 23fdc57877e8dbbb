#include "commands.h"
#include "job/explain.h"

static const char *
origin_text(enum state_origin origin)
{
    switch (origin) {
    case STATE_ORIGIN_PR:
        return "this pull request";
    case STATE_ORIGIN_UPSTREAM_MERGE:
        return "upstream merge: production is ahead of, or behind, this branch";
    case STATE_ORIGIN_ENVIRONMENT:
        return "environment only: a value that depends on target or environment";
    case STATE_ORIGIN_UNKNOWN:
        break;
    }
    return NULL;
}

static void
print_reason(void *ctx, const struct state_reason *r)
{
    printf("  - %s\n", log_redact(ctx, state_reason_text(ctx, r)));
    if (r->file)
        printf("      file   %s\n", r->file);
    const char *origin = origin_text(r->origin);
    if (origin)
        printf("      from   %s\n", origin);
}

static void
print_text(const struct explain *e)
{
    const struct node *n = &e->in.head->nodes[e->node];
    printf("%s is %s\n", n->unique_id,
           e->selected ? "selected"
           : e->n      ? "NOT selected, although it is modified"
                       : "NOT selected");
    if (e->above)
        printf("  - it depends on %s%s%s\n", e->above, e->via ? ":\n      path   " : "",
               e->via ? e->via : "");
    for (size_t i = 0; i < e->criteria.n; i++)
        printf("  - %s\n", e->criteria.v[i]);
    if (e->n)
        printf("%s differs from production in %zu way%s:\n", n->name, e->n, e->n == 1 ? "" : "s");
    for (size_t i = 0; i < e->n; i++)
        print_reason(e->job.ctx, &e->reasons[i]);
    if (e->unmoved)
        printf("%s does not differ from production, although the diff changes %s:\n  production "
               "already has the change, or dbt does not compare this part of the node\n",
               n->name, e->unmoved);
    else if (e->in.state && !e->n)
        printf("%s does not differ from production\n", n->name);
}

static void
print_json(const struct explain *e)
{
    cJSON *doc = json_object(e->job.ctx);
    cJSON_AddNumberToObject(doc, "version", 1);
    json_put_str(doc, "unique_id", e->in.head->nodes[e->node].unique_id);
    cJSON_AddBoolToObject(doc, "selected", e->selected);
    json_put_str(doc, "via", e->via);
    json_put_strlist(doc, "criteria", &e->criteria);
    cJSON *reasons = mem_check(cJSON_AddArrayToObject(doc, "reasons"));
    for (size_t i = 0; i < e->n; i++) {
        cJSON *r = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(reasons, r);
        json_put_str(r, "kind", state_reason_name(e->reasons[i].kind));
        json_put_str(r, "text", state_reason_text(e->job.ctx, &e->reasons[i]));
        json_put_str(r, "origin", state_origin_name(e->reasons[i].origin));
        json_put_str(r, "file", e->reasons[i].file);
    }
    json_put_str(doc, "unchanged_although", e->unmoved);
    puts(log_redact(e->job.ctx, json_print(e->job.ctx, doc, true)));
}

int
cmd_explain(void *ctx, const struct config *config, struct err *err)
{
    struct explain e;
    if (command_args(config, 1, 1, err) || explain_node(&e, ctx, config, config->args.v[0], err))
        return -1;
    if (config->output == OUTPUT_JSON)
        print_json(&e);
    else
        print_text(&e);
    return 0;
}
