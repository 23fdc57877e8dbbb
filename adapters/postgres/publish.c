/* The statements of a place: made under a temporary name, swapped in by renaming. */
#include "postgres.h"

static int
add(void *ctx, struct strlist *out, const char *stem, const struct sql_var *vars, size_t n,
    struct err *err)
{
    return sql_render_all(ctx, out, "postgres", stem, vars, n, err);
}

static int
add_mark(void *ctx, struct strlist *out, const char *schema, const char *marker, struct err *err)
{
    const struct sql_var vars[] = {{"schema", schema}, {"marker", marker}};
    return add(ctx, out, "namespace_mark", vars, BASE_COUNT(vars), err);
}

static int
add_rename(void *ctx, struct strlist *out, const char *from, const char *to, struct err *err)
{
    const struct sql_var vars[] = {{"from", from}, {"to", to}};
    return add(ctx, out, "namespace_rename", vars, BASE_COUNT(vars), err);
}

int
pg_prepare(void *ctx, const struct new_place *place, struct strlist *out, struct err *err)
{
    const struct sql_var vars[] = {{"schema", place->aside}, {"grants", place->grants}};
    if (add(ctx, out, "namespace_create", vars, 1, err) ||
        add_mark(ctx, out, place->aside, place->building, err))
        return -1;
    return place->grants ? add(ctx, out, "namespace_grants", vars, BASE_COUNT(vars), err) : 0;
}

int
pg_publish(void *ctx, const struct new_place *place, struct strlist *out, struct err *err)
{
    if (place->replaces && add_rename(ctx, out, place->name, place->old, err))
        return -1;
    return add_rename(ctx, out, place->aside, place->name, err) ||
                   add_mark(ctx, out, place->name, place->ready, err)
               ? -1
               : 0;
}
