/* A cloneci.yml for the project at hand, from the option table, and the recipe of its CI system. */
#include "gitdiff/gitdiff.h"
#include "help.h"
#include "job/job.h"

#include "ci_recipes.h"

#include <stdlib.h>
#include <string.h>

/* Where each system looks for its file, in the repository, and what tells that it is used there. */
static const struct {
    const char *name, *title, *file, *sign;
} systems[] = {
    {"github", "GitHub Actions", ".github/workflows/cloneci.yml", ".github"},
    {"gitlab", "GitLab CI", ".gitlab-ci.yml", ".gitlab-ci.yml"},
    {"bitbucket", "Bitbucket Pipelines", "bitbucket-pipelines.yml", "bitbucket-pipelines.yml"},
    {"azure", "Azure Pipelines", "azure-pipelines.yml", "azure-pipelines.yml"},
    {"jenkins", "Jenkins", "Jenkinsfile", "Jenkinsfile"},
};

struct init {
    void *ctx;
    const struct config *config;
    const struct project *project;
    const char *repository; /* its folder, or NULL */
    const char *branch;     /* the default branch, or NULL */
    struct buf out;
};

/* --- what is there --- */

static const char *
find_repository(void *ctx, const char *dir)
{
    for (;; dir = path_dir(ctx, dir)) {
        if (file_exists(path_join(ctx, dir, ".git")))
            return dir;
        if (strcmp(dir, "/") == 0)
            return NULL;
    }
}

/* As run would find it; NULL where it would have to be told. */
static const char *
find_branch(struct init *in)
{
    struct err ignored;
    struct gitdiff *diff;
    const struct gitdiff_options o = {.project_dir = in->project->dir, .base = in->config->base};
    if (!in->repository || gitdiff_read(in->ctx, &diff, &o, &ignored))
        return NULL;
    return str_starts(diff->base_ref, "origin/") ? diff->base_ref + strlen("origin/")
                                                 : diff->base_ref;
}

/* A folder of the project with a manifest.json of somebody else's: the usual names. */
static const char *
find_state(struct init *in)
{
    static const char *const names[] = {
        "prod-artifacts", "prod-run-artifacts", "production", "prod", "state", "artifacts"};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (file_exists(path_join(in->ctx, in->project->dir,
                                  mem_printf(in->ctx, "%s/manifest.json", names[i]))))
            return names[i];
    return NULL;
}

/* --- cloneci.yml --- */

static void
comment(struct init *in, const char *text)
{
    help_yaml_comment(&in->out, "", text);
}

/* As it is for everybody who has the checkout. */
static const char *
shown_path(struct init *in, const char *path)
{
    size_t n = strlen(in->project->dir);
    const char *home = getenv("HOME");
    if (str_starts(path, in->project->dir) && path[n] == '/')
        return path + n + 1;
    if (home && *home && str_starts(path, home) && path[strlen(home)] == '/')
        return mem_printf(in->ctx, "~%s", path + strlen(home));
    return path;
}

static void
put_profile(struct init *in)
{
    struct err err;
    struct profile *p;
    if (config_profile(in->ctx, &p, in->config, in->project, &err)) {
        comment(in, mem_printf(in->ctx, "The profile could not be read: %s",
                               log_redact(in->ctx, err.msg)));
        return;
    }
    comment(in, mem_printf(in->ctx, "Connection: profile %s, target %s (%s), from %s", p->name,
                           p->target, p->type, shown_path(in, p->file)));
    if (!strlist_has(&p->outputs, "ci") || strcmp(p->target, "ci") == 0)
        return;
    comment(in, "The profile has a target 'ci', and it is not the default one: it is best to build "
                "pull requests with a role that only reads production.");
    buf_puts(&in->out, "target: ci\n");
}

static void
put_ci(struct init *in)
{
    for (size_t i = 0; in->repository && i < BASE_COUNT(systems); i++)
        if (file_exists(path_join(in->ctx, in->repository, systems[i].sign)))
            comment(in, mem_printf(in->ctx, "CI: %s (%s). Its recipe: cloneci init --ci %s",
                                   systems[i].title, systems[i].sign, systems[i].name));
}

