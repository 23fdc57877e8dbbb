#include "commands.h"
#include "job/job.h"

#include <string.h>

static void
print_json_facts(const struct job *s)
{
    void *tmp = talloc_new(NULL);
    const struct manifest *m = s->production;
    cJSON *o = json_object(tmp);
    json_put_str(o, "manifest", m->file);
    json_put_str(o, "project", m->project_name);
    json_put_str(o, "adapter", m->adapter_type);
    json_put_str(o, "schema_version", m->schema_version);
    json_put_str(o, "dbt_version", m->dbt_version);
    json_put_str(o, "generated_at", m->generated_at);
    mem_check(cJSON_AddNumberToObject(o, "age_seconds", (double)s->facts.age_seconds));
    json_put_str(o, "git_sha", s->facts.git_sha);
    json_put_str(o, "git_relation", s->facts.git_relation);
    mem_check(cJSON_AddNumberToObject(o, "nodes", (double)m->n_nodes));
    puts(json_print(tmp, o, true));
    talloc_free(tmp);
}

static void
print_facts(const struct job *s)
{
    void *tmp = talloc_new(NULL);
    const struct manifest *m = s->production;
    printf("%s is production's manifest as far as can be told\n", m->file);
    printf("  project   %s, %s\n", m->project_name ? m->project_name : "(not recorded)",
           m->adapter_type ? m->adapter_type : "(adapter not recorded)");
    printf("  dbt       %s, manifest schema %s\n", m->dbt_version ? m->dbt_version : "?",
           m->schema_version);
    printf("  made      %s (%s)\n", m->generated_at ? m->generated_at : "?",
           guard_age_text(tmp, s->facts.age_seconds));
    if (s->facts.git_sha)
        printf("  commit    %s (%s of the head)\n", s->facts.git_sha,
               strcmp(s->facts.git_relation, "ancestor") == 0 ? "an ancestor"
               : strcmp(s->facts.git_relation, "not_ancestor") == 0
                   ? "NOT an ancestor"
                   : "not known here whether an ancestor");
    printf("  holds     %u nodes, %s\n", m->n_nodes, str_bytes(tmp, (int64_t)m->bytes));
    talloc_free(tmp);
}

int
cmd_state_check(void *ctx, const struct config *config, struct err *err)
{
    struct job s;
    struct err no_git, no_profile;
    job_init(&s, ctx, config);
    if (command_args(config, 0, 0, err) || job_project(&s, false, err))
        return -1;
    /* Both make the guards sharper; neither is needed to check a manifest. */
    if (config_profile(ctx, &s.profile, config, s.project, &no_profile))
        log_event(LOG_WARN, "profile.none", "the adapter is not compared: %s", no_profile.msg);
    if (job_git(&s, &no_git))
        log_event(LOG_WARN, "git.none", "ancestry is not compared: %s", no_git.msg);
    if (config->schema)
        s.schema = config->schema;
    if (job_production(&s, err))
        return -1;
    if (str_eq(config->output, "json"))
        print_json_facts(&s);
    else
        print_facts(&s);
    return 0;
}
