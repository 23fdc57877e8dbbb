/* What the fake's warehouse holds, and the statements that change it. */
#include "fake_internal.h"

#include <string.h>

struct fake_store fake_store;
static void *keep;

const char *
fake_keep(const char *s)
{
    return s ? mem_strdup(keep, s) : NULL;
}

/* --- what is there --- */

struct fake_place *
fake_find_place(const struct place_name *name)
{
    for (size_t i = 0; i < fake_store.n_places; i++)
        if (place_same(&fake_dialect, name->database, name->schema, &fake_store.places[i].name))
            return &fake_store.places[i];
    return NULL;
}

struct fake_relation *
fake_find(const struct relation *at)
{
    for (size_t i = 0; i < fake_store.n_relations; i++)
        if (relation_same(&fake_dialect, at, &fake_store.relations[i].at))
            return &fake_store.relations[i];
    return NULL;
}

static struct relation
kept_relation(const struct relation *r)
{
    return (struct relation){fake_keep(r->database), fake_keep(r->schema), fake_keep(r->name)};
}

void
fake_add_place(const struct fake_place *place)
{
    mem_check(fake_store.n_places < FAKE_PLACES ? &fake_store : NULL);
    struct fake_place *p = &fake_store.places[fake_store.n_places++];
    *p = *place;
    p->name = (struct place_name){fake_keep(place->name.database), fake_keep(place->name.schema)};
    p->marker = fake_keep(place->marker);
}

void
fake_add(const struct fake_relation *relation)
{
    const struct place_name place = {relation->at.database, relation->at.schema};
    if (!fake_find_place(&place))
        fake_add_place(&(struct fake_place){.name = place, .foreign = true});
    mem_check(fake_store.n_relations < FAKE_RELATIONS ? &fake_store : NULL);
    struct fake_relation *r = &fake_store.relations[fake_store.n_relations++];
    *r = *relation;
    r->at = kept_relation(&relation->at);
    r->of = kept_relation(&relation->of);
    r->owner = fake_keep(relation->owner);
    r->identity = ++fake_store.last;
    r->storage = ++fake_store.last;
}

int64_t
fake_rows(const struct relation *relation)
{
    const struct fake_relation *r = fake_find(relation);
    return !r ? -1 : r->of.name ? fake_rows(&r->of) : r->rows;
}

static int
missing(struct err *err, const struct relation *at)
{
    fail(err, ERR_WAREHOUSE, "there is no %s.%s", at->schema, at->name);
    err->cause = CAUSE_MISSING;
    return -1;
}

static int
there_already(struct err *err, const char *name)
{
    fail(err, ERR_WAREHOUSE, "there is a %s already", name);
    err->cause = CAUSE_EXISTS;
    return -1;
}

/* --- statements --- */

static const char *
word_at(const cJSON *words, int i)
{
    return cJSON_GetStringValue(cJSON_GetArrayItem(words, i));
}

static struct relation
relation_at(const cJSON *words, int i)
{
    return (struct relation){word_at(words, i), word_at(words, i + 1), word_at(words, i + 2)};
}

static int
do_make(const cJSON *words, struct err *err)
{
    const struct fake_place place = {.name = {word_at(words, 1), word_at(words, 2)}};
    if (fake_find_place(&place.name))
        return there_already(err, place.name.schema);
    fake_add_place(&place);
    return 0;
}

static int
do_mark(const cJSON *words, struct err *err)
{
    const struct place_name name = {word_at(words, 1), word_at(words, 2)};
    struct fake_place *p = fake_find_place(&name);
    if (!p)
        return missing(err, &(struct relation){.schema = name.schema, .name = ""});
    p->marker = fake_keep(word_at(words, 3));
    p->stale = false;
    return 0;
}

static int
do_rename(const cJSON *words, struct err *err)
{
    const struct place_name from = {word_at(words, 1), word_at(words, 2)},
                            to = {from.database, word_at(words, 3)};
    struct fake_place *p = fake_find_place(&from);
    if (!p)
        return missing(err, &(struct relation){.schema = from.schema, .name = ""});
    if (fake_find_place(&to))
        return there_already(err, to.schema);
    for (size_t i = 0; i < fake_store.n_relations; i++) {
        struct relation *at = &fake_store.relations[i].at;
        if (place_same(&fake_dialect, at->database, at->schema, &from))
            at->schema = fake_keep(to.schema);
    }
    p->name.schema = fake_keep(to.schema);
    return 0;
}

/* ["table", RELATION], ["view", RELATION, OF] */
static int
do_create(const cJSON *words, struct err *err)
{
    bool view = strcmp(word_at(words, 0), "view") == 0;
    struct fake_relation made = {.at = relation_at(words, 1),
                                 .kind = view ? RELATION_VIEW : RELATION_TABLE,
                                 .owner = "tester",
                                 .bytes = view ? 0 : 8192,
                                 .writable = true};
    const struct place_name place = {made.at.database, made.at.schema};
    if (view)
        made.of = relation_at(words, 4);
    if (!fake_find_place(&place))
        return missing(err, &made.at);
    if (view && !fake_find(&made.of))
        return missing(err, &made.of);
    if (fake_find(&made.at))
        return there_already(err, made.at.name);
    fake_add(&made);
    return 0;
}

/* ["copy", FROM, TO, percent], ["insert", RELATION, rows], ["read", RELATION], and ["rebuild",
 * RELATION]: another one under its name. */
static int
do_rows(const cJSON *words, struct err *err)
{
    const struct relation at = relation_at(words, 1);
    struct fake_relation *r = fake_find(&at);
    if (!r)
        return missing(err, &at);
    const char *verb = word_at(words, 0);
    if (strcmp(verb, "rebuild") == 0)
        r->identity = ++fake_store.last;
    if (strcmp(verb, "insert") == 0)
        r->rows += (int64_t)cJSON_GetNumberValue(cJSON_GetArrayItem(words, 4));
    if (strcmp(verb, "copy") != 0)
        return 0;
    const struct relation to = relation_at(words, 4);
    struct fake_relation *into = fake_find(&to);
    if (!into)
        return missing(err, &to);
    into->rows += (int64_t)((double)fake_rows(&at) *
                            cJSON_GetNumberValue(cJSON_GetArrayItem(words, 7)) / 100);
    return 0;
}

static int
do_nothing(const cJSON *words, struct err *err)
{
    return strcmp(word_at(words, 0), "sleep") == 0 ? interrupt_wait(600000, err) : 0;
}

int
fake_perform(const char *statement, struct err *err)
{
    static const struct {
        const char *verb;
        int (*does)(const cJSON *words, struct err *err);
    } verbs[] = {
        {"make", do_make},    {"mark", do_mark},       {"rename", do_rename}, {"table", do_create},
        {"view", do_create},  {"copy", do_rows},       {"insert", do_rows},   {"read", do_rows},
        {"rebuild", do_rows}, {"nothing", do_nothing}, {"sleep", do_nothing},
    };
    cJSON *words = cJSON_Parse(statement);
    const char *verb = words ? word_at(words, 0) : NULL;
    int rc = fail(err, ERR_WAREHOUSE, "not understood: %s", statement);
    for (size_t i = 0; verb && i < BASE_COUNT(verbs); i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            rc = verbs[i].does(words, err);
    cJSON_Delete(words);
    return rc;
}

void
fake_reset(unsigned caps)
{
    if (!keep)
        keep = talloc_named_const(NULL, 0, "fake");
    fake_store = (struct fake_store){.last = 100};
    fake_dialect.caps = caps;
}
