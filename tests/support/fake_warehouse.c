/* The fake's operations. */
#include "fake_internal.h"

#include <string.h>
#include <strings.h>

enum { LOCKS_MOST = 32 };

struct lock {
    const char *name;
    const struct warehouse *of;
};
static struct lock locks[LOCKS_MOST];

struct warehouse {
    bool shielded;
};

static int
check_sources(void *ctx, const struct run_options *o, struct run_stop *stop, struct err *err)
{
    for (size_t i = 0; i < o->n_sources; i++) {
        struct relation_info now;
        if (fake_ops.describe(ctx, NULL, &o->sources[i]->relation, 1, &now, err))
            return -1;
        if (relation_is_kept(o->sources[i], &now))
            continue;
        stop->source = i;
        fail(err, ERR_WAREHOUSE, "%s was rebuilt", o->sources[i]->relation.name);
        err->cause = CAUSE_CHANGED;
        return -1;
    }
    return 0;
}

static int
run_one(struct warehouse *a, const struct script *script, size_t at,
        const struct run_options *options, struct run_stop *stop, struct err *err)
{
    const struct fake_store before = fake_store;
    for (size_t i = 0; i < script->statements.n; i++) {
        double start = clock_ms();
        if ((!a->shielded && interrupt_check(err)) || fake_perform(script->statements.v[i], err)) {
            stop->script = at;
            stop->statement = i;
            if (script->in_transaction)
                fake_store = before;
            return -1;
        }
        if (options->on_done)
            options->on_done(options->arg, at, i, clock_ms() - start);
    }
    return 0;
}

static int
fake_run(struct warehouse *a, const struct script *scripts, size_t n,
         const struct run_options *options, struct run_stop *stop, struct err *err)
{
    *stop = (struct run_stop){RUN_NOWHERE, RUN_NOWHERE, RUN_NOWHERE};
    if (check_sources(a, options, stop, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (run_one(a, &scripts[i], i, options, stop, err))
            return -1;
    return 0;
}

/* --- connections --- */

static int
release_all(struct warehouse *a)
{
    for (size_t i = 0; i < LOCKS_MOST; i++)
        if (locks[i].of == a)
            locks[i] = (struct lock){0};
    return 0;
}

static int
fake_open(void *ctx, struct warehouse **out, const char *(*get)(void *arg, const char *key),
          void *arg, struct err *err)
{
    const char *host = get(arg, "host");
    if (host && strcmp(host, "nowhere") == 0) {
        fail(err, ERR_WAREHOUSE, "cannot connect to %s", host);
        err->cause = CAUSE_LOST;
        return hint(err, "Check host of the profile.");
    }
    *out = mem_new(ctx, struct warehouse);
    talloc_set_destructor(*out, release_all);
    return 0;
}

static void
fake_close(struct warehouse *a)
{
    talloc_free(a);
}

static void
fake_shield(struct warehouse *a, bool on)
{
    a->shielded = on;
}

static int
fake_server(void *ctx, struct warehouse *a, struct server_info *out, struct err *err)
{
    (void)ctx;
    (void)a;
    (void)err;
    *out = (struct server_info){.version = "1.0",
                                .version_num = 10000,
                                .role = "tester",
                                .database = "shop",
                                .can_create_namespace = true};
    return 0;
}

/* --- looking --- */

static const char *
near_of(const struct relation *at)
{
    for (size_t i = 0; i < fake_store.n_relations; i++) {
        const struct relation *r = &fake_store.relations[i].at;
        const struct place_name place = {r->database, r->schema};
        if (place_same(&fake_dialect, at->database, at->schema, &place) &&
            strcasecmp(r->name, at->name) == 0)
            return r->name;
    }
    return NULL;
}

static int
fake_describe(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
              struct relation_info *out, struct err *err)
{
    (void)a;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const struct relation *at = &relations[i];
        const struct place_name place = {at->database, at->schema};
        bool elsewhere = at->database && !(fake_dialect.caps & CAP_CATALOGS) &&
                         strcmp(at->database, "shop") != 0;
        const struct fake_place *p = elsewhere ? NULL : fake_find_place(&place);
        const struct fake_relation *r = elsewhere ? NULL : fake_find(at);
        out[i] = (struct relation_info){.relation = *at,
                                        .rows = -1,
                                        .bytes = -1,
                                        .no_schema = !p,
                                        .can_create = p && !p->foreign,
                                        .can_use_schema = p && (!r || !r->hidden)};
        if (!r) {
            out[i].near = elsewhere ? NULL : near_of(at);
            continue;
        }
        out[i].kind = r->kind;
        out[i].identity = mem_printf(ctx, "%llu", (unsigned long long)r->identity);
        out[i].storage = mem_printf(ctx, "%llu", (unsigned long long)r->storage);
        out[i].bytes = r->bytes;
        out[i].rows = r->rows;
        out[i].index_bytes = r->index_bytes;
        out[i].owner = r->owner ? r->owner : "owner";
        out[i].can_select = !r->unreadable && !r->hidden;
        out[i].can_write = out[i].can_refer = r->writable;
        out[i].row_security = r->filtered;
    }
    return 0;
}

static int64_t
relations_in(const struct place_name *place)
{
    int64_t n = 0;
    for (size_t i = 0; i < fake_store.n_relations; i++) {
        const struct relation *at = &fake_store.relations[i].at;
        n += place_same(&fake_dialect, at->database, at->schema, place);
    }
    return n;
}

static int
fake_places(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
            struct place_info *out, struct err *err)
{
    (void)ctx;
    (void)a;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const struct fake_place *p = fake_find_place(&names[i]);
        out[i] = (struct place_info){.name = names[i], .exists = p != NULL};
        if (!p)
            continue;
        out[i].owned = !p->foreign;
        out[i].marker = p->marker;
        out[i].marker_own = p->marker && !p->stale;
        out[i].relations = relations_in(&names[i]);
    }
    return 0;
}

