/* The template engine against psql: what it makes of each file is what psql sends. */
#include "adapters/postgres/postgres.h"
#include "cluster.h"
#include "contract.h"

static const struct sql_var vars[] = {
    {"name", "a \"b\" c"},
    {"text", "it's"},
    {"back", "a\\b'c"},
    {"uni", "\xc3\xbc\xe8\xa1\xa8"},
    {"empty", ""},
    {"null", NULL},
    {"injection", "'; DROP TABLE x; --"},
};

static void
check(const char *text, const char *expected)
{
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    char *out;
    if (sql_render_text(ctx, &out, "test", text, 63, vars, BASE_COUNT(vars), &err))
        fail_msg("%s: %s", text, err.msg);
    assert_string_equal(out, expected);
    talloc_free(ctx);
}

static void
check_fails(const char *text, enum err_kind kind, const char *message)
{
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    char *out;
    assert_int_equal(sql_render_text(ctx, &out, "test", text, 63, vars, BASE_COUNT(vars), &err),
                     -1);
    assert_int_equal(err.kind, kind);
    if (!strstr(err.msg, message))
        fail_msg("'%s' is not in '%s'", message, err.msg);
    talloc_free(ctx);
}

static void
test_variables(void **state)
{
    (void)state;
    check("SELECT :\"name\", :'text'", "SELECT \"a \"\"b\"\" c\", 'it''s'");
    check(":'back'", " E'a\\\\b''c'");
    check(":\"back\"", "\"a\\b'c\"");
    check(":\"uni\".:'uni'", "\"\xc3\xbc\xe8\xa1\xa8\".'\xc3\xbc\xe8\xa1\xa8'");
    check(":'empty'", "''");
    check("x = :'injection'", "x = '''; DROP TABLE x; --'");
    check(":'text'::text[:'text'::int]", "'it''s'::text['it''s'::int]");
}

/* Each statement by itself; what looks like an end of one within is none. */
static void
test_statements(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    struct strlist out = {0};
    const struct sql_var marked[] = {{"schema", "a;b"}, {"marker", "{}"}};
    assert_int_equal(sql_render_all(ctx, &out, "postgres", "namespace_mark", marked, 2, &err), 0);
    assert_int_equal(out.n, 2);
    assert_string_equal(out.v[0], "SELECT set_config('cloneci.schema', 'a;b', true), "
                                  "set_config('cloneci.marker', '{}', true)");
    assert_true(str_starts(out.v[1], "DO $do$\nBEGIN"));
    assert_true(str_ends(out.v[1], "END\n$do$"));
    assert_int_equal(sql_render_all(ctx, &out, "postgres", "commit", NULL, 0, &err), 0);
    assert_string_equal(out.v[2], "COMMIT");
    talloc_free(ctx);
}

static void
test_verbatim(void **state)
{
    (void)state;
    static const char *const same[] = {
        "SELECT ':''name''', '\\' , \":\"\"name\"\"\"",
        "SELECT E'it\\'s :\"name\"', 1",
        "SELECT e'\\\\', ':\"name\"'",
        "SELECT $$ :\"name\" $$, $x$ $$ :'text' $x$, a$b, $1",
        "SELECT 1 -- :\"name\" it's\n, 2",
        "SELECT 1 /* :\"name\" /* it's */ :'text' */ + 2",
        "SELECT a::int, b [1:2], c := 3, d::\"char\"",
        "SELECT some_E'x'",
        "SELECT 'open",
        "",
    };
    for (size_t i = 0; i < BASE_COUNT(same); i++)
        check(same[i], same[i]);
    check("SELECT e':\"name\"' || :'text'", "SELECT e':\"name\"' || 'it''s'");
    /* ends of what is quoted, right before a variable */
    check("'\\':'text'", "'\\''it''s'");
    check("$$x$$:'text'", "$$x$$'it''s'");
    check("/* */:'text'", "/* */'it''s'");
}

static void
test_outside(void **state)
{
    (void)state;
    check("-- about the file :\"nothing\"\n--\n\n-- more\nSELECT 1; \n\n", "SELECT 1");
    check("SELECT 1; SELECT 2;", "SELECT 1; SELECT 2");
    check("-- only a comment", "");
}

static void
test_refusals(void **state)
{
    (void)state;
    check_fails("SELECT :name", ERR_BUG, "unquoted variable");
    check_fails("SELECT :{?name}", ERR_BUG, "unquoted variable");
    check_fails("SELECT :\"nobody\"", ERR_BUG, "no variable 'nobody'");
    check_fails("SELECT :'null'", ERR_BUG, "no value");
    check_fails("SELECT :\"name'", ERR_BUG, "broken variable");
    check_fails("SELECT :\"\"", ERR_BUG, "broken variable");
    check_fails("SELECT :\"empty\"", ERR_INPUT, "empty name");
}

