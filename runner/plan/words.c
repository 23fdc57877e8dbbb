#include "words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Behind a comment, a literal or a piece of Jinja that begins at p; p itself if none does. */
static const char *
skip_opaque(const char *p)
{
    static const char *const pairs[][2] = {{"{{", "}}"}, {"{%", "%}"}, {"{#", "#}"},
                                           {"/*", "*/"}, {"--", "\n"}, {"'", "'"}};
    for (size_t i = 0; i < BASE_COUNT(pairs); i++) {
        if (!str_starts(p, pairs[i][0]))
            continue;
        const char *end = strstr(p + strlen(pairs[i][0]), pairs[i][1]);
        return end ? end + strlen(pairs[i][1]) : p + strlen(p);
    }
    return p;
}

struct token
words_next(const char **at)
{
    const char *p = *at;
    for (const char *q; *p && ((q = skip_opaque(p)) != p || isspace((unsigned char)*p));)
        p = q != p ? q : p + 1;
    struct token t = {.kind = *p ? TOKEN_SIGN : TOKEN_END, .s = p, .n = *p != '\0'};
    if (*p == '"') {
        const char *end = strchr(p + 1, '"');
        t = (struct token){TOKEN_QUOTED, p + 1, end ? (size_t)(end - p - 1) : strlen(p + 1)};
        *at = t.s + t.n + (end != NULL);
        return t;
    }
    while (isalnum((unsigned char)p[0]) || *p == '_' || *p == '$' || (unsigned char)*p >= 0x80)
        p++;
    if (p != t.s)
        t = (struct token){TOKEN_NAME, t.s, (size_t)(p - t.s)};
    *at = t.s + t.n;
    return t;
}

bool
words_is(const struct token *t, const char *words)
{
    char word[32];
    if (t->kind != TOKEN_NAME || t->n > sizeof word - 3)
        return false;
    snprintf(word, sizeof word, " %.*s ", (int)t->n, t->s);
    return strcasestr(words, word) != NULL;
}

char *
words_text(void *ctx, const struct token *t)
{
    char *s = mem_strndup(ctx, t->s, t->n);
    for (char *p = s; t->kind == TOKEN_NAME && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return s;
}
