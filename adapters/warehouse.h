/*
 * warehouse: the door, a warehouse as the rooms see it, by subjects and not by statements. A
 * dialect is what is known of it without a connection; operations work on one connection; features
 * are subjects of their own, each with a header beside this one. Policy never lives here. What is
 * NULL is not on this warehouse.
 */
#ifndef WAREHOUSE_H
#define WAREHOUSE_H

#include "base.h"

#define WAREHOUSE_ABI 1

struct relation {
    const char *database, *schema, *name;
};

enum relation_kind {
    RELATION_MISSING,
    RELATION_TABLE,
    RELATION_PARTITIONED,
    RELATION_VIEW,
    RELATION_MATERIALIZED_VIEW,
    RELATION_FOREIGN,
    RELATION_OTHER,
};
const char *relation_kind_name(enum relation_kind kind);

struct relation_info {
    struct relation relation;
    enum relation_kind kind;
    /* Opaque texts, to be compared alone. `identity`: which relation it is; the same while rows are
     * written to it, another one once it is recreated under its name; NULL: missing. `storage`:
     * another one once it is emptied or rewritten; NULL where that cannot be known. */
    const char *identity, *storage;
    int64_t bytes, rows; /* rows as the planner estimates; -1 unknown */
    int64_t index_bytes; /* of its indexes; 0 where it can have none */
    const char *owner;
    bool can_select;     /* our role may read every column */
    bool can_write;      /* our role may insert, update, delete, truncate, or owns it */
    bool can_refer;      /* our role may make foreign keys to it */
    bool row_security;   /* policies would filter what our role reads */
    bool no_schema;      /* there is no such schema */
    bool can_create;     /* our role may make relations in its schema */
    bool can_use_schema; /* USAGE on its schema; the other fields are unknown without */
    const char *near;    /* a relation there whose name differs only by case, or NULL */
};

/* A schema, wherever relations stand. Without CAP_CATALOGS the database says nothing. */
struct place_name {
    const char *database, *schema;
};

struct place_list {
    struct place_name *v;
    size_t n;
};

struct place_info {
    struct place_name name;
    bool exists, owned; /* owned by our role */
    const char *marker; /* its comment, or NULL */
    bool marker_own;    /* the marker was put on this very one, not on a former one of that name */
    int64_t relations;  /* how many stand in it */
};

/* A schema, or a whole database, whose comment looks like a marker of cloneci's; whether it is one,
 * and whose, is for the reader to say. */
struct marked_place {
    bool database;
    const char *name, *marker;
    bool marker_own; /* as place_info */
    bool owned;      /* by our role itself */
};

struct disk_info {
    int64_t available; /* bytes free where it lies, or -1: mostly only a local server's are known */
};

struct server_info {
    const char *version; /* "15.18" */
    int version_num;     /* 150018 */
    const char *role;    /* current_user */
    const char *database;
    int64_t seconds;                              /* its clock, since 1970 UTC; 0: not known */
    bool superuser, can_create_namespace, pooled; /* pooled: a transaction pooler is between */
};

/* How a clone is to be made; what the dialect can do is in its capability bits. */
enum clone_strategy { CLONE_COPY, CLONE_LAZY, CLONE_WINDOW, CLONE_SAMPLE, CLONE_SHAPE, CLONE_VIEW };
const char *clone_strategy_name(enum clone_strategy strategy);

struct clone_request {
    struct relation from, to;
    enum clone_strategy strategy;
    bool logged;          /* copy: a WAL-logged table instead of UNLOGGED */
    bool keep_partitions; /* of a partitioned source, instead of one plain table */
    bool with_keys;       /* foreign keys come along, see clone_key; else they are left out */
    bool validate_keys;   /* .. as valid as the source's are; else they hold for new rows alone */
    const char *column; /* window: by which; sample: whose newest rows always come along, or NULL */
    double seconds;     /* window: back from the newest row */
    double percent;     /* sample */
    /* lazy: the columns by which rows are brought in later, and those whose greatest value must be
     * there from the start. */
    struct strlist keys, cursors;
};

/* A foreign key of a relation, or to it, which ties its clone to another clone, or to a table of
 * the keys that production has at the other end; never to production. */
struct clone_key {
    const char *name;
    struct relation other;   /* production's, at the other end */
    const char *identity;    /* its, as relation_info */
    int64_t bytes;           /* its size */
    bool incoming;           /* it refers to the clone */
    bool acts;               /* it changes or deletes the rows that refer, and does not refuse */
    size_t clone;            /* the request that clones `other`; CLONE_NOT: none */
    struct clone_sql *table; /* of `other`'s keys, where no request clones it; else NULL */
    const char *link;        /* the statement that makes the key, when all rows are there */
    const char *refused;     /* why it cannot be had, or NULL */
};
#define CLONE_NOT SIZE_MAX

