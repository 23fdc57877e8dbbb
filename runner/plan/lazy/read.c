#include "pieces.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* --- what is selected --- */

static bool list_is_known(struct reader *r, size_t from, size_t to, bool *greatest);

/* max(column), max(t.column), at `i`; returns the number of pieces, 0 if it is none. */
static size_t
take_max(struct reader *r, size_t i)
{
    struct sql_token p[6];
    for (size_t k = 0; k < BASE_COUNT(p); k++)
        p[k] = piece_at(r, i + k);
    if (!sqltext_is_one(&p[0], " max ") || !sqltext_is_sign(&p[1], '(') || !sqltext_is_name(&p[2]))
        return 0;
    bool dotted = sqltext_is_sign(&p[3], '.');
    const struct sql_token *column = dotted ? &p[4] : &p[2];
    if (!sqltext_is_name(column) || !sqltext_is_sign(dotted ? &p[5] : &p[3], ')'))
        return 0;
    char *name = sqltext_name(r->ctx, &r->ops->dialect->lexis, column);
    if (!strlist_has(&r->out->cursors, name))
        strlist_add(r->ctx, &r->out->cursors, name);
    return dotted ? 6 : 4;
}

/* {{ var('lookback') }}, {{ dbt.dateadd('day', -3, 'max(loaded_at)') }}: the texts are looked at as
 * SQL. */
static bool
output_is_known(struct reader *r, const struct jinja_block *b, bool *greatest)
{
    static const char *const names[] = {"var",        "env_var", "dbt",       "dateadd",
                                        "date_trunc", "cast",    "safe_cast", "type_timestamp",
                                        "int",        "string",  NULL};
    if (!jinja_only(b, names))
        return false;
    for (const char *p = b->s, *end = b->s + b->n; p < end; p++) {
        if (*p != '\'' && *p != '"')
            continue;
        const char *stop = memchr(p + 1, *p, (size_t)(end - p - 1));
        if (!stop)
            return false;
        struct reader inner = {.ctx = r->ctx, .ops = r->ops, .out = r->out};
        pieces_cut(&inner, p + 1, (size_t)(stop - p - 1));
        bool constant = inner.n == 1 && inner.v[0].kind == SQL_WORD;
        if (!constant && inner.n && !list_is_known(&inner, 0, inner.n, greatest))
            return false;
        p = stop;
    }
    return true;
}

/* Is the word no column? A type, a name that is given, a word of the language. */
static bool
word_is_known(const struct reader *r, size_t i, size_t from, size_t to)
{
    struct sql_token p = r->v[i], before = i > from ? r->v[i - 1] : (struct sql_token){0},
                     after = piece_at(r, i + 1);
    bool typed = sqltext_is_sign(&before, ':') || sqltext_is_one(&before, " as ");
    bool last = i + 1 >= to || sqltext_is_sign(&after, ',');
    struct sql_token arrow = piece_at(r, i + 2); /* make_interval(days => 3) */
    if (i + 2 < to && sqltext_is_sign(&after, '=') && sqltext_is_sign(&arrow, '>') &&
        arrow.s == after.s + 1)
        return true;
    if (i + 1 < to && sqltext_is_sign(&after, '('))
        return typed || sqltext_is_one(&p, r->ops->lazy->scalars);
    if (p.kind == SQL_WORD && isdigit((unsigned char)*p.s))
        return true;
    return typed || sqltext_is_one(&p, " as ") || sqltext_is_one(&p, r->ops->lazy->words) ||
           (last && sqltext_is_sign(&before, ')')) ||
           /* the parts of a time: extract(epoch from ..) */
           sqltext_is_one(&p, " epoch year month week day hour minute second ");
}

/* Are the pieces an expression, or several, of greatest values and constants? */
static bool
list_is_known(struct reader *r, size_t from, size_t to, bool *greatest)
{
    for (size_t i = from; i < to; i++) {
        struct sql_token p = r->v[i];
        size_t taken = take_max(r, i);
        if (taken && i + taken <= to) {
            *greatest = true;
            i += taken - 1;
        } else if (piece_is_output(&p) ? !output_is_known(r, p.blocks, greatest)
                   : p.kind == SQL_WORD || p.kind == SQL_QUOTED ? !word_is_known(r, i, from, to)
                   : p.kind == SQL_SIGN                         ? *p.s == ';'
                                                                : p.kind != SQL_TEXT)
            return false;
    }
    return true;
}

/* --- within Jinja --- */

static const char *
skip_spaces(const char *p, const char *end)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p;
}

static bool
is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Is what is at [at, after) the whole of what a query is run on? Anything else may add to the
 * text. */
