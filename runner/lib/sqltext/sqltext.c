#include "sqltext.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct sqltext
sqltext_of(const struct lexis *lexis, const char *text, size_t n, const struct jinja *jinja)
{
    return (struct sqltext){
        .lexis = lexis, .jinja = jinja, .p = text, .start = text, .end = text + n};
}

static bool
is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

bool
sqltext_holds(const struct lexis *lexis, char c)
{
    return is_letter(c) || (c && strchr(lexis->name_signs, c));
}

static bool
at_text(const struct sqltext *t, const char *p, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(t->end - p) >= n && memcmp(p, text, n) == 0;
}

/* The block that begins at p, or NULL. */
static const struct jinja_block *
block_at(struct sqltext *t, const char *p)
{
    while (t->jinja && t->block < t->jinja->n && t->jinja->v[t->block].start < p)
        t->block++;
    return t->jinja && t->block < t->jinja->n && t->jinja->v[t->block].start == p
               ? &t->jinja->v[t->block]
               : NULL;
}

/* How a stretch ends: at `close`, which doubled is itself (quotes), behind which another one may
 * have been opened (comments). */
struct stretch {
    enum sql_kind kind;
    const char *close, *opens;
    bool doubled, escapes;
};

/* From t->p, behind what opened it. Jinja within is passed over as a whole. */
static struct sql_token
take_stretch(struct sqltext *t, const struct stretch *how)
{
    const char *from = t->p, *p = from;
    size_t n = strlen(how->close), depth = 1;
    struct sql_token token = {.kind = how->kind, .s = from};
    while (p < t->end) {
        const struct jinja_block *b = block_at(t, p);
        if (b) {
            token.blocks = token.n_blocks ? token.blocks : b;
            token.n_blocks++;
            p = b->end;
        } else if (how->escapes && *p == '\\' && p + 1 < t->end) {
            p += 2;
        } else if (how->doubled && p[0] == *how->close && p + 1 < t->end && p[1] == *how->close) {
            p += 2;
        } else if (how->opens && at_text(t, p, how->opens)) {
            p += strlen(how->opens);
            depth++;
        } else if (at_text(t, p, how->close) && --depth == 0) {
            token.n = (size_t)(p - from);
            t->p = p + n;
            return token;
        } else {
            p += at_text(t, p, how->close) ? n : 1;
        }
    }
    token.n = (size_t)(t->end - from);
    t->p = t->end;
    return token;
}

/* e'..', where the E is a word by itself */
static bool
has_escapes(const struct sqltext *t)
{
    const char *p = t->p;
    if (t->lexis->escapes != ESCAPES_E)
        return t->lexis->escapes == ESCAPES_ALL;
    return p > t->start && strchr("eE", p[-1]) && (p - 1 == t->start || !is_letter(p[-2]));
}

/* A comment, a text or a quoted name that begins here; false if none does. */
static bool
take_opened(struct sqltext *t, struct sql_token *out)
{
    char c = *t->p;
    const char quote[2] = {c, '\0'};
    struct stretch how = {.close = quote, .doubled = true};
    size_t opened = 1;
    if (strchr(t->lexis->name_quotes, c)) {
        how.kind = SQL_QUOTED;
    } else if (strchr(t->lexis->text_quotes, c)) {
        how.kind = SQL_TEXT;
        how.escapes = has_escapes(t);
    } else if (at_text(t, t->p, "--") || at_text(t, t->p, "/*")) {
        bool line = c == '-';
        how = (struct stretch){.kind = SQL_COMMENT,
                               .close = line ? "\n" : "*/",
                               .opens = !line && t->lexis->nested_comments ? "/*" : NULL};
        opened = 2;
    } else {
        return false;
    }
    t->p += opened;
    *out = take_stretch(t, &how);
    return true;
}

/* $$ or $tag$: bytes; 0 if it is none. */
static size_t
dollar_length(const struct sqltext *t)
{
    const char *p = t->p + 1;
    if (*t->p != '$' || !t->lexis->dollar_texts || (p < t->end && isdigit((unsigned char)*p)))
        return 0;
    while (p < t->end && is_letter(*p))
        p++;
    return p < t->end && *p == '$' ? (size_t)(p + 1 - t->p) : 0;
}

static struct sql_token
take_plain(struct sqltext *t)
{
    const char *from = t->p;
    size_t n = dollar_length(t);
    if (n) {
        t->p += n;
        return (struct sql_token){.kind = SQL_DOLLAR, .s = from, .n = n};
    }
    if (!is_letter(*from)) {
        t->p++;
        return (struct sql_token){.kind = SQL_SIGN, .s = from, .n = 1};
    }
    while (t->p < t->end && sqltext_holds(t->lexis, *t->p))
        t->p++;
    return (struct sql_token){.kind = SQL_WORD, .s = from, .n = (size_t)(t->p - from)};
}

struct sql_token
sqltext_next(struct sqltext *t)
{
    struct sql_token token;
    while (t->p < t->end) {
        const struct jinja_block *b = block_at(t, t->p);
        if (b) {
            t->p = b->end;
            if (b->kind != JINJA_COMMENT)
                return (struct sql_token){.kind = SQL_BLOCK,
                                          .s = b->start,
                                          .n = (size_t)(b->end - b->start),
                                          .blocks = b,
                                          .n_blocks = 1};
        } else if (isspace((unsigned char)*t->p) || !*t->p) {
            t->p++;
        } else {
            return take_opened(t, &token) ? token : take_plain(t);
        }
    }
    return (struct sql_token){.kind = SQL_END, .s = t->end};
}

struct sql_token
sqltext_next_name(struct sqltext *t)
{
    for (;;) {
        struct sql_token token = sqltext_next(t);
        if (token.kind == SQL_END || token.kind == SQL_WORD || token.kind == SQL_QUOTED ||
            token.kind == SQL_SIGN)
            return token;
    }
}

bool
sqltext_is_one(const struct sql_token *t, const char *words)
{
    char word[40];
    if (t->kind != SQL_WORD || t->n > sizeof word - 3)
        return false;
    snprintf(word, sizeof word, " %.*s ", (int)t->n, t->s);
    return strcasestr(words, word) != NULL;
}

bool
sqltext_is_sign(const struct sql_token *t, char c)
{
    return t->kind == SQL_SIGN && *t->s == c;
}

bool
sqltext_is_name(const struct sql_token *t)
{
    return (t->kind == SQL_WORD && !isdigit((unsigned char)*t->s)) ||
           (t->kind == SQL_QUOTED && !t->n_blocks && t->n);
}

char *
sqltext_name(void *ctx, const struct lexis *lexis, const struct sql_token *t)
{
    char *s = mem_strndup(ctx, t->s, t->n), *to = s;
    for (char *c = s; t->kind == SQL_WORD && *c; c++)
        *c = lexis->fold == FOLD_LOWER   ? (char)tolower((unsigned char)*c)
             : lexis->fold == FOLD_UPPER ? (char)toupper((unsigned char)*c)
                                         : *c;
    if (t->kind != SQL_QUOTED)
        return s;
    for (const char *c = s; *c; *to++ = *c++)
        c += strchr(lexis->name_quotes, *c) && c[1] == *c;
    *to = '\0';
    return s;
}
