/* A schema of production's, cloned, and dumps of both. */
#ifndef TEST_CLONE_TEST_H
#define TEST_CLONE_TEST_H

#include "adapters/postgres/postgres.h"
#include "cluster.h"
#include "contract.h"

static struct cluster cluster;
static struct warehouse *ci; /* a connection of the role that can only read */
static const struct warehouse_ops *ops;
static void *ctx;

static inline const char *
get(void *arg, const char *key)
{
    (void)arg;
    if (strcmp(key, "host") == 0)
        return cluster.socket;
    if (strcmp(key, "user") == 0)
        return "ci";
    return strcmp(key, "dbname") == 0 ? "postgres" : NULL;
}

static inline const char *
value(const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    if (pg_query(ctx, ci, sql, &out, &err))
        fail_msg("%s: %s", sql, err.msg);
    assert_int_equal(out.n, 1);
    return out.v[0];
}

static inline const char *
admin(const char *sql)
{
    return cluster_psql(ctx, &cluster, sql);
}

static inline char *
receipt(const char *schemas)
{
    struct err err = {0};
    struct strlist out = {0};
    struct strlist names = {0};
    strlist_split(ctx, &names, schemas, ',');
    struct place_list places = {mem_array(ctx, struct place_name, names.n), names.n};
    for (size_t i = 0; i < names.n; i++)
        places.v[i].schema = names.v[i];
    if (ops->receipt(ctx, ci, &places, &out, &err))
        fail_msg("%s", err.msg);
    assert_true(out.n > 0);
    return strlist_join(ctx, &out, "\n");
}

static inline void
run_phases(const struct clone_sql *sql)
{
    struct err err = {0};
    const struct strlist *phases[] = {&sql->before, &sql->load, &sql->after};
    for (size_t p = 0; p < BASE_COUNT(phases); p++) {
        for (size_t i = 0; i < phases[p]->n; i++)
            if (pg_exec(ci, phases[p]->v[i], &err))
                fail_msg("%s: %s", phases[p]->v[i], err.msg);
    }
}

/* Clones all tables of a schema into another, in one batch; returns how many. */
static inline size_t
clone_schema(const char *from, const char *to, enum clone_strategy strategy, bool logged)
{
    struct err err = {0};
    struct strlist names = {0};
    strlist_split(
        ctx, &names,
        admin(mem_printf(
            ctx,
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = '%s'::regnamespace ORDER BY 1",
            from)),
        '\n');
    struct clone_request *requests = mem_array(ctx, struct clone_request, names.n);
    struct clone_sql *sql = mem_array(ctx, struct clone_sql, names.n);
    for (size_t i = 0; i < names.n; i++)
        requests[i] = (struct clone_request){.from = {NULL, from, names.v[i]},
                                             .to = {NULL, to, names.v[i]},
                                             .strategy = strategy,
                                             .logged = logged,
                                             .keep_partitions = true};
    if (ops->clone_sql(ctx, ci, requests, names.n, sql, &err))
        fail_msg("%s", err.msg);
    (void)value(mem_printf(ctx, "CREATE SCHEMA %s; SELECT 1", to));
    for (size_t i = 0; i < names.n; i++) {
        if (sql[i].refused)
            fail_msg("%s: %s", names.v[i], sql[i].refused);
        if (sql[i].left_out.n)
            fail_msg("%s: %s", names.v[i], sql[i].left_out.v[0]);
        run_phases(&sql[i]);
    }
    return names.n;
}

/* What pg_dump says of a schema's tables, statement by statement, sorted; the schema's name
 * replaced. */