static int
fake_marked(void *ctx, struct warehouse *a, struct marked_place **out, size_t *n, struct err *err)
{
    (void)a;
    (void)err;
    *out = mem_array(ctx, struct marked_place, fake_store.n_places);
    *n = 0;
    for (size_t i = 0; i < fake_store.n_places; i++) {
        const struct fake_place *p = &fake_store.places[i];
        if (p->marker && strstr(p->marker, "\"cloneci\""))
            (*out)[(*n)++] = (struct marked_place){.name = p->name.schema,
                                                   .marker = p->marker,
                                                   .marker_own = !p->stale,
                                                   .owned = !p->foreign};
    }
    return 0;
}

static int
fake_receipt(void *ctx, struct warehouse *a, const struct place_list *schemas, struct strlist *out,
             struct err *err)
{
    (void)a;
    (void)err;
    for (size_t i = 0; i < fake_store.n_relations; i++) {
        const struct fake_relation *r = &fake_store.relations[i];
        bool listed = false;
        for (size_t k = 0; k < schemas->n; k++)
            listed =
                listed || place_same(&fake_dialect, r->at.database, r->at.schema, &schemas->v[k]);
        if (listed)
            strlist_add(ctx, out,
                        mem_printf(ctx, "%s %llu %llu", relation_key(ctx, &fake_dialect, &r->at),
                                   (unsigned long long)r->identity,
                                   (unsigned long long)r->storage));
    }
    strlist_sort(out);
    return 0;
}

/* --- locks --- */

static struct lock *
find_lock(const char *name)
{
    for (size_t i = 0; i < LOCKS_MOST; i++)
        if (locks[i].of && strcmp(locks[i].name, name) == 0)
            return &locks[i];
    return NULL;
}

static int
fake_lock_try(struct warehouse *a, const char *name, bool *got, struct err *err)
{
    (void)err;
    const struct lock *held = find_lock(name);
    *got = !held || held->of == a;
    for (size_t i = 0; !held && i < LOCKS_MOST; i++)
        if (!locks[i].of) {
            locks[i] = (struct lock){fake_keep(name), a};
            held = &locks[i];
        }
    return 0;
}

static int
fake_lock_wait(struct warehouse *a, const char *name, struct err *err)
{
    for (bool got = false;;) {
        if (fake_lock_try(a, name, &got, err) || got)
            return got ? 0 : -1;
        if (interrupt_wait(20, err))
            return -1;
    }
}

static int
fake_lock_release(struct warehouse *a, const char *name, struct err *err)
{
    struct lock *held = find_lock(name);
    (void)err;
    if (held && held->of == a)
        *held = (struct lock){0};
    return 0;
}

/* --- clones and drops --- */

