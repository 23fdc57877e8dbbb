#include "postgres.h"

#include <string.h>

static const char *
known(const char *s)
{
    return s ? s : "?";
}

/* "permission denied for table orders" -> what to grant. The server's English is not always to be
 * had: then the general sentence stands. */
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
             "If it should be allowed: GRANT %s ON %s%s TO %s; conf/roles.sql has all that is "
             "needed.",
             grants[i].privilege, grants[i].kind, msg + strlen(grants[i].object), known(a->role));
        return;
    }
    hint(err, "The role %s lacks a privilege; conf/roles.sql has all that is needed.",
         known(a->role));
}

static void
hint_state(const struct warehouse *a, struct err *err)
{
    static const struct {
        const char *state, *text;
    } hints[] = {
        {"53100",
         "Free space on the server's disk (cloneci gc drops what expired), or clone fewer rows "
         "(strategy: shape)."},
        {"53200",
         "The server is out of memory or locks; see max_locks_per_transaction and its log."},
        {"53300",
         "The server takes no more connections; lower --threads or raise max_connections."},
        {"55P03",
         "Somebody holds a lock on the relation for longer than lock_timeout; run again, or raise "
         "lock_timeout."},
        {"57014", "The statement ran into statement_timeout, or somebody cancelled it."},
        {"25006", "The server or the role is read-only: name a primary server in the profile."},
        {"40P01", "Two sessions waited for one another; run again."},
        {"42710", "It stands there already; a run at the same time?"},
        {"42P07", "It stands there already; a run at the same time?"},
        {"57P01", "The server was stopped, or an administrator ended the session; run again."},
        {"57P03", "The server is starting or stopping; run again in a moment."},
    };
    for (size_t i = 0; i < BASE_COUNT(hints); i++)
        if (strcmp(hints[i].state, err->sqlstate) == 0)
            hint(err, "%s", hints[i].text);
    if (strcmp(err->sqlstate, "42501") == 0)
        hint_privilege(a, err->msg, err);
}

int
pg_fail_result(const struct warehouse *a, const PGresult *result, struct err *err)
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
    if (state)
        snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state);
    if (advice)
        hint(err, "%s", advice);
    hint_state(a, err);
    return -1;
}

int
pg_fail_lost(const struct warehouse *a, struct err *err)
{
    size_t n = strcspn(PQerrorMessage(a->conn), "\n");
    fail(err, ERR_WAREHOUSE, "lost the connection to %s%s%.*s", a->where, n ? ": " : "", (int)n,
         PQerrorMessage(a->conn));
    snprintf(err->sqlstate, sizeof err->sqlstate, "08006");
    return hint(err,
                "Look into the server's log; then run again: what was half made is made anew.");
}

/* libpq gives no SQLSTATE for a refused connection (before 17 not at all): the text tells. */
int
pg_fail_connect(const struct warehouse *a, struct err *err)
{
    static const struct {
        const char *text, *state, *hint;
    } causes[] = {
        {"password authentication failed", "28P01",
         "Check user and password of the profile, or the file that PGPASSFILE names."},
        {"no password supplied", "28P01",
         "Give a password in the profile (env_var), in PGPASSWORD, or in the file that PGPASSFILE "
         "names."},
        {"no pg_hba.conf entry", "28000",
         "The server's pg_hba.conf does not let this user in from here."},
        {"Peer authentication failed", "28000",
         "The server wants the system user of the same name."},
        {"is not permitted to log in", "28000", "Allow it: ALTER ROLE .. LOGIN."},
        {"role \"", "28000", "Check the user of the profile."},
        {"database \"", "3D000", "Check dbname of the profile."},
        {"the database system is", "57P03",
         "The server is starting or stopping; run again in a moment."},
        {"too many", "53300",
         "The server takes no more connections; lower --threads or raise "
         "max_connections."},
        {"remaining connection slots", "53300",
         "The server takes no more connections; lower --threads or "
         "raise max_connections."},
        {"SSL", "08001", "Check sslmode, sslrootcert, sslcert and sslkey of the profile."},
    };
    const char *text = PQerrorMessage(a->conn);
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    fail(err, ERR_WAREHOUSE, "cannot connect to %s: %.*s", a->where, (int)n, text);
    snprintf(err->sqlstate, sizeof err->sqlstate, "08006");
    hint(err,
         "Check host and port of the profile, and that the server at %s runs and can be reached.",
         a->where);
    for (size_t i = 0; i < BASE_COUNT(causes); i++) {
        if (!strstr(text, causes[i].text))
            continue;
        snprintf(err->sqlstate, sizeof err->sqlstate, "%s", causes[i].state);
        return hint(err, "%s", causes[i].hint);
    }
    return -1;
}
