/* postgres: the adapter for PostgreSQL 15, over libpq. Private to its folder. */
#ifndef POSTGRES_H
#define POSTGRES_H

#include "adapters/registry.h"
#include "adapters/sqlkit/sqlkit.h"

#include <libpq-fe.h>

struct warehouse {
    PGconn *conn;
    const char *where;    /* "host:port" or the socket's folder: for messages */
    const char *role;     /* of the profile's user or role: for hints; may be NULL */
    const char *database; /* may be NULL before the connection is open */
    int signals_ignored;  /* signals that had come when the shield was raised; see pg_shield */
    double read_lock_ms;  /* how long reads wait for a lock */
    double drop_lock_ms;  /* .. and drops; 0: the default */
    bool broken;          /* gave up draining: nothing more is sent */
    char sqlstate[6];     /* of the last statement that failed */
};

/* What one statement of a clone's `load` reads: a table, a partition, or a partitioned table whose
 * partitions cannot be read by themselves (then it has no storage). */
struct clone_source {
    struct relation from;
    const char *identity, *storage; /* when the statements were rendered */
    uint64_t blocks;                /* likewise */
    int64_t block_size;             /* bytes */
    /* the statement for the blocks from $1 to $2; NULL: it can only be read whole */
    const char *range;
};

/* connect.c */
int pg_open(void *ctx, struct warehouse **out, const char *(*get)(void *arg, const char *key),
            void *arg, struct err *err) BASE_CHECKED;
void pg_close(struct warehouse *a);
int pg_pin_names(struct warehouse *a, struct err *err) BASE_CHECKED;
/* "-c name=value" for libpq's `options`: blanks and backslashes are escaped by a backslash. */
char *pg_option(void *ctx, const char *name, const char *value);

/* How often a wait behind the shield looks whether one more signal came. */
#define SHIELDED_POLL_MS 250

/* run.c: takes statements to the server and waits for socket or interrupt */
int pg_wait_socket(struct warehouse *a, short events, int timeout_ms, struct err *err) BASE_CHECKED;
void pg_shield(struct warehouse *a, bool on);
int pg_interrupted(const struct warehouse *a, struct err *err) BASE_CHECKED; /* ERR_SIGNAL, or 0 */
/* on_result may be NULL; it sees the results of statements that returned rows or commands. Its -1
 * ends the run after draining. More than one statement go as one pipeline with one sync at its end.
 */
typedef int (*pg_on_result)(void *arg, size_t index, const PGresult *result, struct err *err);
/* PG_PREPARE and PG_DESCRIBE are for pipelines: the latter reports what the former has parsed. */
enum pg_way { PG_RUN, PG_PREPARE, PG_DESCRIBE };
struct pg_statement {
    const char *sql;
    enum pg_way way;
    int n_params;
    const char *params[2];
};
/* Statements under way on one connection; see pg_start, pg_step, pg_stop. */
struct pg_run {
    size_t index; /* the statement whose results come now */
    bool pipeline;
    bool done;   /* nothing more will come */
    bool failed; /* `err` says why, failed_at which statement */
    size_t failed_at;
    struct err err;
    pg_on_result on_result;
    void *arg;
};
int pg_start(struct warehouse *a, struct pg_run *run, const struct pg_statement *statements,
             size_t n, pg_on_result on_result, void *arg, struct err *err) BASE_CHECKED;
bool pg_step(struct warehouse *a, struct pg_run *run, bool *writing);
/* Cancels what is under way and reads it to its end. */
void pg_stop(struct warehouse *a, struct pg_run *run);
/* From start to end. */
int pg_run_statements(struct warehouse *a, const struct pg_statement *statements, size_t n,
                      size_t *failed, pg_on_result on_result, void *arg,
                      struct err *err) BASE_CHECKED;
int pg_run(struct warehouse *a, const char *const *sql, size_t n, size_t *failed,
           pg_on_result on_result, void *arg, struct err *err) BASE_CHECKED;
int pg_exec(struct warehouse *a, const char *sql, struct err *err) BASE_CHECKED;
int pg_exec_all(struct warehouse *a, const char *const *sql, size_t n, size_t *failed,
                void (*on_done)(void *arg, size_t index, double ms), void *arg,
                struct err *err) BASE_CHECKED;
/* cause.c */
int pg_explain(void *ctx, struct warehouse *a, const char *sql, struct err *err) BASE_CHECKED;
enum err_cause pg_exception_cause(const char *name);
int pg_query(void *ctx, struct warehouse *a, const char *sql, struct strlist *out,
             struct err *err) BASE_CHECKED;

/* What comes while nothing is under way. */
int pg_socket(struct warehouse *a);
/* *by: the process that says it. */
int pg_heard(void *ctx, struct warehouse *a, char **text, int *by, struct err *err) BASE_CHECKED;

/* error.c: a libpq error as ours: the server's message, its SQLSTATE, and what to do */
int pg_fail_result(struct warehouse *a, const PGresult *result, struct err *err);
int pg_fail_lost(struct warehouse *a, struct err *err);
int pg_fail_connect(const struct warehouse *a, struct err *err);

/* catalog.c: a result's cell by its column's name; NULL or `unknown` where it is null */
const char *pg_text_of(const PGresult *r, int row, const char *column);
const char *pg_dup_of(void *ctx, const PGresult *r, int row, const char *column);
bool pg_bool_of(const PGresult *r, int row, const char *column);
int64_t pg_int_of(const PGresult *r, int row, const char *column, int64_t unknown);
/* Renders a template and sends it as it is, within the transaction that is open or none; pg_ask
 * adds the rows of a query of one column to out. */
