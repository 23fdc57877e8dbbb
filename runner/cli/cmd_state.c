#include "commands.h"
#include "job/inputs.h"

#include <string.h>

static void
print_json_facts(const struct inputs *in)
{
    void *tmp = talloc_new(NULL);
    const struct manifest *m = in->production;
    cJSON *o = json_object(tmp);
    json_put_str(o, "manifest", m->file);
    json_put_str(o, "project", m->project_name);
    json_put_str(o, "adapter", m->adapter_type);
    json_put_str(o, "schema_version", m->schema_version);
    json_put_str(o, "dbt_version", m->dbt_version);
    json_put_str(o, "generated_at", m->generated_at);
    mem_check(cJSON_AddNumberToObject(o, "age_seconds", (double)in->facts.age_seconds));
    json_put_str(o, "git_sha", in->facts.git_sha);
    json_put_str(o, "git_relation", in->facts.git_relation);
    mem_check(cJSON_AddNumberToObject(o, "nodes", (double)m->n_nodes));
    puts(json_print(tmp, o, true));
    talloc_free(tmp);
}

static void
print_facts(const struct inputs *in)
{
    void *tmp = talloc_new(NULL);
    const struct manifest *m = in->production;
    printf("%s: every check that it is production's manifest passed\n", m->file);
    printf("  project   %s, %s\n", m->project_name ? m->project_name : "(not recorded)",
           m->adapter_type ? m->adapter_type : "(adapter not recorded)");
    printf("  dbt       %s, manifest schema %s\n", m->dbt_version ? m->dbt_version : "?",
           m->schema_version);
    printf("  made      %s (%s)\n", m->generated_at ? m->generated_at : "?",
           guard_age_text(tmp, in->facts.age_seconds));
    if (in->facts.git_sha)
        printf("  commit    %s (%s of the head)\n", in->facts.git_sha,
               strcmp(in->facts.git_relation, "ancestor") == 0 ? "an ancestor"
               : strcmp(in->facts.git_relation, "not_ancestor") == 0
                   ? "NOT an ancestor"
                   : "not known whether an ancestor");
    printf("  holds     %u nodes, %s\n", m->n_nodes, str_bytes(tmp, (int64_t)m->bytes));
    talloc_free(tmp);
}

int
cmd_state_check(void *ctx, const struct config *config, struct err *err)
{
    struct job job;
    struct inputs in = {0};
    struct err no_git, no_profile;
    job_init(&job, ctx, config);
    if (command_args(config, 0, 0, err) || job_project(&job, false, err))
        return -1;
    /* Both make the guards sharper; neither is needed to check a manifest. */
    if (config_profile(ctx, &job.profile, config, job.project, &no_profile))
        log_event(LOG_WARN, "profile.none", "the adapter is not compared: %s", no_profile.msg);
    if (inputs_git(&in, &job, &no_git))
        log_event(LOG_WARN, "git.none", "ancestry is not compared: %s", no_git.msg);
    if (config->schema)
        in.schema = config->schema;
    if (inputs_production(&in, &job, err))
        return -1;
    if (config->output == OUTPUT_JSON)
        print_json_facts(&in);
    else
        print_facts(&in);
    return 0;
}
