#include "internal.h"

#include "adapters/warehouse.h"

#include <string.h>
#include <time.h>

/* Only what the adapter enforces can break. */
static bool
is_enforced(const struct dbt_facts *dbt, struct value constraint)
{
    struct value type = value_get(constraint, "type");
    bool enforced = !dbt->enforced;
    for (size_t i = 0; !enforced && dbt->enforced[i]; i++)
        enforced = value_is(type, dbt->enforced[i]);
    return enforced;
}

static bool
is_table(const struct node *n)
{
    return str_eq(n->materialized, "table") || str_eq(n->materialized, "incremental");
}

static bool
has(struct value list, struct value wanted)
{
    struct value rest = list, key, item;
    while (value_each(&rest, &key, &item))
        if (same_record(item, wanted))
            return true;
    return false;
}

/* dbt looks the type of a lost constraint up in CONSTRAINT_SUPPORT, which knows no custom ones: it
 * fails. */
static bool
is_unknown(const struct dbt_facts *dbt, struct value constraint)
{
    return dbt->no_custom && value_is(value_get(constraint, "type"), "custom");
}

static bool
lost_constraint(struct pair *p, struct value old, struct value new)
{
    const struct dbt_facts *dbt = dbt_facts(p->s->head->adapter_type);
    struct value rest = old, key, item;
    bool lost = false;
    while (value_each(&rest, &key, &item)) {
        if (has(new, item))
            continue;
        if (is_unknown(dbt, item))
            p->fails = true;
        else if (is_enforced(dbt, item))
            lost = true;
    }
    return lost;
}

/* The type without its size, as dbt compares: up to the first parenthesis, stripped, in lower case.
 * Before 1.11 it compares the type as it is. */
static char *
bare_type(void *ctx, struct value column)
{
    struct value type = value_get(column, "data_type");
    if (value_is_null(type) || type.n <= 2)
        return value_is_null(type) ? mem_strdup(ctx, "") : value_text(ctx, type, true, NULL);
    char *text = value_text(ctx, type, true, NULL);
    text[strcspn(text, "(")] = '\0';
    const char *start = text;
    size_t n = strlen(text);
    value_strip(&start, &n);
    char *bare = mem_strndup(ctx, start, n);
    for (char *c = bare; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    return bare;
}

static void
note(struct pair *p, const char *key, struct value before, struct value after)
{
    pair_note(p, DIFFER_CONTRACT, true, pair_reason(p, STATE_REASON_CONTRACT, key, before, after));
}

static void
breaks(struct pair *p, const char *column, const char *how)
{
    if (!p->breaks && p->node->versioned)
        p->breaks = column ? mem_printf(p->ctx, "column %s %s", column, how) : how;
}

static bool
same_type(const struct pair *p, void *ctx, struct value old, struct value new)
{
    if (!manifest_since(p->s->head, 11, 0))
        return value_equal(value_get(old, "data_type"), value_get(new, "data_type"));
    return str_eq(bare_type(ctx, old), bare_type(ctx, new));
}

static void
compare_column(struct pair *p, struct value key, struct value old, struct value new)
{
    void *tmp = mem_new(NULL, char);
    const char *name = value_text(tmp, key, true, NULL);
    struct value was = value_get(old, "data_type"), is = value_get(new, "data_type");
    struct value had = value_get(old, "constraints"), now = value_get(new, "constraints");
    if (new.n == 0) {
        note(p, name, was, is);
        breaks(p, name, "is gone");
    } else {
        if (!value_equal(was, is))
            note(p, name, was, is);
        if (!same_record(had, now))
            note(p, name, had, now);
        if (!same_type(p, tmp, old, new))
            breaks(p, name, "has another type");
        if (is_table(p->old) && lost_constraint(p, had, now))
            breaks(p, name, "lost a constraint");
    }
    talloc_free(tmp);
}

static bool
has_constraints(struct value model)
{
    struct value rest = value_get(model, "columns"), key, item;
    if (value_truth(value_get(model, "constraints")))
        return true;
    while (value_each(&rest, &key, &item))
        if (value_truth(value_get(item, "constraints")))
            return true;
    return false;
}

static void
compare_columns(struct pair *p)
{
    struct value new = value_get(p->a, "columns"), old = value_get(p->b, "columns"), rest, key,
                 item;
    for (rest = old; value_each(&rest, &key, &item);)
        compare_column(p, key, item, value_get_key(new, key));
    for (rest = new; value_each(&rest, &key, &item);) {
        if (value_get_key(old, key).n == 0) {
            char *name = value_text(p->ctx, key, true, NULL);
            note(p, name, (struct value){0}, value_get(item, "data_type"));
        }
    }
}

void
compare_contract(struct pair *p)
{
    struct value old = value_get(p->b, "contract"), new = value_get(p->a, "contract");
    struct value was = value_get(old, "enforced"), is = value_get(new, "enforced");
    if (!value_truth(was) && !value_truth(is))
        return;
    if (value_truth(was) && value_truth(is) &&
        value_equal(value_get(old, "checksum"), value_get(new, "checksum")))
        return;
    if (!value_truth(was) || !value_truth(is)) {
        note(p, NULL, was, is);
        if (!value_truth(was))
            return;
        breaks(p, NULL, "it is no longer enforced");
    }
    size_t before = p->out ? p->out->n : 0;
    compare_columns(p);
    struct value had = value_get(p->b, "constraints"), now = value_get(p->a, "constraints");
    if (!same_record(had, now))
        note(p, NULL, had, now);
    else if (p->out && p->out->n == before && value_truth(is))
        note(p, NULL, old, new); /* the checksum alone: another dbt wrote it */
    if (is_table(p->old) && lost_constraint(p, had, now))
        breaks(p, NULL, "the model lost a constraint");
    if (is_table(p->old) && !is_table(p->node) && has_constraints(p->b))
        breaks(p, NULL, "it is no longer a table, so that its constraints are gone");
    p->differ |= DIFFER_CONTRACT | DIFFER_MODIFIED;
}

static bool
is_past(struct value date)
{
    int64_t micros;
    char *text = value_text(NULL, date, true, NULL);
    bool known = str_time(text, &micros);
    talloc_free(text);
    return known && micros / 1000000 < time(NULL);
}

bool
contract_breaks_when_removed(struct value model)
{
    struct value date = value_get(model, "deprecation_date");
    return value_is(value_get(model, "resource_type"), "model") &&
           value_truth(value_get(value_get(model, "contract"), "enforced")) &&
           !value_is_null(value_get(model, "version")) && (value_is_null(date) || !is_past(date));
}
