/* Expressions of Jinja as trees, by the grammar of Jinja's own parser. */
#include "tree.h"

#include <string.h>

#define DEEPEST 300

static struct tree *parse_condition(struct parser *x);
static struct tree *parse_unary(struct parser *x, bool filters);
static struct tree *parse_postfix(struct parser *x, struct tree *node);

static void
go_down(struct parser *x)
{
    if (++x->depth > DEEPEST)
        fail_here(x);
}

static struct tree *
with_list(struct parser *x, const char *type, const char *name, struct trees items)
{
    struct tree *t = new_tree(x, type);
    add_field(x, t, name, FIELD_TREES)->trees = items;
    return t;
}

static struct tree *
unary(struct parser *x, const char *type, struct tree *node)
{
    struct tree *t = new_tree(x, type);
    add_tree(x, t, "node", node);
    return t;
}

static struct tree *
pair(struct parser *x, const char *type, struct tree *left, struct tree *right)
{
    struct tree *t = new_tree(x, type);
    add_tree(x, t, "left", left);
    add_tree(x, t, "right", right);
    return t;
}

static const char *
name(struct parser *x)
{
    const char *word = take_name(x);
    if (!word)
        fail_here(x);
    return word ? word : "";
}

static const char *
dotted_name(struct parser *x)
{
    const char *word = name(x);
    while (!x->bad && take_sign(x, "."))
        word = mem_printf(x->ctx, "%s.%s", word, name(x));
    return word;
}

/* --- what is between brackets --- */

static struct trees
parse_items(struct parser *x, const char *close, bool *comma)
{
    struct trees items = {0};
    *comma = false;
    while (!x->bad && !take_sign(x, close)) {
        if (items.n) {
            expect_sign(x, ",");
            *comma = true;
            if (take_sign(x, close))
                break;
        }
        append(x, &items, parse_condition(x));
    }
    return items;
}

static struct tree *
parse_dict(struct parser *x)
{
    struct trees items = {0};
    while (!x->bad && !take_sign(x, "}")) {
        if (items.n) {
            expect_sign(x, ",");
            if (take_sign(x, "}"))
                break;
        }
        struct tree *item = new_tree(x, "Pair");
        add_tree(x, item, "key", parse_condition(x));
        expect_sign(x, ":");
        add_tree(x, item, "value", parse_condition(x));
        append(x, &items, item);
    }
    return with_list(x, "Dict", "items", items);
}

static struct tree *
make_tuple(struct parser *x, struct trees items)
{
    struct tree *t = with_list(x, "Tuple", "items", items);
    add_text(x, t, "ctx", "load");
    return t;
}

static struct tree *
parse_brackets(struct parser *x)
{
    bool comma;
    struct trees items = parse_items(x, ")", &comma);
    return items.n == 1 && !comma ? items.v[0] : make_tuple(x, items);
}

static struct tree *
parse_primary(struct parser *x)
{
    static const char *const words[][2] = {{"true", "True"},   {"True", "True"}, {"false", "False"},
                                           {"False", "False"}, {"none", "None"}, {"None", "None"}};
    bool comma;
    char c = next_char(x);
    if (c == '\'' || c == '"')
        return take_string(x);
    if (c >= '0' && c <= '9')
        return take_number(x);
    if (take_sign(x, "("))
        return parse_brackets(x);
    if (take_sign(x, "["))
        return with_list(x, "List", "items", parse_items(x, "]", &comma));
    if (take_sign(x, "{"))
        return parse_dict(x);
    for (size_t i = 0; i < BASE_COUNT(words); i++)
        if (take_word(x, words[i][0]))
            return constant(x, FIELD_WORD, words[i][1]);
    struct tree *t = new_tree(x, "Name");
    add_text(x, t, "name", name(x));
    add_text(x, t, "ctx", "load");
    return t;
}

/* --- calls, filters, tests --- */

static struct tree *
keyword(struct parser *x, const char *key)
{
    struct tree *t = new_tree(x, "Keyword");
    add_text(x, t, "key", key);
    add_tree(x, t, "value", parse_condition(x));
    return t;
}

struct arguments {
    struct trees args, kwargs;
    struct tree *dyn_args, *dyn_kwargs;
};

static void
parse_argument(struct parser *x, struct arguments *a)
{
    if (take_sign(x, "**")) {
        a->dyn_kwargs = parse_condition(x);
        return;
    }
    if (take_sign(x, "*")) {
        a->dyn_args = parse_condition(x);
        return;
    }
    const char *before = x->p, *key = take_name(x);
    if (key && take_sign(x, "=")) {
        append(x, &a->kwargs, keyword(x, key));
        return;
    }
    x->p = before;
    append(x, &a->args, parse_condition(x));
}

