/*
 * How a relation is cloned: what was asked for by option or file, else by the model's own meta.cloneci, else `auto`:
 * a copy, or a part where the table is larger than copy_most.
 */
#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_MOST_DAYS = 36500 };

static const struct {
    const char *name;
    enum clone_strategy strategy;
} names[] = {{"copy", CLONE_COPY}, {"window", CLONE_WINDOW}, {"sample", CLONE_SAMPLE},
             {"shape", CLONE_SHAPE}, {"view", CLONE_VIEW}};

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

/* What the model's own meta.cloneci says. */
struct wish {
    const char *strategy, *column, *window;
    double sample; /* -1: nothing */
};

static int
bad_wish(const struct plan_node *p, const char *key, const char *wanted, struct err *err)
{
    fail(err, ERR_INPUT, "%s: meta.cloneci.%s is not %s", p->info->unique_id, key, wanted);
    return hint(err, "It stands in %s, in the model's properties, or in dbt_project.yml.", p->info->path);
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
    enum clone_strategy ignored;
    if (manifest_node_json(plan, plan->in.head, p->node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config"), *own = json_get(json_get(config, "meta"), "cloneci");
    const cJSON *strategy = json_get(own, "strategy"), *column = json_get(own, "column");
    const cJSON *window = json_get(own, "window"), *sample = json_get(own, "sample");
    *out = (struct wish){.strategy = cJSON_GetStringValue(strategy), .column = cJSON_GetStringValue(column),
                         .window = time_text(plan, window), .sample = json_num(own, "sample", -1)};
    if (strategy && !str_eq(out->strategy, "auto") && !find_strategy(out->strategy, &ignored))
        return bad_wish(p, "strategy", "one of auto, copy, window, sample, shape, view", err);
    if (column && !out->column)
        return bad_wish(p, "column", "the name of a column", err);
    if (window && !out->window)
        return bad_wish(p, "window", "a time, as 36h or 30d", err);
    if (sample && (!cJSON_IsNumber(sample) || out->sample <= 0 || out->sample > 100))
        return bad_wish(p, "sample", "a number of percent, above 0 and at most 100", err);
    if (!out->column) /* dbt's own word for it */
        out->column = json_str(config, "event_time");
    return 0;
}

/* `auto`: *why is NULL for a copy. */
static int
choose_auto(struct plan *plan, const struct plan_node *p, struct plan_clone *c, const struct wish *wish,
            const char **why, struct err *err)
{
    double most = -1;
    c->strategy = CLONE_COPY;
    if (plan->in.config->copy_most && config_bytes(&most, "--copy-most", plan->in.config->copy_most, err))
        return -1;
    /* A snapshot compares all its current rows: what its clone lacks would be new to it. */
    if (most < 0 || (double)c->source.bytes <= most || p->info->type == NODE_SNAPSHOT)
        return 0;
    c->strategy = wish->column ? CLONE_WINDOW : CLONE_SAMPLE;
    c->percent = most / (double)c->source.bytes * 100;
    *why = mem_printf(plan, "; auto: its %s are more than --copy-most %s", str_bytes(plan, c->source.bytes),
                      plan->in.config->copy_most);
    return 0;
}

static int
set_window(struct plan *plan, const struct plan_node *p, struct plan_clone *c, const struct wish *wish, struct err *err)
{
    if (!wish->column) {
        fail(err, ERR_CONFIG, "%s: a window needs a column that tells which rows are new", p->info->unique_id);
        return hint(err, "Give the model dbt's config event_time, or meta: {cloneci: {column: ..}}; or choose another "
                         "--strategy.");
    }
    c->column = wish->column;
    const char *text = wish->window ? wish->window : plan->in.config->window;
    const char *label = wish->window ? mem_printf(plan, "%s: meta.cloneci.window", p->info->unique_id) : "--window";
    if (config_seconds(&c->seconds, label, text, WINDOW_MOST_DAYS, err))
        return -1;
    c->fidelity = "partial";
    c->note = mem_printf(plan, "the newest rows, %s back by %s: keys of older rows, and tests of the whole table, are "
                               "not as in production", text, c->column);
    return 0;
}

static int
set_sample(struct plan *plan, struct plan_clone *c, const struct wish *wish, bool fits, struct err *err)
{
    if (plan->in.config->sample < 1 || plan->in.config->sample > 100) {
        fail(err, ERR_CONFIG, "--sample: %d is not a number of percent from 1 to 100", plan->in.config->sample);
        return hint(err, "For example --sample 10; a model's own meta.cloneci.sample may be less than 1.");
    }
    c->column = wish->column;
    if (wish->sample > 0)
        c->percent = wish->sample;
    else if (!fits)
        c->percent = plan->in.config->sample;
    c->fidelity = "partial";
    c->note = mem_printf(plan, "about %.3g %% of the rows%s%s: keys of the others, and tests of the whole table, are not as "
                               "in production", c->percent, c->column ? ", and the newest by " : "",
                         c->column ? c->column : "");
    return 0;
}

static int
state_fidelity(struct plan *plan, const struct plan_node *p, struct plan_clone *c, const struct wish *wish, bool fits,
               struct err *err)
{
    switch (c->strategy) {
    case CLONE_COPY:
        c->fidelity = "full";
        c->note = "every row and all structure of production";
        return 0;
    case CLONE_WINDOW:
        return set_window(plan, p, c, wish, err);
    case CLONE_SAMPLE:
        return set_sample(plan, c, wish, fits, err);
    case CLONE_SHAPE:
        c->fidelity = "structure";
        c->note = "zero rows: schema drift is caught, max() of this is NULL";
        return 0;
    case CLONE_VIEW:
        break;
    }
    c->fidelity = "none";
    c->note = "a pointer view: dbt rebuilds the model, incremental path NOT tested";
    return 0;
}

int
plan_choose_strategy(struct plan *plan, const struct plan_node *p, struct plan_clone *c, struct err *err)
{
    struct wish wish;
    const char *why = NULL;
    if (read_wish(plan, p, &wish, err))
        return -1;
    bool asked = find_strategy(plan->in.config->strategy, &c->strategy);
    if (!asked && !find_strategy(wish.strategy, &c->strategy) && choose_auto(plan, p, c, &wish, &why, err))
        return -1;
    /* Asked of all, what one cannot give is no error. */
    if (asked && c->strategy == CLONE_WINDOW && !wish.column) {
        c->strategy = CLONE_COPY;
        why = "; no window: the model has neither event_time nor meta.cloneci.column";
    }
    if (state_fidelity(plan, p, c, &wish, why != NULL, err))
        return -1;
    if (why)
        c->note = mem_printf(plan, "%s%s", c->note, why);
    if (plan->in.config->both && c->strategy != CLONE_COPY)
        plan_warn(plan, "both_partial",
                  mem_printf(plan, "%s: --both does not judge it, since its clone does not hold all rows",
                             p->info->unique_id));
    return 0;
}
