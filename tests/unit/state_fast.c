/* The fast path and the origins of differences: a real project in a real repository. */
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "gitrepo.h"

static const char *const files[][2] = {
    {"dbt_project.yml", "name: p\nprofile: p\non-run-start: [\"{{ note(target.name) }}\"]\n"
                        "vars: {live: true}\n"},
    {"models/a.sql", "{{ config(materialized='table') }}\nselect 1 as a -- {# c #}\n"},
    {"models/b.sql",
     "select * from {{ ref('a') }} where x = '{{ env_var('STATE_FAST_X', 'x') }}'\n"},
    {"models/c.sql", "{{ config(enabled=var('live', false), tags=['t']) }}\nselect 1\n"},
    {"models/d.sql", "{% set q %}select 1{% endset %}\nselect {{ q }}\n"},
    {"models/py.py", "def model(dbt, session):\n    return dbt.ref('a')\n"},
    {"models/all.yml", "sources:\n  - name: s\n    schema: \"{{ var('raw', 'raw') }}\"\n"
                       "    tables: [{name: t, description: \"{{ doc('x') }}\"}]\n"},
    {"snapshots/s.sql",
     "before\n{% snapshot s %}\nselect 1 from {{ ref('a') }}\n{% endsnapshot %}\n"},
    {"seeds/k.csv", "a,b\n1,2\n"},
    {"seeds/given.csv", "a,b\n1,2\n"},
    {"macros/note.sql", "{% macro note(x) %}select '{{ x }}'{% endmacro %}\n"},
    {"tests/one.sql", "select * from {{ ref('a') }} where a = 2\n"},
    {"README.md", "hello\n"},
    {".github/workflows/ci.yml", "on: push\n"},
};

struct place {
    void *ctx;
    const char *root, *repo, *base;
};

