#include "promotion_text.h"

#include "guard/guard.h"

/* --- what goes live --- */

static void
print_phase(const char *name, const struct strlist *list, bool refused)
{
    if (list->n)
        printf("\n-- %s\n", name);
    for (size_t k = 0; k < list->n; k++)
        printf(refused ? "--   %s\n" : "%s;\n", list->v[k]);
}

static void
print_plan(const struct promotion *s, const struct promote_plan *p)
{
    if (s->job.config->output == OUTPUT_JSON) {
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
print_result(const struct promotion *s, const struct promote_plan *p,
             const struct promote_result *r)
{
    if (s->job.config->output == OUTPUT_JSON) {
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
    printf("%s\n", s->live);
    if (p->parked.n && s->job.config->keep_generations > 0)
        printf("the former generation is in %s%s\n", strlist_join(s->job.ctx, &p->parked, ", "),
               p->back ? ", with everything that was written to it"
                       : "; cloneci rollback puts it back");
    if (r->dropped.n)
        printf("dropped %s\n", strlist_join(s->job.ctx, &r->dropped, ", "));
}

/* --- the journal --- */

static void
put_number(cJSON *o, const char *key, int64_t value)
{
    mem_check(cJSON_AddNumberToObject(o, key, (double)value));
}

static void
print_json_list(const struct promotion *s)
{
    cJSON *array = json_array(s->job.ctx);
    for (size_t i = 0; i < s->n_generations; i++) {
        const struct promote_generation *g = &s->generations[i];
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
print_generation(const struct promotion *s, const struct promote_generation *g)
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

static void
print_list(const struct promotion *s)
{
    if (s->job.config->output == OUTPUT_JSON) {
        print_json_list(s);
        return;
    }
    if (!s->n_generations)
        puts("nothing was promoted yet");
    else
        printf("%-10s  %-8s  %7s  %-20s  %11s  %9s  %9s  %-8s  %s\n", "generation", "kind",
               "content", "at", "age", "relations", "size", "state", "by");
    for (size_t i = 0; i < s->n_generations; i++)
        print_generation(s, &s->generations[i]);
}

/* --- a build in stage --- */

static void
print_json_stage(const struct promotion_stage *g)
{
    const struct promotion *s = g->s;
    cJSON *o = json_object(s->job.ctx), *pairs;
    mem_check(cJSON_AddNumberToObject(o, "generation", (double)g->ahead->number));
    json_put_strlist(o, "refused", &g->ahead->refused);
    pairs = mem_check(cJSON_AddArrayToObject(o, "schemas"));
    for (size_t i = 0; i < g->n_pairs; i++) {
        cJSON *item = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(pairs, item);
        json_put_str(item, "stage", g->pairs[i].stage);
        json_put_str(item, "schema", g->pairs[i].schema);
    }
    json_put_strlist(o, "rewire", g->ahead->rewire);
    cJSON_AddItemToObject(o, "plan",
                          mem_check(cJSON_Duplicate(plan_json(s->job.ctx, s->plan), true)));
    puts(log_redact(s->job.ctx, json_print(s->job.ctx, o, true)));
}

static void
print_stage(const struct promotion_stage *g)
{
    const struct promotion *s = g->s;
    const struct promote_plan *p = g->ahead;
    if (s->job.config->output == OUTPUT_JSON) {
        print_json_stage(g);
        return;
    }
    fputs(log_redact(s->job.ctx, plan_text(s->job.ctx, s->plan, log_color(stdout))), stdout);
    printf("\nIf everything passes, generation %lld goes live: the build replaces %zu relations\n",
           (long long)p->number, p->n_moves);
    for (size_t i = 0; i < g->n_pairs; i++)
        printf("  %s -> %s, what it replaces -> %s%s\n", g->pairs[i].stage, g->pairs[i].schema,
               g->pairs[i].schema, p->suffix);
    if (p->rewire->n)
        printf("\nStays, and will read the new relations\n");
    for (size_t i = 0; i < p->rewire->n; i++)
        printf("  %s;\n", p->rewire->v[i]);
}

void
promotion_print(const struct promotion *s, const struct promotion_stage *g)
{
    bool dry_run = s->job.config && s->job.config->dry_run;
    if (s->listed)
        print_list(s);
    else if (s->live)
        print_result(s, s->next, &s->result);
    else if (s->next && dry_run)
        print_plan(s, s->next);
    else if (g && g->ahead && dry_run)
        print_stage(g);
}
