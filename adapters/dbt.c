/* What dbt's adapters are like, those that cloneci has no driver for among them: what is read of a
 * manifest alone works with each of them. */
#include "adapters/warehouse.h"

#include <string.h>

static const char *const postgres[] = {"postgres", NULL};
static const char *const redshift[] = {"redshift", "postgres", NULL};
static const char *const snowflake[] = {"snowflake", NULL};
static const char *const bigquery[] = {"bigquery", NULL};

static const char *const not_null[] = {"not_null", NULL};
static const char *const by_default[] = {"not_null", "foreign_key", NULL};

/* CONSTRAINT_SUPPORT of each; the last one is dbt-adapters' own, of all others. */
static const struct dbt_facts known[] = {
    {.types = postgres, .no_custom = true},
    {.types = redshift, .enforced = not_null, .no_custom = true},
    {.types = snowflake, .enforced = not_null, .no_custom = true},
    {.types = bigquery, .enforced = not_null, .no_custom = true},
    {.enforced = by_default},
};

const struct dbt_facts *
dbt_facts(const char *type)
{
    const struct dbt_facts *f = known;
    while (f->types && !str_eq(f->types[0], type))
        f++;
    return f;
}

bool
dbt_owns_package(const char *type, const char *package)
{
    const struct dbt_facts *f = dbt_facts(type);
    if (str_eq(package, "dbt"))
        return true;
    if (!package || !str_starts(package, "dbt_"))
        return false;
    const char *of = package + strlen("dbt_");
    for (size_t i = 0; f->types && f->types[i]; i++)
        if (str_eq(f->types[i], of))
            return true;
    return str_eq(type, of);
}