static int
setup(void **state)
{
    void *ctx = talloc_new(NULL);
    struct place *p = mem_new(ctx, struct place);
    char *root = mem_strdup(ctx, "/tmp/cloneci-fast.XXXXXX");
    p->ctx = ctx;
    p->root = mkdtemp(root);
    gitrepo_clean_env(root);
    p->repo = path_join(ctx, root, "repo");
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        put_file(ctx, p->repo, files[i][0], files[i][1]);
    git(ctx, p->repo, "init", "-q", NULL);
    p->base = commit(ctx, p->repo, "first");
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    int rc = file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static const char *
file_text(const char *path)
{
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        if (str_eq(files[i][0], path))
            return files[i][1];
    fail_msg("%s is not in the project", path);
    return NULL;
}

/* The text as dbt writes it: stripped, quoted. */
static char *
quoted(void *ctx, const char *text)
{
    size_t n = strlen(text);
    value_strip(&text, &n);
    cJSON *s = cJSON_CreateString(mem_strndup(ctx, text, n));
    char *json = json_print(ctx, s, false);
    cJSON_Delete(s);
    return json;
}

static void
add_node(void *ctx, struct buf *b, const char *id, const char *type, const char *path,
         const char *code, const char *more)
{
    char hex[HASH_SHA256_HEX];
    const char *text = file_text(path);
    size_t n = strlen(text);
    value_strip(&text, &n);
    hash_sha256(text, n, hex);
    buf_printf(
        b,
        "%s\"%s\": {\"unique_id\": \"%s\", \"resource_type\": \"%s\", \"package_name\": \"p\", "
        "\"name\": \"%s\", \"original_file_path\": \"%s\", \"raw_code\": %s, "
        "\"checksum\": {\"name\": \"sha256\", \"checksum\": \"%s\"}%s%s}",
        b->len ? ", " : "", id, id, type, strrchr(id, '.') + 1, path,
        code ? code : quoted(ctx, file_text(path)), hex, more ? ", " : "", more ? more : "");
}

/* What dbt would have written for the project; built from `sha`. */
static struct manifest *
production(struct place *p, const char *sha, const char *c_config, const char *source_schema)
{
    struct manifest *m;
    struct err err = {0};
    struct buf b;
    void *ctx = p->ctx;
    buf_init(&b, ctx);
    add_node(ctx, &b, "model.p.a", "model", "models/a.sql", NULL, NULL);
    add_node(ctx, &b, "model.p.b", "model", "models/b.sql", NULL,
             "\"depends_on\": {\"nodes\": [\"model.p.a\"], \"macros\": []}");
    add_node(ctx, &b, "model.p.c", "model", "models/c.sql", NULL, c_config);
    add_node(ctx, &b, "model.p.d", "model", "models/d.sql", NULL, NULL);
    add_node(ctx, &b, "model.p.py", "model", "models/py.py", NULL, NULL);
    add_node(ctx, &b, "snapshot.p.s", "snapshot", "snapshots/s.sql",
             "\"\\nselect 1 from {{ ref('a') }}\\n\"", NULL);
    add_node(ctx, &b, "seed.p.k", "seed", "seeds/k.csv", "\"\"", NULL);
    add_node(ctx, &b, "seed.p.given", "seed", "seeds/given.csv", "\"\"", NULL);
    add_node(ctx, &b, "test.p.one", "test", "tests/one.sql", NULL, NULL);
    char *text = mem_printf(
        ctx,
        "{\"metadata\": {\"dbt_schema_version\": \"m/v12.json\", \"dbt_version\": \"1.11.16\", "
        "\"project_name\": \"p\", \"adapter_type\": \"postgres\", \"env\": {\"GIT_SHA\": \"%s\"}}, "
        "\"nodes\": {%s}, \"sources\": {\"source.p.s.t\": {\"unique_id\": \"source.p.s.t\", "
        "\"name\": \"t\", \"package_name\": \"p\", \"original_file_path\": \"models/all.yml\", "
        "\"database\": \"db\", \"schema\": \"%s\", \"unrendered_database\": null, "
        "\"unrendered_schema\": \"{{ var('raw', 'raw') }}\"}}, \"unit_tests\": {"
        "\"unit_test.p.a.u\": {\"unique_id\": \"unit_test.p.a.u\", \"name\": \"u\", "
        "\"package_name\": \"p\", \"original_file_path\": \"models/all.yml\", \"given\": ["
        "{\"input\": \"ref('given')\", \"rows\": [{\"a\": \"1\"}]}]}}, \"macros\": "
        "{\"macro.p.note\": {"
        "\"package_name\": \"p\", \"original_file_path\": \"macros/note.sql\", \"macro_sql\": "
        "\"{%% macro note(x) %%}select '{{ x }}'{%% endmacro %%}\"}}}",
        sha, b.s, source_schema);
    if (manifest_parse(ctx, &m, text, strlen(text), "m.json", &err))
        fail_msg("%s", err.msg);
    return m;
}

#define C_ON "\"unrendered_config\": {\"enabled\": true}, \"config\": {\"enabled\": true}"
static const struct state_flags known = {.same_dbt = true, .target_database = "db"};

static struct gitdiff *
diff_of(struct place *p)
{
    struct gitdiff *d;
    struct err err = {0};
    struct gitdiff_options o = {.project_dir = p->repo, .base = p->base};
    if (gitdiff_read(p->ctx, &d, &o, &err))
        fail_msg("%s", err.msg);
    return d;
}

/* The bodies that the fast path claims to differ, or why it declines. */
static char *
ask(struct place *p, const struct manifest *m, const struct state_flags *flags)
{
    struct state *s;
    const char *why;
    const uint8_t *out;
    struct err err = {0};
    struct buf b;
    if (state_from_diff(p->ctx, m, diff_of(p), flags, &s, &why, &err))
        fail_msg("%s", err.msg);
    if (!s)
        return mem_strdup(p->ctx, why);
    assert_null(why);
    if (state_ask(s, STATE_MODIFIED, &out, &err))
        fail_msg("%s", err.msg);
    buf_init(&b, p->ctx);
    buf_puts(&b, "modified:");
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (out[i])
            buf_printf(&b, " %s", m->nodes[i].unique_id);
    return b.s;
}

static void
change(struct place *p, const char *path, const char *text)
{
    git(p->ctx, p->repo, "checkout", "-q", "-f", "-B", "pr", p->base, NULL);
    if (text)
        put_file(p->ctx, p->repo, path, text);
    else if (path)
        git(p->ctx, p->repo, "rm", "-q", path, NULL);
    commit(p->ctx, p->repo, "change");
}

static void
claims_what_is_proved(void **state)
{
    static const struct {
        const char *path, *text, *says;
    } cases[] = {
        {NULL, NULL, "modified:"},
        {"README.md", "bye\n", "modified:"},
        {".github/workflows/ci.yml", "on: pull_request\n", "modified:"},
        {"models/notes.txt", "x", "modified:"},
        {"models/a.sql", "{{ config(materialized='table') }}\nselect 2 as a\n",
         "modified: model.p.a"},
        {"models/a.sql", "\n\n{{ config(materialized='table') }}\nselect 1 as a -- {# c #} \n\n",
         "modified:"},
        {"models/a.sql", "{{ config(materialized='view') }}\nselect 1\n",
         "models/a.sql: its Jinja changed"},
        {"models/a.sql", "{{ config(materialized='table') }}\nselect '{' as a\n",
         "its Jinja has an unusual form"},
        {"models/a.sql", "{{ config(materialized='table')\n", "its Jinja has an unusual form"},
        {"models/a.sql", " \n", "blank on one side"},
        {"models/a.sql", NULL, "models/a.sql was deleted"},
        {"models/new.sql", "select 1\n", "models/new.sql is new"},
        {"models/new.sql.jinja", "select 1\n", "models/new.sql.jinja is new"},
        {"osi/x.json", "{}\n", "modified:"},
        {"models/d.sql", "{% set q %}select 2{% endset %}\nselect {{ q }}\n",
         "Jinja uses parts of its text"},
        {"models/py.py", "def model(dbt, session):\n    return dbt.ref('b')\n", "Python models"},
        {"models/py.py", "\ndef model(dbt, session):\n    return dbt.ref('a')\n\n", "modified:"},
        {"models/all.yml", "sources: []\n", "models/all.yml is YAML"},
        {"models/x.md", "{% docs x %}x{% enddocs %}", "may hold docs blocks"},
        {"dbt_project.yml", "name: p\n", "dbt_project.yml changed"},
        {"snapshots/s.sql",
         "after\n{% snapshot s %}\nselect 1 from {{ ref('a') }}\n{% endsnapshot %}\n", "modified:"},
        {"snapshots/s.sql", "{% snapshot s %}\nselect 2 from {{ ref('a') }}\n{% endsnapshot %}\n",
         "modified: snapshot.p.s"},
        {"snapshots/s.sql", "{% snapshot s %}\nselect 2 from {{ ref('b') }}\n{% endsnapshot %}\n",
         "its Jinja changed"},
        {"seeds/k.csv", "a,b\n1,3\n", "modified: seed.p.k"},
        {"seeds/k.csv", "a,b\n1,2\n\n\n", "modified:"},
        {"seeds/given.csv", "a,b\n1,3\n", "its rows may be given to unit_test.p.a.u"},
        {"macros/note.sql", "-- x\n{% macro note(x) %}select '{{ x }}'{% endmacro %}\n",
         "modified:"},
        {"macros/note.sql", "{% macro note(x) %}select '{{ x }}!'{% endmacro %}\n",
         "contains macros"},
        {"tests/one.sql", "select * from {{ ref('a') }} where a = 3\n", "modified: test.p.one"},
        {"tests/fixtures/f.sql", "select 1\n", "is new"},
    };
    struct place *p = *state;
    struct manifest *m = production(p, p->base, C_ON, "raw");
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        change(p, cases[i].path, cases[i].text);
        char *got = ask(p, m, &known);
        bool claim = str_starts(cases[i].says, "modified:");
        if (claim ? !str_eq(got, cases[i].says) : !strstr(got, cases[i].says))
            fail_msg("case %zu (%s): '%s' for '%s'", i, cases[i].path, got, cases[i].says);
    }
}