static int
clone_one(void *ctx, const struct clone_request *q, struct clone_sql *out, struct err *err)
{
    const struct fake_relation *r = fake_find(&q->from);
    *out = (struct clone_sql){0};
    if (strlen(q->to.name) > FAKE_NAME_MAX)
        return fail(err, ERR_INPUT, "the name %s is too long", q->to.name);
    bool table = r && (r->kind == RELATION_TABLE || r->kind == RELATION_PARTITIONED);
    if (!r || (!table && q->strategy != CLONE_VIEW)) {
        out->refused = mem_printf(ctx, "%s.%s is no table", q->from.schema, q->from.name);
        return 0;
    }
    if (q->strategy == CLONE_VIEW) {
        strlist_add(ctx, &out->before, fake_sentence(ctx, "view", &q->to, &q->from, -1));
        return 0;
    }
    strlist_add(ctx, &out->before, fake_sentence(ctx, "table", &q->to, NULL, -1));
    if (q->strategy == CLONE_SHAPE || q->strategy == CLONE_LAZY)
        return 0;
    double percent = q->strategy == CLONE_SAMPLE ? q->percent : 100;
    strlist_add(ctx, &out->load, fake_sentence(ctx, "copy", &q->from, &q->to, percent));
    strlist_add(ctx, &out->parts, out->load.v[0]);
    return 0;
}

static int
fake_clone_sql(void *ctx, struct warehouse *a, const struct clone_request *requests, size_t n,
               struct clone_sql *out, struct err *err)
{
    (void)a;
    for (size_t i = 0; i < n; i++)
        if (clone_one(ctx, &requests[i], &out[i], err))
            return -1;
    return 0;
}

static bool
stands_in(const struct relation *at, const struct place_name *names, size_t n)
{
    bool in = false;
    for (size_t i = 0; at->name && i < n; i++)
        in = in || place_same(&fake_dialect, at->database, at->schema, &names[i]);
    return in;
}

/* What shows a relation of these places from elsewhere, but from `kin`. */
static int
fake_hanging(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
             const struct strlist *kin, struct strlist *out, struct err *err)
{
    (void)a;
    (void)err;
    for (size_t i = 0; i < fake_store.n_relations; i++) {
        const struct fake_relation *r = &fake_store.relations[i];
        if (stands_in(&r->of, names, n) && !stands_in(&r->at, names, n) &&
            !(kin && strlist_has(kin, r->at.schema)))
            strlist_add(ctx, out,
                        mem_printf(ctx, "%s.%s shows %s.%s", r->at.schema, r->at.name, r->of.schema,
                                   r->of.name));
    }
    return 0;
}

static int
fake_drop_places(struct warehouse *a, const struct place_name *names, size_t n,
                 const struct strlist *kin, struct err *err)
{
    struct strlist hanging = {0};
    size_t left = 0;
    void *tmp = talloc_new(NULL);
    int rc = fake_hanging(tmp, a, names, n, kin, &hanging, err);
    if (rc == 0 && hanging.n) {
        rc = fail(err, ERR_WAREHOUSE, "%s", hanging.v[0]);
        err->cause = CAUSE_IN_USE;
    }
    talloc_free(tmp);
    if (rc)
        return -1;
    for (size_t i = 0; i < fake_store.n_relations; i++)
        if (!stands_in(&fake_store.relations[i].at, names, n))
            fake_store.relations[left++] = fake_store.relations[i];
    fake_store.n_relations = left;
    left = 0;
    for (size_t i = 0; i < fake_store.n_places; i++) {
        const struct fake_place *p = &fake_store.places[i];
        if (!stands_in(&(struct relation){p->name.database, p->name.schema, ""}, names, n))
            fake_store.places[left++] = *p;
    }
    fake_store.n_places = left;
    return 0;
}

const struct warehouse_ops fake_ops = {
    .abi = WAREHOUSE_ABI,
    .name = "fake",
    .dialect = &fake_dialect,
    .open = fake_open,
    .close = fake_close,
    .server = fake_server,
    .describe = fake_describe,
    .places = fake_places,
    .marked = fake_marked,
    .lock_try = fake_lock_try,
    .lock_wait = fake_lock_wait,
    .lock_release = fake_lock_release,
    .receipt = fake_receipt,
    .clone_sql = fake_clone_sql,
    .shield = fake_shield,
    .run = fake_run,
    .hanging = fake_hanging,
    .drop_places = fake_drop_places,
};
