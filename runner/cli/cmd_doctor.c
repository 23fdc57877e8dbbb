#include "commands.h"

#include "adapters/doctor.h"
#include "job/database.h"

#include <string.h>

enum { MOST_FINDINGS = 20 };

struct doctor {
    struct job s;
    bool color;
    size_t bad;
};

static void
say(struct doctor *d, bool ok, const char *what, const char *text, const char *remedy)
{
    const char *on = !d->color ? ""
                     : ok      ? "\033[32m"
                               : "\033[31m",
               *off = d->color ? "\033[0m" : "";
    printf("%s%s%s  %-12s %s\n", on, ok ? "ok " : "BAD", off, what, log_redact(d->s.ctx, text));
    if (!ok && remedy && *remedy)
        printf("                  -> %s\n", log_redact(d->s.ctx, remedy));
    d->bad += !ok;
}

static bool
check(struct doctor *d, const char *what, int rc, const struct err *err, const char *text)
{
    say(d, rc == 0, what, rc == 0 ? text : err->msg, err->hint);
    return rc == 0;
}

static void
check_dbt(struct doctor *d)
{
    const char *dbt = d->s.config->dbt;
    char *path = process_which(d->s.ctx, dbt);
    say(d, path != NULL, "dbt", path ? path : mem_printf(d->s.ctx, "%s: not found in PATH", dbt),
        "Install it (pip install dbt-core dbt-postgres), or name it with --dbt.");
}

static bool
check_files(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    struct job *s = &d->s;
    int rc = job_project(s, false, &err);
    if (!check(d, "project", rc, &err,
               rc ? "" : mem_printf(s->ctx, "%s in %s", s->project->name, s->project->dir)))
        return false;
    rc = config_profile(s->ctx, &s->profile, s->config, s->project, &err);
    check(d, "profile", rc, &err,
          rc ? ""
             : mem_printf(s->ctx, "%s, target %s (%s)", s->profile->file, s->profile->target,
                          s->profile->type));
    int git = job_git(s, &err);
    check(d, "git", git, &err,
          git ? ""
              : mem_printf(s->ctx, "merge base %.10s with %s (%s), %zu changed files",
                           s->diff->merge_base_sha, s->diff->base_ref, s->diff->base_from,
                           s->diff->n));
    if (git == 0) {
        int named = job_schema(s, &err);
        check(d, "schema", named, &err, named ? "" : s->schema);
    }
    return rc == 0;
}

static void
check_production(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    struct job *s = &d->s;
    int rc = job_production(s, &err);
    check(d, "manifest", rc, &err,
          rc ? ""
             : mem_printf(s->ctx, "%s: %u nodes, %s", s->production->file, s->production->n_nodes,
                          guard_age_text(s->ctx, s->facts.age_seconds)));
}

/* Production's relations, as the manifest names them, in the warehouse. */
static void
check_relations(struct doctor *d)
{
    struct job *s = &d->s;
    struct err err = {.kind = ERR_NONE};
    const struct manifest *m = s->production;
    struct relation *r = mem_array(s->ctx, struct relation, m->n_nodes);
    size_t n = 0, missing = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *x = &m->nodes[i];
        if (x->group == NODE_NODES && x->type != NODE_TEST && x->relation_name && x->enabled)
            r[n++] =
                (struct relation){.database = x->database, .schema = x->schema, .name = x->alias};
    }
    struct relation_info *info = mem_array(s->ctx, struct relation_info, n);
    int rc = n ? s->ops->describe(s->ctx, s->adapter, r, n, info, &err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        missing += info[i].kind == RELATION_MISSING;
    if (check(
            d, "relations", rc, &err,
            mem_printf(s->ctx, "%zu of the manifest's %zu are in the warehouse", n - missing, n)) &&
        missing)
        printf("                  -> what refers to the missing ones will fail: build production "
               "again\n");
}

