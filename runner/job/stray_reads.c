#include "findings.h"

int
findings_undeferred(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    void *tmp = talloc_new(NULL);
    struct plan_reads *reads = plan_reads_new(tmp, s->plan);
    struct plan_read *found = NULL;
    size_t n = 0;
    for (size_t i = 0; i < o->built.n; i++)
        if (o->built.nodes[i].compiled)
            plan_reads_scan(tmp, reads, o->built.nodes[i].unique_id, o->built.nodes[i].compiled,
                            &found, &n);
    struct relation *relations = mem_array(tmp, struct relation, n + 1);
    struct relation_info *infos = mem_array(tmp, struct relation_info, n + 1);
    for (size_t i = 0; i < n; i++)
        relations[i] = found[i].relation;
    int rc = n ? s->ops->describe(tmp, s->adapter, relations, n, infos, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (infos[i].kind != RELATION_MISSING)
            strlist_add(
                s->ctx, &o->undeferred,
                mem_printf(tmp,
                           "%s reads %s by its name: that is production's relation here, and "
                           "dbt does not know of it. Write ref() or source().",
                           found[i].unique_id, s->ops->dialect->qualify(tmp, &found[i].relation)));
    talloc_free(tmp);
    return rc;
}