/* The statements of one clone, rendered, in order. `before` makes the empty relation, `load` fills
 * it, `after` adds what is cheaper afterwards (indexes, constraints, statistics). */
struct clone_sql {
    struct strlist before, load, after;
    struct strlist parts; /* `load` as it is sent where several connections load it in parts */
    /* What is not of the statements but must be reported: objects of production that the clone
     * would depend on (types, functions), parts of the source that are not taken over, each with
     * the reason. */
    struct strlist depends_on_production, left_out;
    const char *refused;          /* why there is no clone (then no statements either), or NULL */
    struct clone_source *sources; /* what the adapter must know of them for its `load` */
    size_t n_sources;
    struct clone_key *keys; /* where the request is with_keys; the caller chooses among them */
    size_t n_keys;
};

/* One relation to be loaded by several connections: made (`before`), committed, empty. */
enum load_state { LOAD_PENDING, LOAD_DONE, LOAD_STALE, LOAD_FAILED };
struct load_item {
    struct relation from;
    const char *identity; /* of `from`, as described before the call */
    const struct clone_sql *sql;
    /* filled: */
    /* stale: the source was rebuilt, rewritten or dropped meanwhile; recreate it. failed: the
     * error is about it. */
    enum load_state state;
    size_t parts;      /* in how many transactions it was loaded */
    double ms;         /* from its first statement to its last, `after` included */
    double longest_ms; /* that one part held its lock on the source */
    size_t cut_short;  /* parts that took too long, were undone and read again in two */
};
struct load_options {
    double lock_ms;      /* lock_timeout of each part */
    double statement_ms; /* statement_timeout; 0: none */
    /* how long a part should take; 0: 60 ms. None holds its lock for three times that. */
    double part_ms;
    /* May be NULL; `total` is what the source has now. */
    void (*on_progress)(void *arg, size_t item, int64_t bytes, int64_t total);
    void (*on_done)(void *arg, size_t item); /* may be NULL; its `after` is done as well */
    void *arg;
};

/* Do both name the same thing? NULL names nothing. */
struct dialect;
bool place_same(const struct dialect *d, const char *database, const char *schema,
                const struct place_name *other);
bool place_list_same(const struct place_list *a, const struct place_list *b);
bool relation_same(const struct dialect *d, const struct relation *a, const struct relation *b);
/* A text that is equal for the same thing, for maps. */
char *place_key(void *ctx, const struct dialect *d, const char *database, const char *schema);
char *relation_key(void *ctx, const struct dialect *d, const struct relation *relation);

/* Are both the same relation, of which the second is still there? */
bool relation_is_same(const struct relation_info *before, const struct relation_info *after);
/* .. and neither emptied nor rewritten in between. */
bool relation_is_kept(const struct relation_info *before, const struct relation_info *after);

/* Statements that belong together, in order, as `plan` prints them and `run` sends them. */
struct script {
    struct strlist statements;
    bool in_transaction; /* all or nothing, where CAP_TXN_DDL says that it can be */
};
struct run_options {
    double lock_ms,
        statement_ms; /* how long to wait for a lock, and for a statement; 0: no limit */
    /* What one script in a transaction reads: locked as readers lock before anything is sent, and
     * looked at; all is read from one snapshot. */
    const struct relation_info *const *sources;
    size_t n_sources;
    void (*on_done)(void *arg, size_t script, size_t statement, double ms); /* may be NULL */
    void *arg;
};
/* Where `run` stopped; RUN_NOWHERE: at none of these. */
#define RUN_NOWHERE SIZE_MAX
struct run_stop {
    size_t script, statement, source;
};

/* A schema that a run fills beside what is there, and puts in its place when it is whole. */
struct new_place {
    const char *database;
    /* aside: while it is filled; old: what is replaced, meanwhile. Both NULL without
     * CAP_ATOMIC_PUBLISH: it is filled under its name. */
    const char *name, *aside, *old;
    bool replaces;                /* something is there */
    const char *building, *ready; /* its markers */
    const char *grants; /* JSON {privilege: [role ..]} for all that will be made there, or NULL */
};

