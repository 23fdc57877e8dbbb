/* The manifest room: the graph, what is refused, chunks' borders, files that change. */
#include "manifest_test.h"

static void
graph_is_read(void **state)
{
    void *ctx = talloc_new(NULL);
    struct manifest *m = parse(ctx, graph_text);
    struct value v;
    struct err err = {0};
    (void)state;
    const struct node *b = node(m, "model.p.b"), *t = node(m, "test.p.t.1");
    assert_int_equal(m->n_nodes, 5);
    assert_int_equal(m->n_macros, 2);
    assert_int_equal(m->dbt_minor, 11);
    assert_string_equal(m->git_sha, "0123456789012345678901234567890123456789");
    assert_string_equal(b->name, "b");
    assert_string_equal(b->alias, "bee");
    assert_string_equal(b->relation_name, "\"d\".\"s\".\"bee\"");
    assert_string_equal(b->patch_path, "models/x/b.yml");
    assert_string_equal(b->materialized, "incremental");
    assert_string_equal(b->checksum, "abc");
    assert_string_equal(b->fqn[2], "b");
    assert_string_equal(b->tags[1], "t2");
    assert_true(b->versioned && b->enabled && !b->blank && !b->generic && b->type == NODE_MODEL);
    assert_int_equal(b->n_parents, 1); /* the unknown one is left out */
    assert_string_equal(m->nodes[b->parents[0]].unique_id, "source.p.s.t");
    assert_int_equal(b->n_children, 2);
    assert_true(t->generic && t->n_macros == 2 && t->macros[1] == MAP_NONE);
    const struct macro *macro = &m->macros[t->macros[0]];
    assert_string_equal(macro->unique_id, "macro.dbt.test_t");
    assert_int_equal(macro->n_macros, 2);
    assert_int_equal(macro->macros[1], MAP_NONE);
    assert_true(node(m, "seed.p.c")->blank && !node(m, "seed.p.c")->enabled);
    assert_string_equal(node(m, "source.p.s.t")->alias, "T");
    assert_string_equal(node(m, "unit_test.p.b.u")->tags[0], "one");
    assert_int_equal(manifest_disabled_value(ctx, m, "model.p.off", &v, &err), 0);
    assert_true(value_is(value_get(v, "name"), "off"));
    assert_int_equal(manifest_disabled_value(ctx, m, "model.p.b", &v, &err), 0);
    assert_int_equal(v.n, 0);
    talloc_free(ctx);
}

static void
last_of_duplicates_counts(void **state)
{
    void *ctx = talloc_new(NULL);
    struct manifest *m = parse(
        ctx, "{\"nodes\": {\"model.p.old\": {\"resource_type\": \"model\"}}, " META ", \"nodes\": {"
             "\"model.p.a\": {\"resource_type\": \"model\", \"name\": \"x\"},"
             "\"model.p.a\": {\"resource_type\": \"model\", \"name\": \"y\", \"na\\u006de\": \"z\","
             " \"config\": {\"enabled\": false}, \"config\": {}}}}");
    (void)state;
    assert_int_equal(m->n_nodes, 1);
    assert_string_equal(node(m, "model.p.a")->name, "z");
    assert_true(node(m, "model.p.a")->enabled);
    assert_int_equal(manifest_find(m, "model.p.old"), MAP_NONE);
    talloc_free(ctx);
}

