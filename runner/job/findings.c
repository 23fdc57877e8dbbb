#include "early_clones.h"
#include "clone.h"
#include "findings.h"

#include <string.h>

enum { TRIES = 3 };
/* Fewer bytes tell nothing of a rate. */
enum { RATE_LEAST = 1 << 20 };

/* How fast this run copied, for the next one's estimates; 0: too little to tell. */
static double
copied_per_second(const struct findings *o)
{
    double bytes = 0, ms = 0;
    size_t at = 0;
    for (size_t i = 0; i < o->s->plan->n_nodes; i++) {
        const struct plan_clone *c = o->s->plan->nodes[i].clone;
        if (!c)
            continue;
        double took = o->applied.clones[at++].ms;
        if (c->strategy != CLONE_COPY)
            continue;
        bytes += (double)c->source.bytes;
        ms += took;
    }
    /* several at once: all of them together tell */
    ms = ms > o->applied.ms ? o->applied.ms : ms;
    return bytes >= RATE_LEAST && ms > 0 ? bytes / ms * 1000 : 0;
}

/* Which clones have no rows at all, in the plan's order; NULL: that is not known. */
static int
find_empty(struct job *s, bool **out, struct err *err)
{
    struct relation *clones = mem_array(s->ctx, struct relation, s->plan->n_clones);
    size_t n = 0;
    *out = NULL;
    if (!s->ops->empty)
        return 0;
    for (size_t i = 0; i < s->plan->n_nodes; i++)
        if (s->plan->nodes[i].clone)
            clones[n++] = s->plan->nodes[i].clone->to;
    *out = mem_array(s->ctx, bool, n);
    return s->ops->empty(s->ctx, s->adapter, clones, n, *out, err);
}

/* What `cloneci build` compares with, and a killed run's successor may read. */
static int
write_clones(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    cJSON *doc = json_object(s->ctx);
    bool *empty;
    if (find_empty(s, &empty, err))
        return -1;
    json_put_str(doc, "run", s->run_id);
    mem_check(
        cJSON_AddNumberToObject(doc, "copied_per_second", (double)(int64_t)copied_per_second(o)));
    cJSON *list = mem_check(cJSON_AddArrayToObject(doc, "clones"));
    size_t at = 0;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        if (!p->clone)
            continue;
        const struct clone_made *c = &o->applied.clones[at++];
        cJSON *item = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, item);
        json_put_str(item, "unique_id", p->info->unique_id);
        json_put_str(item, "identity", c->made.identity);
        mem_check(cJSON_AddNumberToObject(item, "ms", c->ms));
        cJSON_AddBoolToObject(item, "lazy", p->clone->strategy == CLONE_LAZY);
        if (empty)
            cJSON_AddBoolToObject(item, "empty", empty[at - 1]);
    }
    char *text = json_print(s->ctx, doc, true);
    return file_put(job_file(s, s->ctx, "clones.json"), text, strlen(text), 0644, err);
}

static int
swap_ahead(struct findings *o, bool *stale, struct err *err)
{
    struct job *s = o->s;
    const struct early_clones *a = s->ahead;
    double t = job_begin(s, "swap");
    o->applied = a->applied;
    s->ahead = NULL; /* whatever comes of it: what is left of it is any killed run's */
    int rc = clone_ahead_swap(s->ctx, s->adapter, s->plan, a->plan, &o->applied, stale, err);
    job_end(s, t);
    return rc;
}

int
findings_fill(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    char *path;
    for (int i = 1;; i++) {
        bool stale = false;
        if (!s->sandbox && job_write_plan(s, &path, err))
            return -1;
        if ((early_clones_fits(s) ? swap_ahead(o, &stale, err)
                                  : cloning(s, CLONING_WHOLE, &o->applied, &stale, err)) == 0)
            return 0;
        if (!stale || i == TRIES)
            return -1;
        log_event(LOG_WARN, "clone.stale", "%s: planning anew", err->msg);
        if (job_plan(s, err))
            return -1;
    }
}

