/* The manifest room: chunks' borders, the scanners of each processor, fingerprints. */
#include "manifest_test.h"

/* Borders of chunks fall everywhere: into escapes, characters, names, words. */
static void
chunks_do_not_matter(void **state)
{
    void *ctx = talloc_new(NULL);
    struct manifest *want = parse(ctx, graph_text), *m;
    struct err err = {0};
    struct buf b;
    (void)state;
    for (size_t shift = 0; shift < 64; shift++) {
        buf_init(&b, ctx);
        for (size_t i = 0; i < shift; i++)
            buf_putc(&b, i % 2 ? ' ' : '\n');
        buf_puts(&b, graph_text);
        if (reader_parse(ctx, &m, b.s, b.len, "m.json", SCAN_BLOCK, &err))
            fail_msg("shift %zu: %s", shift, err.msg);
        assert_int_equal(m->n_nodes, want->n_nodes);
        for (uint32_t i = 0; i < m->n_nodes; i++) {
            const struct node *x = &want->nodes[i], *y = &m->nodes[i];
            assert_string_equal(x->unique_id, y->unique_id);
            assert_int_equal(x->fingerprint, y->fingerprint);
            assert_int_equal(x->length, y->length);
            assert_int_equal(x->offset + shift, y->offset);
            assert_int_equal(x->n_children, y->n_children);
        }
    }
    talloc_free(ctx);
}

static const char *const entry_forms[] = {
    "\"resource_type\": \"model\", \"name\": \"a\", \"schema\": null, \"version\": 2, "
    "\"config\": {}, \"meta\": {}, \"access\": \"private\"",
    "\"resource_type\": \"model\", \"name\": \"a\", \"schema\": null, \"version\": 2, "
    "\"config\": {}, \"meta\": {}, \"access\": \"private\"",
    "\"resource_type\": \"model\", \"name\": \"ab\", \"schema\": \"null\", \"version\": 23, "
    "\"config\": {\"enabled\": false}, \"meta\": {\"a\": 1}",
    "\"resource_type\": \"test\", \"schema\": \"s\", \"name\": \"a\", \"test_metadata\": {}, "
    "\"config\": {\"enabled\": false, \"materialized\": \"test\"}",
    "\"resource_type\":\"model\",\"name\":\"a\",\"schema\":null "
    ",\"version\":2,\"config\":{\"materialized\": \"view\"}",
    "\"resource_type\": \"model\" , \"name\" : \"a\", \"schema\":  null, \"version\": null",
    "\"resource_type\": \"model\", \"n\\u0061me\": \"e\", \"schema\": \"s\", \"version\": 2, "
    "\"version\": null, \"config\": {\"enabled\": false}, \"config\": {}",
    "\"resource_type\": \"model\", \"n\\u0061me\": \"f\", \"schema\": \"s\", \"version\": "
    "null, \"version\": 2, \"config\": {}, \"config\": {\"enabled\": false}",
    "\"resource_type\": \"model\", \"name\": \"g\", \"config\": {\"enabled\": false, "
    "\"materialized\": \"test\"}, \"config\": {\"materialized\": \"view\"}",
    "",
};

