/*
 * The command line, by getopt_long. As with dbt, `--select a b` takes the words up to the next
 * option.
 */
#include "options.h"

#include <getopt.h>
#include <string.h>

enum { LONG_BASE = 1000 };

/* What getopt_long is given, made of the table; `val` leads back to it. */
struct tables {
    struct option *longs;
    size_t n;
    struct buf shorts;
    const char **names; /* of `longs` */
};

static void
add_long(void *ctx, struct tables *t, const char *name, const struct option_def *o, size_t index,
         bool no)
{
    t->longs = mem_grow(ctx, t->longs, struct option, t->n + 2);
    t->names = mem_grow(ctx, t->names, const char *, t->n + 1);
    t->longs[t->n] =
        (struct option){.name = no ? mem_printf(ctx, "no-%s", name) : mem_strdup(ctx, name),
                        .has_arg = o->kind == OPTION_FLAG ? no_argument : required_argument,
                        .val = LONG_BASE + (int)(index * 2 + no)};
    t->names[t->n] = t->longs[t->n].name;
    t->n++;
    t->longs[t->n] = (struct option){0};
}

static void
add_short(struct tables *t, char letter, const struct option_def *o)
{
    buf_putc(&t->shorts, letter);
    if (o->kind != OPTION_FLAG)
        buf_putc(&t->shorts, ':');
}

static void
add_option(void *ctx, struct tables *t, const struct option_def *o, size_t index)
{
    struct strlist aliases = {0};
    add_long(ctx, t, o->name, o, index, false);
    if (o->negatable)
        add_long(ctx, t, o->name, o, index, true);
    if (o->letter)
        add_short(t, o->letter, o);
    if (o->aliases)
        strlist_split(ctx, &aliases, o->aliases, ' ');
    for (size_t i = 0; i < aliases.n; i++) {
        if (aliases.v[i][1])
            add_long(ctx, t, aliases.v[i], o, index, false);
        else
            add_short(t, aliases.v[i][0], o);
    }
}

static void
build_tables(void *ctx, struct tables *t)
{
    size_t n;
    const struct option_def *o = config_options(&n);
    buf_init(&t->shorts, ctx);
    buf_puts(&t->shorts, "-:"); /* words in order; ':' for a missing value */
    for (size_t i = 0; i < n; i++)
        if (!o[i].commands || *o[i].commands)
            add_option(ctx, t, &o[i], i);
}

static const struct option_def *
by_letter(int letter)
{
    size_t n;
    const struct option_def *o = config_options(&n);
    for (size_t i = 0; i < n; i++) {
        if (o[i].letter == letter)
            return &o[i];
        for (const char *a = o[i].aliases; a && *a; a += strcspn(a, " "), a += *a == ' ')
            if (a[0] == letter && (!a[1] || a[1] == ' '))
                return &o[i];
    }
    return NULL;
}

static int
unknown(const struct tables *t, const char *token, int letter, struct err *err)
{
    if (letter > 0 && letter < LONG_BASE) {
        fail(err, ERR_CONFIG, "there is no option '-%c'", letter);
        return hint(err, "'cloneci help COMMAND' lists a command's options.");
    }
    size_t len = strcspn(token, "=");
    fail(err, ERR_CONFIG, "there is no option '%.*s'", (int)len, token);
    char *name = mem_strndup(NULL, token + 2, len > 2 ? len - 2 : 0);
    const char *near = NULL;
    for (size_t i = 0; !near && name[0] && name[1] && i < t->n; i++)
        if (str_starts(t->names[i], name))
            near = t->names[i];
    if (!near)
        near = str_nearest(name, t->names, t->n);
    talloc_free(name);
    if (near)
        return hint(err, "Did you mean '--%s'? Names of options cannot be abbreviated.", near);
    return hint(err, "'cloneci help COMMAND' lists a command's options.");
}

static int
no_value(const char *name, const char *next, struct err *err)
{
    if (!next) {
        fail(err, ERR_CONFIG, "'%s' needs a value", name);
        return hint(err, "'cloneci help COMMAND' shows which.");
    }
    fail(err, ERR_CONFIG, "'%s' needs a value, but '%s' follows", name, next);
    return hint(err, "If that is the value, write %s%s%s.", name, name[1] == '-' ? "=" : "", next);
}

static void
say(void *ctx, struct said_list *out, struct said s)
{
    out->v = mem_grow(ctx, out->v, struct said, out->n + 1);
    out->v[out->n++] = s;
}

struct scan {
    void *ctx;
    struct said_list *out;
    struct tables tables;
    const struct said *words; /* the option that following words belong to, or NULL */
    struct said last;
};

