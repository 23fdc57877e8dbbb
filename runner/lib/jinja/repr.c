/* Trees as text: as Python's repr() of Jinja's nodes, and as dbt writes an expression back. */
#include "tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
python_float(void *ctx, double v)
{
    char text[64];
    int digits = 0;
    if (isinf(v))
        return "inf"; /* no literal is negative */
    do
        snprintf(text, sizeof text, "%.*e", digits, v);
    while (strtod(text, NULL) != v && digits++ < 17);
    long exponent = strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16)
        return mem_strdup(ctx, text);
    return mem_printf(ctx, "%.*f", digits > exponent ? digits - (int)exponent : 1, v);
}

static void
add_string(struct buf *b, const char *s)
{
    static const char from[] = "\n\r\t", to[] = "nrt";
    char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';
    buf_putc(b, quote);
    for (; *s; s++) {
        const char *known = strchr(from, *s);
        /* U+0080 to U+00A0, and U+00AD */
        bool control = (unsigned char)*s == 0xc2 &&
                       (((unsigned char)s[1] >= 0x80 && (unsigned char)s[1] <= 0xa0) ||
                        (unsigned char)s[1] == 0xad);
        if (known)
            buf_printf(b, "\\%c", to[known - from]);
        else if (*s == quote || *s == '\\')
            buf_printf(b, "\\%c", *s);
        else if (control)
            buf_printf(b, "\\x%02x", (unsigned char)*++s);
        else if ((unsigned char)*s < 0x20 || *s == 0x7f)
            buf_printf(b, "\\x%02x", (unsigned char)*s);
        else
            buf_putc(b, *s);
    }
    buf_putc(b, quote);
}

/* --- repr() --- */

static void add_repr(struct buf *b, const struct tree *t);

static void
add_field_repr(struct buf *b, const struct field *f)
{
    switch (f->kind) {
    case FIELD_NONE:
        buf_puts(b, "None");
        break;
    case FIELD_TREE:
        add_repr(b, f->tree);
        break;
    case FIELD_TREES:
        buf_putc(b, '[');
        for (size_t i = 0; i < f->trees.n; i++) {
            buf_puts(b, i ? ", " : "");
            add_repr(b, f->trees.v[i]);
        }
        buf_putc(b, ']');
        break;
    case FIELD_TEXT:
    case FIELD_STRING:
        add_string(b, f->text);
        break;
    case FIELD_WORD:
        buf_puts(b, f->text);
        break;
    }
}

static void
add_repr(struct buf *b, const struct tree *t)
{
    buf_printf(b, "%s(", t->type);
    for (size_t i = 0; i < t->n; i++) {
        buf_printf(b, "%s%s=", i ? ", " : "", t->v[i].name);
        add_field_repr(b, &t->v[i]);
    }
    buf_putc(b, ')');
}

/* --- near to the source --- */

static void add_source(struct buf *b, const struct tree *t);

static void
add_all(struct buf *b, const struct trees *list, const char *between)
{
    for (size_t i = 0; i < list->n; i++) {
        buf_puts(b, i ? between : "");
        add_source(b, list->v[i]);
    }
}

static void
add_two(struct buf *b, const struct tree *t, const char *between)
{
    add_source(b, t->v[0].tree);
    buf_puts(b, between);
    add_source(b, t->v[1].tree);
}

static void
add_argument(struct buf *b, bool *first, const char *before, const struct tree *value)
{
    buf_printf(b, "%s%s", *first ? "" : ", ", before);
    add_source(b, value);
    *first = false;
}

static void
add_call(struct buf *b, const struct tree *t)
{
    const struct trees *args = &t->v[1].trees, *kwargs = &t->v[2].trees;
    bool first = true;
    add_source(b, t->v[0].tree);
    buf_putc(b, '(');
    for (size_t i = 0; i < args->n; i++)
        add_argument(b, &first, "", args->v[i]);
    for (size_t i = 0; i < kwargs->n; i++) {
        buf_printf(b, "%s%s", first ? "" : ", ", kwargs->v[i]->v[0].text);
        first = true;
        add_argument(b, &first, "=", kwargs->v[i]->v[1].tree);
    }
    if (t->v[3].tree)
        add_argument(b, &first, "*", t->v[3].tree);
    if (t->v[4].tree)
        add_argument(b, &first, "**", t->v[4].tree);
    buf_putc(b, ')');
}

