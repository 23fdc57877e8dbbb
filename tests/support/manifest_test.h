/* A small manifest to read. */
#ifndef TEST_MANIFEST_TEST_H
#define TEST_MANIFEST_TEST_H

#include "manifest/reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define META                                                                                       \
    "\"metadata\": {\"dbt_schema_version\": \"https://schemas.getdbt.com/dbt/manifest/v12.json\"," \
    " \"dbt_version\": \"1.11.16\", \"project_name\": \"p\", \"adapter_type\": \"postgres\","      \
    " \"env\": {\"GIT_SHA\": \"0123456789012345678901234567890123456789\"}}"

static inline struct manifest *
parse(void *ctx, const char *text)
{
    struct manifest *m;
    struct err err = {0};
    if (manifest_parse(ctx, &m, text, strlen(text), "m.json", &err))
        fail_msg("%s", err.msg);
    return m;
}

static inline const struct node *
node(const struct manifest *m, const char *id)
{
    uint32_t i = manifest_find(m, id);
    if (i == MAP_NONE)
        fail_msg("%s is not there", id);
    return &m->nodes[i];
}

static const char graph_text[] =
    "{" META ", \"nodes\": {"
    "\"test.p.t.1\": {\"resource_type\": \"test\", \"name\": \"t\", \"package_name\": \"p\","
    "  \"original_file_path\": \"models/a.yml\", \"fqn\": [\"p\", \"t\"], \"test_metadata\": {},"
    "  \"depends_on\": {\"macros\": [\"macro.dbt.test_t\", null], \"nodes\": [\"model.p.b\"]}},"
    "\"model.p.b\": {\"database\": \"d\", \"schema\": \"s\", \"name\": \"b\", \"resource_type\": "
    "\"model\","
    "  \"package_name\": \"p\", \"original_file_path\": \"models/x/b.sql\", \"fqn\": [\"p\", "
    "\"x\", \"b\"],"
    "  \"alias\": \"bee\", \"checksum\": {\"name\": \"sha256\", \"checksum\": \"abc\"}, \"tags\": "
    "[\"t1\", \"t2\"],"
    "  \"config\": {\"enabled\": true, \"materialized\": \"incremental\"}, \"version\": 2,"
    "  \"patch_path\": \"p://models/x/b.yml\", \"relation_name\": "
    "\"\\\"d\\\".\\\"s\\\".\\\"bee\\\"\","
    "  \"raw_code\": \"select 1\", \"depends_on\": {\"nodes\": [\"source.p.s.t\", "
    "\"model.p.gone\"]}},"
    "\"seed.p.c\": {\"resource_type\": \"seed\", \"name\": \"c\", \"package_name\": \"p\","
    "  \"original_file_path\": \"seeds/c.csv\", \"fqn\": [\"p\", \"c\"], \"raw_code\": \" "
    "\\n\\u00a0\","
    "  \"config\": {\"enabled\": false}}},"
    "\"sources\": {\"source.p.s.t\": {\"resource_type\": \"source\", \"name\": \"t\", "
    "\"package_name\": \"p\","
    "  \"original_file_path\": \"models/a.yml\", \"fqn\": [\"p\", \"s\", \"t\"], \"identifier\": "
    "\"T\"}},"
    "\"unit_tests\": {\"unit_test.p.b.u\": {\"name\": \"u\", \"package_name\": \"p\", "
    "\"original_file_path\":"
    "  \"models/a.yml\", \"fqn\": [\"p\", \"u\"], \"config\": {\"tags\": \"one\"}, \"depends_on\": "
    "{\"nodes\": [\"model.p.b\"]}}},"
    "\"macros\": {\"macro.dbt.test_t\": {\"package_name\": \"dbt\", \"original_file_path\": "
    "\"macros/t.sql\","
    "  \"macro_sql\": \"x\", \"depends_on\": {\"macros\": [\"macro.p.m\", \"macro.p.gone\"]}},"
    "  \"macro.p.m\": {\"package_name\": \"p\", \"macro_sql\": \"y\"}},"
    "\"disabled\": {\"model.p.off\": [{\"name\": \"off\", \"version\": 1}, {\"name\": "
    "\"second\"}]},"
    "\"docs\": {\"a\": [[{\"x\": \"}]\"}]]}, \"selectors\": null}";

#endif
