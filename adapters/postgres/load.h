/* Private to load.c and load_sources.c: what is loaded, and by whom. */
#ifndef POSTGRES_LOAD_H
#define POSTGRES_LOAD_H

#include "postgres.h"

struct range {
    uint64_t from, to; /* blocks */
    bool last;         /* and all behind, should there be more by now */
};

/* An item may have several sources: the partitions of its table. */
struct item {
    struct load_item *item;
    size_t left;    /* sources of which something is not loaded yet */
    bool finishing; /* `after` was given out */
    uint64_t blocks, loaded;
    double started;
};

struct source {
    struct item *of;
    const struct clone_source *from;
    const char *whole;     /* the statement that reads all of it */
    uint64_t blocks, next; /* next: where the part begins that is given out next */
    double part_blocks;
    struct range *again; /* parts that were cut short */
    size_t n_again;
    size_t at_work; /* workers */
    bool given_out; /* all parts are done or under way, but for those in `again` */
};

enum task { TASK_NONE, TASK_PART, TASK_AFTER };

struct worker {
    struct warehouse *a;
    struct load *load;
    struct source *source;
    struct item *of;
    enum task task;
    void *ctx; /* of the task */
    struct pg_run run;
    bool writing, stale;
    struct range range;
    bool limited;     /* the part is cut short if it takes too long */
    size_t insert_at; /* which statement of the part fills the clone .. */
    size_t undone_at; /* .. and up to which one a failure undoes it for sure */
    double started;
};

struct load {
    void *ctx;
    const struct load_options *options;
    const struct load_item *first;
    const char *snapshot;
    int64_t block_size;
    double part_blocks; /* what the last part that was measured says */
    struct item *items;
    struct source *sources; /* the largest first */
    size_t n_sources;
    struct worker *workers;
    size_t n_workers;
};

/* The sources of all items, the largest first. */
void pg_load_sources(struct load *load, struct load_item *items, size_t n);

#endif
