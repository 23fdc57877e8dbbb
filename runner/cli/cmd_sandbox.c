#include "commands.h"
#include "job/sandbox_job.h"

#include <string.h>

/* --- create, refresh --- */

static void
print_clones(const struct sandbox_job *s, bool dry_run)
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
print_made(const struct sandbox_job *s, const char *word)
{
    size_t views = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_clone *c = s->plan->nodes[i].clone;
        views += c && c->strategy == CLONE_VIEW;
        bytes += c && c->strategy == CLONE_COPY ? c->source.bytes : 0;
    }
    double all = clock_ms() - s->job.start;
    if (s->job.config->output == OUTPUT_JSON) {
        cJSON *o = plan_json(s->job.ctx, s->plan);
        json_put_str(o, "sandbox", s->box.name);
        json_put_str(o, "for", s->box.role);
        json_put_str(o, "expires", s->variant.expires);
        mem_check(cJSON_AddNumberToObject(o, "made", (double)s->plan->n_clones));
        mem_check(cJSON_AddNumberToObject(o, "unchanged", (double)s->unchanged));
        mem_check(cJSON_AddNumberToObject(o, "ms", all));
        mem_check(cJSON_AddNumberToObject(o, "copying_ms", s->copying_ms));
        cJSON_DeleteItemFromObjectCaseSensitive(o, "build");
        puts(json_print(s->job.ctx, o, true));
        return;
    }
    print_clones(s, false);
    printf("sandbox %s %s: %zu relation%s, %zu of them views, %s copied", s->box.name, word,
           s->plan->n_clones, s->plan->n_clones == 1 ? "" : "s", views,
           str_bytes(s->job.ctx, bytes));
    if (s->unchanged)
        printf(", %zu unchanged", s->unchanged);
    printf(", in %s (%s of it copying)%s%s\n", str_ms(s->job.ctx, all),
           str_ms(s->job.ctx, s->copying_ms), s->variant.expires ? "; until " : "",
           s->variant.expires ? s->variant.expires : "");
}

static void
show_plan(const struct sandbox_job *s)
{
    if (s->job.config->output != OUTPUT_JSON) {
        print_clones(s, true);
        return;
    }
    cJSON *o = plan_json(s->job.ctx, s->plan);
    cJSON_DeleteItemFromObjectCaseSensitive(o, "build");
    puts(json_print(s->job.ctx, o, true));
}

static int
make(void *ctx, const struct config *config, int (*job)(struct sandbox_job *s, struct err *err),
     const char *word, struct err *err)
{
    struct sandbox_job s;
    if (command_args(config, 1, 1, err) || sandbox_job_open(&s, ctx, config, err) || job(&s, err))
        return -1;
    if (config->dry_run)
        show_plan(&s);
    else
        print_made(&s, word);
    if (!s.used)
        return 0;
    fail(err, ERR_REFUSED,
         "%zu relation%s of the sandbox %s %s not up to date, since something uses %s", s.used,
         s.used == 1 ? "" : "s", s.box.name, s.used == 1 ? "is" : "are",
         s.used == 1 ? "it" : "them");
    return hint(err, "The warnings above name what does. Drop that, refresh, and create it again.");
}

int
cmd_sandbox_create(void *ctx, const struct config *config, struct err *err)
{
    return make(ctx, config, sandbox_job_create, "is ready", err);
}

int
cmd_sandbox_refresh(void *ctx, const struct config *config, struct err *err)
{
    return make(ctx, config, sandbox_job_refresh, "is up to date", err);
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

/* By the warehouse's clock; seconds, -1: not known. */
static int64_t
age_of(const struct sandbox_job *s, const char *created)
{
    int64_t at, now;
    if (!str_time(created, &at) || !str_time(s->job.now, &now))
        return -1;
    return now > at ? (now - at) / 1000000 : 0;
}

static void
print_json_list(const struct sandbox_job *s, const struct sandbox *list, size_t n)
{
    cJSON *all = json_array(s->job.ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(all, o);
        json_put_str(o, "sandbox", list[i].name);
        json_put_strlist(o, "schemas", &list[i].schemas);
        json_put_str(o, "for", list[i].role);
        json_put_str(o, "created", list[i].created);
        mem_check(cJSON_AddNumberToObject(o, "age_seconds", (double)age_of(s, list[i].created)));
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
print_text_list(const struct sandbox_job *s, const struct sandbox *list, size_t n)
{
    if (!n)
        puts("there is no sandbox");
    for (size_t i = 0; i < n; i++) {
        const struct sandbox *b = &list[i];
        bool over = b->expires && strcmp(b->expires, s->job.now) < 0;
        printf("%-20s for %s, %s, %s %s, %lld relations, %s; %zu of %zu clones stale%s%s\n",
               b->name, b->role ? b->role : "nobody else",
               guard_age_text(s->job.ctx, age_of(s, b->created)), over ? "expired" : "until",
               b->expires ? b->expires : "it is dropped", (long long)b->relations,
               str_bytes(s->job.ctx, b->bytes), count_stale(b), b->n,
               b->foreign ? "; not ours: " : "", b->foreign ? b->foreign : "");
    }
}

int
cmd_sandbox_list(void *ctx, const struct config *config, struct err *err)
{
    struct sandbox_job s;
    struct sandbox *list;
    size_t n;
    if (command_args(config, 0, 0, err) || sandbox_job_open(&s, ctx, config, err) ||
        sandbox_job_list(&s, &list, &n, err))
        return -1;
    if (config->output == OUTPUT_JSON)
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
    struct gc_schema *mine;
    size_t n, kept = 0;
    if (command_args(config, 1, 1, err) || sandbox_job_open(&s, ctx, config, err) ||
        sandbox_job_drop(&s, &mine, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
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
         config->args.v[0]);
    return hint(err, "The lines above name what uses them. End that, then drop again.");
}
