#include "postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* dbt's keys of a profile, and what libpq calls them. Where both of a pair are given the first
 * wins. */
static const struct {
    const char *key, *keyword;
} profile_keys[] = {
    {"host", "host"},
    {"port", "port"},
    {"user", "user"},
    {"password", "password"},
    {"pass", "password"},
    {"dbname", "dbname"},
    {"database", "dbname"},
    {"sslmode", "sslmode"},
    {"sslcert", "sslcert"},
    {"sslkey", "sslkey"},
    {"sslrootcert", "sslrootcert"},
    {"application_name", "application_name"},
    {"keepalives_idle", "keepalives_idle"},
    {"connect_timeout", "connect_timeout"},
};

/* What holds unless the profile, PGSERVICE or the environment say otherwise. */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"client_encoding", "UTF8"},   {"fallback_application_name", "cloneci"},
    {"keepalives", "1"},           {"keepalives_idle", "30"},
    {"keepalives_interval", "10"}, {"keepalives_count", "3"},
    {"tcp_user_timeout", "60000"},
};

#define CONNECT_TIMEOUT_S 10
#define READ_LOCK_MS 10000
#define PARAMS_MAX (BASE_COUNT(profile_keys) + BASE_COUNT(defaults) + 4)

struct params {
    const char *keywords[PARAMS_MAX], *values[PARAMS_MAX];
    size_t n;
};

static void
params_add(struct params *p, const char *keyword, const char *value)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->keywords[i], keyword) == 0)
            return;
    p->keywords[p->n] = keyword;
    p->values[p->n++] = value;
}

static const char *
params_get(const struct params *p, const char *keyword)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->keywords[i], keyword) == 0)
            return p->values[i];
    return NULL;
}

char *
pg_option(void *ctx, const char *name, const char *value)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_printf(&b, "-c %s=", name);
    for (const char *p = value; *p; p++) {
        if (strchr(" \t\n\\", *p))
            buf_putc(&b, '\\');
        buf_putc(&b, *p);
    }
    return b.s;
}

static void
params_fill(void *ctx, struct params *p, const char *(*get)(void *arg, const char *key), void *arg)
{
    for (size_t i = 0; i < BASE_COUNT(profile_keys); i++) {
        const char *value = get(arg, profile_keys[i].key);
        /* dbt's own default of keepalives_idle is 0: the system's */
        if (value && *value)
            params_add(p, profile_keys[i].keyword, value);
    }
    const char *search_path = get(arg, "search_path");
    if (search_path && *search_path)
        params_add(p, "options", pg_option(ctx, "search_path", search_path));
    for (size_t i = 0; i < BASE_COUNT(defaults); i++)
        params_add(p, defaults[i].keyword, defaults[i].value);
    if (params_get(p, "password"))
        log_secret(params_get(p, "password"));
}

/* "db.example.com:5432", or the socket's folder; of what libpq made of profile and environment. */
static const char *
server_place(void *ctx, PGconn *conn)
{
    const char *host = PQhost(conn);
    if (!host || !*host)
        return "the local server";
    if (*host == '/')
        return mem_strdup(ctx, host);
    return mem_printf(ctx, "%s:%s", host, PQport(conn) && *PQport(conn) ? PQport(conn) : "5432");
}

static int
adapter_free(struct warehouse *a)
{
    PQfinish(a->conn);
    a->conn = NULL;
    return 0;
}

/* The server's notices ("identifier will be truncated") are of interest to those who debug. */
static void
on_notice(void *arg, const char *message)
{
    (void)arg;
    log_event(LOG_DEBUG, "pg.notice", "%.*s", (int)strcspn(message, "\n"), message);
}

