#include "promotion.h"

#include "guard/guard.h"

#include <stdlib.h>
#include <string.h>

/* pg_get_function_sqlbody and pg_get_statisticsobjdef_columns */
enum { VERSION_LEAST = 140000 };

static int
reopen(void *arg, struct warehouse **out, struct err *err)
{
    return job_open(arg, out, err);
}

int
promotion_open(struct job *s, struct promote_options *o, struct notification *out, struct err *err)
{
    const struct config *c = s->config;
    if (job_project(s, true, err))
        return -1;
    out->project = s->project->name;
    out->target = s->profile->target;
    if (job_connect(s, err) || job_direct(s, err))
        return -1;
    if (s->server.version_num < VERSION_LEAST) {
        fail(err, ERR_REFUSED, "the server is PostgreSQL %s; promotion needs 14 or later",
             s->server.version);
        return hint(err, "Everything else of cloneci works with 12 and later.");
    }
    *o = (struct promote_options){.ops = s->ops,
                                  .project = s->project->name,
                                  .run_id = s->run_id,
                                  .now = s->now,
                                  .lock_ms = c->lock_timeout * 1000,
                                  .budget_ms = c->budget * 1000,
                                  .patience_ms = c->patience * 1000,
                                  .keep = c->keep_generations,
                                  .reopen = reopen,
                                  .arg = s};
    return 0;
}

/* --- what is told --- */

static const struct {
    const char *name;
    size_t offset;
} phases[] = {
    {"refused", offsetof(struct promote_plan, refused)},
    {"analyze", offsetof(struct promote_plan, analyze)},
    {"writers", offsetof(struct promote_plan, writers)},
    {"park", offsetof(struct promote_plan, park)},
    {"incoming", offsetof(struct promote_plan, incoming)},
    {"carry", offsetof(struct promote_plan, carry)},
    {"exclusive", offsetof(struct promote_plan, exclusive)},
    {"move", offsetof(struct promote_plan, move)},
    {"rewire", offsetof(struct promote_plan, rewire)},
};

static const struct strlist *
phase(const struct promote_plan *p, size_t i)
{
    return (const struct strlist *)((const char *)p + phases[i].offset);
}

static void
print_plan(struct job *s, const struct promote_plan *p)
{
    if (str_eq(s->config->output, "json")) {
        cJSON *o = json_object(s->ctx);
        mem_check(cJSON_AddNumberToObject(o, "generation", (double)p->number));
        mem_check(cJSON_AddNumberToObject(o, "content", (double)p->content));
        for (size_t i = 0; i < BASE_COUNT(phases); i++)
            json_put_strlist(o, phases[i].name, phase(p, i));
        puts(json_print(s->ctx, o, true));
        return;
    }
    printf("generation %lld%s: %zu relations\n", (long long)p->number,
           p->back ? ", a rollback" : "", p->n_moves);
    for (size_t i = 0; i < BASE_COUNT(phases); i++) {
        const struct strlist *list = phase(p, i);
        if (list->n)
            printf("\n-- %s\n", phases[i].name);
        for (size_t k = 0; k < list->n; k++)
            printf(i == 0 ? "--   %s\n" : "%s;\n", list->v[k]);
    }
}

static void
print_result(struct job *s, const struct promote_plan *p, const struct promote_result *r,
             const char *message)
{
    if (str_eq(s->config->output, "json")) {
        cJSON *o = json_object(s->ctx);
        mem_check(cJSON_AddNumberToObject(o, "generation", (double)p->number));
        mem_check(cJSON_AddNumberToObject(o, "content", (double)p->content));
        mem_check(cJSON_AddNumberToObject(o, "relations", (double)p->n_moves));
        mem_check(cJSON_AddNumberToObject(o, "tries", r->tries));
        mem_check(cJSON_AddNumberToObject(o, "held_ms", r->held_ms));
        mem_check(cJSON_AddBoolToObject(o, "decided_by_journal", r->lost));
        json_put_strlist(o, "pinned", &r->pinned);
        json_put_strlist(o, "dropped", &r->dropped);
        json_put_strlist(o, "kept", &r->kept);
        puts(json_print(s->ctx, o, true));
        return;
    }
    for (size_t i = 0; i < r->pinned.n; i++)
        printf("pinned to the former generation: %s; make it anew\n", r->pinned.v[i]);
    for (size_t i = 0; i < r->kept.n; i++)
        printf("kept, it is still used: %s\n", r->kept.v[i]);
    if (s->config->quiet)
        return;
    printf("%s\n", message);
    if (p->parked.n && s->config->keep_generations > 0)
        printf("what was live stands in %s%s\n", strlist_join(s->ctx, &p->parked, ", "),
               p->back ? ", with all that was written to it" : "; cloneci rollback puts it back");
    if (r->dropped.n)
        printf("dropped %s\n", strlist_join(s->ctx, &r->dropped, ", "));
}