static void
check_privileges(struct doctor *d)
{
    struct job *s = &d->s;
    struct err err = {.kind = ERR_NONE};
    struct doctor_finding *found = NULL;
    size_t n = 0;
    const struct strlist schemas = guard_schema_list(s->ctx, s->production);
    if (!s->ops->doctor)
        return;
    int rc = s->ops->doctor->privileges(s->ctx, s->adapter, &schemas, &found, &n, &err);
    if (rc || n == 0) {
        check(
            d, "privileges", rc, &err,
            mem_printf(s->ctx, "the role %s reads production and cannot write it", s->server.role));
        return;
    }
    for (size_t i = 0; i < n; i++)
        say(d, found[i].advice, "privileges", found[i].text, found[i].remedy);
}

/* What the catalog says is one thing; here it is tried, and undone. */
static int
try_roles(struct doctor *d, struct doctor_roles *found, struct err *err)
{
    struct job *s = &d->s;
    const struct strlist schemas = guard_schema_list(s->ctx, s->production);
    if (!s->ops->doctor)
        return fail(err, ERR_CONFIG, "--roles: nothing can be tried on %s",
                    s->ops->dialect->product);
    return s->ops->doctor->roles(s->ctx, s->adapter, &schemas, found, err);
}

static void
say_allowed(struct doctor *d, const struct doctor_roles *found)
{
    struct job *s = &d->s;
    size_t n = found->allowed.n;
    long long refused = (long long)found->refused;
    say(d, n == 0, "roles",
        n == 0 ? mem_printf(s->ctx, "%lld attempts of %s were refused", refused, s->server.role)
               : mem_printf(s->ctx, "%s may do %zu things that it should not, %lld were refused",
                            s->server.role, n, refused),
        "Take these rights away from it (conf/roles.sql, docs/roles.md):");
    for (size_t i = 0; i < n && i < MOST_FINDINGS; i++)
        printf("                     %s\n", found->allowed.v[i]);
    if (n > MOST_FINDINGS)
        printf("                     and %zu more\n", n - MOST_FINDINGS);
}

static void
check_roles(struct doctor *d)
{
    struct job *s = &d->s;
    struct err err = {.kind = ERR_NONE};
    struct doctor_roles found = {0};
    if (!check(d, "roles", try_roles(d, &found, &err), &err,
               "what production must not suffer was tried, and undone"))
        return;
    if (s->server.superuser)
        say(d, false, "roles", "a superuser is refused nothing",
            "Connect with a role as in conf/roles.sql.");
    else if (*found.owners)
        say(d, true, "roles",
            mem_printf(s->ctx,
                       "%s has the rights of %s, to whom production belongs: a role for promote "
                       "and rollback "
                       "alone; what others own was tried",
                       s->server.role, found.owners),
            NULL);
    say_allowed(d, &found);
}

static void
check_warehouse(struct doctor *d)
{
    struct job *s = &d->s;
    struct err err = {.kind = ERR_NONE};
    int rc = job_connect(s, &err);
    if (!check(d, "warehouse", rc, &err,
               rc ? ""
                  : mem_printf(s->ctx, "%s %s, role %s", s->ops->dialect->product,
                               s->server.version, s->server.role)))
        return;
    check(d, "pooler", job_direct(s, &err), &err,
          s->server.pooled
              ? "a pooler stands between, and gives each session a connection of its own"
              : "direct connection");
    if (s->config->clone_database && s->schema) {
        int made = database_check(s, &err);
        check(d, "database", made, &err,
              made ? ""
                   : mem_printf(s->ctx, "%s %s: %s", s->database->name,
                                s->database->stands ? "stands" : "can be made", s->database->note));
    }
    if (s->production) {
        check_relations(d);
        if (d->s.config->roles)
            check_roles(d);
        else
            check_privileges(d);
    }
}

int
cmd_doctor(void *ctx, const struct config *config, struct err *err)
{
    struct doctor d = {.color = log_color(stdout)};
    job_init(&d.s, ctx, config);
    log_setup(LOG_WARN, log_get_format());
    if (command_args(config, 0, 0, err))
        return -1;
    check_dbt(&d);
    bool profile = check_files(&d);
    if (d.s.project)
        check_production(&d);
    if (profile)
        check_warehouse(&d);
    if (!d.bad)
        return 0;
    return fail(err, ERR_CONFIG, "%zu of the checks failed", d.bad);
}
