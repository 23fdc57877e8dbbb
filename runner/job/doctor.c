#include "doctor.h"

#include "adapters/doctor.h"
#include "seat.h"

struct doctor {
    struct job job;
    struct inputs in;
    struct seat seat;
    doctor_say *say;
    void *arg;
    size_t bad;
};

static void
say(struct doctor *d, bool ok, const char *what, const char *text, const char *remedy)
{
    d->say(d->arg, &(struct doctor_check){
                       .ok = ok, .what = what, .text = text, .remedy = ok ? NULL : remedy});
    d->bad += !ok;
}

static bool
check(struct doctor *d, const char *what, int rc, const struct err *err, const char *text)
{
    say(d, rc == 0, what, rc == 0 ? text : err->msg, err->hint);
    return rc == 0;
}

static bool
check_dbt(struct doctor *d)
{
    const char *dbt = d->job.config->dbt;
    char *path = process_which(d->job.ctx, dbt);
    say(d, path != NULL, "dbt", path ? path : mem_printf(d->job.ctx, "%s: not found in PATH", dbt),
        "Install it (pip install dbt-core and the adapter of your warehouse), or give its path "
        "with --dbt.");
    return path != NULL;
}

/* As dbt itself counts them before it parses. */
static void
check_packages(struct doctor *d)
{
    const struct job *job = &d->job;
    struct project_package *packages;
    size_t wanted = config_packages_named(job->ctx, job->project), n, installed = 0;
    const char *dir = path_join(job->ctx, job->project->dir, job->project->packages_install_path);
    config_packages(job->ctx, job->project, &packages, &n);
    for (size_t i = 0; i < n; i++)
        installed += str_eq(path_dir(job->ctx, packages[i].dir), dir);
    if (wanted || installed)
        say(d, installed >= wanted, "packages",
            mem_printf(job->ctx,
                       "%zu named in packages.yml and dependencies.yml, %zu installed in %s",
                       wanted, installed, dir),
            "Run 'dbt deps'.");
}

/* dbt is started as a run starts it: it, its adapter and the project are tried at once. */
static void
check_parse(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    struct job *job = &d->job;
    const char *path;
    int rc = inputs_dbt(&d->in, job, &err) ||
             build_parse(job->ctx, &d->in.env, job->run_id, &path, &err) ||
             manifest_read(job->ctx, &d->in.head, path, &err);
    const struct manifest *head = d->in.head, *production = d->in.production;
    if (!check(d, "dbt parse", rc, &err,
               rc ? ""
                  : mem_printf(job->ctx, "dbt %s with the adapter %s starts, and parses %u nodes",
                               head->dbt_version, head->adapter_type, head->n_nodes)))
        return;
    if (!production)
        return;
    bool same = str_eq(head->dbt_version, production->dbt_version);
    d->say(d->arg,
           &(struct doctor_check){
               .ok = true,
               .what = "version",
               .text = mem_printf(job->ctx, "dbt %s here, %s in production", head->dbt_version,
                                  production->dbt_version),
               .remedy = same ? NULL
                              : "with two versions most tests and incremental models count as "
                                "modified: install production's in CI"});
}

static bool
check_files(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    int rc = job_project(&d->job, false, &err);
    if (!check(d, "project", rc, &err,
               rc ? ""
                  : mem_printf(d->job.ctx, "%s in %s", d->job.project->name, d->job.project->dir)))
        return false;
    rc = config_profile(d->job.ctx, &d->job.profile, d->job.config, d->job.project, &err);
    check(d, "profile", rc, &err,
          rc ? ""
             : mem_printf(d->job.ctx, "%s, target %s (%s)", d->job.profile->file,
                          d->job.profile->target, d->job.profile->type));
    int git = inputs_git(&d->in, &d->job, &err);
    check(d, "git", git, &err,
          git ? ""
              : mem_printf(d->job.ctx, "merge base %.10s with %s (%s), %zu changed files",
                           d->in.diff->merge_base_sha, d->in.diff->base_ref, d->in.diff->base_from,
                           d->in.diff->n));
    if (git == 0) {
        int named = inputs_schema(&d->in, &d->job, &err);
        check(d, "schema", named, &err, named ? "" : d->in.schema);
    }
    return rc == 0;
}

static void
check_production(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    int rc = inputs_production(&d->in, &d->job, &err);
    check(d, "manifest", rc, &err,
          rc ? ""
             : mem_printf(d->job.ctx, "%s: %u nodes, %s", d->in.production->file,
                          d->in.production->n_nodes,
                          guard_age_text(d->job.ctx, d->in.facts.age_seconds)));
}

/* Production's relations, as the manifest names them, in the warehouse. */
static void
check_relations(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    const struct manifest *m = d->in.production;
    struct relation *r = mem_array(d->job.ctx, struct relation, m->n_nodes);
    size_t n = 0, missing = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *x = &m->nodes[i];
        if (x->group == NODE_NODES && x->type != NODE_TEST && x->relation_name && x->enabled)
            r[n++] =
                (struct relation){.database = x->database, .schema = x->schema, .name = x->alias};
    }
    struct relation_info *info = mem_array(d->job.ctx, struct relation_info, n);
    int rc = n ? d->seat.ops->describe(d->job.ctx, d->seat.warehouse, r, n, info, &err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        missing += info[i].kind == RELATION_MISSING;
    const char *text =
        mem_printf(d->job.ctx, "%zu of the manifest's %zu are in the warehouse", n - missing, n);
    d->say(
        d->arg,
        &(struct doctor_check){
            .ok = rc == 0,
            .what = "relations",
            .text = rc == 0 ? text : err.msg,
            .remedy = rc ? err.hint
                      : missing
                          ? "nodes that refer to the missing ones will fail: build production again"
                          : NULL});
    d->bad += rc != 0;
}

