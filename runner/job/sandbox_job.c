#include "sandbox_job.h"

#include <string.h>

int
sandbox_job_open(struct sandbox_job *s, void *ctx, const struct config *config, struct err *err)
{
    *s = (struct sandbox_job){0};
    s->config = mem_memdup(ctx, config, sizeof *config);
    if (config->as_of_manifest)
        s->config->state = config->as_of_manifest;
    job_init(&s->job, ctx, s->config);
    if (job_project(&s->job, true, err) || seat_connect(&s->seat, &s->job, err) ||
        seat_direct(&s->seat, err))
        return -1;
    if (!s->seat.ops->sandbox) {
        fail(err, ERR_CONFIG, "sandboxes do not work on a warehouse of the type %s",
             s->seat.ops->name);
        return hint(err, "cloneci run still tests pull requests.");
    }
    const char *name = config->args.n ? config->args.v[0] : NULL;
    return name ? sandbox_check_name(name, s->seat.ops->dialect, err) : 0;
}

static struct sandbox *
find(struct sandbox_job *s, struct err *err)
{
    struct sandbox *list;
    size_t n;
    const char *name = s->job.config->args.v[0];
    if (sandbox_list(s->job.ctx, s->seat.warehouse, s->seat.ops, s->job.project->name, &list, &n,
                     err))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) != 0)
            continue;
        if (!list[i].foreign)
            return &list[i];
        fail(err, ERR_REFUSED, "the sandbox %s cannot be changed: %s", name, list[i].foreign);
        hint(err, "Its owner may remove it with DROP SCHEMA.");
        return NULL;
    }
    fail(err, ERR_CONFIG, "there is no sandbox %s of the project %s", name, s->job.project->name);
    hint(err, "'cloneci sandbox list' lists the sandboxes. A schema without cloneci's marker is "
              "not one, whatever its name.");
    return NULL;
}

static int
check_role(struct sandbox_job *s, const char *role, struct err *err)
{
    bool has = true;
    if (role && s->seat.ops->sandbox->has_role(s->job.ctx, s->seat.warehouse, role, &has, err))
        return -1;
    if (has)
        return 0;
    fail(err, ERR_CONFIG, "--for %s: there is no such role", role);
    return hint(err, "Give the database role that the person connects with.");
}

static int
read_production(struct sandbox_job *s, struct err *err)
{
    const char *path;
    if (guard_path(s->job.ctx, &path, s->job.config, s->job.project, err) ||
        manifest_read(s->job.ctx, &s->in.production, path, err) ||
        guard_identity(s->in.production, s->job.project, s->job.profile, err))
        return -1;
    s->in.schema = s->variant.sandbox->name;
    s->in.head = s->in.production;
    return 0;
}

static int
make_plan(struct sandbox_job *s, struct err *err)
{
    return choice_rules(&s->choice, &s->job, err) ||
                   inputs_sources(&s->in, &s->job, &s->choice.env, err) ||
                   plan_make(&s->plan, &s->job, &s->in, &s->choice, &s->seat, &s->variant, err)
               ? -1
               : 0;
}

/* --- create --- */

/* What is only to be read, by the same language. */
static int
find_views(struct sandbox_job *s, struct err *err)
{
    struct select_result views = {0};
    struct select_request r = {.select = s->job.config->as_views};
    if (!r.select.n)
        return 0;
    if (select_nodes(s->job.ctx, &views, &s->choice.env, &r, err))
        return wrap(err, "--as-views");
    s->box.as_view = views.in;
    return 0;
}

static int
choose(struct sandbox_job *s, struct config *config, struct err *err)
{
    if (!config->select.n && !config->selector && !config->downstream_of.n) {
        fail(err, ERR_CONFIG, "nothing is selected for the sandbox %s", s->box.name);
        return hint(err, "Use dbt's selection language, for example --select +orders, or "
                         "--include-downstream-of orders.");
    }
    struct strlist criteria = {0};
    sandbox_criteria(s->job.ctx, &criteria, &config->select, &config->downstream_of);
    config->select = criteria;
    if (choice_select(&s->choice, &s->job, &s->in, NULL, err) || find_views(s, err))
        return -1;
    if (s->choice.selected.n)
        return 0;
    fail(err, ERR_CONFIG, "the selection matches nothing in production");
    return hint(err, "Try the selection with: cloneci ls --manifest %s --select ..",
                s->in.production->file);
}

