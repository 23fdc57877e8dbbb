/* Who owns production's relations, and who builds there: only an owner may alter them. */
#include "attached.h"

#include <string.h>

/* Does the output write where production's manifest has its nodes? */
static bool
is_productions(const struct findings *f, const struct profile *p)
{
    const struct manifest *m = f->in->production;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (plan_is_built(&m->nodes[i]) && m->nodes[i].alias &&
            str_eq(m->nodes[i].schema, p->schema))
            return true;
    return false;
}

/* The role of the profile's target that builds production; NULL: the profile has none. */
static const char *
find_role(const struct findings *f)
{
    const struct profile *own = f->job->profile;
    for (size_t i = 0; i < own->outputs.n; i++) {
        struct config c = *f->job->config;
        struct profile *p = NULL;
        struct err ignored;
        c.target = own->outputs.v[i];
        if (str_eq(c.target, own->target) ||
            config_profile(f->job->ctx, &p, &c, f->job->project, &ignored) || !is_productions(f, p))
            continue;
        const char *role = profile_get(p, "role");
        return role ? role : profile_get(p, "user");
    }
    return NULL;
}

/* Does production's run alter or replace what is there? */
static bool
is_altered(const struct findings *f, const struct plan_node *p)
{
    const struct findings_columns *c = findings_find_columns(f->columns, f->n_columns, p->node);
    enum doing doing = doing_of(p);
    bool alters = doing == DOING_REPLACE || doing == DOING_REFRESH;
    for (size_t i = 0; doing == DOING_GO_ON && c && i < c->forecast.n; i++)
        alters = alters || c->forecast.columns[i].effect == FORECAST_ADDED ||
                 c->forecast.columns[i].effect == FORECAST_REMOVED ||
                 c->forecast.columns[i].effect == FORECAST_RETYPED;
    return alters && p->stands.owner;
}

/* How many of production's relations, as far as they were looked at, belong to the role, and how
 * many to another one. */
static void
count_owned(const struct findings *f, const char *role, size_t *its, size_t *others)
{
    *its = *others = 0;
    for (size_t i = 0; i < f->plan->n_nodes + f->plan->n_deferrals; i++) {
        const char *owner = i < f->plan->n_nodes
                                ? f->plan->nodes[i].stands.owner
                                : f->plan->deferrals[i - f->plan->n_nodes].found.owner;
        *its += owner && str_eq(owner, role);
        *others += owner && !str_eq(owner, role);
    }
}

int
findings_owners(struct findings *f, struct err *err)
{
    const struct attached_ops *ops = f->seat->ops->attached;
    const char *role = ops ? find_role(f) : NULL;
    f->barred = mem_array(f->job->ctx, struct findings_barred, f->plan->n_nodes + 1);
    f->n_barred = 0;
    for (size_t i = 0; ops && i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        size_t its, others;
        int may = -1;
        if (!is_altered(f, p))
            continue;
        if (role && !str_eq(role, p->stands.owner) &&
            ops->may_act_as(f->job->ctx, f->seat->warehouse, role, p->stands.owner, &may, err))
            return -1;
        count_owned(f, p->stands.owner, &its, &others);
        if (role ? may == 0 : others > its)
            f->barred[f->n_barred++] =
                (struct findings_barred){.node = p->node, .role = role, .owner = p->stands.owner};
    }
    return 0;
}

const struct findings_barred *
findings_find_barred(const struct findings *f, uint32_t node)
{
    for (size_t i = 0; i < f->n_barred; i++)
        if (f->barred[i].node == node)
            return &f->barred[i];
    return NULL;
}