/* One answer of getopt_long: an option. */
static int
take(struct scan *s, int code, const char *token, char **argv, struct err *err)
{
    size_t n;
    const struct option_def *all = config_options(&n), *o;
    struct said one = {.value = optarg};
    if (code >= LONG_BASE) {
        o = &all[(size_t)(code - LONG_BASE) / 2];
        one.no = (code - LONG_BASE) % 2 == 1;
        size_t len = strcspn(token, "=");
        one.name = mem_strndup(s->ctx, token, len);
        bool exact = false;
        for (size_t i = 0; i < s->tables.n; i++)
            exact = exact || strcmp(s->tables.names[i], one.name + 2) == 0;
        if (!exact)
            return unknown(&s->tables, token, 0, err);
    } else {
        o = by_letter(code);
        if (!o)
            return unknown(&s->tables, token, 0, err);
        one.name = mem_printf(s->ctx, "-%c", code);
    }
    if (optarg && optarg == argv[optind - 1] && optarg[0] == '-' && optarg[1])
        return no_value(one.name, optarg, err);
    one.option = o;
    one.value = optarg ? mem_strdup(s->ctx, optarg) : NULL;
    say(s->ctx, s->out, one);
    s->last = one;
    s->words = o->kind == OPTION_WORDS ? &s->last : NULL;
    return 0;
}

static int
refuse(struct scan *s, int code, const char *token, struct err *err)
{
    bool is_long = str_starts(token, "--");
    if (code == ':') {
        char *name = is_long ? mem_strndup(s->ctx, token, strcspn(token, "="))
                             : mem_printf(s->ctx, "-%c", optopt);
        return no_value(name, NULL, err);
    }
    if (is_long && optopt >= LONG_BASE) {
        fail(err, ERR_CONFIG, "'%.*s' takes no value", (int)strcspn(token, "="), token);
        return hint(err, "Leave out the '=' and what follows.");
    }
    return unknown(&s->tables, token, is_long ? 0 : optopt, err);
}

int
args_parse(void *ctx, struct said_list *out, int argc, char **argv, struct err *err)
{
    /* getopt skips the first: the program's name. */
    char **full = mem_array(ctx, char *, argc + 2);
    full[0] = mem_strdup(full, "cloneci");
    for (int i = 0; i < argc; i++)
        full[i + 1] = argv[i];
    struct scan s = {.ctx = ctx, .out = out};
    build_tables(ctx, &s.tables);
    opterr = 0;
    optind = 0; /* glibc: start again */
    int at = 1;
    for (;;) {
        int code = getopt_long(argc + 1, full, s.tables.shorts.s, s.tables.longs, NULL);
        const char *token = at <= argc ? full[at] : "";
        at = optind;
        if (code == -1)
            break;
        if (code == 1 && s.words)
            say(ctx, out,
                (struct said){s.words->option, s.words->name, mem_strdup(ctx, optarg), false});
        else if (code == 1)
            strlist_add(ctx, &out->words, optarg);
        else if (code == '?' || code == ':')
            return refuse(&s, code, token, err);
        else if (take(&s, code, token, full, err))
            return -1;
    }
    for (int i = optind; i <= argc; i++)
        strlist_add(ctx, &out->words, full[i]);
    return 0;
}

/* " run plan state check " as "run, plan, state check". */
static char *
command_list(void *ctx, const char *commands)
{
    struct strlist words = {0}, names = {0};
    strlist_split(ctx, &words, commands, ' ');
    for (size_t i = 0; i < words.n; i++) {
        bool pair = strcmp(words.v[i], "state") == 0 || strcmp(words.v[i], "sandbox") == 0;
        if (pair && i + 1 < words.n) {
            strlist_add(ctx, &names, mem_printf(ctx, "%s %s", words.v[i], words.v[i + 1]));
            i++;
        } else if (*words.v[i]) {
            strlist_add(ctx, &names, words.v[i]);
        }
    }
    return strlist_join(ctx, &names, ", ");
}

int
args_check(const struct said_list *said, const char *command, struct err *err)
{
    for (size_t i = 0; i < said->n; i++) {
        const struct said *s = &said->v[i];
        if (option_applies(s->option, command))
            continue;
        void *tmp = talloc_new(NULL);
        fail(err, ERR_CONFIG, "'%s' is not an option of 'cloneci %s'", s->name, command);
        hint(err, "These commands take it: %s.", command_list(tmp, s->option->commands));
        talloc_free(tmp);
        return -1;
    }
    return 0;
}