/* In one line, for whoever is told. */
static char *
say(struct job *s, const struct promote_plan *p, const struct promote_result *r)
{
    char *content =
        p->back ? mem_printf(s->ctx, " with the content of generation %lld", (long long)p->content)
                : NULL;
    return mem_printf(
        s->ctx, "generation %lld is live%s%s: %zu relations, locks held for %.1f ms at try %d",
        (long long)p->number, content ? content : "", r->lost ? " (the journal says)" : "",
        p->n_moves, r->held_ms, r->tries);
}

int
promotion_go(struct job *s, const struct promote_options *o, struct promote_plan *p,
             struct notification *out, struct err *err)
{
    struct promote_result r = {0};
    log_event(LOG_INFO, "promote.live", "generation %lld is live, %lld is next", (long long)p->live,
              (long long)p->number);
    if (s->config->dry_run) {
        print_plan(s, p);
        return promote_refused(p, err);
    }
    live_begin("putting the generation live");
    if (promote_apply(s->ctx, &s->adapter, o, p, &r, err))
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
    if (promote_clean(s->ctx, s->adapter, o, &r, &later))
        log_event(LOG_WARN, "promote.clean",
                  "former generations could not be dropped, the next promotion tries again: %s",
                  later.msg);
    live_end();
    print_result(s, p, &r, out->message);
    return 0;
}

/* --- the journal --- */

static const char *const columns[] = {"generation", "kind",        "content",   "live",
                                      "at",         "age_seconds", "role",      "relations",
                                      "kept",       "bytes",       "restorable"};
enum {
    GENERATION,
    KIND,
    CONTENT,
    LIVE,
    AT,
    AGE,
    ROLE,
    RELATIONS,
    KEPT,
    BYTES,
    RESTORABLE,
    COLUMNS
};

static void
print_json(struct job *s, const struct strlist *cells)
{
    cJSON *list = json_array(s->ctx);
    for (size_t i = 0; i + COLUMNS <= cells->n; i += COLUMNS) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, o);
        for (size_t k = 0; k < COLUMNS; k++) {
            const char *v = cells->v[i + k];
            if (k == KIND || k == AT || k == ROLE)
                json_put_str(o, columns[k], *v ? v : NULL);
            else if (!*v)
                mem_check(cJSON_AddNullToObject(o, columns[k]));
            else if (k == LIVE || k == RESTORABLE)
                mem_check(cJSON_AddBoolToObject(o, columns[k], strcmp(v, "t") == 0));
            else
                mem_check(cJSON_AddNumberToObject(o, columns[k], strtod(v, NULL)));
        }
    }
    puts(json_print(s->ctx, list, true));
}

/* What is live, what a rollback can bring back, what is gone. */
static void
print_generation(struct job *s, const char *const *c)
{
    const char *state = str_eq(c[LIVE], "t")         ? "live"
                        : str_eq(c[RESTORABLE], "t") ? "kept"
                                                     : "gone";
    printf("%10s  %-8s  %7s  %-20s  %11s  %9s  %9s  %-8s  %s\n", c[GENERATION], c[KIND], c[CONTENT],
           c[AT], *c[AGE] ? guard_age_text(s->ctx, strtoll(c[AGE], NULL, 10)) : "", c[RELATIONS],
           str_bytes(s->ctx, strtoll(c[BYTES], NULL, 10)), state, c[ROLE]);
}

int
promotion_list(struct job *s, const struct promote_options *o, struct err *err)
{
    struct strlist cells = {0};
    if (promote_list(s->ctx, s->adapter, o->ops, &cells, err))
        return -1;
    if (str_eq(s->config->output, "json")) {
        print_json(s, &cells);
        return 0;
    }
    if (!cells.n)
        puts("nothing was promoted yet");
    else
        printf("%-10s  %-8s  %7s  %-20s  %11s  %9s  %9s  %-8s  %s\n", "generation", "kind",
               "content", "at", "age", "relations", "size", "state", "by");
    for (size_t i = 0; i + COLUMNS <= cells.n; i += COLUMNS)
        print_generation(s, cells.v + i);
    return 0;
}
