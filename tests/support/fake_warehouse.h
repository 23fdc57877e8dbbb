/*
 * fake_warehouse: an adapter for a warehouse in memory, that all connections of the process share.
 * It keeps the contract of adapters without a server and without SQL: its statements are JSON
 * arrays, such as ["copy", FROM, TO]. For tests of what is before the door.
 */
#ifndef FAKE_WAREHOUSE_H
#define FAKE_WAREHOUSE_H

#include "adapters/warehouse.h"

extern const struct warehouse_ops fake_ops;

/* Forgets all that was made; what the warehouse can do from now on (CAP_ bits). */
void fake_reset(unsigned caps);

/* A relation as it is found. Its schema is made with it. `of`: what a view shows. */
struct fake_relation {
    struct relation at, of;
    enum relation_kind kind;
    int64_t rows, bytes, index_bytes;
    const char *owner;
    bool unreadable, writable, filtered, hidden; /* hidden: no right on its schema */
    uint64_t identity, storage;                  /* given by the fake */
};
void fake_add(const struct fake_relation *relation);

struct fake_place {
    struct place_name name;
    const char *marker;  /* or NULL */
    bool foreign, stale; /* another role's; the marker is of a former one of the name */
};
void fake_add_place(const struct fake_place *place);

/* How many rows it has; -1: there is none. */
int64_t fake_rows(const struct relation *relation);

#endif
