#include "promotion.h"

#include "guard/guard.h"

static int
reopen(void *arg, struct warehouse **out, struct err *err)
{
    return seat_open(arg, out, err);
}

int
promotion_open(struct promotion *s, struct promote_options *o, struct notification *out,
               struct err *err)
{
    const struct config *c = s->job.config;
    if (job_project(&s->job, true, err))
        return -1;
    out->project = s->job.project->name;
    out->target = s->job.profile->target;
    if (seat_connect(&s->seat, &s->job, err) || seat_direct(&s->seat, err))
        return -1;
    if (!s->seat.ops->promote) {
        fail(err, ERR_CONFIG, "promotion does not work on a warehouse of the type %s",
             s->seat.ops->name);
        return hint(err, "Build in production itself. cloneci run still tests pull requests.");
    }
    if (s->seat.ops->promote->check(&s->seat.server, err))
        return -1;
    *o = (struct promote_options){.project = s->job.project->name,
                                  .run_id = s->job.run_id,
                                  .now = s->job.now,
                                  .lock_ms = c->lock_timeout * 1000,
                                  .budget_ms = c->budget * 1000,
                                  .patience_ms = c->patience * 1000,
                                  .keep = c->keep_generations,
                                  .reopen = reopen,
                                  .arg = &s->seat};
    return 0;
}

/* --- what is told --- */

static void
print_phase(const char *name, const struct strlist *list, bool refused)
{
    if (list->n)
        printf("\n-- %s\n", name);
    for (size_t k = 0; k < list->n; k++)
        printf(refused ? "--   %s\n" : "%s;\n", list->v[k]);
}

static void
print_plan(struct promotion *s, const struct promote_plan *p)
{
    if (str_eq(s->job.config->output, "json")) {
        cJSON *o = json_object(s->job.ctx);
        mem_check(cJSON_AddNumberToObject(o, "generation", (double)p->number));
        mem_check(cJSON_AddNumberToObject(o, "content", (double)p->content));
        json_put_strlist(o, "refused", &p->refused);
        for (size_t i = 0; i < p->n_phases; i++)
            json_put_strlist(o, p->phases[i].name, &p->phases[i].statements);
        puts(json_print(s->job.ctx, o, true));
        return;
    }
    printf("generation %lld%s: %zu relations\n", (long long)p->number,
           p->back ? ", a rollback" : "", p->n_moves);
    print_phase("refused", &p->refused, true);
    for (size_t i = 0; i < p->n_phases; i++)
        print_phase(p->phases[i].name, &p->phases[i].statements, false);
}

static void
print_result(struct promotion *s, const struct promote_plan *p, const struct promote_result *r,
             const char *message)
{
    if (str_eq(s->job.config->output, "json")) {
        cJSON *o = json_object(s->job.ctx);
        mem_check(cJSON_AddNumberToObject(o, "generation", (double)p->number));
        mem_check(cJSON_AddNumberToObject(o, "content", (double)p->content));
        mem_check(cJSON_AddNumberToObject(o, "relations", (double)p->n_moves));
        mem_check(cJSON_AddNumberToObject(o, "tries", r->tries));
        mem_check(cJSON_AddNumberToObject(o, "held_ms", r->held_ms));
        mem_check(cJSON_AddBoolToObject(o, "decided_by_journal", r->lost));
        json_put_strlist(o, "pinned", &r->pinned);
        json_put_strlist(o, "dropped", &r->dropped);
        json_put_strlist(o, "kept", &r->kept);
        puts(json_print(s->job.ctx, o, true));
        return;
    }
    for (size_t i = 0; i < r->pinned.n; i++)
        printf("still reads the former generation: %s; create it again\n", r->pinned.v[i]);
    for (size_t i = 0; i < r->kept.n; i++)
        printf("kept, because it is still used: %s\n", r->kept.v[i]);
    if (s->job.config->quiet)
        return;
    printf("%s\n", message);
    if (p->parked.n && s->job.config->keep_generations > 0)
        printf("the former generation is in %s%s\n", strlist_join(s->job.ctx, &p->parked, ", "),
               p->back ? ", with everything that was written to it"
                       : "; cloneci rollback puts it back");
    if (r->dropped.n)
        printf("dropped %s\n", strlist_join(s->job.ctx, &r->dropped, ", "));
}

