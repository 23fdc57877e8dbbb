/* Values compared as Python's == compares what its json reads from them. */
#include "stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool
equal_strings(struct value a, struct value b)
{
    bool plain = !memchr(a.s, '\\', a.n) && !memchr(b.s, '\\', b.n);
    if (a.n == b.n && memcmp(a.s, b.s, a.n) == 0)
        return true;
    if (plain)
        return false;
    char *x = mem_array(NULL, char, a.n), *y = mem_array(x, char, b.n);
    size_t n = value_exact(x, a), m = value_exact(y, b);
    bool same = n == m && memcmp(x, y, n) == 0;
    talloc_free(x);
    return same;
}

static bool
is_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'N' || c == 'I';
}

static bool
is_integer(struct value v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!(v.s[i] == '-' || (v.s[i] >= '0' && v.s[i] <= '9')))
            return false;
    return true;
}

/* An integer's digits as text that can be compared, or a float's if it is one that is whole. */
static char *
number_text(void *ctx, struct value v, double *number)
{
    char *text = *v.s == 't'   ? mem_strdup(ctx, "1")
                 : *v.s == 'f' ? mem_strdup(ctx, "0")
                               : mem_strndup(ctx, v.s, v.n);
    *number = strtod(text, NULL);
    if (!is_integer((struct value){text, strlen(text)}) && isfinite(*number) &&
        floor(*number) == *number)
        text = mem_printf(ctx, "%.0f", *number);
    return *text == '-' && *number == 0 ? text + 1 : text;
}

static bool
equal_numbers(struct value a, struct value b)
{
    void *tmp = mem_new(NULL, char);
    double x, y;
    const char *s = number_text(tmp, a, &x), *t = number_text(tmp, b, &y);
    bool whole =
        is_integer((struct value){s, strlen(s)}) && is_integer((struct value){t, strlen(t)});
    /* Two floats compare as doubles; an integer by its digits, since a double cannot hold all. */
    bool same = whole ? str_eq(s, t) : x == y && !is_integer(a) && !is_integer(b);
    talloc_free(tmp);
    return same;
}

struct entry {
    const char *key;
    size_t n, place;
    struct value item;
};

static int
by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = memcmp(x->key, y->key, n);
    if (c == 0 && x->n == y->n)
        return x->place < y->place ? -1 : x->place > y->place;
    return c ? c : x->n < y->n ? -1 : 1;
}

/* An object's entries by key; of duplicates the last is kept. */
static struct entry *
entries(void *ctx, struct value object, size_t *count)
{
    struct value rest = object, key, item;
    size_t n = 0, cap = 16, kept = 0;
    struct entry *list = mem_array(ctx, struct entry, cap);
    while (value_each(&rest, &key, &item)) {
        if (n == cap) {
            cap *= 2;
            list = mem_grow(ctx, list, struct entry, cap);
        }
        char *text = mem_array(ctx, char, key.n);
        list[n] = (struct entry){text, value_exact(text, key), n, item};
        n++;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_key);
    for (size_t i = 0; i < n; i++) {
        bool again = i + 1 < n && list[i].n == list[i + 1].n &&
                     memcmp(list[i].key, list[i + 1].key, list[i].n) == 0;
        if (!again)
            list[kept++] = list[i];
    }
    *count = kept;
    return list;
}

static bool
equal_objects(struct value a, struct value b)
{
    void *tmp = mem_new(NULL, char);
    size_t n, m;
    struct entry *x = entries(tmp, a, &n), *y = entries(tmp, b, &m);
    bool same = n == m;
    for (size_t i = 0; same && i < n; i++)
        same = x[i].n == y[i].n && memcmp(x[i].key, y[i].key, x[i].n) == 0 &&
               value_equal(x[i].item, y[i].item);
    talloc_free(tmp);
    return same;
}

bool
value_equal(struct value a, struct value b)
{
    char x = value_kind(a), y = value_kind(b);
    if (x == '\0' || y == '\0' || x == 'n' || y == 'n')
        return x == y;
    if (is_number(x) && is_number(y))
        return equal_numbers(a, b);
    if (x != y)
        return false;
    if (x == '"')
        return equal_strings(a, b);
    if (x == '{')
        return equal_objects(a, b);
    struct value ra = a, rb = b, key, i, j;
    for (;;) {
        bool more_a = value_each(&ra, &key, &i), more_b = value_each(&rb, &key, &j);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (!value_equal(i, j))
            return false;
    }
}

struct value
value_get_key(struct value object, struct value key)
{
    struct value rest = object, k, item, found = {0};
    if (value_kind(object) != '{')
        return found;
    while (value_each(&rest, &k, &item))
        if (equal_strings(k, key))
            found = item;
    return found;
}