/* How a user's SQL is to be read, without parsing it. */
enum name_fold { FOLD_NONE, FOLD_LOWER, FOLD_UPPER };
enum text_escapes { ESCAPES_NONE, ESCAPES_E, ESCAPES_ALL };
struct lexis {
    enum name_fold fold;     /* what becomes of a name without quotes */
    const char *name_quotes; /* each opens a quoted name, and closes it; doubled it is itself */
    const char *text_quotes; /* likewise a text */
    enum text_escapes
        escapes;            /* does a backslash escape in texts? ESCAPES_E: in those behind an E */
    bool dollar_texts;      /* $$text$$, $tag$text$tag$ */
    bool nested_comments;   /* one comment in brackets may hold another */
    const char *name_signs; /* besides letters, digits and _, but not first in a name */
};

/* What dbt's adapter for a warehouse is like. */
struct dbt_facts {
    /* Whose macros it takes, in the order in which dbt looks for them: "postgres" stands for the
     * package dbt_postgres and for names that begin with postgres__. Ends with NULL; NULL: its own
     * alone. */
    const char *const *types;
    /* The kinds of constraints that it enforces, so that losing one breaks a contract. Ends with
     * NULL; NULL: all. */
    const char *const *enforced;
    bool no_custom; /* dbt fails where a constraint of the kind "custom" is lost */
};
/* By the profile's type, which a manifest has as adapter_type; for any. */
const struct dbt_facts *dbt_facts(const char *type);
/* Is the package dbt's own, or its adapter's? */
bool dbt_owns_package(const char *type, const char *package);

/* What a warehouse can do. Who lacks it falls back to something else, which the plan reports. */
enum {
    CAP_CATALOGS = 1, /* one connection reaches relations of several databases */
    CAP_ATOMIC_PUBLISH =
        2, /* a schema is made under a temporary name and renamed into its place at once */
    CAP_ONE_SNAPSHOT = 4, /* all clones can be made of the same moment */
    CAP_SHORT_LOCKS = 8,  /* a table is copied in parts, none of which holds a lock for long */
    CAP_ZERO_COPY = 16,   /* a copy shares its source's storage: no time, no room */
};

/* A warehouse's language, as far as it is known without a connection. */
struct dialect {
    const char *name;    /* folder under sql/ */
    const char *product; /* as messages call it: "PostgreSQL" */
    unsigned name_max;   /* bytes of an identifier */
    unsigned caps;       /* CAP_ bits */
    /* Schemas of the warehouse's own, and how such names begin. End with NULL. */
    const char *const *reserved, *const *reserved_prefixes;
    struct lexis lexis;
    /* A name as SQL has it, quoted whatever it is; nothing is checked. */
    char *(*quote)(void *ctx, const char *name);
    /* A relation likewise, with as much of its place as the warehouse's SQL needs. */
    char *(*qualify)(void *ctx, const struct relation *relation);
    /* A sentence: how an administrator lets our role read the relation, or all of its schema. */
    char *(*grant_hint)(void *ctx, const struct relation *relation, bool schema);
    /* What an exception of the driver that dbt uses means, by its class, such as
     * "psycopg2.errors.InsufficientPrivilege". CAUSE_NONE: it says nothing of the cause. */
    enum err_cause (*exception_cause)(const char *name);
    /* The privileges on tables that can be granted, in lower case; ends with NULL. */
    const char *const *privileges;
    /* Adds the statements that make a place to be filled .. */
    int (*prepare)(void *ctx, const struct new_place *place, struct strlist *out, struct err *err);
    /* .. and those that put it in place. Those of several places may be one transaction. */
    int (*publish)(void *ctx, const struct new_place *place, struct strlist *out, struct err *err);
};

struct warehouse; /* an open connection */

struct warehouse_ops {
    int abi;
    const char *name; /* the profile's `type` */
    const struct dialect *dialect;
    /* The profile's key for the name of a connection (application_name), and the environment
     * variable for programs that do not read the profile; NULL: there is none. */
    const char *name_key, *name_variable;