int
findings_in_place(struct findings *o, struct err *err)
{
    bool stale = false;
    return cloning(o->s, CLONING_IN_PLACE, &o->applied, &stale, err);
}

int
findings_clone(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    /* before anything was read of production, which may have been while dbt parsed */
    if (s->ahead && str_eq(s->ahead->schemas, job_schemas_read(s)))
        o->receipt = s->ahead->receipt;
    else if (job_receipt(s, &o->receipt, err))
        return -1;
    if (findings_fill(o, err))
        return -1;
    o->cloned = true;
    o->clones_run = s->run_id;
    return write_clones(o, err);
}

static int
check_adopted(const char *id, const cJSON *noted, const struct relation_info *now, bool empty,
              struct err *err)
{
    if (!noted || !str_eq(json_str(noted, "identity"), now->identity)) {
        fail(err, ERR_INPUT, "the clone of %s is not the one that 'cloneci clone' made", id);
        return hint(
            err,
            "Run 'cloneci clone' again: the clones must be fresh for the build to tell the truth.");
    }
    if (!empty || !json_get(noted, "empty") || json_bool(noted, "empty"))
        return 0;
    fail(err, ERR_INPUT, "the clone of %s is empty, and was not when 'cloneci clone' made it", id);
    return hint(err, "The warehouse lost its rows in between, as a server does that goes down with "
                     "tables that it does not log: run 'cloneci clone' again.");
}

/* A lazy clone holds its rows for the build that it was planned for, and for no other reader. */
static int
check_lazy(const struct job *s, const cJSON *noted, struct err *err)
{
    const struct manifest *m = s->plan->in.head;
    uint32_t node = manifest_find(m, json_str(noted, "unique_id"));
    const struct plan_node *p = node == MAP_NONE ? NULL : plan_find_node(s->plan, node);
    bool lazy = json_bool(noted, "lazy"),
         wanted = p && p->clone && p->clone->strategy == CLONE_LAZY;
    if (p && p->clone && lazy != wanted) {
        fail(err, ERR_INPUT, "the clone of %s is %slazy, and this build needs one that is%s",
             m->nodes[node].unique_id, lazy ? "" : "not ", lazy ? " not" : "");
        return hint(err, "Run 'cloneci clone' with the selection and the options of the build, or "
                         "'cloneci run' for both.");
    }
    const struct node *reader =
        lazy && !wanted && node != MAP_NONE ? plan_reader(s->plan, node) : NULL;
    if (!reader)
        return 0;
    fail(err, ERR_INPUT, "%s reads %s, whose clone is lazy and lacks rows", reader->unique_id,
         m->nodes[node].unique_id);
    return hint(err,
                "Run 'cloneci clone' with the selection of the build, or 'cloneci run' for both.");
}

int
findings_adopt(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    const char *path = job_file(s, s->ctx, "clones.json");
    if (job_receipt(s, &o->receipt, err))
        return -1;
    cJSON *doc = NULL;
    if (!file_exists(path)) {
        fail(err, ERR_INPUT, "there are no clones to build on (%s is missing)", path);
        return hint(err, "Run 'cloneci clone' first, or 'cloneci run' for both.");
    }
    if (json_read(s->ctx, &doc, path, err))
        return -1;
    const cJSON *noted;
    cJSON_ArrayForEach (noted, json_get(doc, "clones")) {
        if (check_lazy(s, noted, err))
            return -1;
    }
    size_t n = s->plan->n_clones, at = 0;
    struct relation_info *now = mem_array(s->ctx, struct relation_info, n);
    bool *empty;
    if (clone_inspect(s->ctx, s->adapter, s->plan, now, err) || find_empty(s, &empty, err))
        return -1;
    o->applied = (struct clone_result){.n = n, .clones = mem_array(s->ctx, struct clone_made, n)};
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        if (!s->plan->nodes[i].clone)
            continue;
        const char *id = s->plan->nodes[i].info->unique_id;
        const cJSON *item, *mine = NULL;
        cJSON_ArrayForEach (item, json_get(doc, "clones")) {
            if (str_eq(json_str(item, "unique_id"), id))
                mine = item;
        }
        if (check_adopted(id, mine, &now[at], empty && empty[at], err))
            return -1;
        o->applied.clones[at] = (struct clone_made){.ms = json_num(mine, "ms", 0), .made = now[at]};
        at++;
    }
    o->cloned = true;
    o->clones_run = json_str(doc, "run");
    return 0;
}

