/* The documents of the store: order, retention, and what is not believed. The stores themselves:
 * tests/integration. */
#include "artifact/artifact.h"
#include "artifact/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* A manifest may have more than talloc gives at once. */
static void
large_files(void **state)
{
    (void)state;
    enum { PART = 50 << 20, SIZE = 6 * PART };
    void *ctx = talloc_new(NULL), *other = talloc_new(NULL);
    struct err err;
    char path[] = "/tmp/cloneci-large-XXXXXX", *data;
    size_t len;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, SIZE - 3), 0);
    assert_int_equal(pwrite(fd, "end", 3, SIZE - 3), 3);
    close(fd);
    int rc = file_read(ctx, path, &data, &len, ERR_INPUT, &err);
    unlink(path);
    assert_int_equal(rc, 0);
    assert_int_equal(len, SIZE);
    assert_string_equal(data + SIZE - 3, "end");
    struct buf b;
    buf_init(&b, ctx);
    for (int i = 0; i < 6; i++)
        buf_add(&b, data + SIZE - PART, PART);
    assert_int_equal(b.len, SIZE);
    char *taken = buf_take(&b, other);
    assert_int_equal(b.len, 0);
    talloc_free(ctx);
    assert_string_equal(taken + PART - 3, "end"); /* the first part's zero byte follows */
    assert_string_equal(taken + SIZE - 3, "end");
    talloc_free(other);
}

static void
times(void **state)
{
    (void)state;
    static const char *const order[] = {
        "yesterday",
        "2025-12-31T23:59:59Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000001Z",
        "2026-01-01T00:00:00.1Z",
        "2026-01-01T00:00:00.123456Z",
        "2026-01-01T00:00:01Z",
        "2026-11-01T00:00:00.5+00:00",
    };
    for (size_t i = 0; i < BASE_COUNT(order); i++)
        for (size_t j = 0; j < BASE_COUNT(order); j++) {
            int rc = time_compare(order[i], order[j]);
            assert_int_equal((rc > 0) - (rc < 0), (i > j) - (i < j));
        }
    assert_int_equal(time_compare("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500000Z"), 0);
    assert_int_equal(time_compare(NULL, ""), 0);
    assert_true(time_compare("2026-01-01T00:00:00Z", NULL) > 0);
}

static struct generation *
made(void *ctx, const char *id, const char *at)
{
    struct generation *g = mem_new(ctx, struct generation);
    g->id = id;
    g->generated_at = at;
    g->vars = "{\"a\":\"\\u00e9\"}";
    g->files[g->n_files++] = (struct artifact_file){.name = MANIFEST, .sha256 = hash, .size = 5};
    return g;
}

static void
retention(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct index index = {0};
    index_insert(ctx, &index, made(ctx, "b", "2026-01-02T00:00:00Z"), 2);
    index_insert(ctx, &index, made(ctx, "c", "2026-01-03T00:00:00Z"), 2);
    index_insert(ctx, &index, made(ctx, "d", "2026-01-04T00:00:00Z"), 2);
    assert_int_equal(index.n, 2);
    assert_string_equal(index.v[0]->id, "d");
    assert_string_equal(index.v[1]->id, "c");
    /* older than all that is kept: it goes at once, the newest never does */
    index_insert(ctx, &index, made(ctx, "a", "2026-01-01T00:00:00Z"), 0);
    assert_int_equal(index.n, 1);
    assert_string_equal(index.v[0]->id, "d");
    assert_string_equal(strlist_join(ctx, &index.removed, " "), "b a c");
    assert_non_null(index_find(&index, "d"));
    assert_null(index_find(&index, "c"));
    talloc_free(ctx);
}

static void
written_and_read(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err;
    struct index index = {0}, again;
    index_insert(ctx, &index, made(ctx, "20260101T000000Z-aa", "2026-01-01T00:00:00Z"), 5);
    strlist_add(ctx, &index.removed, "20250101T000000Z-bb");
    char *text = index_print(ctx, &index);
    struct blob blob = {.data = text, .len = strlen(text)};
    assert_int_equal(index_parse(ctx, &again, &blob, "index", &err), 0);
    assert_int_equal(again.n, 1);
    assert_string_equal(again.v[0]->id, "20260101T000000Z-aa");
    assert_string_equal(again.v[0]->vars, "{\"a\":\"\\u00e9\"}");
    assert_null(again.v[0]->git_sha);
    assert_int_equal(again.v[0]->n_files, 1);
    assert_string_equal(again.v[0]->files[0].sha256, hash);
    assert_int_equal(again.v[0]->files[0].size, 5);
    assert_int_equal(again.removed.n, 1);
    struct blob none = {0};
    assert_int_equal(index_parse(ctx, &again, &none, "index", &err), 0);
    assert_int_equal(again.n, 0);
    talloc_free(ctx);
}

#define FILES "\"files\":[{\"name\":\"manifest.json\",\"sha256\":\"%s\",\"size\":1}]"
#define ONE(body) "{\"version\":1,\"generations\":[{" body "}]}"