static bool
is_run(const struct jinja_block *b, const char *at, const char *after)
{
    static const char *const runners[] = {"run_query", "get_single_value"};
    const char *end = b->s + b->n;
    after = skip_spaces(after, end);
    while (at > b->s && isspace((unsigned char)at[-1]))
        at--;
    if (at == b->s || at[-1] != '(' || after == end || *after != ')')
        return false;
    for (size_t i = 0; i < BASE_COUNT(runners); i++) {
        size_t n = strlen(runners[i]);
        if ((size_t)(at - 1 - b->s) > n && memcmp(at - 1 - n, runners[i], n) == 0 &&
            !is_letter(at[-2 - (ptrdiff_t)n]))
            return true;
    }
    return false;
}

/* --- where it is read --- */

static bool
opens_text(const struct sql_token *p)
{
    return piece_is_statement(p) && jinja_takes_text(p->blocks) &&
           (jinja_starts_with(p->blocks, "set") || jinja_starts_with(p->blocks, "call"));
}

static bool
closes_text(const struct sql_token *p)
{
    return piece_is_statement(p) &&
           (jinja_starts_with(p->blocks, "endset") || jinja_starts_with(p->blocks, "endcall"));
}

/* The piece that opens what `i` is in: a bracket or a block; SIZE_MAX if there is none. */
static size_t
opening(const struct reader *r, size_t i)
{
    int depth = 0;
    while (i-- > 0) {
        const struct sql_token *p = &r->v[i];
        depth += sqltext_is_sign(p, ')');
        if (depth == 0 && (sqltext_is_sign(p, '(') || opens_text(p)))
            return i;
        depth -= sqltext_is_sign(p, '(');
        if (piece_is_statement(p))
            return SIZE_MAX;
    }
    return SIZE_MAX;
}

static bool
is_alone(const struct jinja_block *b, const struct jinja_name *name)
{
    const char *end = b->s + b->n;
    return b->kind == JINJA_OUTPUT && skip_spaces(b->s, end) == name->s &&
           skip_spaces(name->s + name->len, end) == end;
}

/* {{ name }} as piece `i`: ({{ name }}) */
static bool
stands_in_brackets(const struct reader *r, const struct jinja_block *b)
{
    for (size_t i = 1; i + 1 < r->n; i++)
        if (r->v[i].blocks == b)
            return sqltext_is_sign(&r->v[i - 1], '(') && sqltext_is_sign(&r->v[i + 1], ')');
    return false;
}

/* What was taken as a text must be run, or stand, as it is. */
static bool
text_is_kept(const struct reader *r, const struct jinja_block *opened)
{
    size_t n;
    const char *word = jinja_word(opened, &n);
    struct jinja_block rest = *opened;
    rest.s = word + n;
    rest.n = (size_t)(opened->s + opened->n - rest.s);
    const char *text = jinja_word(&rest, &n);
    if (jinja_starts_with(opened, "call"))
        return n == 9 && memcmp(text, "statement", 9) == 0;
    for (size_t i = 0; i < r->blocks->n; i++) {
        const struct jinja_block *b = &r->blocks->v[i];
        struct jinja_name name = {0};
        while (b != opened && jinja_next_name(b, &name))
            if (name.len == n && memcmp(name.s, text, n) == 0 && !is_run(b, name.s, name.s + n) &&
                !(is_alone(b, &name) && stands_in_brackets(r, b)))
                return false;
    }
    return true;
}

/* [as] name, and then the end of what was opened. */
static bool
ends_there(const struct reader *r, size_t i, bool bracket)
{
    struct sql_token p = piece_at(r, i);
    if (sqltext_is_one(&p, " as "))
        p = piece_at(r, ++i);
    if (sqltext_is_name(&p) &&
        !sqltext_is_one(&p, " where group having order limit offset fetch join "
                            "inner left right full cross natural union except "
                            "intersect window for tablesample "))
        p = piece_at(r, ++i);
    return bracket ? sqltext_is_sign(&p, ')') : closes_text(&p);
}

static const char more[] = "it reads {{ this }} for more than its greatest values";

/* {{ this }} at `i`. */
static bool
is_watermark(struct reader *r, size_t i)
{
    size_t start = i > 0 && sqltext_is_one(&r->v[i - 1], " from ") ? opening(r, i - 1) : SIZE_MAX;
    bool greatest = false;
    if (start == SIZE_MAX)
        return false;
    struct sql_token select = piece_at(r, start + 1), next = piece_at(r, i + 1);
    bool named = next.kind == SQL_WORD || next.kind == SQL_QUOTED;
    if (named && next.s <= r->v[i].blocks->end + (next.kind == SQL_QUOTED)) /* a longer name */
        return false;
    return sqltext_is_one(&select, " select ") && list_is_known(r, start + 2, i - 1, &greatest) &&
           greatest && ends_there(r, i + 1, sqltext_is_sign(&r->v[start], '(')) &&
           (!r->v[start].blocks || text_is_kept(r, r->v[start].blocks));
}

