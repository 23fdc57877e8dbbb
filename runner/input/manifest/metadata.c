#include "reader.h"

#include <stdlib.h>
#include <string.h>

#define SUPPORTED "cloneci reads the schemas v11 and v12 (dbt 1.7 to 1.12)"

static const char *
text_of(struct manifest *m, struct value metadata, const char *key)
{
    struct value v = value_get(metadata, key);
    return v.n && *v.s == '"' ? value_text(m, v, true, NULL) : NULL;
}

/* "https://schemas.getdbt.com/dbt/manifest/v12.json" -> "v12" */
static const char *
schema_of(void *ctx, const char *url)
{
    const char *v = url ? strrchr(url, '/') : NULL;
    v = v ? v + 1 : url;
    return v ? mem_strndup(ctx, v, strcspn(v, ".")) : NULL;
}

static bool
is_commit(const char *s)
{
    size_t n = strspn(s, "0123456789abcdef");
    return s[n] == '\0' && (n == 40 || n == 64);
}

/* metadata.env holds what the environment called DBT_ENV_CUSTOM_ENV_*; the best known names come
 * first. */
static const char *
commit_of(struct manifest *m, struct value env)
{
    static const char *const names[] = {
        "GIT_SHA",           "GIT_COMMIT_SHA",   "GIT_COMMIT",
        "COMMIT_SHA",        "GITHUB_SHA",       "CI_COMMIT_SHA",
        "DBT_CLOUD_GIT_SHA", "BITBUCKET_COMMIT", "BUILD_SOURCEVERSION",
        "CIRCLE_SHA1",       "COMMIT",           "SHA"};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        const char *sha = text_of(m, env, names[i]);
        if (sha && is_commit(sha))
            return sha;
    }
    return NULL;
}

/* A part of a version, which ends at *end; -1: it is none. */
static int
version_part(const char *text, char **end)
{
    enum { PART_MOST = 9999 };
    long part = strtol(text, end, 10);
    return *end > text && part >= 0 && part <= PART_MOST ? (int)part : -1;
}

static void
read_version(struct manifest *m)
{
    char *end;
    int major = m->dbt_version ? version_part(m->dbt_version, &end) : 0;
    if (major < 1 || *end != '.')
        return;
    int minor = version_part(end + 1, &end), patch = *end == '.' ? version_part(end + 1, &end) : 0;
    if (minor < 0)
        return;
    m->dbt_minor = minor + (major - 1) * 100;
    m->dbt_patch = patch < 0 ? 0 : patch;
}

bool
manifest_since(const struct manifest *m, int minor, int patch)
{
    return m->dbt_minor == 0 || m->dbt_minor > minor ||
           (m->dbt_minor == minor && m->dbt_patch >= patch);
}

static int
refuse_schema(const struct manifest *m, struct err *err)
{
    fail(err, ERR_INPUT, "%s: manifest schema %s%s%s is not supported; " SUPPORTED, m->file,
         m->schema_version ? m->schema_version : "(none)",
         m->dbt_version ? ", written by dbt " : "", m->dbt_version ? m->dbt_version : "");
    return hint(err,
                "Use dbt 1.7 to 1.12 for production and the pull request, or a newer cloneci.");
}

int
reader_metadata(struct reader *r, struct value text, struct err *err)
{
    struct manifest *m = r->m;
    if (!value_valid(text, NULL) || *text.s != '{')
        return fail(err, ERR_INPUT, "%s: metadata is not an object of JSON", m->file);
    m->schema_version = schema_of(m, text_of(m, text, "dbt_schema_version"));
    m->dbt_version = text_of(m, text, "dbt_version");
    m->generated_at = text_of(m, text, "generated_at");
    m->invocation_id = text_of(m, text, "invocation_id");
    m->adapter_type = text_of(m, text, "adapter_type");
    m->project_name = text_of(m, text, "project_name");
    m->project_id = text_of(m, text, "project_id");
    m->git_sha = commit_of(m, value_get(text, "env"));
    read_version(m);
    if (!str_eq(m->schema_version, "v11") && !str_eq(m->schema_version, "v12"))
        return refuse_schema(m, err);
    return 0;
}
