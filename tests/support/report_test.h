/* Samples of reports, and what is looked for in them. */
#ifndef TEST_REPORT_TEST_H
#define TEST_REPORT_TEST_H

#include <setjmp.h>

#include "report_docs.h"

#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void *ctx;

static inline int
setup(void **state)
{
    (void)state;
    ctx = talloc_new(NULL);
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    talloc_free(ctx);
    return 0;
}

static inline void
has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("not found: %s\n--- in:\n%.3000s", part, text);
}

static inline void
has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("found: %s\n--- in:\n%.3000s", part, text);
}

static inline void
in_order(const char *text, const char *first, const char *second)
{
    has(text, first);
    has(strstr(text, first), second);
}

static inline const char *
at(const cJSON *doc, const char *object, const char *key)
{
    return json_str(json_get(doc, object), key);
}

/* --- files --- */

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