/* --- as a text of Jinja's --- */

/* The text that ends just before `at`, outside of its quotation marks; NULL if there is none. */
static const char *
text_before(const struct jinja_block *b, const char *at, size_t *n)
{
    for (const char *p = b->s; p < at; p++) {
        if (*p != '\'' && *p != '"')
            continue;
        const char *stop = p + 1;
        while (stop < at && *stop != *p)
            stop += 1 + (*stop == '\\');
        if (stop + 1 == at) {
            *n = (size_t)(stop - p - 1);
            return p + 1;
        }
        p = stop;
    }
    return NULL;
}

/* run_query("select max(x) from " ~ this) */
static bool
is_joined(struct reader *r, const struct jinja_block *b, const char *this)
{
    const char *p = this;
    while (p > b->s && isspace((unsigned char)p[-1]))
        p--;
    if (p == b->s || p[-1] != '~')
        return false;
    for (p--; p > b->s && isspace((unsigned char)p[-1]);)
        p--;
    size_t n;
    const char *text = text_before(b, p, &n);
    bool greatest = false;
    if (!text || !is_run(b, text - 1, this + 4))
        return false;
    struct reader inner = {.ctx = r->ctx, .ops = r->ops, .out = r->out};
    pieces_cut(&inner, text, n);
    return inner.n > 2 && sqltext_is_one(&inner.v[0], " select ") &&
           sqltext_is_one(&inner.v[inner.n - 1], " from ") &&
           list_is_known(&inner, 1, inner.n - 1, &greatest) && greatest;
}

static void
read_block(struct reader *r, const struct jinja_block *b)
{
    struct jinja_name name = {0};
    while (!block_is_this(b) && jinja_next_name(b, &name))
        if (name.len == 4 && memcmp(name.s, "this", 4) == 0 && !is_joined(r, b, name.s))
            pieces_refuse(
                r, mem_printf(r->ctx, "%s: %.*s", more, (int)(b->n > 120 ? 120 : b->n), b->s));
}

/* --- by name --- */

static bool
is_called(const struct sql_token *p, const char *name)
{
    return sqltext_is_name(p) && strlen(name) == p->n &&
           (p->kind == SQL_QUOTED ? memcmp(p->s, name, p->n) : strncasecmp(p->s, name, p->n)) == 0;
}

static bool
is_cte(const struct reader *r, const char *name)
{
    for (size_t i = 0; i + 2 < r->n; i++)
        if (is_called(&r->v[i], name) && sqltext_is_one(&r->v[i + 1], " as ") &&
            (sqltext_is_sign(&r->v[i + 2], '(') ||
             sqltext_is_one(&r->v[i + 2], " materialized not ")))
            return true;
    return false;
}

/* The relation can be read without {{ this }}: by a name that is put together, or by its own. */
static void
read_names(struct reader *r, const char *alias)
{
    bool cte = is_cte(r, alias);
    for (size_t i = 0; i < r->n; i++) {
        struct sql_token p = r->v[i], next = piece_at(r, i + 1), last = piece_at(r, i + 2);
        bool built = piece_is_output(&p) || (p.kind == SQL_QUOTED && p.n_blocks > 0);
        if (built && sqltext_is_sign(&next, '.'))
            pieces_refuse(r, "it composes the name of a relation");
        if (sqltext_is_name(&p) && r->ops->lazy->tells_rows(p.s, p.n))
            pieces_refuse(r, mem_printf(r->ctx, "it reads %.*s, which shows the size of tables",
                                        (int)p.n, p.s));
        if (!sqltext_is_one(&p, " from join ") && !sqltext_is_sign(&p, ','))
            continue;
        size_t name = i + 1;
        while (sqltext_is_sign(&last, '.')) {
            name += 2;
            last = piece_at(r, name + 1);
        }
        next = piece_at(r, name);
        if (is_called(&next, alias) && (name > i + 1 || (!cte && !sqltext_is_sign(&p, ','))))
            pieces_refuse(
                r, mem_printf(r->ctx, "it reads a relation named %s, which may be its own", alias));
    }
}

void
lazy_read(void *ctx, struct lazy_read *out, const struct warehouse_ops *ops, const char *text,
          size_t n, const struct jinja *blocks, const char *alias)
{
    struct reader r = {.ctx = ctx, .ops = ops, .out = out, .blocks = blocks};
    *out = (struct lazy_read){0};
    pieces_cut(&r, text, n);
    for (size_t i = 0; i < blocks->n; i++)
        read_block(&r, &blocks->v[i]);
    for (size_t i = 0; i < r.n; i++)
        if (piece_is_this(&r.v[i]) && !is_watermark(&r, i))
            pieces_refuse(&r, more);
    read_names(&r, alias);
}