int pg_send(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
            size_t n_vars, struct err *err) BASE_CHECKED;
int pg_ask(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
           size_t n_vars, struct strlist *out, struct err *err) BASE_CHECKED;

/* catalog.c: what is there; reads in a read-only transaction under an empty search_path */
/* ERR_REFUSED, by its name: a product that speaks PostgreSQL's protocol and is another one. */
int pg_refuse_relative(struct warehouse *a, struct err *err);
int pg_read(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
            size_t n_vars, pg_on_result on_result, void *arg, struct err *err) BASE_CHECKED;
/* The same for a template that lists many things itself: see read_settings_many.sql. */
int pg_read_many(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
                 size_t n_vars, pg_on_result on_result, void *arg, struct err *err) BASE_CHECKED;
void pg_read_limit(struct warehouse *a, double lock_ms);
/* As lock_timeout takes it; belongs to ctx. */
char *pg_read_limit_text(void *ctx, const struct warehouse *a);
/* {"database", "schema", "name"}, for a template's JSON variable */
cJSON *pg_relation_json(const struct relation *relation);
/* Ends a transaction that failed or was interrupted; the error that led here is kept. */
void pg_abandon(struct warehouse *a);
int pg_server(void *ctx, struct warehouse *a, struct server_info *out,
              struct err *err) BASE_CHECKED;
int pg_describe(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
                struct relation_info *out, struct err *err) BASE_CHECKED;
int pg_places(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
              struct place_info *out, struct err *err) BASE_CHECKED;

int pg_read_cells(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
                  size_t n_vars, struct strlist *out, struct err *err) BASE_CHECKED;
int pg_greatest(void *ctx, struct warehouse *a, const struct relation *relation, const char *column,
                char **out, struct err *err) BASE_CHECKED;
int pg_empty(void *ctx, struct warehouse *a, const struct relation *relations, size_t n, bool *out,
             struct err *err) BASE_CHECKED;
int pg_disk(void *ctx, struct warehouse *a, struct disk_info *out, struct err *err) BASE_CHECKED;

/* compare.c, columns.c */
extern const struct compare_ops pg_compare_ops;
struct column_pair;
int pg_columns(void *ctx, struct warehouse *a, const struct relation *table, const char *sql,
               struct column_pair **out, size_t *n, struct err *err) BASE_CHECKED;

/* place.c */
bool pg_marker_is_own(const char *marker, int64_t oid);
int pg_marked(void *ctx, struct warehouse *a, struct marked_place **out, size_t *n,
              struct err *err) BASE_CHECKED;
int pg_lock_try(struct warehouse *a, const char *name, bool *got, struct err *err) BASE_CHECKED;
int pg_lock_wait(struct warehouse *a, const char *name, struct err *err) BASE_CHECKED;
int pg_lock_release(struct warehouse *a, const char *name, struct err *err) BASE_CHECKED;

/* drop.c */
/* place.c: the key of a lock by name: the first 64 bits of its SHA-256, as a signed number */
char *pg_lock_key(void *ctx, const char *name);
/* .. names as a JSON array, for templates */
char *pg_names_json(void *ctx, const char *const *names, size_t n);
char *pg_places_json(void *ctx, const struct place_name *places, size_t n);
int pg_receipt(void *ctx, struct warehouse *a, const struct place_list *schemas,
               struct strlist *out, struct err *err) BASE_CHECKED;

int pg_hanging(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
               const struct strlist *kin, struct strlist *out, struct err *err) BASE_CHECKED;
void pg_drop_limit(struct warehouse *a, double lock_ms);
int pg_drop_places(struct warehouse *a, const struct place_name *names, size_t n,
                   const struct strlist *kin, struct err *err) BASE_CHECKED;

/* script.c */
int pg_run_scripts(struct warehouse *a, const struct script *scripts, size_t n,
                   const struct run_options *options, struct run_stop *stop,
                   struct err *err) BASE_CHECKED;

/* publish.c: the statements of places */
int pg_prepare(void *ctx, const struct new_place *place, struct strlist *out,
               struct err *err) BASE_CHECKED;
int pg_publish(void *ctx, const struct new_place *place, struct strlist *out,
               struct err *err) BASE_CHECKED;

/* load.c */
int pg_load(struct warehouse *a, struct warehouse *const *workers, size_t n_workers,
            struct load_item *items, size_t n_items, const struct load_options *options,
            struct err *err) BASE_CHECKED;

/* clone.c */
int pg_clone_sql(void *ctx, struct warehouse *a, const struct clone_request *requests, size_t n,
                 struct clone_sql *out, struct err *err) BASE_CHECKED;

/* lazy.c */
extern const struct lazy_ops pg_lazy_ops;

/* doctor.c */
extern const struct doctor_ops pg_doctor_ops;

/* admission.c */
struct admission;
int pg_admit(void *ctx, struct warehouse *a, const struct admission *what, char **entry,
             struct err *err) BASE_CHECKED;
int pg_admitted(struct warehouse *a, const struct admission *what, bool *yes,
                struct err *err) BASE_CHECKED;
int pg_bar(struct warehouse *a, const struct admission *what, bool own,
           struct err *err) BASE_CHECKED;

/* lease.c, promote/, database.c, sandbox.c, attached.c */
extern const struct lease_ops pg_lease_ops;
extern const struct promote_ops pg_promote_ops;
extern const struct database_ops pg_database_ops;
extern const struct sandbox_ops pg_sandbox_ops;
extern const struct attached_ops pg_attached_ops;

#endif
