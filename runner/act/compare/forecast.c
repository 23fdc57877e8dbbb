/* dbt's rules for columns that have changed, as its macros apply them. */
#include "compare.h"

#include <string.h>

const char *
forecast_effect_name(enum forecast_effect effect)
{
    static const char *const names[] = {
        [FORECAST_ADDED] = "added", [FORECAST_REMOVED] = "removed", [FORECAST_RETYPED] = "retyped",
        [FORECAST_KEPT] = "kept",   [FORECAST_IGNORED] = "ignored", [FORECAST_FAILS] = "fails",
    };
    return names[effect];
}

const char *
forecast_policy(const char *on_schema_change)
{
    static const char *const known[] = {"sync_all_columns", "append_new_columns", "fail"};
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        if (str_eq(on_schema_change, known[i]))
            return known[i];
    return "ignore";
}

static void
fails(struct forecast_column *c, const char *why)
{
    c->effect = FORECAST_FAILS;
    c->why = why;
}

static void
judge_added(void *ctx, const struct forecast_request *q, struct forecast_column *c,
            const struct column_pair *p, const char *policy)
{
    if (strcmp(policy, "fail") == 0)
        fails(c, "on_schema_change is 'fail'");
    else if (strcmp(policy, "ignore") == 0)
        c->effect = FORECAST_IGNORED;
    else if (p->nameless)
        fails(c, mem_printf(ctx, "dbt adds it as %s, which %s does not know", p->new, q->product));
    else
        c->effect = FORECAST_ADDED;
}

static void
judge_removed(void *ctx, struct forecast_column *c, const struct column_pair *p, const char *policy)
{
    if (strcmp(policy, "fail") == 0)
        fails(c, "on_schema_change is 'fail'");
    else if (strcmp(policy, "ignore") == 0)
        fails(
            c,
            "dbt's insert names it, and the query no longer has it (on_schema_change is 'ignore')");
    else if ((c->elsewhere = strcmp(policy, "sync_all_columns") == 0 && *p->dependants))
        fails(c,
              mem_printf(ctx,
                         "%s in production depends on it, and dbt drops the column without CASCADE",
                         p->dependants));
    else if (strcmp(policy, "sync_all_columns") == 0)
        c->effect = FORECAST_REMOVED;
    else if (p->required)
        fails(c, "it must have a value (NOT NULL) and has no default");
    else
        c->effect = FORECAST_KEPT;
}

static bool
is_key(const struct forecast_request *q, const char *name)
{
    for (size_t i = 0; i < q->keys.n; i++)
        if (strcmp(q->keys.v[i], name) == 0)
            return true;
    return false;
}

/* The values of the new type go into a column of the old one. */
static void
judge_cast(void *ctx, struct forecast_column *c, const struct column_pair *p, bool key)
{
    c->effect = FORECAST_KEPT;
    if (!p->fits)
        fails(c, mem_printf(ctx, "%s is not assigned to %s without a cast", p->after, p->before));
    else if (key && !p->compares)
        fails(c, mem_printf(ctx, "it is of the unique_key, and %s is not compared with %s",
                            p->after, p->before));
}

/* dbt's can_expand_to: of two strings, is the other one longer? */
static bool
can_expand(int from, int to)
{
    return from && to && to > from;
}

/* Of the same name. False: nothing differs that dbt or the table would know of. */
static bool
judge_both(void *ctx, const struct forecast_request *q, struct forecast_column *c,
           const struct column_pair *p, const char *policy)
{
    const char *old = p->old, *dbt = p->new;
    int size = p->old_size;
    bool widened = !q->contract && can_expand(p->old_size, p->new_size);
    if (widened) { /* whatever on_schema_change is, and before it is looked at */
        size = p->new_size;
        old = p->widened;
    }
    c->effect = widened ? FORECAST_RETYPED : FORECAST_KEPT;
    c->result = widened ? old : p->before;
    bool seen = strcmp(old, dbt) != 0 && !can_expand(p->new_size, size);
    bool sync = strcmp(policy, "sync_all_columns") == 0;
    if (seen && strcmp(policy, "fail") == 0) {
        fails(c, "on_schema_change is 'fail'");
    } else if (seen && sync && p->nameless) {
        fails(c, mem_printf(ctx, "dbt makes it %s, which %s does not know", dbt, q->product));
    } else if (seen && sync && !p->back) {
        fails(c, mem_printf(ctx, "%s is not assigned to %s without a cast", p->before, p->after));
    } else if (seen && sync) {
        c->effect = FORECAST_RETYPED;
        c->result = dbt; /* dbt's ALTER knows no more of the type than this */
    } else if (strcmp(p->before, p->after) != 0 && !widened) {
        judge_cast(ctx, c, p, is_key(q, p->name));
    }
    if (c->effect == FORECAST_RETYPED && *p->dependants)
        c->drops = p->dependants;
    return strcmp(p->before, p->after) != 0;
}