/* Production was rebuilt while it was cloned: the notes are of what stood before, so that all is
 * stale to the next refresh. */
static void
forget_notes(struct sandbox_job *s, struct sandbox_notes *notes)
{
    notes->notes = (struct strlist){0};
    for (size_t i = 0; i < s->plan->n_clones; i++)
        strlist_add(s->job.ctx, &notes->notes, s->seat.ops->sandbox->blank_note);
}

/* Notes, makes, finishes; plans again where production was rebuilt meanwhile. */
static int
carry_out(struct sandbox_job *s, const struct sandbox *before, struct err *err)
{
    struct findings f = {.job = &s->job,
                         .in = &s->in,
                         .choice = &s->choice,
                         .seat = &s->seat,
                         .variant = &s->variant,
                         .plan = s->plan};
    struct sandbox_notes notes;
    if (before && sandbox_replaced(s->job.ctx, &f.plan, before, err))
        return -1;
    const struct plan *planned = f.plan;
    if (sandbox_note(s->job.ctx, s->seat.warehouse, f.plan, &notes, err) ||
        (before ? findings_in_place(&f, err) : findings_fill(&f, err)))
        return -1;
    s->plan = f.plan;
    if (s->plan != planned)
        forget_notes(s, &notes);
    struct relation_info *made = mem_array(s->job.ctx, struct relation_info, s->plan->n_clones);
    struct strlist schemas = {0};
    for (size_t i = 0; i < s->plan->n_clones; i++)
        made[i] = f.clones[i].made.made;
    for (size_t i = 0; before && i < before->schemas.n; i++)
        strlist_add(s->job.ctx, &schemas, before->schemas.v[i]);
    for (size_t i = 0; !before && i < s->plan->n_schemas; i++)
        strlist_add(s->job.ctx, &schemas, s->plan->schemas[i].name);
    s->box.kept = sandbox_keep(s->job.ctx, s->plan, made, &notes, before);
    s->copying_ms = f.cloning_ms;
    return sandbox_finish(s->job.ctx, s->seat.warehouse, s->plan, &schemas, err);
}

int
sandbox_job_create(struct sandbox_job *s, struct err *err)
{
    const struct config *c = s->config;
    s->box = (struct plan_sandbox){.name = c->args.v[0], .role = c->for_whom};
    s->variant.sandbox = &s->box;
    s->seat.lock = !c->dry_run;
    s->variant.expires = c->ttl > 0 ? job_utc(&s->job, (int64_t)c->ttl) : NULL;
    if (check_role(s, s->box.role, err) || read_production(s, err) || choose(s, s->config, err) ||
        make_plan(s, err))
        return -1;
    if (!s->plan->n_clones) {
        fail(err, ERR_CONFIG, "no selected node exists in production");
        return hint(err, "Only models, seeds and snapshots are relations.");
    }
    return c->dry_run ? 0 : carry_out(s, NULL, err);
}

/* --- refresh --- */

static const struct sandbox_clone *
clone_of(const struct sandbox *box, const char *unique_id)
{
    for (size_t i = 0; i < box->n; i++)
        if (strcmp(box->clones[i].unique_id, unique_id) == 0)
            return &box->clones[i];
    return NULL;
}

static void
say_kept(const struct sandbox_job *s, const struct sandbox_clone *c, const char *why)
{
    log_event(LOG_WARN, "sandbox.kept", "%s is not changed: %s",
              s->seat.ops->dialect->qualify(s->job.ctx, &c->at), why);
}

/* What changed, and is still what we made. */
static struct select_result
to_refresh(struct sandbox_job *s, const struct sandbox *found)
{
    const struct manifest *m = s->in.production;
    struct select_result r = {.in = mem_array(s->job.ctx, uint8_t, m->n_nodes + 1),
                              .nodes = mem_array(s->job.ctx, uint32_t, found->n + 1)};
    uint8_t *views = mem_array(s->job.ctx, uint8_t, m->n_nodes + 1);
    for (size_t i = 0; i < found->n; i++) {
        const struct sandbox_clone *c = &found->clones[i];
        uint32_t at = manifest_find(m, c->unique_id);
        if (c->replaced) {
            if (c->stale)
                say_kept(s, c, "another relation is in the clone's place");
        } else if (at == MAP_NONE && (c->stale || c->missing)) {
            say_kept(s, c, "production's manifest no longer has it");
        } else if (c->gone) {
            say_kept(s, c, "production no longer has it");
        } else if (c->stale && c->used_by) {
            say_kept(s, c, mem_printf(s->job.ctx, "%s uses it", c->used_by));
            s->used++;
        } else if (c->stale || c->missing) {
            r.in[at] = 1;
            views[at] = strcmp(c->strategy, "view") == 0;
        }
    }
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (r.in[i])
            r.nodes[r.n++] = i;
    s->box.as_view = views;
    return r;
}

