/* Why a node failed: by the class of the exception, and where that says nothing, or a right is
 * missing, by asking the server once more whether it would take the statement. Never by text. */
#include "findings.h"

#include "dbt/dbt.h"

static enum err_cause
cause_by_exception(const struct findings *f, const char *exception)
{
    const struct dialect *dialect = f->seat->ops->dialect;
    enum err_cause cause = CAUSE_NONE;
    if (exception && dialect->exception_cause)
        cause = dialect->exception_cause(exception);
    return exception && cause == CAUSE_NONE ? dbt_exception_cause(exception) : cause;
}

/* The server's answer, where it is one that another role would not get. */
static void
cause_by_server(const struct findings *f, const char *statement, struct findings_cause *out)
{
    struct err err;
    const struct warehouse_ops *ops = f->seat->ops;
    if (!statement || !ops->explain ||
        ops->explain(f->job->ctx, f->seat->warehouse, statement, &err) == 0 ||
        err.kind != ERR_WAREHOUSE || (err.cause != CAUSE_DENIED && err.cause != CAUSE_MISSING))
        return;
    if (out->cause == CAUSE_NONE)
        out->cause = err.cause;
    if (out->cause == CAUSE_DENIED && *err.hint)
        out->hint = mem_strdup(f->job->ctx, err.hint);
}

void
findings_causes(struct findings *f)
{
    f->causes = mem_array(f->job->ctx, struct findings_cause, f->built.n + 1);
    f->n_causes = 0;
    for (size_t i = 0; i < f->built.n; i++) {
        const struct build_node *b = &f->built.nodes[i];
        struct findings_cause *c = &f->causes[f->n_causes];
        if (!dbt_failed(b->status))
            continue;
        *c = (struct findings_cause){.unique_id = b->unique_id,
                                     .cause = cause_by_exception(f, b->exception)};
        if (c->cause == CAUSE_NONE || c->cause == CAUSE_DENIED)
            cause_by_server(f, b->statement, c);
        f->n_causes++;
    }
}

const struct findings_cause *
findings_find_cause(const struct findings *f, const char *unique_id)
{
    for (size_t i = 0; i < f->n_causes; i++)
        if (str_eq(f->causes[i].unique_id, unique_id))
            return &f->causes[i];
    return NULL;
}