static void
semantic_interchange_since_1_12(void **state)
{
    struct place *p = *state;
    struct manifest *m = production(p, p->base, C_ON, "raw");
    m->dbt_minor = 12;
    change(p, "x.json", "{}\n");
    assert_string_equal(ask(p, m, &known), "modified:");
    change(p, "OSI/x.json", "{}\n");
    assert_non_null(strstr(ask(p, m, &known), "OSI/x.json may hold semantic models"));
}

/* What is behind a link has another path in the diff: folders and files, and links that no
 * commit has yet. */
static void
links_are_not_followed(void **state)
{
    struct place *p = *state;
    const char *repo = p->repo;
    put_file(p->ctx, repo, "common/more.sql", "select 1\n");
    assert_return_code(symlink("../common", path_join(p->ctx, repo, "docs_link")), 0);
    const char *plain = p->base = commit(p->ctx, repo, "a link that dbt does not follow");
    change(p, "common/more.sql", "select 2\n");
    assert_string_equal(ask(p, production(p, plain, C_ON, "raw"), &known), "modified:");

    git(p->ctx, repo, "checkout", "-q", "-f", plain, NULL);
    assert_return_code(symlink("../common", path_join(p->ctx, repo, "models/common")), 0);
    p->base = commit(p->ctx, repo, "a link within models");
    struct manifest *m = production(p, p->base, C_ON, "raw");
    assert_string_equal(ask(p, m, &known), "modified:"); /* nothing changed, so nothing behind it */
    change(p, "common/more.sql", "select 3\n");
    assert_non_null(strstr(ask(p, m, &known), "models/common is a link"));
}

