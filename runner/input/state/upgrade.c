/*
 * dbt 1.12 reads a manifest that another dbt wrote with the configs of `config()` as its own parser
 * would write them, where state_modified_compare_more_unrendered_values is on. It does so for all
 * code, while it parses some without rendering and then keeps the values: `enabled=true` in the
 * code is "True" in production's manifest and true in the head's. That is a difference to dbt.
 */
#include "internal.h"
#include "jinja/jinja.h"

#include <string.h>

bool
state_upgrades(const struct state *s)
{
    const char *head = s->head->dbt_version, *production = s->production->dbt_version;
    return s->flags.more_unrendered && s->head->dbt_minor >= 12 && production &&
           !str_eq(head, production);
}

/* Its config is not in its code. */
static bool
is_simple_test(struct value node)
{
    struct value macros = value_get(value_get(node, "depends_on"), "macros"), key, first, second;
    return value_is(value_get(node, "resource_type"), "test") &&
           value_each(&macros, &key, &first) && !value_each(&macros, &key, &second) &&
           (value_is(first, "macro.dbt.test_not_null") || value_is(first, "macro.dbt.test_unique"));
}

static bool
is_rewritten(struct value key, const struct jinja_keyword *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (value_is(key, words[i].key))
            return true;
    return false;
}

static void
add_config(struct buf *b, struct value config, const struct jinja_keyword *words, size_t n)
{
    struct value key, item;
    buf_putc(b, '{');
    for (size_t i = 0; i < n; i++) {
        buf_printf(b, "%s\"%s\": ", i ? ", " : "", words[i].key);
        buf_puts(b, value_quote(b->ctx, words[i].text));
    }
    while (value_each(&config, &key, &item))
        if (!is_rewritten(key, words, n))
            buf_printf(b, ", %.*s: %.*s", (int)key.n, key.s, (int)item.n, item.s);
    buf_putc(b, '}');
}

bool
state_upgrade(void *ctx, struct value *node)
{
    struct value code = value_get(*node, "raw_code");
    struct value config = value_get(*node, "unrendered_config");
    struct jinja_keyword *words;
    struct buf b;
    size_t len, n;
    if (!value_truth(code) || !value_truth(config) || !memmem(code.s, code.n, "config(", 7) ||
        is_simple_test(*node))
        return false;
    const char *text = value_text(ctx, code, true, &len);
    if (!jinja_keywords(ctx, text, len, "config", &words, &n) || n == 0)
        return false;
    /* the last of a name counts */
    buf_init(&b, ctx);
    buf_add(&b, node->s, (size_t)((const char *)memrchr(node->s, '}', node->n) - node->s));
    buf_puts(&b, ", \"unrendered_config\": ");
    add_config(&b, config, words, n);
    buf_putc(&b, '}');
    node->n = b.len;
    node->s = buf_take(&b, ctx);
    return true;
}