static inline struct strlist
dump(const char *schema)
{
    const char *argv[] = {"pg_dump",       "-h",         cluster.socket,    "-U", "postgres",
                          "--schema-only", "--no-owner", "--no-privileges", "-n", schema,
                          "postgres",      NULL};
    char *text = cluster_run(ctx, argv, NULL);
    char *dotted = mem_printf(ctx, "%s.", schema);
    struct strlist statements = {0};
    struct buf b;
    buf_init(&b, ctx);
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        /* before version 15 the sequence of an unlogged table is logged */
        bool noise = !*line || str_starts(line, "--") || str_starts(line, "SET ") ||
                     str_eq(line, "    LOGGED") ||
                     str_starts(line, "SELECT pg_catalog.set_config") ||
                     str_starts(line, "CREATE SCHEMA") || str_starts(line, "\\");
        for (char *p = line; !noise && *p;) {
            if (str_starts(p, "UNLOGGED ")) {
                p += strlen("UNLOGGED ");
            } else if (str_starts(p, dotted)) {
                buf_puts(&b, "S.");
                p += strlen(dotted);
            } else {
                buf_putc(&b, *p++);
            }
        }
        if (b.len && b.s[b.len - 1] == ';') {
            strlist_add(ctx, &statements, b.s);
            buf_reset(&b);
        } else if (!noise) {
            buf_putc(&b, '\n');
        }
        line = end;
    }
    strlist_sort(&statements);
    return statements;
}

static inline void
assert_same_dump(const char *a, const char *b, size_t least)
{
    struct strlist left = dump(a), right = dump(b);
    int differences = 0;
    for (size_t i = 0; i < left.n; i++)
        if (!strlist_has(&right, left.v[i]) && ++differences)
            print_message("only of %s: %s\n", a, left.v[i]);
    for (size_t i = 0; i < right.n; i++)
        if (!strlist_has(&left, right.v[i]) && ++differences)
            print_message("only of %s: %s\n", b, right.v[i]);
    assert_int_equal(differences, 0);
    assert_int_equal(left.n, right.n);
    assert_true(left.n >= least);
}

/* Rows of all tables of a schema, as one hash and a count for each. */
static inline const char *
rows_of(const char *schema)
{
    return admin(mem_printf(ctx,
                            "SELECT string_agg(c.relname || ' ' || (xpath('//r/text()', "
                            "query_to_xml(format('SELECT count(*) || "
                            "coalesce(md5(string_agg(t::text, ''|'' ORDER BY t::text COLLATE "
                            "\"C\")), '''') AS r FROM %%I.%%I AS t', "
                            "n.nspname, c.relname), false, false, '')))[1]::text, E'\\n' ORDER BY "
                            "c.relname COLLATE \"C\") "
                            "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
                            "WHERE n.nspname = '%s' AND c.relkind = 'r'",
                            schema));
}

static inline struct clone_sql
odd_sql(const char *schema, const char *name, const char *to)
{
    struct err err = {0};
    struct clone_sql sql;
    struct clone_request request = {
        .from = {NULL, schema, name}, .to = {NULL, "odd_pr", to}, .strategy = CLONE_COPY};
    if (ops->clone_sql(ctx, ci, &request, 1, &sql, &err))
        fail_msg("%s", err.msg);
    return sql;
}

static inline void
load_sources(void)
{
    const char *shapes[] = {"-f", "tests/unit/clone/shapes.sql", NULL};
    const char *odd[] = {"-f", "tests/unit/clone/odd.sql", NULL};
    const char *parted[] = {"-f", "tests/unit/clone/partitions.sql", NULL};
    const char *roles[] = {"-v", "ci=ci",
                           "-v", "owner=postgres",
                           "-v", "schemas=prod,odd,odd_too,odd_three,lib,parted",
                           "-f", "conf/roles.sql",
                           NULL};
    (void)admin("CREATE ROLE ci LOGIN");
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, shapes);
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, odd);
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, parted);
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, roles);
    (void)admin("REVOKE SELECT ON odd.half_granted_1 FROM ci");
    struct err err = {0};
    if (ops->open(ctx, &ci, get, NULL, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    (void)cluster_psql_with(ctx, &cluster, "ci", "CREATE SCHEMA odd_pr", NULL);
}

#endif