static void
declines_what_is_not_known(void **state)
{
    struct place *p = *state;
    struct state_flags flags = known;
    change(p, NULL, NULL);
    const char *other = "ffffffffffffffffffffffffffffffffffffffff";
    assert_non_null(
        strstr(ask(p, production(p, other, C_ON, "raw"), &known), "was built from ffffffffffff"));
    assert_non_null(strstr(ask(p, production(p, "", C_ON, "raw"), &known), "the commit that"));
    struct manifest *m = production(p, p->base, C_ON, "raw");
    flags.same_dbt = false;
    assert_non_null(strstr(ask(p, m, &flags), "version than production's (1.11.16)"));
    flags = known;
    flags.target_database = "elsewhere";
    assert_non_null(strstr(ask(p, m, &flags), "source.p.s.t uses the target's database"));
    flags.more_unrendered = true; /* then it is not compared */
    assert_string_equal(ask(p, m, &flags), "modified:");
}

static void
values_are_evaluated_here(void **state)
{
    struct place *p = *state;
    change(p, NULL, NULL);
    const char *off =
        "\"unrendered_config\": {\"enabled\": false}, \"config\": {\"enabled\": false}";
    assert_non_null(strstr(ask(p, production(p, p->base, off, "raw"), &known),
                           "models/c.sql: the result of 'config(enabled=var('live', false)"));
    assert_non_null(strstr(ask(p, production(p, p->base, C_ON, "lake"), &known),
                           "has another value here than in production"));
    assert_string_equal(ask(p, production(p, p->base, C_ON, "raw"), &known), "modified:");
}

static const char *const origin_names[] = {"unknown", "pr", "upstream", "environment"};

/* Production against a head's manifest of which one node's part differs. */
static char *
origins(struct place *p, const char *sha, const char *old, const char *new, const char *id,
        const char *path, const char *head_code)
{
    static const char frame[] =
        "{\"metadata\": {\"dbt_schema_version\": \"m/v12.json\", \"project_name\": \"p\", \"env\": "
        "{\"GIT_SHA\": \"%s\"}}, \"nodes\": {\"%s\": {\"unique_id\": \"%s\", \"package_name\": "
        "\"p\", "
        "\"resource_type\": \"model\", \"original_file_path\": \"%s\", \"raw_code\": \"%s\", %s}}}";
    struct manifest *a, *b;
    struct err err = {0};
    struct state_flags flags = {0};
    struct state_reason *r;
    size_t n;
    char *x = mem_printf(p->ctx, frame, sha, id, id, path, "x", old);
    char *y = mem_printf(p->ctx, frame, "", id, id, path, head_code, new);
    if (manifest_parse(p->ctx, &a, x, strlen(x), "old", &err) ||
        manifest_parse(p->ctx, &b, y, strlen(y), "new", &err))
        fail_msg("%s", err.msg);
    struct state *s = state_new(p->ctx, b, a, &flags, diff_of(p));
    if (state_reasons(p->ctx, s, 0, &r, &n, &err))
        fail_msg("%s", err.msg);
    struct buf out;
    buf_init(&out, p->ctx);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s%s %s", i ? ", " : "", origin_names[r[i].origin],
                   r[i].file ? r[i].file : "-");
    return out.s;
}

#define SET(x) "\"unrendered_config\": {" x "}"