static void
bad_files_are_refused(void **state)
{
    char deep[4096] = "{\"docs\": ";
    memset(deep + strlen(deep), '[', 1001);
    const struct {
        const char *text, *says, *hints;
    } cases[] = {
        {"", "ends too early", "fetch it again"},
        {"{\"nodes\": {\"model.p.a\": {\"na", "ends too early, at byte 28", "fetch it again"},
        {"{" META "} x", "text after the end of the document", NULL},
        {"\xef\xbb\xbf{}", "byte order mark", "dbt does not read it either"},
        {"[1]", "not JSON at byte 0: expected an object", NULL},
        {"{}", "no metadata", "target/"},
        {"{\"nodes\": {\"a\": {\"b\": \"\xff\"}}}", "not UTF-8 at byte 23", NULL},
        {"{\"docs\": \"a\nb\"}", "control character in a string at byte 11", NULL},
        {"{\"docs\": [1}", "brackets do not match", NULL},
        {"{\"nodes\": {\"a\": {\"b\": 01}}}", "not JSON at byte 22", NULL},
        {"{\"nodes\": {\"a\": {\"b\": 1,}}}", "expected a string", NULL},
        {"{\"nodes\": {\"a\": {\"resource_type\": \"thing\"}}}", "unknown resource_type", NULL},
        {"{\"metadata\": {\"dbt_schema_version\": \"x/manifest/v10.json\", \"dbt_version\": "
         "\"1.6.3\"}}",
         "schema v10, written by dbt 1.6.3 is not supported; cloneci reads the schemas v11 and v12",
         "dbt 1.7 to 1.12"},
        {"{\"metadata\": {\"dbt_schema_version\": \"x/manifest/v13.json\"}}",
         "schema v13 is not supported", "or a newer cloneci"},
        {deep, "nested more than 1,000 deep", NULL},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        struct manifest *m;
        struct err err = {0};
        assert_int_equal(
            manifest_parse(NULL, &m, cases[i].text, strlen(cases[i].text), "m.json", &err), -1);
        assert_null(m);
        assert_int_equal(err.kind, ERR_INPUT);
        if (!strstr(err.msg, cases[i].says) ||
            (cases[i].hints && !strstr(err.hint, cases[i].hints)))
            fail_msg("case %zu: %s | %s", i, err.msg, err.hint);
    }
}

static void
odd_numbers_and_texts_are_taken(void **state)
{
    void *ctx = talloc_new(NULL);
    struct manifest *m = parse(
        ctx,
        "{\"nodes\": {\"model.p.a\": {\"resource_type\": \"model\", \"unique_id\": \"model.p.a\","
        "\"name\": \"\\ud800\\u0000\", \"version\": 1e999,"
        " \"config\": {\"meta\": {\"a\": NaN, \"b\": -Infinity, \"c\": "
        "123456789012345678901234567890}}}}, " META "}");
    cJSON *json;
    struct err err = {0};
    (void)state;
    assert_string_equal(m->nodes[0].name, "\xef\xbf\xbd\xef\xbf\xbd");
    assert_int_equal(manifest_node_json(ctx, m, 0, &json, &err), 0);
    assert_true(cJSON_IsNull(json_get(json_get(json_get(json, "config"), "meta"), "a")));
    talloc_free(ctx);
}

/* What names no version of dbt counts as the latest. */
static void
versions_are_read(void **state)
{
    static const struct {
        const char *text;
        int minor, patch;
    } versions[] = {{"1.9.3", 9, 3},
                    {"1.12.0b2", 12, 0},
                    {"2.0.1", 100, 1},
                    {"1.7", 7, 0},
                    {"99999999999.1.1", 0, 0},
                    {"55555555.1.1", 0, 0},
                    {"1.99999999999", 0, 0},
                    {"1.-5.1", 0, 0},
                    {"1.9.x", 9, 0},
                    {"1.", 0, 0},
                    {"", 0, 0}};
    void *ctx = talloc_new(NULL);
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(versions); i++) {
        const struct manifest *m =
            parse(ctx, mem_printf(ctx,
                                  "{\"metadata\": {\"dbt_schema_version\": "
                                  "\"https://schemas.getdbt.com/dbt/manifest/v12.json\","
                                  " \"dbt_version\": \"%s\"}}",
                                  versions[i].text));
        assert_int_equal(m->dbt_minor, versions[i].minor);
        assert_int_equal(m->dbt_patch, versions[i].patch);
    }
    talloc_free(ctx);
}