static void
not_believed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{\"version\":2,\"generations\":[]}",
        ONE("\"id\":\"../x\",\"generated_at\":\"2026-01-01T00:00:00Z\"," FILES),
        ONE("\"id\":\"\",\"generated_at\":\"2026-01-01T00:00:00Z\"," FILES),
        ONE("\"id\":\"a/b\",\"generated_at\":\"2026-01-01T00:00:00Z\"," FILES),
        ONE("\"id\":\"a\"," FILES),
        ONE("\"id\":\"a\",\"generated_at\":\"x\",\"files\":[]"),
        ONE("\"id\":\"a\",\"generated_at\":\"x\",\"files\":[{\"name\":\"manifest.json\",\"sha256\":"
            "\"12\",\"size\":1}]"),
        ONE("\"id\":\"a\",\"generated_at\":\"x\",\"files\":[{\"name\":\"manifest.json\",\"sha256\":"
            "\"%s\",\"size\":-1}]"),
        ONE("\"id\":\"a\",\"generated_at\":\"x\",\"files\":[{\"name\":\"../"
            "x\",\"sha256\":\"%s\",\"size\":1}]"),
    };
    for (size_t i = 0; i < BASE_COUNT(texts); i++) {
        void *ctx = talloc_new(NULL);
        struct err err = {.kind = ERR_NONE};
        struct index index;
        struct buf b;
        buf_init(&b, ctx);
        const char *at = strstr(texts[i], "%s");
        buf_add(&b, texts[i], at ? (size_t)(at - texts[i]) : strlen(texts[i]));
        if (at)
            buf_printf(&b, "%s%s", hash, at + 2);
        struct blob blob = {.data = b.len ? b.s : mem_strdup(ctx, ""), .len = b.len};
        assert_int_equal(index_parse(ctx, &index, &blob, "s3://b/index.json", &err), -1);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_non_null(strstr(err.msg, "s3://b/index.json"));
        talloc_free(ctx);
    }
}

static void
unknown_files_of_a_later_version(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err;
    struct index index;
    char *text =
        mem_printf(ctx,
                   ONE("\"id\":\"a\",\"generated_at\":\"x\",\"files\":[{\"name\":\"manifest.json\","
                       "\"sha256\":\"%s\",\"size\":1},{\"name\":\"catalog.json\"}]"),
                   hash);
    struct blob blob = {.data = text, .len = strlen(text)};
    assert_int_equal(index_parse(ctx, &index, &blob, "index", &err), 0);
    assert_int_equal(index.v[0]->n_files, 1);
    talloc_free(ctx);
}

static void
variables(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    cJSON *a, *b;
    struct err err;
    const char *x = "{\"b\": {\"d\": [2, {\"y\": 1}], \"c\": null}, \"a\\\"\": \"\\u00e9\"}";
    const char *y = "{\"a\\\"\":\"\xc3\xa9\",\"b\":{\"c\":null,\"d\":[2,{\"y\":1}]}}";
    assert_int_equal(json_parse(ctx, &a, x, strlen(x), "x", &err), 0);
    assert_int_equal(json_parse(ctx, &b, y, strlen(y), "y", &err), 0);
    assert_string_equal(artifact_vars(ctx, a), y);
    assert_string_equal(artifact_vars(ctx, b), y);
    assert_string_equal(artifact_vars(ctx, json_object(ctx)), "{}");
    talloc_free(ctx);
}

/* A folder whose maker lives stays, whoever it is; the others go. */
static void
swept(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err;
    struct strlist keeps = {0};
    char *root = mem_strdup(ctx, "/tmp/cloneci-artifact.XXXXXX");
    assert_non_null(mkdtemp(root));
    int claim, other;
    const char *ours = path_join(ctx, root, "ours"), *theirs = path_join(ctx, root, "theirs");
    const char *kept = path_join(ctx, root, "kept"), *file = path_join(ctx, root, "file");
    assert_int_equal(claim_folder(ours, &claim, &err), 0);
    assert_int_equal(claim_folder(theirs, &other, &err), 0);
    close(other);
    assert_int_equal(mkdir(kept, 0700), 0);
    assert_int_equal(file_write(file, "x", 1, 0600, &err), 0);
    strlist_add(ctx, &keeps, "kept");
    assert_int_equal(sweep_folders(root, "", &keeps, &err), 0);
    assert_true(file_exists(ours));
    assert_false(file_exists(theirs));
    assert_true(file_exists(kept));
    assert_true(file_exists(file));
    assert_int_equal(sweep_folders(root, "none-", NULL, &err), 0);
    assert_true(file_exists(kept));
    assert_int_equal(sweep_folders(path_join(ctx, root, "missing"), "", NULL, &err), 0);
    close(claim);
    assert_int_equal(file_remove(root, &err), 0);
    talloc_free(ctx);
}

static void
a_lock_is_given_up(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct err err;
    char *path = mem_strdup(ctx, "/tmp/cloneci-artifact.XXXXXX");
    int a = mkstemp(path), b = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(a >= 0 && b >= 0);
    assert_int_equal(lock_wait(a, path, 1, &err), 0);
    assert_int_equal(lock_wait(b, path, 0, &err), -1);
    assert_int_equal(err.kind, ERR_LOCKED);
    assert_non_null(strstr(err.msg, path));
    close(a);
    assert_int_equal(lock_wait(b, path, 0, &err), 0);
    close(b);
    unlink(path);
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_files),        cmocka_unit_test(times),
        cmocka_unit_test(retention),          cmocka_unit_test(written_and_read),
        cmocka_unit_test(not_believed),       cmocka_unit_test(unknown_files_of_a_later_version),
        cmocka_unit_test(variables),          cmocka_unit_test(swept),
        cmocka_unit_test(a_lock_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
