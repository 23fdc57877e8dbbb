/*
 * Any bytes as a manifest: an error, or a graph that is whole. Chunks of 64 bytes give what one
 * large chunk gives, every instruction set marks alike, and a manifest compared with itself has
 * nothing modified.
 */
#include "replay.h"

#include "manifest/reader.h"
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

static void
check(bool good)
{
    if (!good)
        abort();
}

static void
check_scans(void *ctx, const uint8_t *data, size_t size)
{
    static const char *const names[] = {"sse2", "avx2", "avx512"};
    size_t blocks = (size + SCAN_BLOCK - 1) / SCAN_BLOCK;
    char *text = mem_array(ctx, char, blocks *SCAN_BLOCK + 1);
    memset(text, ' ', blocks * SCAN_BLOCK);
    if (size)
        memcpy(text, data, size);
    uint64_t *words = mem_array(ctx, uint64_t, 6 * blocks + 1);
    struct scan_marks a = {words, words + blocks, words + 2 * blocks};
    struct scan_marks b = {words + 3 * blocks, words + 4 * blocks, words + 5 * blocks};
    struct scan_carry want = {0};
    struct scan_seen seen = scan_scalar(text, blocks, &a, &want);
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        scan_fn *scan = scan_named(names[i]);
        struct scan_carry carry = {0};
        if (!scan)
            continue;
        struct scan_seen got = scan(text, blocks, &b, &carry);
        check(got.high == seen.high && got.control == seen.control && got.nan == seen.nan);
        check(carry.in_string == want.in_string && carry.escape == want.escape);
        check(memcmp(words, words + 3 * blocks, 3 * blocks * sizeof *words) == 0);
    }
}

static void
check_text(const char *s)
{
    size_t bad;
    check(!s || str_utf8(s, strlen(s), &bad));
}

static void
check_node(void *ctx, const struct manifest *m, uint32_t i)
{
    const struct node *n = &m->nodes[i];
    struct err err = {0};
    cJSON *json;
    check(n->unique_id && n->name && n->package && n->path && n->length >= 2);
    check_text(n->unique_id);
    check_text(n->name);
    check_text(n->relation_name);
    check(manifest_find(m, n->unique_id) == i);
    for (uint32_t k = 0; k < n->n_parents; k++)
        check(n->parents[k] < m->n_nodes);
    for (uint32_t k = 0; k < n->n_children; k++)
        check(n->children[k] < m->n_nodes);
    for (uint32_t k = 0; k < n->n_macros; k++)
        check(n->macros[k] == MAP_NONE || n->macros[k] < m->n_macros);
    if (manifest_node_json(ctx, m, i, &json, &err) == 0)
        check(cJSON_IsObject(json));
    else
        check(err.kind == ERR_INPUT);
}

static void
check_same(const struct manifest *a, const struct manifest *b)
{
    check(a->n_nodes == b->n_nodes && a->n_macros == b->n_macros && a->bytes == b->bytes);
    for (uint32_t i = 0; i < a->n_nodes; i++) {
        const struct node *x = &a->nodes[i], *y = &b->nodes[i];
        check(str_eq(x->unique_id, y->unique_id) && x->offset == y->offset);
        check(x->length == y->length && x->type == y->type && x->enabled == y->enabled);
        check(x->n_parents == y->n_parents && x->n_children == y->n_children);
        check(x->fingerprint == y->fingerprint || !x->fingerprint || !y->fingerprint);
    }
}

static void
check_state(void *ctx, const struct manifest *m)
{
    struct state_flags flags = {0};
    struct state *s = state_new(ctx, m, m, &flags, NULL);
    for (int t = 0; t < STATE_TESTS; t++) {
        struct err err = {0};
        const uint8_t *out;
        check(state_ask(s, (enum state_test)t, &out, &err) == 0 || err.kind != ERR_NONE);
    }
    for (uint32_t i = 0; i < m->n_nodes && i < 50; i++) {
        struct err err = {0};
        struct state_reason *reasons;
        size_t n;
        if (state_reasons(ctx, s, i, &reasons, &n, &err) == 0)
            for (size_t k = 0; k < n; k++)
                check_text(state_reason_text(ctx, &reasons[k]));
    }
}

static void
check_value(void *ctx, const char *text, size_t size)
{
    struct value v = {text, size};
    size_t bad = 0;
    if (!value_valid(v, &bad)) {
        check(bad <= size);
        return;
    }
    while (v.n && memchr(" \t\r\n", v.s[v.n - 1], 4))
        v.n--;
    while (v.n && memchr(" \t\r\n", *v.s, 4)) {
        v.s++;
        v.n--;
    }
    check(value_equal(v, v) || memmem(v.s, v.n, "NaN", 3));
    value_truth(v);
    check(value_tree(ctx, v) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *ctx = talloc_new(NULL);
    struct manifest *m, *small;
    struct err err = {0}, err2 = {0};
    char *text = mem_array(ctx, char, size + 1);
    if (size)
        memcpy(text, data, size);
    check_scans(ctx, data, size);
    check_value(ctx, text, size);
    int rc = manifest_parse(ctx, &m, text, size, "manifest.json", &err);
    int rc2 = reader_parse(ctx, &small, text, size, "manifest.json", SCAN_BLOCK, &err2);
    check(rc == rc2);
    if (rc) {
        check(!m && err.kind == ERR_INPUT && str_starts(err.msg, "manifest.json"));
    } else {
        check_same(m, small);
        for (uint32_t i = 0; i < m->n_nodes; i++)
            check_node(ctx, m, i);
        check_state(ctx, m);
    }
    talloc_free(ctx);
    return 0;
}