/* In one line, for whoever is told. */
static char *
say(struct promotion *s, const struct promote_plan *p, const struct promote_result *r)
{
    char *content = p->back ? mem_printf(s->job.ctx, " with the content of generation %lld",
                                         (long long)p->content)
                            : NULL;
    return mem_printf(
        s->job.ctx, "generation %lld is live%s%s: %zu relations, locks held for %.1f ms at try %d",
        (long long)p->number, content ? content : "", r->lost ? " (the journal says)" : "",
        p->n_moves, r->held_ms, r->tries);
}

int
promotion_go(struct promotion *s, const struct promote_options *o, struct promote_plan *p,
             struct notification *out, struct err *err)
{
    struct promote_result r = {0};
    log_event(LOG_INFO, "promote.live", "generation %lld is live, %lld is next", (long long)p->live,
              (long long)p->number);
    if (s->job.config->dry_run) {
        print_plan(s, p);
        return promote_refused(p, err);
    }
    live_begin("putting the generation live");
    if (s->seat.ops->promote->apply(s->job.ctx, &s->seat.warehouse, o, p, &r, err))
        return -1;
    /* from here on it is live, whatever becomes of the old ones */
    out->live = true;
    out->generation = p->number;
    out->content = p->content;
    out->relations = p->n_moves;
    out->tries = r.tries;
    out->held_ms = r.held_ms;
    out->message = say(s, p, &r);
    struct err later;
    if (s->seat.ops->promote->clean(s->job.ctx, s->seat.warehouse, o, &r, &later))
        log_event(LOG_WARN, "promote.clean",
                  "former generations could not be dropped, the next promotion tries again: %s",
                  later.msg);
    live_end();
    print_result(s, p, &r, out->message);
    return 0;
}

/* --- the journal --- */

static void
put_number(cJSON *o, const char *key, int64_t value)
{
    mem_check(cJSON_AddNumberToObject(o, key, (double)value));
}

static void
print_json(struct promotion *s, const struct promote_generation *list, size_t n)
{
    cJSON *array = json_array(s->job.ctx);
    for (size_t i = 0; i < n; i++) {
        const struct promote_generation *g = &list[i];
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(array, o);
        put_number(o, "generation", g->number);
        json_put_str(o, "kind", g->kind);
        put_number(o, "content", g->content);
        mem_check(cJSON_AddBoolToObject(o, "live", g->live));
        json_put_str(o, "at", g->at);
        if (g->age_seconds < 0)
            mem_check(cJSON_AddNullToObject(o, "age_seconds"));
        else
            put_number(o, "age_seconds", g->age_seconds);
        json_put_str(o, "role", g->role);
        put_number(o, "relations", g->relations);
        put_number(o, "kept", g->kept);
        put_number(o, "bytes", g->bytes);
        mem_check(cJSON_AddBoolToObject(o, "restorable", g->restorable));
    }
    puts(json_print(s->job.ctx, array, true));
}

/* What is live, what a rollback can bring back, what is gone. */
static void
print_generation(struct promotion *s, const struct promote_generation *g)
{
    printf("%10lld  %-8s  %7lld  %-20s  %11s  %9lld  %9s  %-8s  %s\n", (long long)g->number,
           g->kind, (long long)g->content, g->at ? g->at : "",
           g->age_seconds < 0 ? "" : guard_age_text(s->job.ctx, g->age_seconds),
           (long long)g->relations, str_bytes(s->job.ctx, g->bytes),
           g->live         ? "live"
           : g->restorable ? "kept"
                           : "gone",
           g->role ? g->role : "");
}

int
promotion_list(struct promotion *s, struct err *err)
{
    struct promote_generation *list;
    size_t n;
    if (s->seat.ops->promote->list(s->job.ctx, s->seat.warehouse, &list, &n, err))
        return -1;
    if (str_eq(s->job.config->output, "json")) {
        print_json(s, list, n);
        return 0;
    }
    if (!n)
        puts("nothing was promoted yet");
    else
        printf("%-10s  %-8s  %7s  %-20s  %11s  %9s  %9s  %-8s  %s\n", "generation", "kind",
               "content", "at", "age", "relations", "size", "state", "by");
    for (size_t i = 0; i < n; i++)
        print_generation(s, &list[i]);
    return 0;
}
