/*
 * How a relation is cloned: what was asked for by option or file, else by a rule, else by the
 * model's own meta.cloneci, else `auto`: a copy, or a part where the table is larger than the
 * budget.
 */
#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_MOST_DAYS = 36500 };

static const struct {
    const char *name;
    enum clone_strategy strategy;
} names[] = {{"copy", CLONE_COPY},     {"lazy", CLONE_LAZY},   {"window", CLONE_WINDOW},
             {"sample", CLONE_SAMPLE}, {"shape", CLONE_SHAPE}, {"view", CLONE_VIEW}};

/* False for `auto` and for nothing at all. */
static bool
find_strategy(const char *name, enum clone_strategy *out)
{
    for (size_t i = 0; name && i < BASE_COUNT(names); i++)
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].strategy;
            return true;
        }
    return false;
}

bool
plan_strategy_known(const char *name)
{
    enum clone_strategy ignored;
    return strcmp(name, "auto") == 0 || find_strategy(name, &ignored);
}

/* What the model's own meta.cloneci says. */
struct wish {
    const char *strategy, *column, *window;
    double sample; /* -1: nothing */
};

static int
bad_wish(const struct plan_node *p, const char *key, const char *wanted, struct err *err)
{
    fail(err, ERR_INPUT, "%s: meta.cloneci.%s is not %s", p->info->unique_id, key, wanted);
    return hint(err, "It is in %s, in the model's properties, or in dbt_project.yml.",
                p->info->path);
}

/* A time may be written as a number of seconds. */
static const char *
time_text(struct plan *plan, const cJSON *value)
{
    if (cJSON_IsNumber(value))
        return mem_printf(plan, "%.0f", value->valuedouble);
    return cJSON_GetStringValue(value);
}

