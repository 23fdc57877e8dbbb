/* dbt's results hold no code of a microbatch model, whose batches are compiled one by one: it is in
 * their files. */
#include "dbt.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

/* The newest file that was written since `since`: the code differs from batch to batch by the
 * bounds alone. */
static const char *
newest(void *ctx, const char *pattern, const struct timespec *since)
{
    glob_t g;
    const char *found = NULL;
    struct timespec at = *since;
    if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++) {
            struct stat st;
            if (stat(g.gl_pathv[i], &st) || st.st_mtim.tv_sec < at.tv_sec ||
                (st.st_mtim.tv_sec == at.tv_sec && st.st_mtim.tv_nsec < at.tv_nsec))
                continue;
            at = st.st_mtim;
            found = mem_strdup(ctx, g.gl_pathv[i]);
        }
    globfree(&g);
    return found;
}

/* target/compiled/<package>/models/x/<name>/<name>_<batch>.sql; what globbing would read in a name
 * is taken as it is. */
static char *
batch_pattern(void *ctx, const char *target, const struct node *n)
{
    struct buf b;
    buf_init(&b, ctx);
    const char *dot = strrchr(n->path, '.');
    char *path = mem_printf(ctx, "%s/compiled/%s/%.*s/", target, n->package,
                            dot ? (int)(dot - n->path) : 0, n->path);
    for (const char *p = path; *p; p++)
        buf_printf(&b, "%s%c", strchr("*?[\\", *p) ? "\\" : "", *p);
    buf_puts(&b, "*.sql");
    return b.s;
}

void
dbt_batches(void *ctx, struct build_result *r, const struct plan *plan,
            const struct timespec *since)
{
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct node *n = plan->nodes[i].info;
        const struct build_node *found = build_find(r, n->unique_id);
        if (!found || found->compiled || n->type != NODE_MODEL ||
            !str_eq(n->materialized, "incremental") || !n->path)
            continue;
        const char *path = newest(ctx, batch_pattern(ctx, plan->in.target_path, n), since);
        struct build_node *b = &r->nodes[found - r->nodes];
        struct err ignored;
        char *text;
        size_t len;
        if (path && file_read(ctx, path, &text, &len, ERR_INPUT, &ignored) == 0)
            b->compiled = text;
    }
}

const struct build_node *
build_find(const struct build_result *r, const char *unique_id)
{
    uint32_t at = r->index ? map_gets(r->index, unique_id) : MAP_NONE;
    return at == MAP_NONE ? NULL : &r->nodes[at];
}