static int
judge(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    size_t at = 0;
    o->after = mem_array(s->ctx, struct relation_info, s->plan->n_clones);
    o->verdicts = mem_array(s->ctx, enum build_verdict, s->plan->n_clones);
    if (clone_inspect(s->ctx, s->adapter, s->plan, o->after, err))
        return -1;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        if (!p->clone)
            continue;
        o->verdicts[at] = build_judge(p, &o->applied.clones[at].made, &o->after[at], &o->built);
        if (o->verdicts[at] == BUILD_FALSE_GREEN && findings_find_decision(o, p->node))
            o->verdicts[at] = BUILD_DECIDED;
        o->false_greens += o->verdicts[at] == BUILD_FALSE_GREEN;
        if (o->verdicts[at] == BUILD_INCREMENTAL &&
            !relation_is_kept(&o->applied.clones[at].made, &o->after[at]))
            strlist_add(s->ctx, &o->rewritten,
                        mem_printf(s->ctx,
                                   "%s: its table is the clone, but was emptied or rewritten while "
                                   "it was built (TRUNCATE, "
                                   "VACUUM FULL ..): the incremental run may not have started from "
                                   "production's rows",
                                   p->info->name));
        at++;
    }
    return 0;
}

/* The lines of `a` that `b` has not. */
static void
add_missing(void *ctx, struct strlist *out, const struct strlist *a, const struct strlist *b,
            const char *when)
{
    void *tmp = talloc_new(NULL);
    struct map *known = map_new(tmp, b->n);
    for (size_t i = 0; i < b->n; i++)
        map_set(known, b->v[i], strlen(b->v[i]), (uint32_t)i);
    for (size_t i = 0; i < a->n; i++)
        if (map_gets(known, a->v[i]) == MAP_NONE)
            strlist_add(ctx, out, mem_printf(tmp, "%s: %s", when, a->v[i]));
    talloc_free(tmp);
}

static int
compare_receipts(struct findings *o, struct err *err)
{
    struct strlist now = {0};
    if (job_receipt(o->s, &now, err))
        return -1;
    add_missing(o->s->ctx, &o->differences, &o->receipt, &now, "before");
    add_missing(o->s->ctx, &o->differences, &now, &o->receipt, "after");
    o->received = true;
    return 0;
}

/* A build step that had to be ended may have left its queries behind: the server does not notice by
 * itself. */
static void
end_queries(struct job *s)
{
    struct err ignored;
    s->ops->shield(s->adapter, true);
    if (clone_end_builds(s->adapter, s->plan, &ignored))
        log_event(LOG_WARN, "builds.not_ended", "%s", ignored.msg);
    s->ops->shield(s->adapter, false);
}

static int
build_once(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    FILE *out = str_eq(s->config->output, "json") ? stderr : stdout;
    if (build_write_deferral(s->plan, err))
        return -1;
    double before = o->built.ms, t = job_begin(s, "build");
    const struct build_watch watch = job_watch(s);
    int rc = build_run(s->ctx, &s->env, s->plan, job_file(s, s->ctx, "plan.json"), out, &watch,
                       &o->built, err);
    job_end(s, t);
    o->built.ms += before;
    if (rc || o->built.timed_out)
        end_queries(s);
    return rc ? -1 : findings_keep_results(o, err);
}

