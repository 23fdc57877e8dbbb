#include "findings.h"

int
findings_stray_reads(struct findings *f, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct plan_reads *reads = plan_reads_new(tmp, f->plan);
    struct plan_read *found = NULL;
    size_t n = 0;
    for (size_t i = 0; i < f->built.n; i++)
        if (f->built.nodes[i].compiled)
            plan_reads_scan(tmp, reads, f->built.nodes[i].unique_id, f->built.nodes[i].compiled,
                            &found, &n);
    struct relation *relations = mem_array(tmp, struct relation, n + 1);
    struct relation_info *infos = mem_array(tmp, struct relation_info, n + 1);
    for (size_t i = 0; i < n; i++)
        relations[i] = found[i].relation;
    int rc = n ? f->seat->ops->describe(tmp, f->seat->warehouse, relations, n, infos, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (infos[i].kind != RELATION_MISSING)
            strlist_add(f->job->ctx, &f->stray_reads,
                        mem_printf(tmp,
                                   "%s names %s itself: this reads production's relation, without "
                                   "dbt's knowledge. Use ref() or source().",
                                   found[i].unique_id,
                                   f->seat->ops->dialect->qualify(tmp, &found[i].relation)));
    talloc_free(tmp);
    return rc;
}