static int
read_wish(struct plan *plan, const struct plan_node *p, struct wish *out, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(plan, plan->in.head, p->node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config"),
                *own = json_get(json_get(config, "meta"), "cloneci");
    const cJSON *strategy = json_get(own, "strategy"), *column = json_get(own, "column");
    const cJSON *window = json_get(own, "window"), *sample = json_get(own, "sample");
    *out = (struct wish){.strategy = cJSON_GetStringValue(strategy),
                         .column = cJSON_GetStringValue(column),
                         .window = time_text(plan, window),
                         .sample = json_num(own, "sample", -1)};
    if (strategy && (!out->strategy || !plan_strategy_known(out->strategy)))
        return bad_wish(p, "strategy", "one of " PLAN_STRATEGIES, err);
    if (column && !out->column)
        return bad_wish(p, "column", "the name of a column", err);
    if (window && !out->window)
        return bad_wish(p, "window", "a time such as 36h or 30d", err);
    if (sample && (!cJSON_IsNumber(sample) || out->sample <= 0 || out->sample > 100))
        return bad_wish(p, "sample", "a percentage above 0 and at most 100", err);
    if (!out->column) /* dbt's own word for it */
        out->column = json_str(config, "event_time");
    return 0;
}

/* The first rule that has the node, or NULL; what it says of a part counts more than the model's
 * own word. */
static const struct plan_rule *
clone_rule(const struct plan *plan, const struct plan_node *p, struct wish *wish)
{
    for (size_t i = 0; i < plan->in.n_rules; i++) {
        const struct plan_rule *r = &plan->in.rules[i];
        if (!r->in[p->node])
            continue;
        wish->column = r->column ? r->column : wish->column;
        wish->window = r->window ? r->window : wish->window;
        wish->sample = r->sample > 0 ? r->sample : wish->sample;
        return r;
    }
    return NULL;
}

int
plan_copy_budget(struct plan *plan, double *most, const char **name, struct err *err)
{
    const struct config *config = plan->in.config;
    *most = -1;
    *name = "";
    if (config->copy_most) {
        if (config_bytes(most, "--copy-most", config->copy_most, err))
            return -1;
        *name = mem_printf(plan, "--copy-most %s", config->copy_most);
    }
    double longest = config->copy_longest * plan->in.copy_rate;
    if (config->copy_longest > 0 && (*most < 0 || longest < *most)) {
        *most = longest;
        *name = mem_printf(plan, "--copy-longest %s allows at %s a second (%s)",
                           str_ms(plan, config->copy_longest * 1000),
                           str_bytes(plan, (int64_t)plan->in.copy_rate), plan->in.copy_rate_from);
    }
    return 0;
}

static bool
can_be_lazy(const struct plan_node *p)
{
    return p->lazy && !p->lazy->why_not;
}

static int
choose_auto(struct plan *plan, const struct plan_node *p, struct plan_clone *c,
            const struct wish *wish, struct err *err)
{
    double most;
    const char *name, *size = str_bytes(plan, c->source.bytes);
    c->by_auto = true;
    c->strategy = CLONE_COPY;
    if (plan_copy_budget(plan, &most, &name, err))
        return -1;
    if (most < 0) {
        c->why = mem_printf(plan, "auto: all of its %s, since no budget is set", size);
    } else if ((double)c->source.bytes <= most) {
        c->why = mem_printf(plan, "auto: its %s are not more than %s", size, name);
    } else if (plan->referred_by[p->node] != MAP_NONE) {
        c->by_auto = false; /* a part of it lacks keys */
        c->why =
            mem_printf(plan, "auto: a foreign key of %s refers to it, so all of its %s are copied",
                       plan->in.head->nodes[plan->referred_by[p->node]].name, size);
    } else if (p->info->type == NODE_SNAPSHOT) {
        /* What its clone lacks would be new to it. */
        c->why = mem_printf(
            plan, "auto: a snapshot compares all of its current rows, so all of its %s are copied",
            size);
    } else {
        c->strategy = can_be_lazy(p) ? CLONE_LAZY : wish->column ? CLONE_WINDOW : CLONE_SAMPLE;
        c->percent = most / (double)c->source.bytes * 100;
        c->why = mem_printf(plan, "auto: its %s are more than %s", size, name);
        if (!can_be_lazy(p) && p->lazy)
            c->why = mem_printf(plan, "%s; not lazy: %s", c->why, p->lazy->why_not);
    }
    return 0;
}

int
plan_check_amounts(const struct config *c, struct err *err)
{
    double ignored;
    if (c->sample < 1 || c->sample > 100) {
        fail(err, ERR_CONFIG, "--sample: %d is not a percentage from 1 to 100", c->sample);
        return hint(
            err, "For example --sample 10; a model's own meta.cloneci.sample may be less than 1.");
    }
    return config_seconds(&ignored, "--window", c->window, WINDOW_MOST_DAYS, err);
}

static int
set_window(struct plan *plan, const struct plan_node *p, struct plan_clone *c,
           const struct wish *wish, struct err *err)
{
    if (!wish->column) {
        fail(err, ERR_CONFIG, "%s: a window needs a column that shows which rows are new",
             p->info->unique_id);
        return hint(err, "Give the model dbt's config event_time, or meta: {cloneci: {column: "
                         "..}}. Or choose another --strategy.");
    }
    c->column = wish->column;
    const char *text = wish->window ? wish->window : plan->in.config->window;
    const char *label =
        wish->window ? mem_printf(plan, "%s: meta.cloneci.window", p->info->unique_id) : "--window";
    if (config_seconds(&c->seconds, label, text, WINDOW_MOST_DAYS, err))
        return -1;
    c->fidelity = "partial";
    c->note = mem_printf(
        plan,
        "the newest rows, %s back by %s: keys of older rows, and tests of the whole table, are "
        "not as in production",
        text, c->column);
    return 0;
}

static void
set_sample(struct plan *plan, struct plan_clone *c, const struct wish *wish, bool fits)
{
    c->column = wish->column;
    if (wish->sample > 0)
        c->percent = wish->sample;
    else if (!fits)
        c->percent = plan->in.config->sample;
    c->fidelity = "partial";
    c->note =
        mem_printf(plan,
                   "about %.3g %% of the rows%s%s: keys of the others, and tests of the whole "
                   "table, are not as "
                   "in production",
                   c->percent, c->column ? ", and the newest by " : "", c->column ? c->column : "");
}

static int
state_fidelity(struct plan *plan, const struct plan_node *p, struct plan_clone *c,
               const struct wish *wish, bool fits, struct err *err)
{
    switch (c->strategy) {
    case CLONE_COPY:
        c->fidelity = "full";
        c->note = "all rows and the whole structure of production";
        return 0;
    case CLONE_LAZY:
        plan_set_lazy(plan, p, c);
        return 0;
    case CLONE_WINDOW:
        return set_window(plan, p, c, wish, err);
    case CLONE_SAMPLE:
        set_sample(plan, c, wish, fits);
        return 0;
    case CLONE_SHAPE:
        c->fidelity = "structure";
        c->note = "no rows: finds a schema change; max() of this is NULL";
        return 0;
    case CLONE_VIEW:
        break;
    }
    c->fidelity = "none";
    c->note = "a view of production: dbt rebuilds the model, incremental path NOT tested";
    return 0;
}

/* Who says how: the run, a rule, the model itself, else `auto`. */
static int
choose(struct plan *plan, const struct plan_node *p, struct plan_clone *c, struct wish *wish,
       struct err *err)
{
    const struct plan_rule *rule = clone_rule(plan, p, wish);
    bool run = find_strategy(plan->in.config->strategy, &c->strategy);
    bool ruled = !run && rule && find_strategy(rule->strategy, &c->strategy);
    if (run)
        c->why = mem_printf(plan, "--strategy %s", plan->in.config->strategy);
    else if (ruled)
        c->why = rule->name;
    else if (find_strategy(wish->strategy, &c->strategy))
        c->why = "the model's own meta.cloneci";
    else
        return choose_auto(plan, p, c, wish, err);
    if (c->strategy == CLONE_LAZY && !can_be_lazy(p)) {
        const char *asked = c->why;
        if (choose_auto(plan, p, c, wish, err))
            return -1;
        c->why =
            str_starts(c->why, "auto: all")
                ? mem_printf(plan, "%s, but not lazy: %s", asked, p->lazy->why_not)
                : mem_printf(plan, "%s, but not lazy: %s; %s", asked, p->lazy->why_not, c->why);
        return 0;
    }
    /* Asked of many, what one cannot give is no error. */
    if ((run || ruled) && c->strategy == CLONE_WINDOW && !wish->column) {
        c->strategy = CLONE_COPY;
        c->why = mem_printf(
            plan, "%s, but not a window: the model has neither event_time nor meta.cloneci.column",
            c->why);
    }
    return 0;
}

static void
warn_both(struct plan *plan, const struct plan_node *p, const struct plan_clone *c)
{
    if (plan->in.config->both && c->strategy != CLONE_COPY)
        plan_warn(plan, "both_partial",
                  mem_printf(plan, "%s: --both does not judge it, since its clone lacks rows",
                             p->info->unique_id));
}

int
plan_choose_strategy(struct plan *plan, const struct plan_node *p, struct plan_clone *c,
                     struct err *err)
{
    struct wish wish = {0};
    if (plan->in.whole || p->kept) {
        c->strategy = CLONE_COPY;
        c->why = p->kept ? mem_printf(plan, "a foreign key of %s, which refers to it",
                                      plan->in.head->nodes[plan->referred_by[p->node]].name)
                         : "promote: it will become production";
        return state_fidelity(plan, p, c, &wish, false, err);
    }
    if (read_wish(plan, p, &wish, err) || choose(plan, p, c, &wish, err) ||
        state_fidelity(plan, p, c, &wish, c->by_auto, err))
        return -1;
    warn_both(plan, p, c);
    return 0;
}

int
plan_choose_part(struct plan *plan, const struct plan_node *p, struct plan_clone *c, double percent,
                 const char *why, struct err *err)
{
    struct wish wish;
    if (read_wish(plan, p, &wish, err))
        return -1;
    (void)clone_rule(plan, p, &wish);
    if (can_be_lazy(p)) {
        c->strategy = CLONE_LAZY;
        c->why = why;
        plan_set_lazy(plan, p, c);
        warn_both(plan, p, c);
        return 0;
    }
    wish.sample = -1;
    c->strategy = CLONE_SAMPLE;
    c->percent = percent;
    c->why = why;
    set_sample(plan, c, &wish, true);
    warn_both(plan, p, c);
    return 0;
}