    /* `key` is a field of the profile's output (host, user, password ..), NULL if absent. */
    int (*open)(void *ctx, struct warehouse **out, const char *(*get)(void *arg, const char *key),
                void *arg, struct err *err);
    void (*close)(struct warehouse *a);
    /* How long what reads the catalog (describe, places, clone_sql, compare) waits
     * for a lock, unless the session has a limit: 10 s where it is not said, 0: as long as it
     * takes. Optional. */
    void (*read_limit)(struct warehouse *a, double lock_ms);
    /* From now on no name in what is sent is looked up in a schema that others can write: for a
     * session that has the rights of production's owner. Optional. */
    int (*pin_names)(struct warehouse *a, struct err *err);
    int (*server)(void *ctx, struct warehouse *a, struct server_info *out, struct err *err);
    /* One query for all. out[i] belongs to relations[i]. */
    int (*describe)(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
                    struct relation_info *out, struct err *err);
    int (*places)(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
                  struct place_info *out, struct err *err);
    /* Schemas first, each kind by name. */
    int (*marked)(void *ctx, struct warehouse *a, struct marked_place **out, size_t *n,
                  struct err *err);
    /* Locks by name, of the connection, until it ends: *got is false where another one has it. */
    int (*lock_try)(struct warehouse *a, const char *name, bool *got, struct err *err);
    int (*lock_wait)(struct warehouse *a, const char *name, struct err *err);
    int (*lock_release)(struct warehouse *a, const char *name, struct err *err);
    /* What shows that schemas were left alone: a line for each thing in them. Two equal receipts:
     * nothing was made, dropped, rewritten, granted or drawn in between. */
    int (*receipt)(void *ctx, struct warehouse *a, const struct place_list *schemas,
                   struct strlist *out, struct err *err);
    /* Renders the clones of relations that exist, reading the catalog in one query. */
    int (*clone_sql)(void *ctx, struct warehouse *a, const struct clone_request *requests, size_t n,
                     struct clone_sql *out, struct err *err);
    /* Would the server take this one statement of our role? It is parsed and planned, and not run;
     * ERR_WAREHOUSE with a cause, and for CAUSE_DENIED what to grant as its hint. Optional. */
    int (*explain)(void *ctx, struct warehouse *a, const char *sql, struct err *err);
    /* While on, an interrupt that came before no longer stops statements: for undoing after one. */
    void (*shield)(struct warehouse *a, bool on);
    /* Sends scripts in order, in as few round trips as it can. The first statement that fails ends
     * it; what its transaction did is undone, after an interrupt as well. CAUSE_CHANGED: a source
     * is another one by now. No transaction is open before and after. */
    int (*run)(struct warehouse *a, const struct script *scripts, size_t n,
               const struct run_options *options, struct run_stop *stop, struct err *err);
    /* What elsewhere hangs on what is in schemas, a line each, and so keeps them from being
     * dropped. What hangs on it in `kin` (NULL: none), other schemas of the same owner, does not.
     */
    int (*hanging)(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
                   const struct strlist *kin, struct strlist *out, struct err *err);
    /* Drops schemas and what is in them, in transactions of a size that the server can take, never
     * by CASCADE; of `kin`, the views that read them. Where something hangs on them nothing is
     * dropped, and that is the error (CAUSE_IN_USE). A schema that is missing is fine. The caller
     * has made sure that they may be dropped, and has no transaction open. */
    int (*drop_places)(struct warehouse *a, const struct place_name *names, size_t n,
                       const struct strlist *kin, struct err *err);
    /* How long drop_places waits for a lock: 30 s where it is not said. Optional. */
    void (*drop_limit)(struct warehouse *a, double lock_ms);
    /* Loads and finishes (`after`) many clones over several connections, largest first, from one
     * snapshot that `a` exports, in parts short enough that nobody waits long for the lock on a
     * source. All connections are idle before and after; there is at least one worker. An error or
     * an interrupt ends all of it; what was loaded by then stays. */
    int (*load)(struct warehouse *a, struct warehouse *const *workers, size_t n_workers,
                struct load_item *items, size_t n_items, const struct load_options *options,
                struct err *err);
    /* The greatest value of a column as text; *out is NULL where there is none. Optional. */
    int (*greatest)(void *ctx, struct warehouse *a, const struct relation *relation,
                    const char *column, char **out, struct err *err);
    /* Has each relation no rows, and could a crash of the server be why? Rows are not read.
     * Optional: where nothing loses its rows in a crash. */
    int (*empty)(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
                 bool *out, struct err *err);
    int (*disk)(void *ctx, struct warehouse *a, struct disk_info *out, struct err *err);

    /* Features, each with a header of its own; NULL: not on this warehouse. */
    const struct compare_ops *compare;
    const struct lazy_ops *lazy;
    const struct doctor_ops *doctor;
    const struct lease_ops *lease;
    const struct promote_ops *promote;
    const struct database_ops *database;
    const struct sandbox_ops *sandbox;
    const struct attached_ops *attached;
};

/* By the profile's type; NULL if there is none. */
const struct warehouse_ops *warehouse_find(const char *type);
const char *const *warehouse_names(size_t *n);

/* The SQL files of all dialects, for people to read. Returns false past the end. */
bool sql_file(size_t i, const char **dialect, const char **stem, const char **text);

#endif
