#include "commands.h"
#include "gc/gc.h"
#include "job/findings.h"
#include "sandbox/sandbox.h"

#include <string.h>

struct sandbox_job {
    struct job job;
    struct inputs in;
    struct choice choice;
    struct seat seat;
    struct variant variant;
    const struct plan *plan;
};

/* --- what all of them need --- */

static int
open_sandboxes(struct sandbox_job *s, void *ctx, const struct config *config, size_t names,
               struct err *err)
{
    *s = (struct sandbox_job){0};
    job_init(&s->job, ctx, config);
    if (command_args(config, names, names, err) || job_project(&s->job, true, err) ||
        seat_connect(&s->seat, &s->job, err) || seat_direct(&s->seat, err))
        return -1;
    return names ? sandbox_check_name(config->args.v[0], s->seat.ops->dialect->name_max, err) : 0;
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
        fail(err, ERR_REFUSED, "the sandbox %s is not ours to touch: %s", name, list[i].foreign);
        hint(err, "Whoever owns it may remove it with DROP SCHEMA.");
        return NULL;
    }
    fail(err, ERR_CONFIG, "there is no sandbox %s of the project %s", name, s->job.project->name);
    hint(err, "'cloneci sandbox list' shows those that there are. A schema without "
              "cloneci's marker is none, whatever its name.");
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
    return hint(err, "It is the role that the person connects with, as the database knows it.");
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
find_views(struct sandbox_job *s, struct plan_sandbox *box, struct err *err)
{
    struct select_result views = {0};
    struct select_request r = {.select = s->job.config->as_views};
    if (!r.select.n)
        return 0;
    if (select_nodes(s->job.ctx, &views, &s->choice.env, &r, err))
        return wrap(err, "--as-views");
    box->as_view = views.in;
    return 0;
}

static int
choose(struct sandbox_job *s, struct config *config, struct plan_sandbox *box, struct err *err)
{
    if (!config->select.n && !config->selector && !config->downstream_of.n) {
        fail(err, ERR_CONFIG, "what is to stand in the sandbox %s?", box->name);
        return hint(err, "Say it in dbt's selection language, for example --select +orders, or "
                         "--include-downstream-of orders.");
    }
    struct strlist criteria = {0};
    sandbox_criteria(s->job.ctx, &criteria, &config->select, &config->downstream_of);
    config->select = criteria;
    if (choice_select(&s->choice, &s->job, &s->in, NULL, err) || find_views(s, box, err))
        return -1;
    if (s->choice.selected.n)
        return 0;
    fail(err, ERR_CONFIG, "nothing of production is selected");
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

/* Notes, makes, seals; plans anew where production was rebuilt meanwhile. */
static int
carry_out(struct sandbox_job *s, struct plan_sandbox *box, const struct sandbox *before,
          double *copying_ms, struct err *err)
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
    box->kept = sandbox_keep(s->job.ctx, s->plan, made, &notes, before);
    *copying_ms = f.cloning_ms;
    return sandbox_seal(s->job.ctx, s->seat.warehouse, s->plan, &schemas, err);
}

static void
print_clones(struct sandbox_job *s, bool dry_run)
{
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        if (p->clone)
            printf("%-6s %s of %s%s%s\n", clone_strategy_name(p->clone->strategy),
                   s->seat.ops->dialect->qualify(s->job.ctx, &p->clone->to),
                   s->seat.ops->dialect->qualify(s->job.ctx, &p->clone->from),
                   p->clone->strategy == CLONE_VIEW ? "" : ", ",
                   p->clone->strategy == CLONE_VIEW
                       ? ""
                       : str_bytes(s->job.ctx, p->clone->source.bytes));
        else if (p->candidate)
            printf("-      %s: %s\n", p->info->name, p->skipped_because);
    }
    for (size_t i = 0; i < s->plan->n_warnings; i++)
        log_event(LOG_WARN, "sandbox.note", "%s", s->plan->warnings[i].text);
    if (dry_run)
        puts("nothing was done (--dry-run)");
}