/* After the opening bracket; without one there are none. */
static void
add_arguments(struct parser *x, struct tree *t, bool bracket)
{
    struct arguments a = {0};
    for (bool first = true; bracket && !x->bad && !take_sign(x, ")"); first = false) {
        if (!first) {
            expect_sign(x, ",");
            if (take_sign(x, ")"))
                break;
        }
        parse_argument(x, &a);
    }
    add_field(x, t, "args", FIELD_TREES)->trees = a.args;
    add_field(x, t, "kwargs", FIELD_TREES)->trees = a.kwargs;
    add_tree(x, t, "dyn_args", a.dyn_args);
    add_tree(x, t, "dyn_kwargs", a.dyn_kwargs);
}

static struct tree *
parse_filter(struct parser *x, struct tree *node)
{
    struct tree *t = unary(x, "Filter", node);
    add_text(x, t, "name", dotted_name(x));
    add_arguments(x, t, take_sign(x, "("));
    return t;
}

static bool
starts_argument(struct parser *x)
{
    static const char *const ends[] = {"else", "or", "and"};
    for (size_t i = 0; i < BASE_COUNT(ends); i++)
        if (at_word(x, ends[i]))
            return false;
    const char *before = x->p;
    bool word = take_name(x) != NULL;
    x->p = before;
    char c = next_char(x);
    return word || (c && strchr("'\"[{0123456789", c));
}

static struct tree *
parse_test(struct parser *x, struct tree *node)
{
    bool negated = take_word(x, "not");
    struct tree *t = unary(x, "Test", node);
    add_text(x, t, "name", dotted_name(x));
    bool bracket = take_sign(x, "("), bare = !bracket && starts_argument(x);
    struct trees args = {0};
    if (bare)
        append(x, &args, parse_postfix(x, parse_primary(x)));
    size_t at = t->n;
    add_arguments(x, t, bracket);
    if (bare)
        t->v[at].trees = args;
    return negated ? unary(x, "Not", t) : t;
}

static struct tree *
slice_part(struct parser *x)
{
    bool none = at_sign(x, ":") || at_sign(x, "]") || at_sign(x, ",");
    return none ? NULL : parse_condition(x);
}

static struct tree *
parse_index(struct parser *x)
{
    struct tree *start = slice_part(x);
    if (start && !at_sign(x, ":"))
        return start;
    expect_sign(x, ":");
    struct tree *t = new_tree(x, "Slice");
    add_tree(x, t, "start", start);
    add_tree(x, t, "stop", slice_part(x));
    add_tree(x, t, "step", take_sign(x, ":") ? slice_part(x) : NULL);
    return t;
}

static struct tree *
parse_subscript(struct parser *x, struct tree *node)
{
    struct trees args = {0};
    struct tree *t = unary(x, "Getitem", node);
    do
        append(x, &args, parse_index(x));
    while (!x->bad && take_sign(x, ","));
    expect_sign(x, "]");
    add_tree(x, t, "arg", args.n == 1 ? args.v[0] : make_tuple(x, args));
    add_text(x, t, "ctx", "load");
    return t;
}

static struct tree *
parse_attribute(struct parser *x, struct tree *node)
{
    char c = next_char(x);
    bool number = c >= '0' && c <= '9';
    struct tree *t = unary(x, number ? "Getitem" : "Getattr", node);
    if (number)
        add_tree(x, t, "arg", take_number(x));
    else
        add_text(x, t, "attr", name(x));
    add_text(x, t, "ctx", "load");
    return t;
}

static struct tree *
parse_call(struct parser *x, struct tree *node)
{
    struct tree *t = unary(x, "Call", node);
    add_arguments(x, t, true);
    return t;
}

static struct tree *
parse_postfix(struct parser *x, struct tree *node)
{
    while (!x->bad) {
        if (take_sign(x, "."))
            node = parse_attribute(x, node);
        else if (take_sign(x, "["))
            node = parse_subscript(x, node);
        else if (take_sign(x, "("))
            node = parse_call(x, node);
        else
            break;
    }
    return node;
}

/* --- operators, from the tightest --- */

