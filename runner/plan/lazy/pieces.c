#include "pieces.h"

#include <ctype.h>
#include <string.h>

void
pieces_refuse(struct reader *r, const char *why)
{
    if (!r->out->why_not)
        r->out->why_not = why;
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

bool
piece_is_this(const struct sql_token *p)
{
    return p->kind == SQL_BLOCK && block_is_this(p->blocks);
}

bool
piece_is_output(const struct sql_token *p)
{
    return p->kind == SQL_BLOCK && p->blocks->kind == JINJA_OUTPUT && !block_is_this(p->blocks);
}

bool
piece_is_statement(const struct sql_token *p)
{
    return p->kind == SQL_BLOCK && p->blocks->kind == JINJA_STATEMENT;
}

/* In a comment {{ this }} is nothing, unless other Jinja may have ended it. */
static void
look_inside(struct reader *r, const struct sql_token *p)
{
    bool comment = p->kind == SQL_COMMENT, mixed = !comment;
    for (size_t i = 0; p->kind != SQL_BLOCK && i < p->n_blocks; i++) {
        bool this = block_is_this(&p->blocks[i]);
        if (this && mixed)
            pieces_refuse(r, comment ? "it names {{ this }} in a comment with other Jinja"
                                     : "it names {{ this }} in a text or a quoted name");
        mixed |= !this;
    }
}

/* What is between dollar signs is a text, which is cut like all else. */
static bool
has_dollar(const struct lexis *lexis, const struct sql_token *p)
{
    return lexis->dollar_texts && (p->kind == SQL_DOLLAR || sqltext_is_sign(p, '$') ||
                                   (p->kind == SQL_WORD && memchr(p->s, '$', p->n)));
}

void
pieces_cut(struct reader *r, const char *text, size_t n)
{
    const struct lexis *lexis = &r->ops->dialect->lexis;
    struct sqltext t = sqltext_of(lexis, text, n, r->blocks);
    for (struct sql_token p = sqltext_next(&t); p.kind != SQL_END; p = sqltext_next(&t)) {
        look_inside(r, &p);
        if (has_dollar(lexis, &p))
            pieces_refuse(
                r, "it contains a text between dollar signs, which cloneci does not analyse");
        if (p.kind == SQL_COMMENT || p.kind == SQL_DOLLAR)
            continue;
        r->v = mem_grow(r->ctx, r->v, struct sql_token, r->n + 1);
        r->v[r->n++] = p;
    }
}

struct sql_token
piece_at(const struct reader *r, size_t i)
{
    return i < r->n ? r->v[i] : (struct sql_token){.kind = SQL_END, .s = ""};
}
