/* doctor: the feature of a warehouse that says what our role may do in production's schemas. */
#ifndef ADAPTERS_DOCTOR_H
#define ADAPTERS_DOCTOR_H

#include "adapters/warehouse.h"

struct doctor_finding {
    bool advice; /* else cloneci would fail, or production could be written */
    const char *text, *remedy;
};

/* What came of trying what production must not suffer. */
struct doctor_roles {
    int64_t refused;        /* attempts */
    const char *owners;     /* of relations of production, whose rights our role has; "": none */
    struct strlist allowed; /* what our role could do */
};

struct doctor_ops {
    /* By what the catalog says. None: all is as it should be. */
    int (*privileges)(void *ctx, struct warehouse *a, const struct place_list *schemas,
                      struct doctor_finding **out, size_t *n, struct err *err);
    /* Whose the objects are that a promotion goes by, and what others could have production's owner
     * run. `remedy` is NULL where all is well. */
    int (*owners)(void *ctx, struct warehouse *a, const struct place_list *schemas,
                  struct doctor_finding **out, size_t *n, struct err *err);
    /* The relations of the schemas whose rows our role may write, as SQL names them. */
    int (*writable)(void *ctx, struct warehouse *a, const struct place_list *schemas,
                    struct strlist *out, struct err *err);
    /* By trying it, and undoing it whatever comes of it. */
    int (*roles)(void *ctx, struct warehouse *a, const struct place_list *schemas,
                 struct doctor_roles *out, struct err *err);
};

#endif
