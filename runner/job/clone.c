/* What is cloned, and what the next command or run is left of it (clones.json). */
#include "findings.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES = 3 };
/* Fewer bytes tell nothing of a rate. */
enum { RATE_LEAST = 1 << 20 };

static void
facts_take(struct findings *f, const struct clone_result *r)
{
    f->clones = findings_facts(f);
    f->cloning_ms = r->ms;
    for (size_t i = 0; i < r->n; i++)
        f->clones[i].made = r->clones[i];
}

/* How fast this run copied, for the next one's estimates; 0: too little to tell. */
static double
copied_per_second(const struct findings *f)
{
    double bytes = 0, ms = 0;
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct clone_fact *c = findings_of(f, p);
        if (!c || p->clone->strategy != CLONE_COPY)
            continue;
        bytes += (double)p->clone->source.bytes;
        ms += c->made.ms;
    }
    /* several at once: all of them together tell */
    ms = ms > f->cloning_ms ? f->cloning_ms : ms;
    return bytes >= RATE_LEAST && ms > 0 ? bytes / ms * 1000 : 0;
}

/* Which clones have no rows at all. */
static int
find_empty(struct findings *f, struct err *err)
{
    void *ctx = f->job->ctx;
    struct relation *clones = mem_array(ctx, struct relation, f->plan->n_clones);
    bool *empty = mem_array(ctx, bool, f->plan->n_clones);
    if (!f->seat->ops->empty)
        return 0;
    for (size_t i = 0; i < f->plan->n_nodes; i++)
        if (f->plan->nodes[i].clone)
            clones[f->plan->nodes[i].clone->index] = f->plan->nodes[i].clone->to;
    if (f->seat->ops->empty(ctx, f->seat->warehouse, clones, f->plan->n_clones, empty, err))
        return -1;
    for (size_t i = 0; i < f->plan->n_clones; i++)
        f->clones[i].empty = empty[i];
    return 0;
}

/* What `cloneci build` compares with, and a killed run's successor may read. */
static int
write_clones(struct findings *f, struct err *err)
{
    cJSON *doc = json_object(f->job->ctx);
    if (find_empty(f, err))
        return -1;
    json_put_str(doc, "run", f->job->run_id);
    mem_check(
        cJSON_AddNumberToObject(doc, "copied_per_second", (double)(int64_t)copied_per_second(f)));
    cJSON *list = mem_check(cJSON_AddArrayToObject(doc, "clones"));
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct clone_fact *c = findings_of(f, p);
        if (!c)
            continue;
        cJSON *item = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, item);
        json_put_str(item, "unique_id", p->info->unique_id);
        json_put_str(item, "identity", c->made.made.identity);
        mem_check(cJSON_AddNumberToObject(item, "ms", c->made.ms));
        cJSON_AddBoolToObject(item, "lazy", p->clone->strategy == CLONE_LAZY);
        if (c->empty >= 0)
            cJSON_AddBoolToObject(item, "empty", c->empty);
    }
    char *text = json_print(f->job->ctx, doc, true);
    return file_put(job_file(f->job, f->job->ctx, "clones.json"), text, strlen(text), 0644, err);
}

static int
clone_once(struct findings *f, struct clone_result *made, bool *stale, struct err *err)
{
    if (f->early && early_clones_fit(f->early, f->plan))
        return early_clones_swap(f->early, f->plan, made, stale, err);
    return clone_make(made, f->job, f->seat, f->plan, CLONE_MAKE_WHOLE, stale, err);
}

int
findings_fill(struct findings *f, struct err *err)
{
    char *path;
    for (int i = 1;; i++) {
        struct clone_result made;
        bool stale = false;
        if (!f->plan->in.sandbox && plan_write(f->job->ctx, f->plan, &path, err))
            return -1;
        if (clone_once(f, &made, &stale, err) == 0) {
            facts_take(f, &made);
            return 0;
        }
        if (!stale || i == TRIES)
            return -1;
        log_event(LOG_WARN, "clone.stale", "%s: making the plan again", err->msg);
        if (plan_make(&f->plan, f->job, f->in, f->choice, f->seat, f->variant, err))
            return -1;
    }
}

int
findings_in_place(struct findings *f, struct err *err)
{
    struct clone_result made;
    bool stale = false;
    if (clone_make(&made, f->job, f->seat, f->plan, CLONE_MAKE_IN_PLACE, &stale, err))
        return -1;
    facts_take(f, &made);
    return 0;
}

