#include "guard.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

static bool
same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int
guard_path(void *ctx, const char **out, const struct config *config, const struct project *project,
           struct err *err)
{
    if (!config->state || !*config->state) {
        fail(err, ERR_CONFIG, "there is no --state folder with production's manifest");
        return hint(err,
                    "Give the folder with production's manifest.json by --state DIR (or "
                    "DBT_STATE). The job that builds production should store its target/ folder.");
    }
    char *dir = path_absolute(ctx, config->state);
    char *path = path_join(ctx, dir, "manifest.json");
    if (!file_exists(path)) {
        fail(err, ERR_INPUT, "%s: there is no manifest.json in the --state folder", dir);
        return hint(err, "Without production's manifest everything would look new. Fetch the "
                         "manifest of the production job, or run that job first.");
    }
    if (same_file(path, path_join(ctx, project->target_path, "manifest.json"))) {
        fail(err, ERR_REFUSED, "%s is the file that dbt itself writes in this checkout", path);
        return hint(err, "The head would be compared with itself. Keep production's artifacts in a "
                         "folder of their own: cp -r target prod-state, then --state prod-state.");
    }
    *out = path;
    return 0;
}

int
guard_identity(const struct manifest *m, const struct project *project,
               const struct profile *profile, struct err *err)
{
    if (m->project_name && strcmp(m->project_name, project->name) != 0) {
        fail(err, ERR_REFUSED, "%s is the manifest of the project '%s', but this is '%s'", m->file,
             m->project_name, project->name);
        return hint(err, "Point --state at the artifacts of this project's production.");
    }
    if (profile && m->adapter_type && strcmp(m->adapter_type, profile->type) != 0) {
        fail(err, ERR_REFUSED,
             "%s was made for the adapter '%s', but the target '%s' of profile '%s' is '%s'",
             m->file, m->adapter_type, profile->target, profile->name, profile->type);
        return hint(err, "Production and CI must use the same kind of warehouse. Choose the target "
                         "with --target.");
    }
    return 0;
}

static int
check_own(void *ctx, const struct manifest *m, const struct project *project, const char *schema,
          struct err *err)
{
    const char *local = path_join(ctx, project->target_path, "manifest.json");
    struct manifest *here = NULL;
    struct err ignored;
    const char *own =
        manifest_metadata(ctx, &here, local, &ignored) == 0 ? here->invocation_id : NULL;
    if (own && str_eq(own, m->invocation_id)) {
        fail(err, ERR_REFUSED, "%s and %s come from the same invocation of dbt (%s)", m->file,
             local, own);
        return hint(
            err,
            "The manifest is this checkout's own, not production's. Fetch production's artifacts "
            "into the --state folder. If production was really built in this checkout, remove %s.",
            local);
    }
    if (!schema)
        return 0;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *n = &m->nodes[i];
        if (n->group != NODE_NODES || !n->relation_name || !str_eq(n->schema, schema))
            continue;
        fail(err, ERR_REFUSED, "%s was made for the pull request's own schema \"%s\" (%s is in it)",
             m->file, schema, n->unique_id);
        return hint(
            err,
            "Point --state at the artifacts of production's target, or choose another --schema.");
    }
    return 0;
}

int64_t
guard_age_seconds(const char *generated_at)
{
    struct tm tm = {0};
    const char *end = generated_at ? strptime(generated_at, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (!end)
        return -1;
    int64_t age = (int64_t)time(NULL) - (int64_t)timegm(&tm);
    return age < 0 ? 0 : age;
}

char *
guard_age_text(void *ctx, int64_t seconds)
{
    if (seconds < 0)
        return mem_strdup(ctx, "of unknown age");
    return mem_printf(ctx, "%s old", str_age(ctx, (double)seconds));
}

int
guard_check(void *ctx, struct guard_facts *out, const struct manifest *production,
            const struct project *project, const struct profile *profile, const char *schema,
            const struct gitdiff *diff, struct err *err)
{
    if (guard_identity(production, project, profile, err) ||
        check_own(ctx, production, project, schema, err))
        return -1;
    int known = diff && production->git_sha ? gitdiff_is_ancestor(diff, production->git_sha) : -1;
    *out = (struct guard_facts){.age_seconds = guard_age_seconds(production->generated_at),
                                .git_sha = production->git_sha,
                                .git_relation = known < 0 ? "unknown"
                                                : known   ? "ancestor"
                                                          : "not_ancestor"};
    return 0;
}
