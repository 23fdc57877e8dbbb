/* Was production written to since the build began? What it was then is noted; the rows' own xmin
 * tell the rest. */
#include "internal.h"

#include <string.h>

/* Each statement gives at most one line. */
static int
run_each(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const struct strlist *sql,
         struct strlist *lines, struct err *err)
{
    for (size_t i = 0; i < sql->n; i++)
        if (ops->query(ctx, a, sql->v[i], lines, err))
            return -1;
    return 0;
}

static int
note_within(void *ctx, struct promote_note *out, struct warehouse *a,
            const struct promote_options *o, const char *moves, const char *counted,
            struct err *err)
{
    struct strlist clock = {0}, sql = {0}, lines = {0};
    const struct sql_var vars[] = {{"moves", moves}, {"counted", counted ? counted : "null"}};
    cJSON *now;
    if (o->ops->read(ctx, a, "promote_clock", NULL, 0, &clock, err) ||
        o->ops->read(ctx, a, "promote_note_sql", vars, BASE_COUNT(vars), &sql, err) ||
        run_each(ctx, a, o->ops, &sql, &lines, err))
        return -1;
    if (clock.n != 1)
        return fail(err, ERR_BUG, "promote_clock.sql: %zu rows", clock.n);
    if (json_parse(ctx, &now, clock.v[0], strlen(clock.v[0]), "the server's clock", err))
        return -1;
    out->at = json_str(now, "at");
    out->rows = mem_printf(ctx, "[%s]", lines.n ? strlist_join(ctx, &lines, ",") : "");
    return 0;
}

int
promote_note_now(void *ctx, struct promote_note *out, struct warehouse *a,
                 const struct promote_options *o, const char *moves, const char *counted,
                 struct err *err)
{
    if (promote_run(ctx, a, o->ops, "begin_read", NULL, 0, err))
        return -1;
    if (note_within(ctx, out, a, o, moves, counted, err) ||
        promote_run(ctx, a, o->ops, "commit", NULL, 0, err))
        return promote_undo(ctx, a, o->ops);
    return 0;
}

int
promote_note_schemas(void *ctx, struct promote_note *out, struct warehouse *a,
                     const struct promote_options *o, const struct strlist *schemas,
                     const char *counted, struct err *err)
{
    struct promote_pair *each = mem_array(ctx, struct promote_pair, schemas->n);
    const char *moves = NULL;
    for (size_t i = 0; i < schemas->n; i++)
        each[i] = (struct promote_pair){.stage = schemas->v[i], .schema = schemas->v[i]};
    return promote_moves(ctx, &moves, a, o, each, schemas->n, err) ||
                   promote_note_now(ctx, out, a, o, moves, counted, err)
               ? -1
               : 0;
}

int
promote_note_write(const struct promote_note *note, const char *path, struct err *err)
{
    void *tmp = talloc_new(NULL);
    cJSON *o = json_object(tmp);
    json_put_str(o, "at", note->at);
    json_put_str(o, "relations", note->rows);
    char *text = json_print(tmp, o, true);
    int rc = file_write(path, text, strlen(text), 0644, err);
    talloc_free(tmp);
    return rc;
}

int
promote_note_read(void *ctx, struct promote_note *out, const char *path, struct err *err)
{
    cJSON *o;
    if (json_read(ctx, &o, path, err))
        return -1;
    *out = (struct promote_note){.at = json_str(o, "at"), .rows = json_str(o, "relations")};
    if (out->at && out->rows)
        return 0;
    fail(err, ERR_INPUT, "%s is no note of cloneci promote", path);
    return hint(err, "Make one with cloneci promote --note FILE before the build begins.");
}

int
promote_note_check(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                   const struct promote_plan *p, struct err *err)
{
    struct strlist sql = {0}, lines = {0};
    const struct sql_var vars[] = {{"moves", p->moves}, {"noted", p->note.rows}};
    if (ops->read(ctx, a, "promote_check_sql", vars, BASE_COUNT(vars), &sql, err) ||
        run_each(ctx, a, ops, &sql, &lines, err))
        return -1;
    if (!lines.n)
        return 0;
    fail(err, ERR_REFUSED,
         "production was changed since %s, which would be lost; nothing was promoted:\n  %s",
         p->note.at, strlist_join(ctx, &lines, "\n  "));
    return hint(
        err,
        "Build again from production as it is now, with nothing else writing to it meanwhile.");
}
