/* What the files of the fake share. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "fake_warehouse.h"

enum { FAKE_NAME_MAX = 40, FAKE_PLACES = 64, FAKE_RELATIONS = 256 };

/* All that there is. Texts live as long as the process does: nothing here is freed. */
struct fake_store {
    struct fake_place places[FAKE_PLACES];
    struct fake_relation relations[FAKE_RELATIONS];
    size_t n_places, n_relations;
    uint64_t last; /* identity or storage given out */
};
extern struct fake_store fake_store;
extern struct dialect fake_dialect;

const char *fake_keep(const char *text); /* NULL stays NULL */
struct fake_place *fake_find_place(const struct place_name *name);
struct fake_relation *fake_find(const struct relation *at);
/* Carries out one statement. */
int fake_perform(const char *statement, struct err *err) BASE_CHECKED;
/* ["verb", FIRST, SECOND, percent]; SECOND may be NULL, percent below 0 is left out. */
const char *fake_sentence(void *ctx, const char *verb, const struct relation *first,
                          const struct relation *second, double percent);

#endif