int
findings_clone(struct findings *f, struct err *err)
{
    const struct place_list schemas =
        inputs_schemas_read(f->in, f->seat->ops->dialect, f->job->ctx);
    /* before anything was read of production, which may have been while dbt parsed */
    if (f->early && f->early->plan && place_list_same(&f->early->schemas, &schemas))
        f->receipt = f->early->receipt;
    else if (seat_receipt(f->seat, &schemas, &f->receipt, err))
        return -1;
    if (findings_fill(f, err))
        return -1;
    f->cloned = true;
    f->clones_run = f->job->run_id;
    return write_clones(f, err);
}

static int
check_adopted(const char *id, const cJSON *noted, const struct clone_fact *now, struct err *err)
{
    if (!noted || !str_eq(json_str(noted, "identity"), now->made.made.identity)) {
        fail(err, ERR_INPUT, "the clone of %s is not the table that 'cloneci clone' made", id);
        return hint(err, "Run 'cloneci clone' again: the build needs unchanged clones.");
    }
    if (now->empty != 1 || !json_get(noted, "empty") || json_bool(noted, "empty"))
        return 0;
    fail(err, ERR_INPUT, "the clone of %s is empty, and was not when 'cloneci clone' made it", id);
    return hint(err, "The warehouse lost its rows in between, as a server does that goes down with "
                     "tables that it does not log: run 'cloneci clone' again.");
}

/* A lazy clone holds its rows for the build that it was planned for, and for no other reader. */
static int
check_lazy(const struct findings *f, const cJSON *noted, struct err *err)
{
    const struct manifest *m = f->plan->in.head;
    uint32_t node = manifest_find(m, json_str(noted, "unique_id"));
    const struct plan_node *p = node == MAP_NONE ? NULL : plan_find_node(f->plan, node);
    bool lazy = json_bool(noted, "lazy"),
         wanted = p && p->clone && p->clone->strategy == CLONE_LAZY;
    if (p && p->clone && lazy != wanted) {
        fail(err, ERR_INPUT, "the clone of %s is %slazy, and this build needs one that is%s",
             m->nodes[node].unique_id, lazy ? "" : "not ", lazy ? " not" : "");
        return hint(err, "Run 'cloneci clone' with the selection and the options of the build, or "
                         "use 'cloneci run'.");
    }
    const struct node *reader =
        lazy && !wanted && node != MAP_NONE ? plan_reader(f->plan, node) : NULL;
    if (!reader)
        return 0;
    fail(err, ERR_INPUT, "%s reads %s, whose clone is lazy and lacks rows", reader->unique_id,
         m->nodes[node].unique_id);
    return hint(err, "Run 'cloneci clone' with the selection of the build, or use 'cloneci run'.");
}

int
findings_adopt(struct findings *f, struct err *err)
{
    const char *path = job_file(f->job, f->job->ctx, "clones.json");
    const struct place_list schemas =
        inputs_schemas_read(f->in, f->seat->ops->dialect, f->job->ctx);
    if (seat_receipt(f->seat, &schemas, &f->receipt, err))
        return -1;
    cJSON *doc = NULL;
    if (!file_exists(path)) {
        fail(err, ERR_INPUT, "there are no clones to build on (%s is missing)", path);
        return hint(err, "Run 'cloneci clone' first, or use 'cloneci run'.");
    }
    if (json_read(f->job->ctx, &doc, path, err))
        return -1;
    const cJSON *noted;
    cJSON_ArrayForEach (noted, json_get(doc, "clones")) {
        if (check_lazy(f, noted, err))
            return -1;
    }
    struct relation_info *now = mem_array(f->job->ctx, struct relation_info, f->plan->n_clones);
    f->clones = findings_facts(f);
    if (clone_inspect(f->job->ctx, f->seat->warehouse, f->plan, now, err) || find_empty(f, err))
        return -1;
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        struct clone_fact *fact = findings_of(f, p);
        if (!fact)
            continue;
        const char *id = p->info->unique_id;
        const cJSON *item, *mine = NULL;
        cJSON_ArrayForEach (item, json_get(doc, "clones")) {
            if (str_eq(json_str(item, "unique_id"), id))
                mine = item;
        }
        fact->made =
            (struct clone_made){.ms = json_num(mine, "ms", 0), .made = now[p->clone->index]};
        if (check_adopted(id, mine, fact, err))
            return -1;
    }
    f->cloned = true;
    f->clones_run = json_str(doc, "run");
    return 0;
}