static void
add_compare(struct buf *b, const struct tree *t)
{
    static const char *const of[][2] = {{"eq", "=="},   {"ne", "!="},       {"lt", "<"},
                                        {"lteq", "<="}, {"gt", ">"},        {"gteq", ">="},
                                        {"in", "in"},   {"notin", "not in"}};
    const struct trees *ops = &t->v[1].trees;
    add_source(b, t->v[0].tree);
    for (size_t i = 0; i < ops->n; i++) {
        for (size_t k = 0; k < BASE_COUNT(of); k++)
            if (strcmp(ops->v[i]->v[0].text, of[k][0]) == 0)
                buf_printf(b, " %s ", of[k][1]);
        add_source(b, ops->v[i]->v[1].tree);
    }
}

static void
add_tuple(struct buf *b, const struct tree *t)
{
    buf_putc(b, '(');
    add_all(b, &t->v[0].trees, ", ");
    buf_puts(b, t->v[0].trees.n == 1 ? ",)" : ")");
}

static void
add_list(struct buf *b, const struct tree *t)
{
    buf_putc(b, '[');
    add_all(b, &t->v[0].trees, ", ");
    buf_putc(b, ']');
}

static void
add_dict(struct buf *b, const struct tree *t)
{
    buf_putc(b, '{');
    for (size_t i = 0; i < t->v[0].trees.n; i++) {
        buf_puts(b, i ? ", " : "");
        add_two(b, t->v[0].trees.v[i], ": ");
    }
    buf_putc(b, '}');
}

static void
add_concat(struct buf *b, const struct tree *t)
{
    add_all(b, &t->v[0].trees, " ~ ");
}

static void
add_name(struct buf *b, const struct tree *t)
{
    buf_puts(b, t->v[0].text);
}

static void
add_constant(struct buf *b, const struct tree *t)
{
    add_field_repr(b, &t->v[0]);
}

static void
add_attribute(struct buf *b, const struct tree *t)
{
    add_source(b, t->v[0].tree);
    buf_printf(b, ".%s", t->v[1].text);
}

static void
add_item(struct buf *b, const struct tree *t)
{
    add_two(b, t, "[");
    buf_putc(b, ']');
}

static void
add_not(struct buf *b, const struct tree *t)
{
    buf_puts(b, "not ");
    add_source(b, t->v[0].tree);
}

static void
add_negative(struct buf *b, const struct tree *t)
{
    buf_putc(b, '-');
    add_source(b, t->v[0].tree);
}

static void
add_and(struct buf *b, const struct tree *t)
{
    add_two(b, t, " and ");
}

static void
add_or(struct buf *b, const struct tree *t)
{
    add_two(b, t, " or ");
}

/* What dbt has no words for (filters, tests, sums, conditions) it writes as repr(). */
static void
add_source(struct buf *b, const struct tree *t)
{
    static const struct {
        const char *type;
        void (*add)(struct buf *b, const struct tree *t);
    } of[] = {{"Const", add_constant},    {"Name", add_name},    {"Call", add_call},
              {"List", add_list},         {"Tuple", add_tuple},  {"Dict", add_dict},
              {"Getattr", add_attribute}, {"Getitem", add_item}, {"Concat", add_concat},
              {"Compare", add_compare},   {"Not", add_not},      {"Neg", add_negative},
              {"And", add_and},           {"Or", add_or}};
    for (size_t i = 0; i < BASE_COUNT(of); i++) {
        if (strcmp(t->type, of[i].type) == 0) {
            of[i].add(b, t);
            return;
        }
    }
    add_repr(b, t);
}

char *
tree_source(void *ctx, const struct tree *t)
{
    struct buf b;
    buf_init(&b, ctx);
    add_source(&b, t);
    return mem_strndup(ctx, b.s, b.len);
}