static void
put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void
metadata_is_read_alone(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct manifest *m;
    struct err err = {0};
    char path[] = "/tmp/cloneci-metadata-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    put(path, "{" META ", \"nodes\": {\"model.p.a\": {\"resource_type\": \"model\"}}, not JSON");
    assert_int_equal(manifest_metadata(ctx, &m, path, &err), 0);
    assert_string_equal(m->project_name, "p");
    assert_int_equal(m->n_nodes, 0);
    assert_int_equal(manifest_read(ctx, &m, path, &err), -1);
    put(path, "{\"nodes\": {}}");
    assert_int_equal(manifest_metadata(ctx, &m, path, &err), -1);
    unlink(path);
    talloc_free(ctx);
}

static void
a_changed_file_is_an_error(void **state)
{
    void *ctx = talloc_new(NULL);
    char folder[] = "/tmp/manifest-XXXXXX";
    struct manifest *m;
    struct err err = {0};
    cJSON *json;
    (void)state;
    assert_non_null(mkdtemp(folder));
    char *path = path_join(ctx, folder, "manifest.json"), *aside = path_join(ctx, folder, "new");
    put(path, graph_text);
    assert_int_equal(manifest_read(ctx, &m, path, &err), 0);
    uint32_t b = manifest_find(m, "model.p.b");
    assert_int_equal(manifest_node_json(ctx, m, b, &json, &err), 0);
    assert_string_equal(json_str(json, "alias"), "bee");
    put(aside, "{}");
    assert_int_equal(rename(aside, path), 0); /* replaced as writers should: ours stays */
    assert_int_equal(manifest_node_json(ctx, m, b, &json, &err), 0);
    talloc_free(m);
    put(path, graph_text);
    assert_int_equal(manifest_read(ctx, &m, path, &err), 0);
    put(path, "{\"a\": 1}");
    assert_int_equal(manifest_node_json(ctx, m, b, &json, &err), -1);
    assert_non_null(strstr(err.msg, "changed while it was in use"));
    talloc_free(m);
    assert_int_equal(manifest_read(ctx, &m, folder, &err), -1);
    assert_non_null(strstr(err.msg, "is a folder"));
    assert_int_equal(manifest_read(ctx, &m, "/nonexistent/manifest.json", &err), -1);
    assert_int_equal(file_remove(folder, &err), 0);
    talloc_free(ctx);
}

static void
two_are_read_at_once(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    struct manifest *a, *b;
    char folder[] = "/tmp/cloneci-two-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = path_join(ctx, folder, "a.json"), *other = path_join(ctx, folder, "b.json");
    put(path, graph_text);
    put(other, "{" META "}");
    assert_int_equal(manifest_read_two(ctx, &a, path, &b, other, &err), 0);
    assert_string_equal(a->file, path);
    assert_string_equal(b->file, other);
    assert_int_not_equal(manifest_find(a, "model.p.b"), MAP_NONE);
    assert_int_equal(b->n_nodes, 0);
    assert_ptr_equal(talloc_parent(b), ctx);
    size_t blocks = talloc_total_blocks(ctx);
    assert_int_equal(manifest_read_two(ctx, &a, path, &b, "/nonexistent/b.json", &err), -1);
    assert_non_null(strstr(err.msg, "/nonexistent/b.json"));
    assert_true(!a && !b);
    assert_int_equal(
        manifest_read_two(ctx, &a, "/nonexistent/a.json", &b, "/nonexistent/b.json", &err), -1);
    assert_non_null(strstr(err.msg, "/nonexistent/a.json"));
    assert_int_equal(manifest_read_two(ctx, &a, "/nonexistent/a.json", &b, other, &err), -1);
    assert_true(!a && !b);
    assert_int_equal(talloc_total_blocks(ctx), blocks);
    assert_int_equal(file_remove(folder, &err), 0);
    talloc_free(ctx);
}