static void
print_made(struct sandbox_job *s, const struct plan_sandbox *box, const char *word,
           double copying_ms, size_t fresh)
{
    size_t views = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_clone *c = s->plan->nodes[i].clone;
        views += c && c->strategy == CLONE_VIEW;
        bytes += c && c->strategy == CLONE_COPY ? c->source.bytes : 0;
    }
    double all = clock_ms() - s->job.start;
    if (str_eq(s->job.config->output, "json")) {
        cJSON *o = plan_json(s->job.ctx, s->plan);
        json_put_str(o, "sandbox", box->name);
        json_put_str(o, "for", box->role);
        json_put_str(o, "expires", s->variant.expires);
        mem_check(cJSON_AddNumberToObject(o, "made", (double)s->plan->n_clones));
        mem_check(cJSON_AddNumberToObject(o, "unchanged", (double)fresh));
        mem_check(cJSON_AddNumberToObject(o, "ms", all));
        mem_check(cJSON_AddNumberToObject(o, "copying_ms", copying_ms));
        cJSON_DeleteItemFromObjectCaseSensitive(o, "build");
        puts(json_print(s->job.ctx, o, true));
        return;
    }
    print_clones(s, false);
    printf("sandbox %s %s: %zu relation%s, %zu of them views, %s copied", box->name, word,
           s->plan->n_clones, s->plan->n_clones == 1 ? "" : "s", views,
           str_bytes(s->job.ctx, bytes));
    if (fresh)
        printf(", %zu as they were", fresh);
    printf(", in %s (%s of it copying)%s%s\n", str_ms(s->job.ctx, all),
           str_ms(s->job.ctx, copying_ms), s->variant.expires ? "; until " : "",
           s->variant.expires ? s->variant.expires : "");
}

static int
show_plan(struct sandbox_job *s)
{
    if (!str_eq(s->job.config->output, "json")) {
        print_clones(s, true);
        return 0;
    }
    cJSON *o = plan_json(s->job.ctx, s->plan);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "build");
    puts(json_print(s->job.ctx, o, true));
    return 0;
}

int
cmd_sandbox_create(void *ctx, const struct config *config, struct err *err)
{
    struct sandbox_job s;
    double copying_ms;
    struct config *own = mem_memdup(ctx, config, sizeof *config);
    if (config->as_of_manifest)
        own->state = config->as_of_manifest;
    if (open_sandboxes(&s, ctx, own, 1, err))
        return -1;
    struct plan_sandbox box = {.name = config->args.v[0], .role = config->for_whom};
    s.variant.sandbox = &box;
    s.seat.lock = !config->dry_run;
    s.variant.expires = config->ttl > 0 ? clock_utc_after(ctx, (int64_t)config->ttl) : NULL;
    if (check_role(&s, box.role, err) || read_production(&s, err) || choose(&s, own, &box, err) ||
        make_plan(&s, err))
        return -1;
    if (!s.plan->n_clones) {
        fail(err, ERR_CONFIG, "nothing that is selected stands in production");
        return hint(err, "Of the nodes selected only models, seeds and snapshots are relations.");
    }
    if (config->dry_run)
        return show_plan(&s);
    if (carry_out(&s, &box, NULL, &copying_ms, err))
        return -1;
    print_made(&s, &box, "is ready", copying_ms, 0);
    return 0;
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
    log_event(LOG_WARN, "sandbox.kept", "%s is left as it is: %s",
              s->seat.ops->dialect->qualify(s->job.ctx, &c->at), why);
}

/* What changed, and is still what we made. */
static struct select_result
to_refresh(struct sandbox_job *s, const struct sandbox *found, struct plan_sandbox *box)
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
                say_kept(s, c, "another relation was put in the clone's place");
        } else if (at == MAP_NONE && (c->stale || c->missing)) {
            say_kept(s, c, "production's manifest has it no more");
        } else if (c->gone) {
            say_kept(s, c, "it is gone from production");
        } else if (c->stale || c->missing) {
            r.in[at] = 1;
            views[at] = strcmp(c->strategy, "view") == 0;
        }
    }
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (r.in[i])
            r.nodes[r.n++] = i;
    box->as_view = views;
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

int
cmd_sandbox_refresh(void *ctx, const struct config *config, struct err *err)
{
    struct sandbox_job s;
    struct sandbox *found;
    double copying_ms;
    struct config *own = mem_memdup(ctx, config, sizeof *config);
    if (config->as_of_manifest)
        own->state = config->as_of_manifest;
    if (open_sandboxes(&s, ctx, own, 1, err) || !(found = find(&s, err)))
        return -1;
    take_options(own, found);
    struct plan_sandbox box = {.name = found->name,
                               .role = config->for_whom ? config->for_whom : found->role,
                               .in_place = true};
    s.variant.sandbox = &box;
    s.seat.lock = !config->dry_run;
    s.variant.expires = config->ttl > 0 && found->expires
                            ? clock_utc_after(ctx, (int64_t)config->ttl)
                            : found->expires;
    if (check_role(&s, box.role, err) || read_production(&s, err) ||
        sandbox_look(ctx, s.seat.warehouse, s.seat.ops, found, true, err))
        return -1;
    choice_ask(&s.choice, &s.job, &s.in);
    s.choice.selected = to_refresh(&s, found, &box);
    if (make_plan(&s, err))
        return -1;
    for (size_t i = 0; i < s.plan->n_nodes; i++) {
        const struct sandbox_clone *c = clone_of(found, s.plan->nodes[i].info->unique_id);
        log_event(LOG_INFO, "sandbox.stale", "%s: %s", s.plan->nodes[i].info->name,
                  c && c->stale ? c->stale : "gone from the sandbox");
    }
    if (config->dry_run)
        return show_plan(&s);
    if (carry_out(&s, &box, found, &copying_ms, err))
        return -1;
    print_made(&s, &box, "is up to date", copying_ms, found->n - s.plan->n_clones);
    return 0;
}

