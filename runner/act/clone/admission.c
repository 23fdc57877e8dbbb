/* Whom the warehouse lets in to write: the build step of the run that holds the lease, and no
 * other's. */
#include "internal.h"

#include "adapters/lease.h"

/* The pull request's own schema, or the first where the plan builds nothing in that one. */
static const char *
kept_in(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_schemas; i++)
        if (str_eq(plan->schemas[i].name, plan->in.schema))
            return plan->in.schema;
    return plan->n_schemas ? plan->schemas[0].name : NULL;
}

static struct admission
admission_of(void *ctx, const struct plan *plan)
{
    return (struct admission){.lock = marker_schema_lock(ctx, plan->in.schema),
                              .run = plan->in.run_id,
                              .schema = kept_in(plan)};
}

int
clone_admit(void *ctx, struct warehouse *a, const struct plan *plan, char **entry, struct err *err)
{
    *entry = NULL;
    if (!plan->in.adapter->lease || !plan->in.schema || !plan->n_schemas)
        return 0;
    const struct admission own = admission_of(ctx, plan);
    return plan->in.adapter->lease->admit(ctx, a, &own, entry, err);
}

int
clone_admitted(struct warehouse *other, const struct plan *plan, bool *yes, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const struct admission own = admission_of(tmp, plan);
    int rc = plan->in.adapter->lease->admitted(other, &own, yes, err);
    talloc_free(tmp);
    return rc;
}

int
clone_bar(struct warehouse *a, const struct plan *plan, bool own, struct err *err)
{
    if (!plan->in.adapter->lease || !plan->in.schema)
        return 0;
    void *tmp = talloc_new(NULL);
    const struct admission what = admission_of(tmp, plan);
    int rc = plan->in.adapter->lease->bar(a, &what, own, err);
    talloc_free(tmp);
    return rc;
}
