/* Sandboxes: their names, what is selected for one, which markers are one, what became stale. */
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"ann", "ann_orders", "pr_", "pr_7x", "Ännchen", "a-b"};
    static const char *const bad[] = {"",
                                      "public",
                                      "information_schema",
                                      "cloneci",
                                      "pg_x",
                                      "cloneci_new_1",
                                      "cloneci_old_1",
                                      "-x",
                                      "pr_7",
                                      "a b",
                                      "a.b",
                                      "a\"b",
                                      "a;b",
                                      "a'b",
                                      "a\\b",
                                      "a%b",
                                      "a\nb",
                                      "\x7f",
                                      "\xff",
                                      "0123456789012"};
    struct err err;
    const struct dialect *wide = warehouse_find("postgres")->dialect;
    struct dialect narrow = *wide;
    narrow.name_max = 12;
    for (size_t i = 0; i < BASE_COUNT(good); i++)
        assert_int_equal(sandbox_check_name(good[i], &narrow, &err), 0);
    for (size_t i = 0; i < BASE_COUNT(bad); i++) {
        assert_int_equal(sandbox_check_name(bad[i], i < 7 ? wide : &narrow, &err), -1);
        assert_int_equal(err.kind, ERR_CONFIG);
    }
}

static void
test_criteria(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct strlist out = {0}, select = {0}, downstream = {0};
    strlist_add(ctx, &select, "+orders  exposure:board");
    strlist_add(ctx, &select, "exposure:a,tag:b 2+exposure:c");
    strlist_add(ctx, &downstream, "riders");
    sandbox_criteria(ctx, &out, &select, &downstream);
    assert_string_equal(strlist_join(ctx, &out, " "),
                        "+orders +exposure:board exposure:a,tag:b 2+exposure:c riders+");
    talloc_free(ctx);
}

/* --- a warehouse that has what the test says --- */

static struct marked_place places[8];
static size_t n_places;
static struct relation_info there;
static struct sandbox_change change;
static struct sandbox_source asked;

static int
fake_marked(void *ctx, struct warehouse *a, struct marked_place **out, size_t *n, struct err *err)
{
    (void)a;
    (void)err;
    *out = mem_memdup(ctx, places, sizeof places);
    *n = n_places;
    return 0;
}

static int
fake_describe(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
              struct relation_info *out, struct err *err)
{
    (void)ctx;
    (void)a;
    (void)relations;
    (void)err;
    assert_int_equal(n, 1);
    *out = there;
    return 0;
}

static int
fake_size(void *ctx, struct warehouse *a, const struct strlist *schemas, int64_t *relations,
          int64_t *bytes, struct err *err)
{
    (void)ctx;
    (void)a;
    (void)err;
    *relations = (int64_t)schemas->n;
    *bytes = 7;
    return 0;
}

static int
fake_look(void *ctx, struct warehouse *a, const struct sandbox_source *sources, size_t n, bool deep,
          struct sandbox_change *out, struct err *err)
{
    (void)ctx;
    (void)a;
    (void)deep;
    (void)err;
    assert_int_equal(n, 1);
    asked = *sources;
    *out = change;
    return 0;
}

static int
fake_users(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
           const char **out, struct err *err)
{
    (void)ctx;
    (void)a;
    (void)err;
    for (size_t i = 0; i < n; i++)
        out[i] = str_eq(relations[i].name, "orders") ? "view mine" : NULL;
    return 0;
}

static const struct sandbox_ops fake_sandbox = {
    .size = fake_size, .look = fake_look, .users = fake_users};
static const struct warehouse_ops fake = {
    .marked = fake_marked, .describe = fake_describe, .sandbox = &fake_sandbox};

static void
put(const char *name, const char *marker, bool own, bool owned)
{
    places[n_places++] =
        (struct marked_place){.name = name, .marker = marker, .marker_own = own, .owned = owned};
}

#define HEAD(schema) "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"" schema "\""
#define CLONE(strategy)                                                                            \
    "{\"id\":\"model.shop.orders\",\"name\":\"orders\",\"from\":[\"mart\",\"orders\"],"            \
    "\"strategy\":\"" strategy "\",\"made\":\"17\",\"snapshot\":\"1:1:\",\"note\":{\"rows\":1}}"

static void
test_list(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct sandbox *list;
    size_t n;
    struct err err;
    n_places = 0;
    put("pr_7", HEAD("pr_7") "}", true, true); /* a pull request's */
    put("other",
        "{\"tool\":\"cloneci\",\"project\":\"mart\",\"schema\":\"other\",\"sandbox\":\"o\"}", true,
        true);
    put("cloneci_new_1", HEAD("bob") ",\"sandbox\":\"bob\",\"state\":\"building\"}", true,
        true); /* not yet whole */
    put("bob", HEAD("bob") ",\"sandbox\":\"bob\"}", false, true);
    put("ann",
        HEAD("ann") ",\"sandbox\":\"ann\",\"role\":\"ann\",\"clones\":[" CLONE("copy") ",{}]}",
        true, true);
    put("renamed", HEAD("ann_x") ",\"sandbox\":\"ann\"}", true, true);
    put("ann_mart", HEAD("ann_mart") ",\"sandbox\":\"ann\"}", true, false);
    assert_int_equal(sandbox_list(ctx, NULL, &fake, "shop", &list, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].name, "ann");
    assert_int_equal(list[0].schemas.n, 3);
    assert_string_equal(list[0].schemas.v[1], "renamed");
    assert_string_equal(list[0].born.v[1], "ann_x");
    assert_int_equal(list[0].relations, 3);
    assert_int_equal(list[1].schemas.n, 1);
    assert_int_equal(list[0].n, 1); /* the one that is sound */
    assert_string_equal(list[0].foreign, "another role owns the schema \"ann_mart\"");
    assert_string_equal(list[1].name, "bob");
    assert_non_null(strstr(list[1].foreign, "created the schema \"bob\" again"));
    talloc_free(ctx);
}

static struct sandbox_clone
look(void *ctx, const char *strategy)
{
    struct sandbox *list;
    size_t n;
    struct err err;
    n_places = 0;
    put("ann",
        mem_printf(ctx, HEAD("ann") ",\"sandbox\":\"ann\",\"clones\":[" CLONE("%s") "]}", strategy),
        true, true);
    assert_int_equal(sandbox_list(ctx, NULL, &fake, "shop", &list, &n, &err), 0);
    assert_int_equal(sandbox_look(ctx, NULL, &fake, list, true, &err), 0);
    return list->clones[0];
}

static void
test_look(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    there = (struct relation_info){.kind = RELATION_TABLE, .identity = "17"};
    change = (struct sandbox_change){.words = "rebuilt in production"};
    struct sandbox_clone c = look(ctx, "copy");
    assert_false(c.missing || c.replaced || c.gone);
    assert_string_equal(c.stale, "rebuilt in production");
    assert_string_equal(c.used_by, "view mine");
    assert_true(asked.has_rows);
    assert_string_equal(asked.from.name, "orders");
    there.identity = "18";
    c = look(ctx, "view");
    assert_true(c.replaced && !asked.has_rows);
    there = (struct relation_info){.kind = RELATION_MISSING};
    change = (struct sandbox_change){.words = "no longer in production", .gone = true};
    c = look(ctx, "shape");
    assert_true(c.missing && !c.replaced && c.gone && !asked.has_rows);
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_criteria),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
