#include "postgres.h"

#include <string.h>

static const char *
known(const char *s)
{
    return s ? s : "?";
}

/* "permission denied for table orders" -> what to grant. The server's English is not always to be
 * had: then the general sentence is used. */
static void
hint_privilege(const struct warehouse *a, const char *msg, struct err *err)
{
    static const struct {
        const char *object, *privilege, *kind;
    } grants[] = {
        {"permission denied for schema ", "USAGE", "SCHEMA "},
        {"permission denied for table ", "SELECT", "TABLE "},
        {"permission denied for view ", "SELECT", "TABLE "},
        {"permission denied for materialized view ", "SELECT", "TABLE "},
        {"permission denied for sequence ", "SELECT", "SEQUENCE "},
        {"permission denied for database ", "CREATE", "DATABASE "},
        {"permission denied for type ", "USAGE", "TYPE "},
        {"permission denied for function ", "EXECUTE", "FUNCTION "},
    };
    for (size_t i = 0; i < BASE_COUNT(grants); i++) {
        if (!str_starts(msg, grants[i].object))
            continue;
        hint(err,
             "If it should be allowed: GRANT %s ON %s%s TO %s; conf/roles.sql has all privileges "
             "that are needed.",
             grants[i].privilege, grants[i].kind, msg + strlen(grants[i].object), known(a->role));
        return;
    }
    hint(err, "The role %s lacks a privilege; conf/roles.sql has all privileges that are needed.",
         known(a->role));
}

static const struct {
    const char *state; /* or the class that it begins with */
    enum err_cause cause;
} causes[] = {
    {"08", CAUSE_LOST},        {"23505", CAUSE_EXISTS},    {"28", CAUSE_DENIED},
    {"2BP01", CAUSE_IN_USE},   {"3D000", CAUSE_MISSING},   {"3F000", CAUSE_MISSING},
    {"40001", CAUSE_CONFLICT}, {"40P01", CAUSE_CONFLICT},  {"42501", CAUSE_DENIED},
    {"42703", CAUSE_MISSING},  {"42704", CAUSE_MISSING},   {"42710", CAUSE_EXISTS},
    {"42883", CAUSE_MISSING},  {"42P01", CAUSE_MISSING},   {"42P04", CAUSE_EXISTS},
    {"42P06", CAUSE_EXISTS},   {"42P07", CAUSE_EXISTS},    {"55006", CAUSE_IN_USE},
    {"55P03", CAUSE_BUSY},     {"57014", CAUSE_CANCELLED}, {"57P", CAUSE_LOST},
};

static enum err_cause
cause_of(const char *state)
{
    for (size_t i = 0; i < BASE_COUNT(causes); i++)
        if (str_starts(state, causes[i].state))
            return causes[i].cause;
    return CAUSE_NONE;
}

static void
hint_state(const struct warehouse *a, struct err *err)
{
    static const struct {
        const char *state, *text;
    } hints[] = {
        {"53100", "Free some space on the server's disk (cloneci gc drops what has expired), or "
                  "clone fewer rows (strategy: shape)."},
        {"53200",
         "The server is out of memory or locks; see max_locks_per_transaction and its log."},
        {"53300",
         "The server accepts no more connections. Lower --threads or raise max_connections."},
        {"55P03", "Somebody held a lock on the relation for longer than lock_timeout. Run again, "
                  "or raise lock_timeout."},
        {"57014", "The statement exceeded statement_timeout, or somebody cancelled it."},
        {"25006", "The server or the role is read-only. Use a primary server in the profile."},
        {"40P01", "Two sessions waited for each other. Run again."},
        {"42710", "It already exists. Another run may have created it."},
        {"42P07", "It already exists. Another run may have created it."},
        {"57P01", "The server was stopped, or an administrator ended the session. Run again."},
        {"57P03", "The server is starting or stopping. Run again in a moment."},
    };
    for (size_t i = 0; i < BASE_COUNT(hints); i++)
        if (strcmp(hints[i].state, a->sqlstate) == 0)
            hint(err, "%s", hints[i].text);
    if (strcmp(a->sqlstate, "42501") == 0)
        hint_privilege(a, err->msg, err);
}

int
pg_fail_result(struct warehouse *a, const PGresult *result, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *advice = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    if (!state && PQstatus(a->conn) != CONNECTION_OK)
        return pg_fail_lost(a, err);
    if (!primary)
        return fail(err, ERR_BUG, "unexpected answer of the server: %s",
                    PQresStatus(PQresultStatus(result)));
    fail(err, ERR_WAREHOUSE, "%s%s%s", primary, detail ? ": " : "", known(detail ? detail : ""));
    snprintf(a->sqlstate, sizeof a->sqlstate, "%s", state ? state : "");
    err->cause = cause_of(a->sqlstate);
    if (advice)
        hint(err, "%s", advice);
    hint_state(a, err);
    return -1;
}

int
pg_fail_lost(struct warehouse *a, struct err *err)
{
    size_t n = strcspn(PQerrorMessage(a->conn), "\n");
    fail(err, ERR_WAREHOUSE, "lost the connection to %s%s%.*s", a->where, n ? ": " : "", (int)n,
         PQerrorMessage(a->conn));
    snprintf(a->sqlstate, sizeof a->sqlstate, "08006");
    err->cause = CAUSE_LOST;
    return hint(err, "Check the server's log, then run again: incomplete clones are made again.");
}

/* libpq gives no SQLSTATE for a refused connection (before 17 not at all): the text says. */
int
pg_fail_connect(const struct warehouse *a, struct err *err)
{
    static const struct {
        const char *text;
        enum err_cause cause;
        const char *hint;
    } reasons[] = {
        {"password authentication failed", CAUSE_DENIED,
         "Check user and password of the profile, or the file that PGPASSFILE names."},
        {"no password supplied", CAUSE_DENIED,
         "Give a password in the profile (env_var), in PGPASSWORD, or in the file that PGPASSFILE "
         "names."},
        {"no pg_hba.conf entry", CAUSE_DENIED,
         "The server's pg_hba.conf does not accept this user from this address."},
        {"Peer authentication failed", CAUSE_DENIED,
         "The server requires a system user of the same name."},
        {"is not permitted to log in", CAUSE_DENIED, "Allow it: ALTER ROLE .. LOGIN."},
        {"too many connections for", CAUSE_NONE,
         "The role or the database has a CONNECTION LIMIT. cloneci needs up to --jobs connections "
         "and two more, dbt its threads."},
        {"too many", CAUSE_NONE,
         "The server accepts no more connections. Lower --threads or raise max_connections."},
        {"remaining connection slots", CAUSE_NONE,
         "The server accepts no more connections. Lower --threads or raise max_connections."},
        {"role \"", CAUSE_DENIED, "Check the user of the profile."},
        {"database \"", CAUSE_MISSING, "Check dbname of the profile."},
        {"the database system is", CAUSE_LOST,
         "The server is starting or stopping. Run again in a moment."},
        {"SSL", CAUSE_NONE, "Check sslmode, sslrootcert, sslcert and sslkey of the profile."},
    };
    const char *text = PQerrorMessage(a->conn);
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    fail(err, ERR_WAREHOUSE, "cannot connect to %s: %.*s", a->where, (int)n, text);
    err->cause = CAUSE_LOST;
    hint(err,
         "Check host and port of the profile, and that the server at %s is running and reachable.",
         a->where);
    for (size_t i = 0; i < BASE_COUNT(reasons); i++) {
        if (!strstr(text, reasons[i].text))
            continue;
        err->cause = reasons[i].cause;
        return hint(err, "%s", reasons[i].hint);
    }
    return -1;
}