static void
put_found(struct init *in)
{
    const char *state = find_state(in);
    buf_puts(&in->out, "\n# --- found here ---\n\n");
    put_profile(in);
    put_ci(in);
    if (in->branch)
        comment(in, mem_printf(in->ctx,
                               "Pull requests go into %s. The CI's variables give the target "
                               "branch of each one, so `base` can stay unset.",
                               in->branch));
    else
        comment(in, "The default branch could not be found: set `base` below, unless the CI's "
                    "variables give it.");
    if (state) {
        comment(in, "Production's manifest:");
        buf_printf(&in->out, "state: %s\n", state);
    } else {
        comment(
            in,
            "Production's manifest: none was found. `cloneci doctor --state FOLDER` checks one.");
    }
}

static int
write_settings(struct init *in, const char *path, struct err *err)
{
    buf_init(&in->out, in->ctx);
    comment(in, mem_printf(in->ctx, "Settings of cloneci for the project %s. " HELP_YAML_USE,
                           in->project->name));
    put_found(in);
    help_yaml_settings(in->ctx, &in->out, in->branch);
    if (file_write(path, in->out.s, in->out.len, 0644, err))
        return -1;
    printf("wrote %s\n", path);
    return 0;
}

/* --- the recipe --- */

/* A line with the remark gets what is true here in place of the first `old`. */
static char *
adapted(void *ctx, const char *line, const char *remark, const char *old, const char *now)
{
    const char *at = strstr(line, remark) ? strstr(line, old) : NULL;
    if (!at || !now || !*now)
        return mem_strdup(ctx, line);
    return mem_printf(ctx, "%.*s%s%s", (int)(at - line), line, now, at + strlen(old));
}

static char *
recipe_text(struct init *in, const char *text)
{
    const char *inside = in->project->dir + strlen(in->repository);
    struct buf b;
    buf_init(&b, in->ctx);
    inside += strspn(inside, "/");
    for (size_t n; *text; text += n) {
        n = strcspn(text, "\n") + 1;
        char *line = mem_strndup(in->ctx, text, n);
        line = adapted(in->ctx, line, " the default branch\n", "main", in->branch);
        buf_puts(&b, adapted(in->ctx, line, " the project's folder\n", ".", inside));
    }
    return b.s;
}

static int
write_recipe(struct init *in, size_t system, struct err *err)
{
    if (!in->repository) {
        fail(err, ERR_INPUT, "%s is not in a git repository", in->project->dir);
        return hint(err, "Run 'git init' first, or leave out --ci.");
    }
    char *path = path_join(in->ctx, in->repository, systems[system].file);
    if (file_exists(path)) {
        printf("kept %s: compare it with conf/ci/%s of cloneci\n", path, systems[system].name);
        return 0;
    }
    for (size_t i = 0; i < BASE_COUNT(ci_recipes); i++) {
        if (strcmp(ci_recipes[i].folder, systems[system].name) != 0)
            continue;
        char *text = recipe_text(in, ci_recipes[i].text);
        if (file_mkdirs(path_dir(in->ctx, path), 0777, err) ||
            file_write(path, text, strlen(text), 0644, err))
            return -1;
        printf("wrote %s: its first lines say what it needs\n", path);
    }
    return 0;
}

/* --- the command --- */

static int
init_settings(struct init *in, struct err *err)
{
    char *path = path_join(in->ctx, in->project->dir, "cloneci.yml");
    if (!file_exists(path))
        return write_settings(in, path, err);
    if (in->config->ci) {
        printf("kept %s\n", path);
        return 0;
    }
    fail(err, ERR_CONFIG, "%s already exists", path);
    return hint(err, "Edit it, or remove it first.");
}

int
cmd_init(void *ctx, const struct config *config, struct err *err)
{
    struct job job;
    job_init(&job, ctx, config);
    if (command_args(config, 0, 0, err) || job_project(&job, false, err))
        return -1;
    struct init in = {.ctx = ctx, .config = config, .project = job.project};
    in.repository = find_repository(ctx, job.project->dir);
    in.branch = find_branch(&in);
    if (init_settings(&in, err))
        return -1;
    for (size_t i = 0; config->ci && i < BASE_COUNT(systems); i++)
        if (strcmp(systems[i].name, config->ci) == 0)
            return write_recipe(&in, i, err);
    return 0;
}