int
findings_build_again(struct findings *o, struct err *err)
{
    o->earlier = mem_memdup(o->s->ctx, &o->built, sizeof o->built);
    return build_once(o, err);
}

/* At all that the build left; what an earlier look found is forgotten. */
static int
look(struct findings *o, struct err *err)
{
    o->ran = true;
    o->untouched = o->undeferred = o->rewritten = o->misread = (struct strlist){0};
    o->false_greens = o->n_columns = 0;
    double t = job_begin(o->s, "check");
    int rc = judge(o, err);
    if (rc == 0)
        findings_untouched(o);
    if (rc == 0)
        findings_lazy(o);
    if (rc == 0)
        rc = findings_undeferred(o, err);
    if (rc == 0)
        rc = findings_columns(o, err);
    job_end(o->s, t);
    return rc;
}

int
findings_build(struct findings *o, struct err *err)
{
    if (build_once(o, err) || look(o, err) || findings_allow(o, err) ||
        (o->n_decisions && look(o, err)))
        return -1;
    return compare_receipts(o, err);
}

int
findings_check(struct findings *o, struct err *err)
{
    return look(o, err) || compare_receipts(o, err) ? -1 : 0;
}

static char *
false_green_names(const struct findings *o)
{
    struct strlist names = {0};
    size_t at = 0;
    for (size_t i = 0; i < o->s->plan->n_nodes; i++)
        if (o->s->plan->nodes[i].clone && o->verdicts[at++] == BUILD_FALSE_GREEN)
            strlist_add(o->s->ctx, &names, o->s->plan->nodes[i].info->name);
    return strlist_join(o->s->ctx, &names, ", ");
}

static int
twin_result(const struct findings *o, struct err *err)
{
    for (size_t i = 0; i < o->n_twins; i++) {
        if (o->twins[i].verdict != COMPARE_BROKEN)
            continue;
        fail(err, ERR_BUILD, "%s: the incremental run does not make what a full refresh makes: %s",
             o->s->head->nodes[o->twins[i].node].name, o->twins[i].details);
        return hint(
            err,
            "Look at its incremental filter and unique_key; the report shows rows that differ.");
    }
    return 0;
}

/* The clone let it pass, production will not: what hangs on a column of production's table is not
 * in a clone. */
static int
columns_result(const struct findings *o, struct err *err)
{
    for (size_t i = 0; i < o->n_columns; i++) {
        const struct findings_columns *c = &o->columns[i];
        if (!c->forecast.fails)
            continue;
        fail(err, ERR_BUILD, "%s passed here and would fail in production: %s",
             o->s->head->nodes[c->node].name,
             forecast_text(o->s->ctx, &c->forecast, c->on_schema_change));
        return hint(err, "Drop what hangs on the column in production first, or rebuild the model "
                         "by a full refresh after the "
                         "merge.");
    }
    return 0;
}

int
findings_result(const struct findings *o, struct err *err)
{
    if (!o->ran)
        return 0;
    if (o->built.timed_out) {
        fail(err, ERR_BUILD, "the build step was ended after %.0f s", o->s->config->timeout);
        return hint(err, "Give it more time with --timeout.");
    }
    if (o->built.exit_code)
        return fail(err, ERR_BUILD, "the build step failed with exit code %d", o->built.exit_code);
    if (o->misread.n) {
        fail(err, ERR_REFUSED, "%s", o->misread.v[0]);
        return hint(err, "Nothing was proven of it: clone it whole, with --strategy copy or meta: "
                         "{cloneci: {strategy: copy}}.");
    }
    if (!o->false_greens)
        return columns_result(o, err) || twin_result(o, err) ? -1 : 0;
    fail(err, ERR_REFUSED,
         "false green: %s passed, but the incremental path was not tested (rebuilt from scratch)",
         false_green_names(o));
    return hint(err, "Something made dbt rebuild it: full_refresh, an overridden is_incremental(), "
                     "a hook that drops "
                     "the relation. In production the incremental path will run untested.");
}