/* Each node's and source's own database and the first part of its name: in whatever order, quoted
 * or not, and nothing else. */
static void
it_is_moved_to_another_database(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    static const char before[] =
        " {" META ", \"nodes\": {\"model.p.a\": {\"database\": \"d\\u0022b\", \"config\": "
        "{\"database\": \"d\\u0022b\"},"
        " \"relation_name\": \"\\\"d\\\"b\\\".\\\"s\\\".\\\"a\\\"\"}, \"model.p.b\": "
        "{\"relation_name\": \"d.s.d\", \"database\": \"d\"},"
        " \"model.p.c\": {\"relation_name\": null, \"database\": \"d\"}, \"model.p.d\": "
        "{\"database\": null}},"
        " \"sources\": {\"source.p.s.t\": {\"database\": \"d\"}}, \"macros\": {\"m\": "
        "{\"database\": \"d\"}}}\n";
    static const char after[] =
        " {" META ", \"nodes\": {\"model.p.a\": {\"database\": \"n\\\"x\", \"config\": "
        "{\"database\": \"d\\u0022b\"},"
        " \"relation_name\": \"\\\"n\\\"x\\\".\\\"s\\\".\\\"a\\\"\"}, \"model.p.b\": "
        "{\"relation_name\": \"\\\"n\\\"x\\\".s.d\","
        " \"database\": \"n\\\"x\"}, \"model.p.c\": {\"relation_name\": null, \"database\": "
        "\"n\\\"x\"}, \"model.p.d\": {\"database\": null}},"
        " \"sources\": {\"source.p.s.t\": {\"database\": \"n\\\"x\"}}, \"macros\": {\"m\": "
        "{\"database\": \"d\"}}}\n";
    char folder[] = "/tmp/cloneci-moved-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = path_join(ctx, folder, "a.json"), *other = path_join(ctx, folder, "b.json");
    char *text;
    size_t n;
    put(path, before);
    assert_int_equal(manifest_move(path, other, "n\"x", &err), 0);
    assert_int_equal(file_read(ctx, other, &text, &n, ERR_INPUT, &err), 0);
    assert_string_equal(text, after);
    put(path, "{\"nodes\": {");
    assert_int_equal(manifest_move(path, other, "n", &err), -1);
    assert_non_null(strstr(err.msg, "not JSON at byte 11"));
    assert_int_equal(file_remove(folder, &err), 0);
    talloc_free(ctx);
}

/* Asked of each version: 1.8 does not look at a unit test's `enabled`. */
static void
unit_tests_of_1_8_are_never_disabled(void **state)
{
    static const char *const versions[] = {"1.8.9", "1.9.0"};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(versions); i++) {
        void *ctx = talloc_new(NULL);
        struct manifest *m;
        struct err err = {0};
        char *text = mem_printf(ctx,
                                "{\"metadata\": {\"dbt_schema_version\": "
                                "\"https://schemas.getdbt.com/dbt/manifest/v12.json\", "
                                "\"dbt_version\": \"%s\"}, \"unit_tests\": {\"unit_test.p.a.u\": "
                                "{\"config\": {\"enabled\": "
                                "false}}}}",
                                versions[i]);
        assert_int_equal(manifest_parse(ctx, &m, text, strlen(text), "m.json", &err), 0);
        assert_int_equal(m->nodes[0].enabled, i == 0);
        talloc_free(ctx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph_is_read),
        cmocka_unit_test(last_of_duplicates_counts),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(odd_numbers_and_texts_are_taken),
        cmocka_unit_test(versions_are_read),
        cmocka_unit_test(metadata_is_read_alone),
        cmocka_unit_test(a_changed_file_is_an_error),
        cmocka_unit_test(two_are_read_at_once),
        cmocka_unit_test(it_is_moved_to_another_database),
        cmocka_unit_test(unit_tests_of_1_8_are_never_disabled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
