/* Values that dbt reads into classes of its own, and so with defaults. */
#include "internal.h"

#include <string.h>

bool
is_one_of(struct value key, const char *const *words)
{
    for (; *words; words++)
        if (value_is(key, *words))
            return true;
    return false;
}

bool
same_field(struct value a, struct value b)
{
    return value_equal(a, b) || (value_is_null(a) && value_is_null(b));
}

/* dbt compares times, of which another machine may have written the same one with another offset
 * from UTC. */
bool
same_time(struct value a, struct value b)
{
    int64_t x, y;
    if (same_field(a, b))
        return true;
    if (value_is_null(a) || value_is_null(b) || *a.s != '"' || *b.s != '"')
        return false;
    char *s = value_text(NULL, a, true, NULL), *t = value_text(NULL, b, true, NULL);
    bool same = str_time(s, &x) && str_time(t, &y) && x == y;
    talloc_free(s);
    talloc_free(t);
    return same;
}

bool
is_default(struct value v)
{
    return value_is_null(v) || (!value_truth(v) && !memchr("0123456789-", *v.s, 11));
}

static bool
holds_fields(struct value a, struct value b)
{
    struct value rest = b, key, item;
    while (value_each(&rest, &key, &item)) {
        struct value other = value_get_key(a, key);
        bool own = value_is(key, "meta"); /* the user's own words in it */
        if (other.n == 0 ? !is_default(item)
            : own        ? !value_equal(other, item)
                         : !same_record(other, item))
            return false;
    }
    return true;
}

bool
same_items(struct value a, struct value b, bool (*same)(struct value, struct value))
{
    struct value key, x, y;
    for (;;) {
        bool more_a = value_each(&a, &key, &x), more_b = value_each(&b, &key, &y);
        if (more_a != more_b || (more_a && !same(x, y)))
            return false;
        if (!more_a)
            return true;
    }
}

bool
same_record(struct value a, struct value b)
{
    if (same_field(a, b))
        return true;
    if (value_is_null(a) || value_is_null(b) || *a.s != *b.s)
        return false;
    return *a.s == '{' ? holds_fields(a, b) && holds_fields(b, a)
                       : *a.s == '[' && same_items(a, b, same_record);
}

bool
same_overload(struct value a, struct value b)
{
    static const char *const keys[] = {"defined_in", "arguments", "returns", "raw_body"};
    for (size_t i = 0; i < BASE_COUNT(keys); i++)
        if (!same_record(value_get(a, keys[i]), value_get(b, keys[i])))
            return false;
    return true;
}

static bool
holds_partition(struct value a, struct value b)
{
    static const char *const own[] = {"name", "description", "data_type", "meta", NULL};
    struct value rest = b, key, item;
    while (value_each(&rest, &key, &item)) {
        struct value other = value_get_key(a, key);
        if (other.n ? !value_equal(other, item) : !is_one_of(key, own) || !is_default(item))
            return false;
    }
    return true;
}

static bool
same_partition(struct value a, struct value b)
{
    bool objects = *a.s == '{' && *b.s == '{';
    return value_equal(a, b) || (objects && holds_partition(a, b) && holds_partition(b, a));
}

/* Are the keys of b in a, with the same values? */
static bool
holds_external(struct value a, struct value b)
{
    struct value rest = b, key, item;
    while (value_each(&rest, &key, &item)) {
        struct value other = value_get_key(a, key);
        bool same = value_is(key, "partitions") ? same_items(other, item, same_partition)
                                                : value_equal(other, item);
        if (!same || other.n == 0)
            return false;
    }
    return true;
}

bool
same_external(struct value a, struct value b)
{
    return holds_external(a, b) && holds_external(b, a);
}