/* --- list --- */

static size_t
count_stale(const struct sandbox *box)
{
    size_t n = 0;
    for (size_t i = 0; i < box->n; i++)
        n += box->clones[i].stale != NULL;
    return n;
}

static void
print_json_list(struct sandbox_job *s, const struct sandbox *list, size_t n)
{
    cJSON *all = json_array(s->job.ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(all, o);
        json_put_str(o, "sandbox", list[i].name);
        json_put_strlist(o, "schemas", &list[i].schemas);
        json_put_str(o, "for", list[i].role);
        json_put_str(o, "created", list[i].created);
        mem_check(
            cJSON_AddNumberToObject(o, "age_seconds", (double)guard_age_seconds(list[i].created)));
        json_put_str(o, "expires", list[i].expires);
        mem_check(cJSON_AddBoolToObject(
            o, "expired", list[i].expires && strcmp(list[i].expires, s->job.now) < 0));
        mem_check(cJSON_AddNumberToObject(o, "relations", (double)list[i].relations));
        mem_check(cJSON_AddNumberToObject(o, "bytes", (double)list[i].bytes));
        json_put_str(o, "foreign", list[i].foreign);
        cJSON *stale = mem_check(cJSON_AddObjectToObject(o, "stale"));
        for (size_t k = 0; k < list[i].n; k++)
            if (list[i].clones[k].stale)
                json_put_str(stale, list[i].clones[k].unique_id, list[i].clones[k].stale);
    }
    puts(json_print(s->job.ctx, all, true));
}

static void
print_text_list(struct sandbox_job *s, const struct sandbox *list, size_t n)
{
    if (!n)
        puts("there is no sandbox");
    for (size_t i = 0; i < n; i++) {
        const struct sandbox *b = &list[i];
        bool over = b->expires && strcmp(b->expires, s->job.now) < 0;
        printf("%-20s for %s, %s, %s %s, %lld relations, %s; %zu of %zu clones stale%s%s\n",
               b->name, b->role ? b->role : "nobody else",
               guard_age_text(s->job.ctx, guard_age_seconds(b->created)),
               over ? "expired" : "until", b->expires ? b->expires : "it is dropped",
               (long long)b->relations, str_bytes(s->job.ctx, b->bytes), count_stale(b), b->n,
               b->foreign ? "; not ours: " : "", b->foreign ? b->foreign : "");
    }
}

int
cmd_sandbox_list(void *ctx, const struct config *config, struct err *err)
{
    struct sandbox_job s;
    struct sandbox *list;
    size_t n;
    if (open_sandboxes(&s, ctx, config, 0, err) ||
        sandbox_list(ctx, s.seat.warehouse, s.seat.ops, s.job.project->name, &list, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (sandbox_look(ctx, s.seat.warehouse, s.seat.ops, &list[i], false, err))
            return -1;
    if (str_eq(config->output, "json"))
        print_json_list(&s, list, n);
    else
        print_text_list(&s, list, n);
    return 0;
}

/* --- drop --- */

int
cmd_sandbox_drop(void *ctx, const struct config *config, struct err *err)
{
    struct sandbox_job s;
    struct sandbox *found;
    struct gc_schema *all, *mine;
    size_t n, m = 0, kept = 0;
    if (open_sandboxes(&s, ctx, config, 1, err) || !(found = find(&s, err)))
        return -1;
    const struct gc_options o = {
        .project = s.job.project->name, .closed = &(struct strlist){0}, .now = s.job.now};
    if (gc_list(ctx, s.seat.warehouse, s.seat.ops, &o, &all, &n, err))
        return -1;
    mine = mem_array(ctx, struct gc_schema, n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].marker.sandbox, found->name) &&
            strlist_has(&found->schemas, all[i].name)) {
            mine[m] = all[i];
            mine[m].why = "its sandbox is dropped";
            mine[m++].drop = true;
        }
    if (!config->dry_run && gc_drop(ctx, s.seat.warehouse, s.seat.ops, mine, m, err))
        return -1;
    for (size_t i = 0; i < m; i++) {
        printf("%-5s %s%s%s\n",
               !mine[i].drop     ? "keep"
               : config->dry_run ? "would"
                                 : "drop",
               mine[i].name, mine[i].drop ? "" : ": ", mine[i].drop ? "" : mine[i].why);
        kept += !mine[i].drop;
    }
    if (!kept)
        return 0;
    fail(err, ERR_LOCKED, "%zu of the schemas of the sandbox %s could not be dropped", kept,
         found->name);
    return hint(err, "What uses them, or works in them, is named above: end it, then drop again.");
}
