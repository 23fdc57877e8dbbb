/*
 * lease: the feature of a warehouse whose connections have names, hold locks by name until they end
 * (lock_try), can be spoken to and be ended: a newer run takes over from an older one.
 */
#ifndef LEASE_OPS_H
#define LEASE_OPS_H

#include "adapters/warehouse.h"

/* Who holds a lock. */
struct lease_holder {
    const char *session; /* the adapter's own text */
    const char *name;    /* that the connection has */
    bool same_role;
};

/* What lets a run's build step in: it is bound to the schema, and goes with it. */
struct admission {
    const char *lock; /* of the pull request's schema */
    const char *run;
    const char *schema; /* where it is kept; not needed to bar */
};

struct lease_ops {
    /* Gives the connection a name: printable ASCII, as long as the dialect's names at most. */
    int (*name)(struct warehouse *a, const char *name, struct err *err);
    int (*holder)(void *ctx, struct warehouse *a, const char *lock, struct lease_holder *out,
                  bool *found, struct err *err);

    /* Does the server list the lock as this connection's? Some give what they do not keep. */
    int (*holds)(struct warehouse *a, const char *lock, bool *holds, struct err *err);

    /* From now on the connection hears who wants the lock .. */
    int (*listen)(struct warehouse *a, const char *lock, struct err *err);
    /* .. while nothing is under way on it: this descriptor then becomes readable .. */
    int (*fd)(struct warehouse *a);
    /* .. and what was said, without waiting: *text belongs to ctx, NULL: nothing. -1: the
     * connection is lost. */
    int (*heard)(void *ctx, struct warehouse *a, char **text, struct err *err);
    /* A round trip: after it all is there that was said before. */
    int (*hear)(struct warehouse *a, struct err *err);

    /* Says something to whoever listens to the lock. */
    int (*ask)(struct warehouse *a, const char *lock, const char *text, struct err *err);
    /* Stops what the holder and the helpers of its run, named cloneci:<run>:.., have under way ..
     */
    int (*cancel)(struct warehouse *a, const struct lease_holder *holder, const char *run,
                  struct err *err);
    /* .. or ends their connections. */
    int (*end)(struct warehouse *a, const struct lease_holder *holder, const char *run,
               struct err *err);
    /* Ends the connections named cloneci:<run>:<label>: those of this run (`own`), or those of all
     * others; adds the run of each that was ended to *runs. */
    int (*end_named)(void *ctx, struct warehouse *a, const char *run, const char *label, bool own,
                     struct strlist *runs, struct err *err);

    /* Lets the connections of a build step in that have *entry ("K=V", belongs to ctx) in their
     * environment; the schema is there. No transaction is open before and after .. */
    int (*admit)(void *ctx, struct warehouse *a, const struct admission *what, char **entry,
                 struct err *err);
    /* .. is this connection, which was opened with the entry, one of them? .. */
    int (*admitted)(struct warehouse *a, const struct admission *what, bool *yes, struct err *err);
    /* .. and from now on the server refuses new ones, of this run (`own`), or of all others. What
     * is connected already stays so (end_named). */
    int (*bar)(struct warehouse *a, const struct admission *what, bool own, struct err *err);

    /* Both are connections to the same server: does something between hand out one server session
     * to both? Then locks do not hold. `other` has a transaction open afterwards: close it. */
    int (*is_shared)(struct warehouse *a, struct warehouse *other, bool *shared, struct err *err);
};

#endif