static void
origins_are_told_apart(void **state)
{
    struct place *p = *state;
    const char *id = "model.p.a", *a = "models/a.sql", *b = "models/b.sql", *none = "\"x\": 1";
    change(p, "models/a.sql", "{{ config(materialized='view') }}\nselect 1\n");
    /* the author changed the file: body, and the config that is in it */
    assert_string_equal(origins(p, "", none, none, id, a, "y"), "pr models/a.sql");
    assert_string_equal(
        origins(p, "", SET("\"materialized\": 1"), SET("\"materialized\": 2"), id, a, "x"),
        "pr models/a.sql");
    /* a config that the changed file does not speak of, and no file here reads the environment */
    put_file(p->ctx, p->repo, "dbt_project.yml", "name: p\n");
    p->base = commit(p->ctx, p->repo, "plain project");
    change(p, "models/a.sql", "{{ config(materialized='table') }}\nselect 2\n");
    assert_string_equal(origins(p, "", SET("\"meta\": 1"), SET("\"meta\": 2"), id, a, "x"),
                        "upstream -");
    /* a file that nobody touched here */
    assert_string_equal(origins(p, "", none, none, "model.p.b", b, "y"), "upstream -");
    /* b.sql reads env_var, but says nothing of meta; c.sql has enabled by a variable */
    assert_string_equal(origins(p, "", SET("\"meta\": 1"), SET("\"meta\": 2"), "model.p.b", b, "x"),
                        "upstream -");
    assert_string_equal(origins(p, "", SET("\"enabled\": 1"), SET("\"enabled\": 2"), "model.p.c",
                                "models/c.sql", "x"),
                        "environment -");
    /* of YAML, only what is under the key */
    put_file(p->ctx, p->repo, "dbt_project.yml",
             "name: p\nmodels:\n  +schema: \"{{ target.name }}\"\n  p: {+pre-hook: [\"{{ var('x') "
             "}}\"]}\n");
    p->base = commit(p->ctx, p->repo, "a project that reads the target");
    change(p, "README.md", "x\n");
    assert_string_equal(origins(p, "", SET("\"meta\": 1"), SET("\"meta\": 2"), id, a, "x"),
                        "upstream -");
    assert_string_equal(origins(p, "", SET("\"schema\": 1"), SET("\"schema\": 2"), id, a, "x"),
                        "environment -");
    assert_string_equal(origins(p, "", SET("\"pre_hook\": 1"), SET("\"pre_hook\": 2"), id, a, "x"),
                        "environment -");
    /* production is the merge base: nothing else is left */
    assert_string_equal(origins(p, p->base, none, none, "model.p.b", b, "y"), "environment -");
}

/* dbt reads the work tree, the diff is of commits. */
static void
the_work_tree_is_as_at_the_head(void **state)
{
    static const struct {
        const char *path, *text;
        bool read;
    } cases[] = {
        {"models/b.sql", "select 3 as b from {{ ref('a') }}\n", true},
        {"models/new.sql", "select 1\n", true},
        {"dbt_project.yml", "name: p\nvars: {x: 1}\n", true},
        {".env", "X=1\n", true},
        {"notes.txt", "x\n", false},
        {"cloneci.yml", "threads: 2\n", false},
        {"prod-artifacts/manifest.json", "{}\n", false},
        {"profiles.yml", "p: {}\n", false},
        {"dbt_packages/x/models/m.sql", "select 1\n", false},
    };
    struct place *p = *state;
    struct manifest *m = production(p, p->base, C_ON, "raw");
    struct state_flags flags = known;
    flags.worktree = true;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        change(p, "models/a.sql", "{{ config(materialized='table') }}\nselect 2 as a\n");
        assert_string_equal(ask(p, m, &flags), "modified: model.p.a");
        put_file(p->ctx, p->repo, cases[i].path, cases[i].text);
        assert_string_equal(ask(p, m, &known), "modified: model.p.a");
        char *wanted = mem_printf(
            p->ctx, "%s in the checkout, which dbt reads, differs from that in ", cases[i].path);
        char *got = ask(p, m, &flags);
        if (cases[i].read ? !str_starts(got, wanted) : !str_eq(got, "modified: model.p.a"))
            fail_msg("%s: '%s'", cases[i].path, got);
        git(p->ctx, p->repo, "clean", "-q", "-d", "-f", NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims_what_is_proved, setup, teardown),
        cmocka_unit_test_setup_teardown(semantic_interchange_since_1_12, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(declines_what_is_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(the_work_tree_is_as_at_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_evaluated_here, setup, teardown),
        cmocka_unit_test_setup_teardown(origins_are_told_apart, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
