#include "lazy_pieces.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void
pieces_refuse(struct reader *r, const char *why)
{
    if (!r->out->why_not)
        r->out->why_not = why;
}

bool
piece_holds(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

bool
block_is_this(const struct jinja_block *b)
{
    const char *s = b->s, *end = b->s + b->n;
    while (s < end && isspace((unsigned char)*s))
        s++;
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    return b->kind == JINJA_OUTPUT && end - s == 4 && memcmp(s, "this", 4) == 0;
}

static const struct jinja_block *
block_at(const struct reader *r, const char *p, size_t *at)
{
    while (r->blocks && *at < r->blocks->n && r->blocks->v[*at].start < p)
        ++*at;
    return r->blocks && *at < r->blocks->n && r->blocks->v[*at].start == p ? &r->blocks->v[*at]
                                                                           : NULL;
}

static void
add_piece(struct reader *r, struct piece piece)
{
    r->v = mem_grow(r->ctx, r->v, struct piece, r->n + 1);
    r->v[r->n++] = piece;
}

/* Over a comment, text or quoted name that ends with `close`; Jinja in it is passed over as a
 * whole. In a comment
 * {{ this }} is nothing, unless other Jinja may have ended it. */
static const char *
over(struct reader *r, const char *p, const char *end, const char *close, bool escapes, size_t *at,
     bool *mixed)
{
    size_t n = strlen(close);
    bool comment = *close == '\n' || *close == '*';
    while (p < end) {
        const struct jinja_block *b = block_at(r, p, at);
        if (b) {
            if (block_is_this(b) && (*mixed || !comment))
                pieces_refuse(r, comment ? "it names {{ this }} in a comment with other Jinja"
                                         : "it names {{ this }} in a text or a quoted name");
            *mixed |= !comment || !block_is_this(b);
            p = b->end;
            continue;
        }
        if (escapes && *p == '\\' && p + 1 < end)
            p++;
        else if ((size_t)(end - p) >= n && memcmp(p, close, n) == 0)
            return p + n;
        p++;
    }
    return end;
}

static void
add_block(struct reader *r, const struct jinja_block *b)
{
    if (b->kind == JINJA_COMMENT)
        return;
    enum piece_kind kind = block_is_this(b)          ? PIECE_THIS
                           : b->kind == JINJA_OUTPUT ? PIECE_OUTPUT
                                                     : PIECE_STATEMENT;
    add_piece(r, (struct piece){
                     .kind = kind, .s = b->start, .n = (size_t)(b->end - b->start), .block = b});
}

/* A piece that begins with a quotation mark or is a comment; p itself if there is none. */
static const char *
cut_quoted(struct reader *r, const char *p, const char *end, size_t *at)
{
    bool mixed = false, escapes = *p == '\'' && r->n && p[-1] != ' ' &&
                                  r->v[r->n - 1].kind == PIECE_WORD && r->v[r->n - 1].n == 1 &&
                                  strchr("eE", *r->v[r->n - 1].s) != NULL;
    if (*p == '\'' || *p == '"') {
        const char close[2] = {*p, '\0'}, *stop = over(r, p + 1, end, close, escapes, at, &mixed);
        enum piece_kind kind = *p == '"' ? PIECE_QUOTED : PIECE_LITERAL;
        add_piece(r, (struct piece){
                         .kind = kind, .s = p + 1, .n = (size_t)(stop - p - 2), .mixed = mixed});
        return stop;
    }
    if (end - p >= 2 && p[0] == '-' && p[1] == '-')
        return over(r, p + 2, end, "\n", false, at, &mixed);
    if (end - p >= 2 && p[0] == '/' && p[1] == '*')
        return over(r, p + 2, end, "*/", false, at, &mixed);
    return p;
}

void
pieces_cut(struct reader *r, const char *text, size_t n)
{
    const char *p = text, *end = text + n;
    size_t at = 0;
    while (p < end) {
        const struct jinja_block *b = block_at(r, p, &at);
        const char *stop = b ? b->end : cut_quoted(r, p, end, &at);
        if (b)
            add_block(r, b);
        if (stop == p && *p == '$')
            pieces_refuse(r, "it holds a text between dollar signs, which is not looked into");
        if (stop == p && piece_holds(*p)) {
            while (stop < end && piece_holds(*stop))
                stop++;
            add_piece(r, (struct piece){.kind = PIECE_WORD, .s = p, .n = (size_t)(stop - p)});
        } else if (stop == p) {
            stop++;
            if (!isspace((unsigned char)*p))
                add_piece(r, (struct piece){.kind = PIECE_SIGN, .s = p, .n = 1});
        }
        p = stop;
    }
}

struct piece
piece_at(const struct reader *r, size_t i)
{
    return i < r->n ? r->v[i] : (struct piece){.kind = PIECE_END, .s = ""};
}

bool
piece_is_one(const struct piece *p, const char *words)
{
    char word[40];
    if (p->kind != PIECE_WORD || p->n > sizeof word - 3)
        return false;
    snprintf(word, sizeof word, " %.*s ", (int)p->n, p->s);
    return strcasestr(words, word) != NULL;
}

bool
piece_is_sign(const struct piece *p, char c)
{
    return p->kind == PIECE_SIGN && *p->s == c;
}

bool
piece_is_name(const struct piece *p)
{
    return (p->kind == PIECE_WORD && !isdigit((unsigned char)*p->s)) ||
           (p->kind == PIECE_QUOTED && !p->mixed && p->n);
}

char *
piece_name(void *ctx, const struct piece *p)
{
    char *s = mem_strndup(ctx, p->s, p->n);
    for (char *c = s; p->kind == PIECE_WORD && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return s;
}
