/* One value of one option: checked, and put where the table says. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *
place(const struct loader *l, const struct option_def *o)
{
    return (char *)l->config + o->offset;
}

static int
fail_choice(const struct origin *from, const char *text, struct strlist *choices, struct err *err)
{
    fail(err, ERR_CONFIG, "%s: there is no '%s'", from->label, text);
    const char *near = str_nearest(text, choices->v, choices->n);
    char *all = strlist_join(choices->v, choices, ", ");
    if (near)
        return hint(err, "Did you mean '%s'? Known: %s.", near, all);
    return hint(err, "Known: %s.", all);
}

/* As click does: whatever the case, and kept as the table has it. `at`: which choice it is, from 1;
 * 0 if the option has none. */
static int
choose(void *ctx, const struct option_def *o, const struct origin *from, const char *text,
       const char **out, unsigned *at, struct err *err)
{
    *out = text;
    *at = 0;
    if (!o->choices)
        return 0;
    void *tmp = talloc_new(NULL);
    struct strlist choices = {0};
    strlist_split(tmp, &choices, o->choices, ' ');
    for (unsigned i = 0; *at == 0 && i < choices.n; i++) {
        if (strcasecmp(choices.v[i], text) == 0) {
            *out = mem_strdup(ctx, choices.v[i]);
            *at = i + 1;
        }
    }
    int rc = *at ? 0 : fail_choice(from, text, &choices, err);
    talloc_free(tmp);
    return rc;
}

static int
set_flag(bool *out, const struct origin *from, const char *text, struct err *err)
{
    static const char *const yes[] = {"1", "true", "t", "yes", "y", "on"};
    static const char *const no[] = {"0", "false", "f", "no", "n", "off"};
    for (size_t i = 0; i < BASE_COUNT(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *out = strcasecmp(text, yes[i]) == 0;
            return 0;
        }
    }
    fail(err, ERR_CONFIG, "%s: '%s' is not a boolean", from->label, text);
    return hint(err, "Write true or false.");
}

static int
set_int(int *out, const struct origin *from, const char *text, struct err *err)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (!*text || *end || errno || v < 1 || v > 10000) {
        fail(err, ERR_CONFIG, "%s: '%s' is not a whole number from 1 to 10000", from->label, text);
        return hint(err, "Write a number such as 4.");
    }
    *out = (int)v;
    return 0;
}

struct unit {
    const char *name;
    double worth;
};

/* A number and one of the units; -1 if it is none. */
static double
with_unit(const char *text, const struct unit *units, size_t n)
{
    char *end;
    if (*text < '0' || *text > '9' || text[1] == 'x')
        return -1;
    double v = strtod(text, &end);
    if (v < 0 || !isfinite(v))
        return -1;
    end += strspn(end, " ");
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(end, units[i].name) == 0)
            return v * units[i].worth;
    return -1;
}

int
config_seconds(double *out, const char *label, const char *text, double most_days, struct err *err)
{
    static const struct unit units[] = {
        {"", 1},     {"s", 1},        {"sec", 1},   {"ms", 0.001},  {"m", 60},      {"min", 60},
        {"h", 3600}, {"hours", 3600}, {"d", 86400}, {"day", 86400}, {"days", 86400}};
    *out = with_unit(text, units, BASE_COUNT(units));
    if (*out >= 0 && *out <= most_days * 86400)
        return 0;
    fail(err, ERR_CONFIG, "%s: '%s' is not a time of at most %.0f days", label, text, most_days);
    return hint(err, "Write seconds, or a number with ms, s, m, h or d: 90, 15m, 2h.");
}

int
config_bytes(double *out, const char *label, const char *text, struct err *err)
{
    static const struct unit units[] = {{"", 1},         {"B", 1},           {"kB", 1024},
                                        {"MB", 1048576}, {"GB", 1073741824}, {"TB", 1099511627776}};
    *out = with_unit(text, units, BASE_COUNT(units));
    if (*out >= 0)
        return 0;
    fail(err, ERR_CONFIG, "%s: '%s' is not a size", label, text);
    return hint(err, "Write bytes, or a number with kB, MB, GB or TB: 500MB, 20GB.");
}

