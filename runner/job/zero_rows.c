#include "findings.h"

#include <ctype.h>
#include <string.h>

/* Above this the greatest value is not read: without an index that is a scan. */
enum { CHEAP_BYTES = 256 << 20 };

/* The column of the model's own `max(column) .. from {{ this }}`; NULL if there is none, or it is
 * an expression. */
static const char *
column_of_filter(void *ctx, const char *sql)
{
    for (const char *p = sql; p && (p = strcasestr(p, "max(")) != NULL;) {
        p += strlen("max(");
        const char *start = p + strspn(p, " \t\n"), *end = start;
        while (isalnum((unsigned char)*end) || *end == '_')
            end++;
        const char *this = strcasestr(end, "{{ this }}"), *next = strcasestr(end, "max(");
        if (end > start && end[strspn(end, " \t\n")] == ')' && this && (!next || this < next))
            return mem_strndup(ctx, start, (size_t)(end - start));
    }
    return NULL;
}

static const char *
watermark_column(const struct findings *f, const struct plan_node *p)
{
    struct err ignored;
    cJSON *json = NULL;
    if (p->info->type != NODE_MODEL ||
        manifest_node_json(f->job->ctx, f->in->head, p->node, &json, &ignored))
        return NULL;
    const char *sql = json_str(json, "raw_code"),
               *column = sql ? column_of_filter(f->job->ctx, sql) : NULL;
    return column ? column : json_str(json_get(json, "config"), "event_time");
}

/* What the source would have needed. The warning is given without it: a failure to read it is none
 * of the run's. */
static const char *
window_text(const struct findings *f, const struct plan_node *p)
{
    const char *column = watermark_column(f, p);
    if (!column)
        return "Only new or changed rows in what it reads would have tested it.";
    struct err ignored;
    char *greatest = NULL;
    /* a lazy clone is small, and shows the greatest value where the model reads it */
    bool lazy = p->clone->strategy == CLONE_LAZY;
    bool cheap =
        lazy ? strlist_has(&p->clone->cursors, column) : p->clone->source.bytes <= CHEAP_BYTES;
    bool known = cheap && f->seat->ops->greatest &&
                 f->seat->ops->greatest(f->job->ctx, f->seat->warehouse, &p->target, column,
                                        &greatest, &ignored) == 0;
    if (known && greatest)
        return mem_printf(f->job->ctx,
                          "Its %s ends at %s: only rows beyond that would have tested it.", column,
                          greatest);
    if (known)
        return mem_printf(f->job->ctx,
                          "Its %s has no value, so max(%s) is NULL and nothing is beyond it.",
                          column, column);
    return mem_printf(f->job->ctx, "Only rows with a greater %s than it has would have tested it.",
                      column);
}

static const char *
zero_rows_text(const struct findings *f, const struct plan_node *p)
{
    if (p->info->type == NODE_SNAPSHOT)
        return mem_printf(
            f->job->ctx,
            "%s: the snapshot recorded 0 rows: its changes were not really tested. Only rows "
            "that differ from its last versions would have tested them.",
            p->info->name);
    return mem_printf(f->job->ctx,
                      "%s: the incremental run touched 0 rows: the path was not really tested. %s",
                      p->info->name, window_text(f, p));
}

void
findings_zero_rows(struct findings *f)
{
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct clone_fact *c = findings_of(f, p);
        const struct build_node *b = build_find(&f->built, p->info->unique_id);
        if (c && c->verdict == BUILD_INCREMENTAL && b && b->rows == 0)
            strlist_add(f->job->ctx, &f->zero_rows, zero_rows_text(f, p));
    }
}