static bool
judge(void *ctx, const struct forecast_request *q, const struct column_pair *p,
      struct forecast_column *c)
{
    const char *policy = forecast_policy(q->on_schema_change);
    bool added = !*p->before, removed = !*p->after;
    *c = (struct forecast_column){.name = p->name,
                                  .filled = p->filled && *p->filled ? p->filled : NULL,
                                  .before = added ? NULL : p->before,
                                  .after = removed ? NULL : p->after,
                                  .change = added     ? "added"
                                            : removed ? "removed"
                                                      : "retyped"};
    if (!added && !removed)
        return judge_both(ctx, q, c, p, policy);
    if (added)
        judge_added(ctx, q, c, p, policy);
    else
        judge_removed(ctx, c, p, policy);
    c->result = c->effect == FORECAST_ADDED  ? p->new
                : c->effect == FORECAST_KEPT ? p->before
                                             : NULL;
    return true;
}

/* A run that fails leaves the table as it was. */
static void
forecast_decide(struct forecast *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->fails = f->fails || f->columns[i].effect == FORECAST_FAILS;
    for (size_t i = 0; f->fails && i < f->n; i++) {
        f->columns[i].result = f->columns[i].before;
        f->columns[i].drops = NULL;
    }
}

void
forecast_judge(void *ctx, const struct forecast_request *q, const struct column_pair *pairs,
               size_t n, struct forecast *out)
{
    *out = (struct forecast){.columns = mem_array(ctx, struct forecast_column, n + 1)};
    for (size_t i = 0; i < n; i++)
        out->n += judge(ctx, q, &pairs[i], &out->columns[out->n]);
    forecast_decide(out);
}

static const char *
type_in(const struct column_pair *now, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(now[i].name, name) == 0)
            return now[i].before;
    return NULL;
}

void
forecast_observe(struct forecast *f, const struct column_pair *now, size_t n)
{
    f->fails = false;
    for (size_t i = 0; i < f->n; i++) {
        struct forecast_column *c = &f->columns[i];
        if (c->elsewhere) {
            f->fails = true;
            continue;
        }
        c->result = type_in(now, n, c->name);
        c->effect = !c->before   ? (c->result ? FORECAST_ADDED : FORECAST_IGNORED)
                    : !c->result ? FORECAST_REMOVED
                    : strcmp(c->result, c->before) == 0 ? FORECAST_KEPT
                                                        : FORECAST_RETYPED;
    }
}

static void
tell_column(struct buf *b, const struct forecast_column *c)
{
    static const char *const words[] = {
        [FORECAST_ADDED] = "is added",        [FORECAST_REMOVED] = "is removed, with its values",
        [FORECAST_RETYPED] = "becomes",       [FORECAST_KEPT] = "stays",
        [FORECAST_IGNORED] = "does not come", [FORECAST_FAILS] = "makes the run fail:",
    };
    const char *type = c->before && c->after ? NULL : c->before ? c->before : c->after;
    buf_printf(b, "%s%s", b->len ? "; " : "", c->name);
    if (type)
        buf_printf(b, " (%s)", type);
    buf_printf(b, " %s", words[c->effect]);
    if (c->effect == FORECAST_RETYPED)
        buf_printf(b, " %s, from %s", c->result, c->before);
    else if (c->effect == FORECAST_KEPT && c->after)
        buf_printf(b, " %s: values of %s are cast", c->before, c->after);
    else if (c->effect == FORECAST_KEPT)
        buf_printf(b, ", %s in new rows", c->filled ? c->filled : "NULL");
    else if (c->effect == FORECAST_FAILS)
        buf_printf(b, " %s", c->why);
    if (c->drops)
        buf_printf(b, ", and dbt drops %s with the old column", c->drops);
}

char *
forecast_text(void *ctx, const struct forecast *f, const char *on_schema_change)
{
    struct buf b;
    if (!f->n)
        return NULL;
    buf_init(&b, ctx);
    for (size_t i = 0; i < f->n; i++)
        if (!f->fails || f->columns[i].effect == FORECAST_FAILS)
            tell_column(&b, &f->columns[i]);
    if (!f->fails)
        buf_printf(&b, " (on_schema_change: %s)", forecast_policy(on_schema_change));
    return b.s;
}