/* As the sandbox was asked for. */
static void
take_options(struct config *c, const struct sandbox *found)
{
    const cJSON *o = found->options;
    if (!o)
        return;
    c->strategy = json_str(o, "strategy") ? json_str(o, "strategy") : c->strategy;
    c->window = json_str(o, "window") ? json_str(o, "window") : c->window;
    c->copy_most = json_str(o, "copy_most");
    c->sample = (int)json_num(o, "sample", c->sample);
}

static void
say_stale(const struct sandbox_job *s, const struct sandbox *found)
{
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct sandbox_clone *c = clone_of(found, s->plan->nodes[i].info->unique_id);
        log_event(LOG_INFO, "sandbox.stale", "%s: %s", s->plan->nodes[i].info->name,
                  c && c->stale ? c->stale : "no longer in the sandbox");
    }
}

int
sandbox_job_refresh(struct sandbox_job *s, struct err *err)
{
    const struct config *c = s->config;
    struct sandbox *found = find(s, err);
    if (!found)
        return -1;
    take_options(s->config, found);
    s->box = (struct plan_sandbox){.name = found->name,
                                   .role = c->for_whom ? c->for_whom : found->role,
                                   .in_place = true,
                                   .born = found->born,
                                   .schemas = found->schemas};
    s->variant.sandbox = &s->box;
    s->seat.lock = !c->dry_run;
    s->variant.expires =
        c->ttl > 0 && found->expires ? job_utc(&s->job, (int64_t)c->ttl) : found->expires;
    if (check_role(s, s->box.role, err) || read_production(s, err) ||
        sandbox_look(s->job.ctx, s->seat.warehouse, s->seat.ops, found, true, err))
        return -1;
    choice_ask(&s->choice, &s->job, &s->in);
    s->choice.selected = to_refresh(s, found);
    if (make_plan(s, err))
        return -1;
    say_stale(s, found);
    s->unchanged = found->n - s->plan->n_clones;
    return c->dry_run ? 0 : carry_out(s, found, err);
}

/* --- list, drop --- */

int
sandbox_job_list(struct sandbox_job *s, struct sandbox **list, size_t *n, struct err *err)
{
    void *ctx = s->job.ctx;
    if (sandbox_list(ctx, s->seat.warehouse, s->seat.ops, s->job.project->name, list, n, err))
        return -1;
    for (size_t i = 0; i < *n; i++)
        if (sandbox_look(ctx, s->seat.warehouse, s->seat.ops, &(*list)[i], false, err))
            return -1;
    return 0;
}

int
sandbox_job_drop(struct sandbox_job *s, struct gc_schema **out, size_t *n, struct err *err)
{
    struct gc_schema *all, *mine;
    size_t n_all, m = 0;
    const struct sandbox *found = find(s, err);
    if (!found)
        return -1;
    const struct gc_options o = {
        .project = s->job.project->name, .closed = &(struct strlist){0}, .now = s->job.now};
    if (gc_list(s->job.ctx, s->seat.warehouse, s->seat.ops, &o, &all, &n_all, err))
        return -1;
    mine = mem_array(s->job.ctx, struct gc_schema, n_all);
    for (size_t i = 0; i < n_all; i++)
        if (str_eq(all[i].marker.sandbox, found->name) &&
            strlist_has(&found->schemas, all[i].name)) {
            mine[m] = all[i];
            mine[m].why = "its sandbox is dropped";
            mine[m++].drop = true;
        }
    *out = mine;
    *n = m;
    struct err first;
    if (s->seat.ops->drop_limit)
        s->seat.ops->drop_limit(s->seat.warehouse, s->config->lock_timeout * 1000);
    return s->config->dry_run
               ? 0
               : gc_drop(s->job.ctx, s->seat.warehouse, s->seat.ops, mine, m, &first, err);
}
