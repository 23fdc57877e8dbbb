#include "internal.h"

#include <string.h>

enum { SHOWN_MOST = 80, SHOWN_BEFORE = 20 };

/* A value as people read it: a text without quotation marks, in one line. */
static char *
readable(void *ctx, const char *json)
{
    if (!json)
        return mem_strdup(ctx, "(not set)");
    struct value v = {json, strlen(json)};
    char *text = *json == '"' ? value_text(ctx, v, true, NULL) : mem_strdup(ctx, json);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20)
            *c = ' ';
    return *text ? text : mem_strdup(ctx, "\"\"");
}

/* Back to where a character begins. */
static size_t
whole(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* At most SHOWN_MOST bytes, from `start` on. */
static const char *
cut(void *ctx, const char *text, size_t start)
{
    const char *dots = start ? "..." : "";
    size_t room = SHOWN_MOST - strlen(dots), n = strlen(text + start);
    if (n <= room)
        return mem_printf(ctx, "%s%s", dots, text + start);
    return mem_printf(ctx, "%s%.*s...", dots, (int)whole(text + start, room - 3), text + start);
}

/* Long values are cut so that what differs is seen. */
static char *
change(void *ctx, const char *what, const struct state_reason *r)
{
    void *tmp = mem_new(NULL, char);
    const char *before = readable(tmp, r->before), *after = readable(tmp, r->after);
    size_t same = 0, start = 0;
    while (before[same] && before[same] == after[same])
        same++;
    if (same > SHOWN_MOST / 2 && (strlen(before) > SHOWN_MOST || strlen(after) > SHOWN_MOST))
        start = whole(before, same - SHOWN_BEFORE);
    char *text = mem_printf(ctx, "%s%s%s: %s -> %s", what, r->key ? " " : "", r->key ? r->key : "",
                            cut(tmp, before, start), cut(tmp, after, start));
    talloc_free(tmp);
    return text;
}

const char *
state_reason_name(enum state_reason_kind kind)
{
    switch (kind) {
    case STATE_REASON_NEW:
        return "new";
    case STATE_REASON_BODY:
        return "body";
    case STATE_REASON_CONFIG:
        return "config";
    case STATE_REASON_RELATION:
        return "relation";
    case STATE_REASON_DESCRIPTION:
        return "description";
    case STATE_REASON_FQN:
        return "fqn";
    case STATE_REASON_CONTRACT:
        return "contract";
    case STATE_REASON_FIELD:
        return "field";
    case STATE_REASON_MACRO:
        break;
    }
    return "macro";
}

const char *
state_origin_name(enum state_origin origin)
{
    switch (origin) {
    case STATE_ORIGIN_PR:
        return "pr";
    case STATE_ORIGIN_UPSTREAM_MERGE:
        return "upstream_merge";
    case STATE_ORIGIN_ENVIRONMENT:
        return "environment";
    case STATE_ORIGIN_UNKNOWN:
        break;
    }
    return "unknown";
}

char *
state_reason_text(void *ctx, const struct state_reason *r)
{
    switch (r->kind) {
    case STATE_REASON_NEW:
        return mem_strdup(ctx, "new: production does not have it");
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
