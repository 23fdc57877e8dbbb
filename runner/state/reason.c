#include "internal.h"

#include <string.h>

/* A value as people read it: texts without quotation marks, long ones cut. */
static const char *
shown(void *ctx, const char *json)
{
    if (!json)
        return "(not set)";
    struct value v = {json, strlen(json)};
    char *text = *json == '"' ? value_text(ctx, v, true, NULL) : mem_strdup(ctx, json);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20)
            *c = ' ';
    if (strlen(text) <= 80)
        return *text ? text : "\"\"";
    size_t n = 77;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return mem_printf(ctx, "%.*s...", (int)n, text);
}

static char *
change(void *ctx, const char *what, const struct state_reason *r)
{
    void *tmp = mem_new(NULL, char);
    char *text = mem_printf(ctx, "%s%s%s: %s -> %s", what, r->key ? " " : "", r->key ? r->key : "",
                            shown(tmp, r->before), shown(tmp, r->after));
    talloc_free(tmp);
    return text;
}

char *
state_reason_text(void *ctx, const struct state_reason *r)
{
    switch (r->kind) {
    case STATE_REASON_NEW:
        return mem_strdup(ctx, "new: production has no such node");
    case STATE_REASON_BODY:
        return mem_strdup(ctx, "body changed");
    case STATE_REASON_CONFIG:
        return change(ctx, "config", r);
    case STATE_REASON_RELATION:
        return change(ctx, "relation", r);
    case STATE_REASON_DESCRIPTION:
        return change(ctx, r->key ? "persisted description of column" : "persisted description", r);
    case STATE_REASON_FQN:
        return change(ctx, "moved, fqn", r);
    case STATE_REASON_CONTRACT:
        return change(ctx, r->key ? "contract, column" : "contract", r);
    case STATE_REASON_FIELD:
        return change(ctx, "field", r);
    case STATE_REASON_MACRO:
        return mem_printf(ctx, "macro %s %s (%s)", r->key, r->deleted ? "was deleted" : "changed",
                          r->path);
    }
    return mem_strdup(ctx, "");
}