static int
set_seconds(double *out, const struct origin *from, const char *text, struct err *err)
{
    return config_seconds(out, from->label, text, 30, err);
}

static const char *
absolute(struct loader *l, const struct option_def *o, const struct origin *from, const char *text)
{
    if (!*text || strstr(text, "://") || (o->kind == OPTION_PROGRAM && !strchr(text, '/')))
        return text;
    const char *dir = from->dir;
    if (!dir && o->kind == OPTION_PROJECT_PATH)
        dir = l->config->project_dir;
    return path_absolute(l->ctx, dir ? path_join(l->ctx, dir, text) : text);
}

static int
set_yaml(struct loader *l, const char **out, const struct origin *from, const char *text,
         struct err *err)
{
    struct yaml *tree;
    void *tmp = talloc_new(NULL);
    int rc = yaml_parse(tmp, &tree, text, strlen(text), from->label, err);
    if (rc == 0 && tree->kind != YAML_MAP && tree->kind != YAML_NULL) {
        fail(err, ERR_CONFIG, "%s: '%s' is not a mapping", from->label, text);
        rc = -1;
    }
    talloc_free(tmp);
    if (rc)
        return hint(err, "Write it like for dbt: '{name: value}', with a space after the colon.");
    *out = mem_strdup(l->ctx, text);
    return 0;
}

static int
add_word(struct loader *l, const struct option_def *o, const struct origin *from, const char *word,
         struct err *err)
{
    const char *chosen;
    unsigned at;
    if (choose(l->ctx, o, from, word, &chosen, &at, err))
        return -1;
    strlist_add(l->ctx, place(l, o), chosen);
    return 0;
}

/* dbt splits at spaces. Only if nothing else is said is an empty word kept: it selects nothing. */
static int
set_words(struct loader *l, const struct option_def *o, const struct origin *from, const char *text,
          struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct strlist parts = {0};
    int rc = 0;
    size_t kept = 0;
    strlist_split(tmp, &parts, text, ' ');
    for (size_t i = 0; rc == 0 && i < parts.n; i++) {
        if (!*parts.v[i])
            continue;
        rc = add_word(l, o, from, parts.v[i], err);
        kept++;
    }
    if (rc == 0 && !kept && from->rank != RANK_ENV)
        strlist_add(l->ctx, place(l, o), "");
    talloc_free(tmp);
    return rc;
}

/* False if a stronger source has spoken; else this one has now. */
static bool
claim(struct loader *l, const struct option_def *o, enum rank rank)
{
    enum rank *held = &l->ranks[o - l->options];
    if (*held > rank)
        return false;
    if (*held < rank && o->kind == OPTION_WORDS)
        *(struct strlist *)place(l, o) = (struct strlist){0};
    *held = rank;
    return true;
}

static int
set_text(struct loader *l, const struct option_def *o, const struct origin *from, const char *text,
         struct err *err)
{
    const char *chosen;
    unsigned at;
    if (choose(l->ctx, o, from, text, &chosen, &at, err))
        return -1;
    if (o->kind == OPTION_CHOICE)
        *(unsigned *)place(l, o) = at;
    else
        *(const char **)place(l, o) = mem_strdup(l->ctx, chosen);
    return 0;
}

int
value_set(struct loader *l, const struct option_def *o, const struct origin *from, const char *text,
          struct err *err)
{
    if (!claim(l, o, from->rank))
        return 0;
    switch (o->kind) {
    case OPTION_FLAG:
        return set_flag(place(l, o), from, text, err);
    case OPTION_INT:
        return set_int(place(l, o), from, text, err);
    case OPTION_SECONDS:
        return set_seconds(place(l, o), from, text, err);
    case OPTION_WORDS:
        return set_words(l, o, from, text, err);
    case OPTION_YAML:
        return set_yaml(l, place(l, o), from, text, err);
    case OPTION_PATH:
    case OPTION_PROJECT_PATH:
    case OPTION_PROGRAM:
        return set_text(l, o, from, absolute(l, o, from, text), err);
    case OPTION_LIST:
    case OPTION_TEXT:
    case OPTION_CHOICE:
        break;
    }
    return set_text(l, o, from, text, err);
}