/* One attempt; waits with the interrupt pipe in sight, which PQconnectdbParams would not. */
static int
connect_once(struct warehouse *a, const struct params *p, double timeout_ms, struct err *err)
{
    a->conn = PQconnectStartParams(p->keywords, p->values, 0);
    if (!a->conn)
        return fail(err, ERR_BUG, "libpq is out of memory");
    a->where = server_place(a, a->conn);
    double end = clock_ms() + timeout_ms;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(a->conn) != CONNECTION_BAD) {
        if (state == PGRES_POLLING_OK)
            return 0;
        if (state == PGRES_POLLING_FAILED)
            break;
        double left = end - clock_ms();
        if (left <= 0) {
            fail(err, ERR_WAREHOUSE, "no answer from %s within %.0f s", a->where,
                 timeout_ms / 1000);
            err->cause = CAUSE_LOST;
            return hint(
                err,
                "Check host and port of the profile and any firewall, or raise connect_timeout.");
        }
        if (pg_wait_socket(a, state == PGRES_POLLING_WRITING ? POLLOUT : POLLIN, (int)left + 1,
                           err))
            return -1;
        state = PQconnectPoll(a->conn);
    }
    return pg_fail_connect(a, err);
}

/* A refused or unanswered connection may be a server that just starts; a wrong password is none. */
static bool
worth_retrying(const struct err *err)
{
    return err->kind == ERR_WAREHOUSE && err->cause == CAUSE_LOST;
}

static int
connect_retrying(struct warehouse *a, const struct params *p, int retries, struct err *err)
{
    const char *seconds = params_get(p, "connect_timeout");
    double timeout_ms = (seconds && atoi(seconds) > 0 ? atoi(seconds) : CONNECT_TIMEOUT_S) * 1000.0;
    for (int attempt = 0;; attempt++) {
        if (connect_once(a, p, timeout_ms, err) == 0)
            return 0;
        if (attempt >= retries || !worth_retrying(err))
            return -1;
        PQfinish(a->conn);
        a->conn = NULL;
        struct pollfd fd = {.fd = interrupt_fd(), .events = POLLIN};
        poll(&fd, 1, 200 << (attempt < 5 ? attempt : 5));
        if (interrupt_check(err))
            return -1;
    }
}

/* Settings that hold for the session: see session.sql for each and why. */
static int
session_setup(struct warehouse *a, const char *role, struct err *err)
{
    char *sql;
    struct err other = {.kind = ERR_NONE};
    if (sql_render(a, &sql, "postgres", "session", NULL, 0, err))
        return -1;
    if (pg_exec(a, sql, err)) {
        if (pg_refuse_relative(a, &other) && other.kind == ERR_REFUSED)
            *err = other;
        return -1;
    }
    if (!role || !*role)
        return 0;
    struct sql_var var = {"role", role};
    if (sql_render(a, &sql, "postgres", "set_role", &var, 1, err))
        return -1;
    if (pg_exec(a, sql, err) == 0)
        return 0;
    wrap(err, "taking the role '%s' of the profile", role);
    return hint(err, "Create that role and grant it to %s, or correct `role` in the profile.",
                PQuser(a->conn));
}

int
pg_open(void *ctx, struct warehouse **out, const char *(*get)(void *arg, const char *key),
        void *arg, struct err *err)
{
    struct warehouse *a = mem_new(ctx, struct warehouse);
    talloc_set_destructor(a, adapter_free);
    a->read_lock_ms = READ_LOCK_MS;
    struct params p = {0};
    params_fill(a, &p, get, arg);
    const char *retries = get(arg, "retries");
    const char *role = get(arg, "role");
    int rc = connect_retrying(a, &p, retries ? atoi(retries) : 1, err);
    if (rc == 0) {
        PQsetNoticeProcessor(a->conn, on_notice, NULL);
        PQsetnonblocking(a->conn, 1);
        a->database = PQdb(a->conn);
        a->role = mem_strdup(a, role && *role ? role : PQuser(a->conn));
        rc = session_setup(a, role, err);
    }
    if (rc) {
        talloc_free(a);
        return -1;
    }
    *out = a;
    return 0;
}

int
pg_pin_names(struct warehouse *a, struct err *err)
{
    return pg_send(a, a, "pin_names", NULL, 0, err);
}

void
pg_close(struct warehouse *a)
{
    talloc_free(a);
}
