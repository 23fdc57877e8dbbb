/* The fake's language. */
#include "fake_internal.h"

#include <string.h>

/* --- the dialect --- */

static char *
quote(void *ctx, const char *name)
{
    return mem_printf(ctx, "`%s`", name);
}

static char *
qualify(void *ctx, const struct relation *r)
{
    bool whole = r->database && fake_dialect.caps & CAP_CATALOGS;
    return mem_printf(ctx, "%s%s%s`%s`.`%s`", whole ? "`" : "", whole ? r->database : "",
                      whole ? "`." : "", r->schema, r->name);
}

static char *
grant_hint(void *ctx, const struct relation *r, bool schema)
{
    return schema ? mem_printf(ctx, "Let the role of CI into `%s`.", r->schema)
                  : mem_printf(ctx, "Let the role of CI read `%s`.`%s`.", r->schema, r->name);
}

static enum err_cause
exception_cause(const char *name)
{
    return str_ends(name, "Denied") ? CAUSE_DENIED : CAUSE_NONE;
}

static const char *
text_of(void *ctx, cJSON *words)
{
    const char *text = json_print(ctx, words, false);
    cJSON_Delete(words);
    return text;
}

static void
add_word(cJSON *words, const char *word)
{
    cJSON_AddItemToArray(words, word ? mem_check(cJSON_CreateString(word))
                                     : mem_check(cJSON_CreateNull()));
}

/* ["word", database, schema, more] */
static void
add_statement(void *ctx, struct strlist *out, const char *verb, const char *database,
              const char *schema, const char *more)
{
    cJSON *words = mem_check(cJSON_CreateArray());
    add_word(words, verb);
    add_word(words, database);
    add_word(words, schema);
    add_word(words, more);
    strlist_add(ctx, out, text_of(ctx, words));
}

static int
prepare(void *ctx, const struct new_place *place, struct strlist *out, struct err *err)
{
    const char *name = place->aside ? place->aside : place->name;
    (void)err;
    add_statement(ctx, out, "make", place->database, name, NULL);
    add_statement(ctx, out, "mark", place->database, name, place->building);
    return 0;
}

static int
publish(void *ctx, const struct new_place *place, struct strlist *out, struct err *err)
{
    (void)err;
    if (place->replaces)
        add_statement(ctx, out, "rename", place->database, place->name, place->old);
    if (place->aside)
        add_statement(ctx, out, "rename", place->database, place->aside, place->name);
    add_statement(ctx, out, "mark", place->database, place->name, place->ready);
    return 0;
}

static const char *const privileges[] = {"select", NULL};
static const char *const reserved[] = {"system", NULL};
static const char *const reserved_prefixes[] = {"sys_", NULL};

struct dialect fake_dialect = {
    .name = "fake",
    .product = "the fake",
    .name_max = FAKE_NAME_MAX,
    .reserved = reserved,
    .reserved_prefixes = reserved_prefixes,
    .lexis = {.fold = FOLD_NONE, .name_quotes = "`", .text_quotes = "'", .name_signs = ""},
    .quote = quote,
    .qualify = qualify,
    .grant_hint = grant_hint,
    .exception_cause = exception_cause,
    .privileges = privileges,
    .prepare = prepare,
    .publish = publish,
};

static void
add_relation(cJSON *words, const struct relation *r)
{
    add_word(words, r->database);
    add_word(words, r->schema);
    add_word(words, r->name);
}

const char *
fake_sentence(void *ctx, const char *verb, const struct relation *first,
              const struct relation *second, double percent)
{
    cJSON *words = mem_check(cJSON_CreateArray());
    add_word(words, verb);
    add_relation(words, first);
    if (second)
        add_relation(words, second);
    if (percent >= 0)
        cJSON_AddItemToArray(words, mem_check(cJSON_CreateNumber(percent)));
    return text_of(ctx, words);
}
