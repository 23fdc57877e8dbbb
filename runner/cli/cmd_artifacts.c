/* cloneci state push and cloneci state pull. */
#include "commands.h"
#include "job/artifacts_job.h"

#include <string.h>

static void
print_generation(const struct job *job, const struct generation *g, const cJSON *more)
{
    cJSON *o = json_object(job->ctx);
    json_put_str(o, "generation", g->id);
    json_put_str(o, "generated_at", g->generated_at);
    json_put_str(o, "git_sha", g->git_sha);
    json_put_str(o, "dbt_version", g->dbt_version);
    cJSON *files = mem_check(cJSON_AddObjectToObject(o, "files"));
    for (size_t i = 0; i < g->n_files; i++)
        json_put_str(files, g->files[i].name, g->files[i].sha256);
    const cJSON *m;
    cJSON_ArrayForEach (m, more)
        cJSON_AddItemToObject(o, m->string, mem_check(cJSON_Duplicate(m, true)));
    puts(json_print(job->ctx, o, true));
}

static const char *
commit_text(const struct job *job, const struct generation *g)
{
    return g->git_sha ? mem_printf(job->ctx, "commit %.10s", g->git_sha) : "commit not recorded";
}

/* --- push --- */

static void
print_push(const struct artifacts_job *a)
{
    const struct job *job = &a->job;
    const struct artifact_pushed *p = &a->pushed;
    bool newest = strcmp(p->newest->id, p->generation->id) == 0;
    if (job->config->output == OUTPUT_JSON) {
        cJSON *more = json_object(job->ctx);
        json_put_str(more, "store", artifact_store_name(a->store));
        mem_check(cJSON_AddBoolToObject(more, "pushed", !p->already));
        json_put_str(more, "newest", p->newest->id);
        mem_check(cJSON_AddNumberToObject(more, "removed", (double)p->removed));
        print_generation(job, p->generation, more);
        return;
    }
    printf(p->already ? "%s already has this manifest\n" : "pushed to %s\n",
           artifact_store_name(a->store));
    printf("  generation  %s (%s, dbt %s)\n", p->generation->id, commit_text(job, p->generation),
           p->generation->dbt_version ? p->generation->dbt_version : "?");
    if (!p->already)
        printf("  sent        %zu file%s, %s\n", p->generation->n_files,
               p->generation->n_files == 1 ? "" : "s", str_bytes(job->ctx, p->bytes));
    if (!newest)
        printf("  newest      is still %s (%s): its manifest was made later, %s\n", p->newest->id,
               commit_text(job, p->newest), p->newest->generated_at);
    if (p->removed)
        printf("  removed     %zu older than the %d that are kept\n", p->removed,
               job->config->keep);
}

int
cmd_state_push(void *ctx, const struct config *config, struct err *err)
{
    struct artifacts_job a;
    if (command_args(config, 0, 0, err) || artifacts_push(&a, ctx, config, err))
        return -1;
    print_push(&a);
    return 0;
}

/* --- pull --- */

static const char *
match_text(enum artifact_match match)
{
    static const char *const texts[] = {[ARTIFACT_NEWEST] = "newest",
                                        [ARTIFACT_EXACT] = "merge-base",
                                        [ARTIFACT_ANCESTOR] = "before-merge-base",
                                        [ARTIFACT_NO_MATCH] = "newest-for-want-of-merge-base"};
    return texts[match];
}

static void
print_pull(const struct artifacts_job *a)
{
    const struct job *job = &a->job;
    const struct artifact_pulled *p = &a->pulled;
    const struct generation *g = p->generation;
    if (job->config->output == OUTPUT_JSON) {
        cJSON *more = json_object(job->ctx);
        json_put_str(more, "store", artifact_store_name(a->store));
        json_put_str(more, "state", job->config->state);
        json_put_str(more, "match", match_text(p->match));
        mem_check(cJSON_AddBoolToObject(more, "pulled", !p->already));
        mem_check(cJSON_AddNumberToObject(more, "behind", (double)p->behind));
        json_put_str(more, "partial_parse", a->parse);
        print_generation(job, g, more);
        return;
    }
    printf(p->already ? "%s is already what %s has\n" : "pulled into %s from %s\n",
           job->config->state, artifact_store_name(a->store));
    printf("  generation  %s (%s, dbt %s)\n", g->id, commit_text(job, g),
           g->dbt_version ? g->dbt_version : "?");
    if (p->match != ARTIFACT_NEWEST)
        printf("  merge base  %.10s: %s; %zu newer in the store\n", a->in.diff->merge_base_sha,
               p->match == ARTIFACT_EXACT      ? "this commit's own"
               : p->match == ARTIFACT_ANCESTOR ? "the last before it"
                                               : "no push of it, so this is the newest",
               p->behind);
    for (size_t i = 0; i < g->n_files; i++)
        printf("  %-10s  %s, %s\n", i ? "" : "files", g->files[i].name,
               str_bytes(job->ctx, g->files[i].size));
    if (a->parse)
        printf("  dbt's partial parse: %s\n", a->parse);
}

int
cmd_state_pull(void *ctx, const struct config *config, struct err *err)
{
    struct artifacts_job a;
    if (command_args(config, 0, 0, err) || artifacts_pull(&a, ctx, config, err))
        return -1;
    print_pull(&a);
    return 0;
}
