#include "adapters/promote.h"

int
promote_refused(const struct promote_plan *p, struct err *err)
{
    if (!p->refused.n)
        return 0;
    void *tmp = talloc_new(NULL);
    fail(err, ERR_REFUSED, "generation %lld cannot be put live, nothing was changed:\n  %s",
         (long long)p->content, strlist_join(tmp, &p->refused, "\n  "));
    talloc_free(tmp);
    return hint(err, "Fix these, then run again. cloneci %s --dry-run shows the whole list.",
                p->back ? "rollback" : "promote");
}