/* What an operation of the warehouse's finds in production's schemas; `fine`: what it says where it
 * finds nothing, or NULL. */
static void
check_schemas(struct doctor *d, const char *name,
              int (*look)(void *ctx, struct warehouse *a, const struct place_list *schemas,
                          struct doctor_finding **out, size_t *n, struct err *err),
              const char *fine)
{
    struct err err = {.kind = ERR_NONE};
    struct doctor_finding *found = NULL;
    size_t n = 0;
    const struct place_list schemas =
        manifest_schemas(d->job.ctx, d->in.production, d->seat.ops->dialect);
    int rc = look(d->job.ctx, d->seat.warehouse, &schemas, &found, &n, &err);
    if (rc || (n == 0 && fine))
        check(d, name, rc, &err, fine ? fine : "");
    for (size_t i = 0; rc == 0 && i < n; i++)
        say(d, found[i].advice, name, found[i].text, found[i].remedy);
}

/* Who could steer a promotion, or have production's owner run something? And may our role do what
 * it must, and no more? --roles tries that. */
static void
check_rights(struct doctor *d)
{
    const struct doctor_ops *ops = d->seat.ops->doctor;
    if (!ops)
        return;
    check_schemas(d, "owners", ops->owners, NULL);
    if (!d->job.config->roles)
        check_schemas(d, "privileges", ops->privileges,
                      mem_printf(d->job.ctx, "the role %s reads production and cannot write it",
                                 d->seat.server.role));
}

/* What the catalog says is one thing; here it is tried, and undone. */
static int
try_roles(struct doctor *d, struct doctor_roles *found, struct err *err)
{
    const struct place_list schemas =
        manifest_schemas(d->job.ctx, d->in.production, d->seat.ops->dialect);
    if (!d->seat.ops->doctor)
        return fail(err, ERR_CONFIG, "--roles: nothing can be tried on %s",
                    d->seat.ops->dialect->product);
    return d->seat.ops->doctor->roles(d->job.ctx, d->seat.warehouse, &schemas, found, err);
}

static void
say_allowed(struct doctor *d, const struct doctor_roles *found)
{
    size_t n = found->allowed.n;
    long long refused = (long long)found->refused;
    const char *text =
        n == 0
            ? mem_printf(d->job.ctx, "%lld attempts of %s were refused", refused,
                         d->seat.server.role)
            : mem_printf(d->job.ctx, "%s may do %zu things that it should not, %lld were refused",
                         d->seat.server.role, n, refused);
    d->say(d->arg,
           &(struct doctor_check){
               .ok = n == 0,
               .what = "roles",
               .text = text,
               .remedy = n ? "Revoke these privileges (conf/roles.sql, docs/roles.md):" : NULL,
               .things = &found->allowed});
    d->bad += n != 0;
}

static void
check_roles(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    struct doctor_roles found = {0};
    if (!check(d, "roles", try_roles(d, &found, &err), &err,
               "writes to production were tried, and undone"))
        return;
    if (d->seat.server.superuser)
        say(d, false, "roles", "a superuser may do everything",
            "Connect with a role like that of conf/roles.sql.");
    else if (*found.owners)
        say(d, true, "roles",
            mem_printf(d->job.ctx,
                       "%s has the privileges of %s, who owns production: use it only for promote "
                       "and rollback; what others own was tried",
                       d->seat.server.role, found.owners),
            NULL);
    say_allowed(d, &found);
}

static void
check_warehouse(struct doctor *d)
{
    struct err err = {.kind = ERR_NONE};
    int rc = seat_connect(&d->seat, &d->job, &err);
    if (!check(d, "warehouse", rc, &err,
               rc ? ""
                  : mem_printf(d->job.ctx, "%s %s, role %s", d->seat.ops->dialect->product,
                               d->seat.server.version, d->seat.server.role)))
        return;
    check(d, "pooler", seat_direct(&d->seat, &err), &err,
          d->seat.server.pooled ? "there is a connection pooler, in session mode"
                                : "direct connection");
    if (d->job.config->clone_database && d->in.schema) {
        int made = seat_database_check(&d->seat, &d->in, &err);
        check(d, "database", made, &err,
              made ? ""
                   : mem_printf(d->job.ctx, "%s %s: %s", d->seat.database->name,
                                d->seat.database->stands ? "stands" : "can be made",
                                d->seat.database->note));
    }
    if (d->in.production) {
        check_relations(d);
        check_rights(d);
        if (d->job.config->roles)
            check_roles(d);
    }
}

size_t
doctor_run(void *ctx, const struct config *config, doctor_say *each, void *arg)
{
    struct doctor d = {.say = each, .arg = arg};
    job_init(&d.job, ctx, config);
    bool dbt = check_dbt(&d);
    bool profile = check_files(&d);
    if (d.job.project)
        check_production(&d);
    if (d.job.project)
        check_packages(&d);
    if (dbt && profile && d.in.schema)
        check_parse(&d);
    if (profile)
        check_warehouse(&d);
    return d.bad;
}
