#include "plan_internal.h"

static void
add(struct plan *plan, const char *word)
{
    strlist_add(plan, &plan->argv, word);
}

static void
add_value(struct plan *plan, const char *flag, const char *value)
{
    if (!value)
        return;
    add(plan, flag);
    add(plan, value);
}

static void
add_words(struct plan *plan, const char *flag, const struct strlist *words)
{
    if (!words->n)
        return;
    add(plan, flag);
    for (size_t i = 0; i < words->n; i++)
        add(plan, words->v[i]);
}

/* Every node by name, and nothing beside: dbt then builds what was planned and need not compare states again. */
static void
add_names(struct plan *plan)
{
    add_words(plan, "--select", plan->in.names);
    add_value(plan, "--indirect-selection", "empty");
    add(plan, "--defer");
    add_value(plan, "--state", plan->in.deferral_dir);
}

/* Where names would not say the same: the user's own words, on which the two agree. */
static void
add_words_of_user(struct plan *plan)
{
    const struct config *c = plan->in.config;
    add_words(plan, "--select", &c->select);
    if (!c->select.n && !c->selector)
        add_value(plan, "--select", plan->in.default_select);
    add_words(plan, "--exclude", &c->exclude);
    add_value(plan, "--selector", c->selector);
    add_value(plan, "--indirect-selection", c->indirect_selection);
    for (size_t i = 0; i < c->resource_type.n; i++)
        add_value(plan, "--resource-type", c->resource_type.v[i]);
    for (size_t i = 0; i < c->exclude_resource_type.n; i++)
        add_value(plan, "--exclude-resource-type", c->exclude_resource_type.v[i]);
    if (plan->in.whole && !plan->n_deferrals)
        return;
    add(plan, "--defer");
    if (c->state)
        add_value(plan, "--state", path_absolute(plan, c->state));
    add_value(plan, c->state ? "--defer-state" : "--state", plan->in.deferral_dir);
}

void
plan_build_argv(struct plan *plan)
{
    const struct config *c = plan->in.config;
    for (size_t i = 0; i < c->build_command.n; i++)
        add(plan, c->build_command.v[i]);
    if (c->build_command.n)
        return;
    add(plan, c->dbt);
    add(plan, "build");
    if (plan->in.names)
        add_names(plan);
    else
        add_words_of_user(plan);
    if (c->favor_state)
        add(plan, "--favor-state");
    add_value(plan, "--project-dir", plan->in.project->dir);
    add_value(plan, "--profiles-dir", plan->in.profiles_dir);
    add_value(plan, "--profile", plan->in.profile);
    add_value(plan, "--target", plan->in.target);
    add_value(plan, "--target-path", plan->in.project->target_path);
    add_value(plan, "--vars", c->vars);
    if (c->threads)
        add_value(plan, "--threads", mem_printf(plan, "%d", c->threads));
    if (c->full_refresh)
        add(plan, "--full-refresh");
    if (c->fail_fast)
        add(plan, "--fail-fast");
}

void
plan_narrow_build(struct plan *plan, const struct strlist *names)
{
    plan->in.names = names;
    plan->argv = (struct strlist){0};
    plan_build_argv(plan);
}