/* An entry is read by what came before it; it says the same where nothing came before. */
static void
entries_before_do_not_matter(void **state)
{
    void *ctx = talloc_new(NULL);
    struct buf all, one, many;
    struct err err = {0};
    (void)state;
    buf_init(&all, ctx);
    buf_init(&many, ctx);
    buf_puts(&many, "\"resource_type\": \"model\"");
    for (int i = 0; i < 400; i++) /* more than are remembered, and longer ones */
        buf_printf(&many, ", \"%0*d\": null", i % 90 + 1, i);
    buf_puts(&many, ", \"name\": \"many\"");
    buf_puts(&all, "{" META ", \"nodes\": {");
    for (size_t round = 0; round < 3 * BASE_COUNT(entry_forms); round++) {
        const char *form = entry_forms[(round * round + round / 4) % BASE_COUNT(entry_forms)];
        buf_printf(&all, "%s\"model.p.%zu\": {%s}", round ? ", " : "", round,
                   *form ? form : many.s);
    }
    buf_puts(&all, "}}");
    struct manifest *m = parse(ctx, all.s), *again;
    if (reader_parse(ctx, &again, all.s, all.len, "m.json", SCAN_BLOCK, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(m->n_nodes, 3 * BASE_COUNT(entry_forms));
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        buf_init(&one, ctx);
        buf_printf(&one, "{" META ", \"nodes\": {\"%s\": %.*s}}", m->nodes[i].unique_id,
                   (int)m->nodes[i].length, all.s + m->nodes[i].offset);
        const struct node *want = &parse(ctx, one.s)->nodes[0];
        const struct node *const got[] = {&m->nodes[i], &again->nodes[i]};
        for (size_t g = 0; g < BASE_COUNT(got); g++) {
            assert_string_equal(got[g]->name, want->name);
            assert_true(str_eq(got[g]->schema, want->schema) || (!got[g]->schema && !want->schema));
            assert_true(str_eq(got[g]->materialized, want->materialized) ||
                        (!got[g]->materialized && !want->materialized));
            assert_int_equal(got[g]->type, want->type);
            assert_int_equal(got[g]->enabled, want->enabled);
            assert_int_equal(got[g]->versioned, want->versioned);
            assert_int_equal(got[g]->generic, want->generic);
            assert_int_equal(got[g]->fingerprint, want->fingerprint);
        }
    }
    talloc_free(ctx);
}

static uint64_t
print_of(void *ctx, const char *fields)
{
    char *text = mem_printf(
        ctx, "{" META ", \"nodes\": {\"model.p.a\": {\"resource_type\": \"model\", %s}}}", fields);
    return parse(ctx, text)->nodes[0].fingerprint;
}

static void
fingerprints_see_what_is_compared(void **state)
{
    void *ctx = talloc_new(NULL);
    uint64_t one = print_of(ctx, "\"raw_code\": \"a\", \"created_at\": 1, \"description\": \"x\"");
    (void)state;
    assert_int_equal(
        one, print_of(ctx, "\"created_at\": 2, \"raw_code\": \"a\", \"description\": \"y\""));
    assert_int_not_equal(one, print_of(ctx, "\"raw_code\": \"b\""));
    assert_int_not_equal(one, print_of(ctx, "\"raw_code\": \"a\", \"access\": \"public\""));
    const char *kept = "\"raw_code\": \"a\", \"config\": {\"persist_docs\": {\"relation\": true}}, "
                       "\"description\": \"%s\"";
    char *x = mem_printf(ctx, "%.*s", (int)strlen(kept) - 3, kept);
    assert_int_not_equal(print_of(ctx, mem_printf(ctx, "%sx\"", x)),
                         print_of(ctx, mem_printf(ctx, "%sy\"", x)));
    assert_int_equal(print_of(ctx, "\"unrendered_config\": {\"meta\": NaN}"), 0);
    talloc_free(ctx);
}

static void
scans_agree(void **state)
{
    static const char *const names[] = {"sse2", "avx2", "avx512"};
    static const char letters[] = "\"\\{}[]ab \n\x80N";
    char text[64 * 64];
    uint64_t a[3][64], b[3][64];
    struct scan_marks ma = {a[0], a[1], a[2]}, mb = {b[0], b[1], b[2]};
    uint64_t seed = 42;
    size_t compared = 0;
    (void)state;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[i] = letters[(seed >> 33) % (sizeof letters - 1)];
        }
        for (size_t i = 0; i < BASE_COUNT(names); i++) {
            scan_fn *scan = scan_named(names[i]);
            struct scan_carry ca = {0}, cb = {0};
            if (!scan)
                continue;
            scan_scalar(text, 64, &ma, &ca);
            scan(text, 64, &mb, &cb);
            assert_memory_equal(a, b, sizeof a);
            assert_int_equal(ca.in_string, cb.in_string);
            assert_int_equal(ca.escape, cb.escape);
            compared++;
        }
    }
#if defined(__x86_64__)
    assert_true(compared >= 50);
#endif
}

static void
fields_are_all_found(void **state)
{
    struct reader r = {0};
    (void)state;
    fields_init(&r);
    int found = 0;
    for (size_t i = 0; i < FIELD_SLOTS; i++) {
        if (!r.fields[i].name)
            continue;
        char padded[64] = {0};
        memcpy(padded, r.fields[i].name, r.fields[i].len);
        assert_int_equal(fields_find(&r, padded, r.fields[i].len), r.fields[i].field);
        padded[0] ^= 1;
        assert_int_equal(fields_find(&r, padded, r.fields[i].len), FIELD_NONE);
        found++;
    }
    assert_int_equal(found, FIELD_COUNT - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_do_not_matter),
        cmocka_unit_test(entries_before_do_not_matter),
        cmocka_unit_test(fingerprints_see_what_is_compared),
        cmocka_unit_test(scans_agree),
        cmocka_unit_test(fields_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