static struct tree *
parse_unary(struct parser *x, bool filters)
{
    struct tree *node;
    go_down(x);
    if (take_sign(x, "-"))
        node = unary(x, "Neg", parse_unary(x, false));
    else if (take_sign(x, "+"))
        node = unary(x, "Pos", parse_unary(x, false));
    else
        node = parse_primary(x);
    node = parse_postfix(x, node);
    while (filters && !x->bad) {
        if (take_sign(x, "|"))
            node = parse_filter(x, node);
        else if (take_word(x, "is"))
            node = parse_test(x, node);
        else if (take_sign(x, "("))
            node = parse_call(x, node);
        else
            break;
    }
    x->depth--;
    return node;
}

static struct tree *
parse_power(struct parser *x)
{
    struct tree *left = parse_unary(x, true);
    while (!x->bad && take_sign(x, "**"))
        left = pair(x, "Pow", left, parse_unary(x, true));
    return left;
}

/* What the sign that is there is called, or NULL. */
static const char *
take_operator(struct parser *x, const char *const (*of)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (take_sign(x, of[i][0]))
            return of[i][1];
    return NULL;
}

static struct tree *
parse_product(struct parser *x)
{
    static const char *const of[][2] = {
        {"*", "Mul"}, {"/", "Div"}, {"//", "FloorDiv"}, {"%", "Mod"}};
    struct tree *left = parse_power(x);
    for (const char *op; !x->bad && (op = take_operator(x, of, BASE_COUNT(of)));)
        left = pair(x, op, left, parse_power(x));
    return left;
}

static struct tree *
parse_concat(struct parser *x)
{
    struct trees parts = {0};
    do
        append(x, &parts, parse_product(x));
    while (!x->bad && take_sign(x, "~"));
    return parts.n == 1 ? parts.v[0] : with_list(x, "Concat", "nodes", parts);
}

static struct tree *
parse_sum(struct parser *x)
{
    struct tree *left = parse_concat(x);
    for (bool minus = false; !x->bad && ((minus = take_sign(x, "-")) || take_sign(x, "+"));)
        left = pair(x, minus ? "Sub" : "Add", left, parse_concat(x));
    return left;
}

static const char *
take_comparison(struct parser *x)
{
    static const char *const of[][2] = {{"==", "eq"},   {"!=", "ne"}, {"<=", "lteq"},
                                        {">=", "gteq"}, {"<", "lt"},  {">", "gt"}};
    const char *op = take_operator(x, of, BASE_COUNT(of)), *before = x->p;
    if (op || take_word(x, "in"))
        return op ? op : "in";
    if (take_word(x, "not") && take_word(x, "in"))
        return "notin";
    x->p = before;
    return NULL;
}

static struct tree *
parse_comparison(struct parser *x)
{
    struct tree *expr = parse_sum(x);
    struct trees operands = {0};
    for (const char *op; !x->bad && (op = take_comparison(x));) {
        struct tree *operand = new_tree(x, "Operand");
        add_text(x, operand, "op", op);
        add_tree(x, operand, "expr", parse_sum(x));
        append(x, &operands, operand);
    }
    if (!operands.n)
        return expr;
    struct tree *t = new_tree(x, "Compare");
    add_tree(x, t, "expr", expr);
    add_field(x, t, "ops", FIELD_TREES)->trees = operands;
    return t;
}

static struct tree *
parse_not(struct parser *x)
{
    if (!take_word(x, "not"))
        return parse_comparison(x);
    go_down(x);
    struct tree *t = unary(x, "Not", parse_not(x));
    x->depth--;
    return t;
}

static struct tree *
parse_and(struct parser *x)
{
    struct tree *left = parse_not(x);
    while (!x->bad && take_word(x, "and"))
        left = pair(x, "And", left, parse_not(x));
    return left;
}

static struct tree *
parse_or(struct parser *x)
{
    struct tree *left = parse_and(x);
    while (!x->bad && take_word(x, "or"))
        left = pair(x, "Or", left, parse_and(x));
    return left;
}

static struct tree *
parse_condition(struct parser *x)
{
    go_down(x);
    struct tree *left = parse_or(x);
    while (!x->bad && take_word(x, "if")) {
        struct tree *t = new_tree(x, "CondExpr");
        add_tree(x, t, "test", parse_or(x));
        add_tree(x, t, "expr1", left);
        add_tree(x, t, "expr2", take_word(x, "else") ? parse_condition(x) : NULL);
        left = t;
    }
    x->depth--;
    return left;
}

bool
parse_keywords(void *ctx, const char *text, size_t n, struct trees *out)
{
    struct parser x = {.ctx = ctx, .p = text, .end = text + n};
    struct tree *call = new_tree(&x, "Call");
    expect_sign(&x, "(");
    add_arguments(&x, call, true);
    *out = call->v[1].trees;
    return !x.bad;
}
