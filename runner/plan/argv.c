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

/* Every node, and nothing beside: dbt then builds what was planned and need not compare states
 * again. */
static void
add_selection(struct plan *plan)
{
    if (plan->in.everything && !plan->n_deferrals)
        return;
    if (!plan->in.everything) {
        if (plan->in.names)
            add_words(plan, "--select", plan->in.names);
        else
            add_value(plan, "--select", "result:success");
        add_value(plan, "--indirect-selection", "empty");
    }
    add(plan, "--defer");
    add_value(plan, "--state", plan->in.deferral_dir);
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
    add_selection(plan);
    if (c->favor_state)
        add(plan, "--favor-state");
    add_value(plan, "--project-dir",
              plan_is_lazy(plan) ? plan->in.overlay_dir : plan->in.project->dir);
    add_value(plan, "--profiles-dir", plan->in.profiles_dir);
    add_value(plan, "--profile", plan->in.profile);
    add_value(plan, "--target", plan->in.target);
    add_value(plan, "--target-path", plan->in.target_path);
    add_value(plan, "--vars", c->vars);
    if (c->threads)
        add_value(plan, "--threads", mem_printf(plan, "%d", c->threads));
    if (plan->in.full_refresh)
        add(plan, "--full-refresh");
    if (c->fail_fast)
        add(plan, "--fail-fast");
    if (c->quiet)
        add(plan, "--quiet");
}

const struct plan *
plan_narrowed(void *ctx, const struct plan *plan, const struct strlist *names,
              const struct strlist *ids, bool full_refresh)
{
    struct plan *p = mem_memdup(ctx, plan, sizeof *plan);
    p->in.names = names;
    p->in.full_refresh = full_refresh;
    p->to_build = *ids;
    p->argv = (struct strlist){0};
    plan_build_argv(p);
    return p;
}