/* --- values of cloneci.yml --- */

static int
wrong_type(const struct origin *from, const char *wanted, const char *example, struct err *err)
{
    fail(err, ERR_CONFIG, "%s: must be %s", from->label, wanted);
    return hint(err, "For example: %s", example);
}

static bool
is_number(const struct yaml *v)
{
    return v->kind == YAML_INT || v->kind == YAML_FLOAT;
}

static bool
is_word(const struct yaml *v)
{
    return v->kind == YAML_STR || is_number(v);
}

static int
set_yaml_words(struct loader *l, const struct option_def *o, const struct origin *from,
               const struct yaml *value, struct err *err)
{
    const char *dot = strrchr(o->yaml, '.');
    char *example = mem_printf(l->ctx, "%s: [one, two]", dot ? dot + 1 : o->yaml);
    if (value->kind == YAML_STR)
        return value_set(l, o, from, value->text, err);
    if (value->kind != YAML_SEQ)
        return wrong_type(from, "a list of texts", example, err);
    if (!claim(l, o, from->rank))
        return 0;
    for (size_t i = 0; i < value->n; i++) {
        if (!is_word(value->items[i]))
            return wrong_type(from, "a list of texts", example, err);
        if (add_word(l, o, from, value->items[i]->text, err))
            return -1;
    }
    return 0;
}

static int
set_yaml_seconds(struct loader *l, const struct option_def *o, const struct origin *from,
                 const struct yaml *value, struct err *err)
{
    if (value->kind == YAML_STR)
        return value_set(l, o, from, value->text, err);
    if (!is_number(value))
        return wrong_type(from, "a time", "90, or 15m", err);
    char number[64];
    snprintf(number, sizeof number, "%.17g", value->number);
    return value_set(l, o, from, number, err);
}

static int
set_yaml_list(struct loader *l, const struct option_def *o, const struct origin *from,
              const struct yaml *value, struct err *err)
{
    bool good = value->kind == YAML_SEQ;
    for (size_t i = 0; good && i < value->n; i++)
        good = value->items[i]->kind == YAML_MAP;
    if (!good)
        return wrong_type(from, "a list of mappings", o->metavar, err);
    return value_set(l, o, from, json_print(l->ctx, yaml_to_json(l->ctx, value), false), err);
}

int
value_set_yaml(struct loader *l, const struct option_def *o, const struct origin *from,
               const struct yaml *value, struct err *err)
{
    if (value->kind == YAML_NULL)
        return 0;
    switch (o->kind) {
    case OPTION_FLAG:
        if (o->yes && value->kind == YAML_STR && str_eq(value->text, o->yes))
            return value_set(l, o, from, "true", err);
        if (value->kind != YAML_BOOL)
            return wrong_type(from, "true or false", "true", err);
        return value_set(l, o, from, value->boolean ? "true" : "false", err);
    case OPTION_INT:
        if (value->kind != YAML_INT)
            return wrong_type(from, "a whole number", "4", err);
        return value_set(l, o, from, mem_printf(l->ctx, "%lld", (long long)value->integer), err);
    case OPTION_SECONDS:
        return set_yaml_seconds(l, o, from, value, err);
    case OPTION_WORDS:
        return set_yaml_words(l, o, from, value, err);
    case OPTION_YAML:
        if (value->kind == YAML_MAP)
            return value_set(l, o, from, json_print(l->ctx, yaml_to_json(l->ctx, value), false),
                             err);
        break;
    case OPTION_LIST:
        return set_yaml_list(l, o, from, value, err);
    case OPTION_TEXT:
    case OPTION_CHOICE:
    case OPTION_PATH:
    case OPTION_PROJECT_PATH:
    case OPTION_PROGRAM:
        break;
    }
    if (value->kind == YAML_BOOL && !value->boolean && o->choices && str_starts(o->choices, "off "))
        return value_set(l, o, from, "off", err); /* YAML's own word for false */
    if (!is_word(value))
        return wrong_type(from, "a text", "put it in quotes", err);
    return value_set(l, o, from, value->text, err);
}
