#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* --- schemas --- */

struct schemas {
    struct place_name *v;
    size_t n;
};

static void
add_schema(struct clone_work *j, struct schemas *list, const struct plan_schema *s,
           const char *name)
{
    list->v = mem_grow(j->ctx, list->v, struct place_name, list->n + 1);
    list->v[list->n++] = (struct place_name){s->database, name};
}

/* Other schemas of ours: those that runs with the same schema of their own have made. */
static int
find_kin(struct clone_work *j, struct strlist *kin, struct err *err)
{
    struct marked_place *places;
    size_t n;
    struct marker m;
    if (!j->plan->in.schema || j->plan->in.sandbox)
        return 0;
    if (j->ops->marked(j->ctx, j->a, &places, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!places[i].database && places[i].owned && places[i].marker_own &&
            marker_parse(j->ctx, places[i].marker, &m) == 0 && m.kind == MARKER_PULL_REQUEST &&
            str_eq(m.project, j->plan->in.project->name) && str_eq(m.base, j->plan->in.schema))
            strlist_add(j->ctx, kin, places[i].name);
    return 0;
}

static int
drop_schemas(struct clone_work *j, const struct schemas *list, struct err *err)
{
    struct strlist kin = {0};
    if (!list->n)
        return 0;
    return find_kin(j, &kin, err) || j->ops->drop_places(j->a, list->v, list->n, &kin, err) ? -1
                                                                                            : 0;
}

/* What hangs on what is there, and is not ours, is known before anything is made. */
static int
check_hanging(struct clone_work *j, struct err *err)
{
    struct schemas stands = {0};
    struct strlist kin = {0}, hanging = {0};
    for (size_t i = 0; i < j->plan->n_schemas; i++) {
        const struct plan_schema *s = &j->plan->schemas[i];
        if (s->found.exists)
            add_schema(j, &stands, s, s->name);
        if (s->found_aside.exists)
            add_schema(j, &stands, s, s->aside);
        if (s->found_old.exists)
            add_schema(j, &stands, s, s->old);
    }
    if (!stands.n || !j->ops->hanging)
        return 0;
    if (find_kin(j, &kin, err) ||
        j->ops->hanging(j->ctx, j->a, stands.v, stands.n, &kin, &hanging, err))
        return -1;
    if (!hanging.n)
        return 0;
    fail(err, ERR_REFUSED,
         "the schema \"%s\" would be made again, and is used from elsewhere; nothing was changed:"
         "\n  %s",
         j->plan->in.schema ? j->plan->in.schema : j->plan->schemas[0].name,
         strlist_join(j->ctx, &hanging, "\n  "));
    return hint(err, "Drop what is named, or have its owner do so, then run again; another schema "
                     "(--schema) needs no drop.");
}

static bool
swaps(const struct clone_work *j)
{
    return j->ops->dialect->caps & CAP_ATOMIC_PUBLISH;
}

/* Was it filled before the plan stood? */
static bool
is_early(const struct clone_work *j, const struct plan_schema *s)
{
    return j->early && plan_find_schema(j->early, s->database, s->name);
}

/* What a killed run left: temporary schemas, and those on their way out; where schemas cannot be
 * swapped also the last run's, whose place is needed. All have our marker (plan_decide). */
static int
clear_leftovers(struct clone_work *j, struct err *err)
{
    struct schemas left = {0};
    for (size_t i = 0; i < j->plan->n_schemas; i++) {
        const struct plan_schema *s = &j->plan->schemas[i];
        if (s->found_aside.exists && !is_early(j, s))
            add_schema(j, &left, s, s->aside);
        if (s->found_old.exists)
            add_schema(j, &left, s, s->old);
        if (!swaps(j) && s->found.exists)
            add_schema(j, &left, s, s->name);
    }
    return drop_schemas(j, &left, err);
}

static void
add_all(void *ctx, struct strlist *to, const struct strlist *from)
{
    for (size_t i = 0; i < from->n; i++)
        strlist_add(ctx, to, from->v[i]);
}

/* All schemas at once: makes them under temporary names, or swaps them in. */
static int
in_transaction(struct clone_work *j, bool swap, struct err *err)
{
    struct script script = {.in_transaction = true};
    struct run_stop ignored;
    struct run_options options = work_options(j);
    for (size_t i = 0; i < j->plan->n_schemas; i++) {
        const struct plan_schema *s = &j->plan->schemas[i];
        if (swap || !is_early(j, s))
            add_all(j->ctx, &script.statements, swap ? &s->swap : &s->prepare);
    }
    return j->ops->run(j->a, &script, 1, &options, &ignored, err);
}

/* A schema of that name that another session was just making, or had made, is looked at like any
 * other that exists: by planning again. */
static int
make_aside(struct clone_work *j, bool *stale, struct err *err)
{
    if (in_transaction(j, false, err) == 0)
        return 0;
    *stale = err->kind == ERR_WAREHOUSE && err->cause == CAUSE_EXISTS;
    return -1;
}

static int
drop_replaced(struct clone_work *j, struct err *err)
{
    struct schemas old = {0};
    for (size_t i = 0; swaps(j) && i < j->plan->n_schemas; i++)
        if (j->plan->schemas[i].found.exists)
            add_schema(j, &old, &j->plan->schemas[i], j->plan->schemas[i].old);
    return drop_schemas(j, &old, err);
}

/* --- clones --- */

static int
describe_made(struct clone_work *j, struct clone_result *out, struct err *err)
{
    struct relation_info *now = mem_array(j->ctx, struct relation_info, out->n);
    if (clone_inspect(j->ctx, j->a, j->plan, now, err))
        return -1;
    for (size_t i = 0; i < out->n; i++)
        out->clones[i].made = now[i];
    return 0;
}

static int
swap_in(struct clone_work *j, struct clone_result *out, struct err *err)
{
    fault_point("swap");
    if (in_transaction(j, true, err))
        return -1;
    fault_point("swapped");
    if (!j->plan->in.sandbox && lease_end_others(j, true, err))
        return -1;
    return drop_replaced(j, err) || describe_made(j, out, err) ? -1 : 0;
}

int
clone_early(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
            bool *stale, clone_progress *progress, void *arg, const struct clone_load *load,
            struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    struct told told = {.out = out, .progress = progress, .arg = arg};
    double start = clock_ms();
    *stale = false;
    *out = (struct clone_result){.n = plan->n_clones,
                                 .clones = mem_array(ctx, struct clone_made, plan->n_clones)};
    fault_point("aside");
    if (check_hanging(&j, err) || clear_leftovers(&j, err) || make_aside(&j, stale, err) ||
        load_all(&j, &told, load, stale, err))
        return -1;
    out->ms = clock_ms() - start;
    return 0;
}

int
clone_all(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
          bool *stale, clone_progress *progress, void *arg, const struct clone_load *load,
          struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    double start = clock_ms();
    if (clone_early(ctx, a, plan, out, stale, progress, arg, load, err) || swap_in(&j, out, err))
        return -1;
    out->ms = clock_ms() - start;
    return 0;
}

int
clone_early_swap(void *ctx, struct warehouse *a, const struct plan *plan, const struct plan *early,
                 struct clone_result *out, bool *stale, struct err *err)
{
    struct clone_work j = {
        .ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan, .early = early};
    double start = clock_ms();
    *stale = false;
    if (clear_leftovers(&j, err) || make_aside(&j, stale, err) || clone_check(&j, stale, err) ||
        swap_in(&j, out, err))
        return -1;
    out->ms += clock_ms() - start;
    return 0;
}

int
clone_early_drop(struct warehouse *a, const struct plan *early, struct err *err)
{
    struct clone_work j = {
        .ctx = talloc_new(NULL), .a = a, .ops = early->in.adapter, .plan = early};
    struct schemas asides = {0};
    for (size_t i = 0; i < early->n_schemas; i++)
        add_schema(&j, &asides, &early->schemas[i], early->schemas[i].aside);
    int rc = drop_schemas(&j, &asides, err);
    talloc_free(j.ctx);
    return rc;
}

int
clone_in_place(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
               bool *stale, clone_progress *progress, void *arg, struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    struct told told = {.out = out, .progress = progress, .arg = arg};
    double start = clock_ms();
    *stale = false;
    *out = (struct clone_result){.n = plan->n_clones,
                                 .clones = mem_array(ctx, struct clone_made, plan->n_clones)};
    if (clone_at_once(&j, &told, stale, err) || describe_made(&j, out, err))
        return -1;
    out->ms = clock_ms() - start;
    return 0;
}

int
clone_inspect(void *ctx, struct warehouse *a, const struct plan *plan, struct relation_info *out,
              struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    if (!plan->n_clones)
        return 0;
    return j.ops->describe(ctx, a, clone_relations(&j, false), plan->n_clones, out, err);
}