static void
test_names(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    struct buf b;
    buf_init(&b, ctx);
    const char *fits = "a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_123";
    assert_int_equal(sql_quote_name(&b, fits, 63, &err), 0);
    assert_int_equal(b.len, 65);
    const char *too_long = "a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_12\xc3\xbc";
    assert_int_equal(sql_quote_name(&b, too_long, 63, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_non_null(strstr(err.msg, "has 64 bytes, the warehouse allows 63"));
    assert_true(err.hint[0] != '\0');
    assert_int_equal(sql_quote_name(&b, "latin\xe9", 63, &err), -1);
    assert_non_null(strstr(err.msg, "not UTF-8 at byte 5"));
    assert_int_equal(sql_quote_literal(&b, "latin\xe9", &err), -1);
    char *out;
    assert_int_equal(sql_render(ctx, &out, "postgres", "no_such_stem", NULL, 0, &err), -1);
    assert_int_equal(err.kind, ERR_BUG);
    talloc_free(ctx);
}

/* A name is taken by its bytes, whatever is in it. */
static void
test_qualified(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct dialect *d = warehouse_find("postgres")->dialect;
    assert_string_equal(d->quote(ctx, "a\"b"), "\"a\"\"b\"");
    assert_string_equal(
        d->qualify(ctx, &(struct relation){.database = "db", .schema = "S", .name = "a\"b"}),
        "\"S\".\"a\"\"b\"");
    talloc_free(ctx);
}

/* An adapter takes the macros of those that it is made from; a name alone says nothing of others.
 */
static void
test_dbt_packages(void **state)
{
    (void)state;
    assert_true(dbt_owns_package("postgres", "dbt"));
    assert_true(dbt_owns_package("postgres", "dbt_postgres"));
    assert_true(dbt_owns_package("redshift", "dbt_postgres"));
    assert_true(dbt_owns_package("redshift", "dbt_redshift"));
    assert_true(dbt_owns_package("sqlite", "dbt_sqlite"));
    assert_false(dbt_owns_package("snowflake", "dbt_postgres"));
    assert_false(dbt_owns_package("postgres", "dbt_utils"));
    assert_false(dbt_owns_package("postgres", "shop"));
    assert_false(dbt_owns_package(NULL, "dbt_postgres"));
    assert_false(dbt_owns_package("postgres", NULL));
}

/* dbt-adapters' CONSTRAINT_SUPPORT. */
static void
test_dbt_constraints(void **state)
{
    (void)state;
    assert_null(dbt_facts("postgres")->enforced);
    assert_true(dbt_facts("snowflake")->no_custom);
    assert_string_equal(dbt_facts("bigquery")->enforced[0], "not_null");
    assert_null(dbt_facts("bigquery")->enforced[1]);
    assert_string_equal(dbt_facts("another")->enforced[1], "foreign_key");
    assert_false(dbt_facts(NULL)->no_custom);
}

static void
test_lock_key(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    /* sha256("") = e3b0c44298fc1c14.., sha256("abc") = ba7816bf8f01cfea.. */
    assert_string_equal(pg_lock_key(ctx, ""), "-2039914840885289964");
    assert_string_equal(pg_lock_key(ctx, "abc"), "-5010229573455851542");
    talloc_free(ctx);
}

/* The names of the variables that a file may use, each with a value that means harm. */
static size_t
hostile_vars(void *ctx, const char *text, struct sql_var *out, size_t most)
{
    size_t n = 0;
    for (const char *p = text; (p = strchr(p, ':')); p++) {
        size_t len = strspn(p + 1 + (p[1] != '\0'), "abcdefghijklmnopqrstuvwxyz_0123456789");
        if ((p[1] == '"' || p[1] == '\'') && len && p[2 + len] == p[1] && n < most)
            out[n++] = (struct sql_var){mem_strndup(ctx, p + 2, len),
                                        "it's a \"name\" \\ :'x' :\"y\" $$ -- \xc3\xbc"};
    }
    return n;
}

/* Every embedded file, as psql sends it. */
static void
test_as_psql(void **state)
{
    const struct cluster *cluster = *state;
    void *ctx = talloc_new(NULL);
    const char *dialect, *stem, *text;
    size_t files = 0;
    for (size_t f = 0; sql_file(f, &dialect, &stem, &text); f++) {
        struct err err = {0};
        struct sql_var all[32];
        char *rendered;
        int status;
        if (!str_eq(dialect, "postgres"))
            continue;
        size_t n_vars = hostile_vars(ctx, text, all, BASE_COUNT(all));
        if (sql_render(ctx, &rendered, dialect, stem, all, n_vars, &err))
            fail_msg("%s: %s", stem, err.msg);
        const char *argv[16 + 2 * BASE_COUNT(all)] = {
            "psql", "-X", "-e", "-h", cluster->socket, "-U", "postgres", "-d", "postgres", "-f"};
        size_t n = 10;
        argv[n++] = mem_printf(ctx, "sql/postgres/%s.sql", stem);
        for (size_t i = 0; i < n_vars; i++) {
            argv[n++] = "-v";
            argv[n++] = mem_printf(ctx, "%s=%s", all[i].name, all[i].value);
        }
        char *sent = cluster_run(ctx, argv, &status);
        for (char *statement = rendered, *end; statement; statement = end) {
            if ((end = strstr(statement, ";\n"))) /* psql shows each statement of a file apart */
                *end = '\0', end += 2;
            if (!strstr(sent, mem_printf(ctx, "%s;", statement)))
                fail_msg("%s: psql sends\n%s\nwe send\n%s", stem, sent, statement);
        }
        files++;
    }
    assert_true(files >= 20);
    talloc_free(ctx);
}

int
main(void)
{
    static struct cluster cluster;
    cluster_start(&cluster);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_verbatim),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_qualified),
        cmocka_unit_test(test_dbt_packages),
        cmocka_unit_test(test_dbt_constraints),
        cmocka_unit_test(test_lock_key),
        cmocka_unit_test_prestate(test_as_psql, &cluster),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cluster_stop(&cluster);
    return failed;
}
