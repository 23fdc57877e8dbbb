/* Whether a manifest that is to become production's is a pull request's own. */
#include "guard.h"

#include <ctype.h>
#include <string.h>

/* What the last run in this checkout has made. */
static struct strlist
schemas_of_report(void *ctx, const struct project *project)
{
    struct strlist out = {0};
    struct err ignored;
    cJSON *doc = NULL;
    const char *path = path_join(ctx, project->target_path, "cloneci/report.json");
    if (!file_exists(path) || json_read(ctx, &doc, path, &ignored))
        return out;
    json_add_strings(ctx, &out, json_get(doc, "schemas"));
    if (json_str(doc, "schema"))
        strlist_add(ctx, &out, json_str(doc, "schema"));
    return out;
}

/* "pr_12", "pr_12_finance": where nobody names another, a pull request's. */
static bool
is_numbered(const char *schema)
{
    if (!str_starts(schema, "pr_"))
        return false;
    size_t digits = strspn(schema + 3, "0123456789");
    return digits > 0 && (!schema[3 + digits] || schema[3 + digits] == '_');
}

int
guard_push(void *ctx, const struct manifest *m, const struct project *project, struct err *err)
{
    const struct strlist own = schemas_of_report(ctx, project);
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *n = &m->nodes[i];
        if (n->group != NODE_NODES || !n->relation_name || !n->schema)
            continue;
        bool named = strlist_has(&own, n->schema);
        if (!named && !is_numbered(n->schema))
            continue;
        fail(err, ERR_REFUSED,
             "%s: %s is in the schema \"%s\", %s: this is not production's manifest", m->file,
             n->unique_id, n->schema,
             named ? "which the last run of cloneci in this checkout made"
                   : "which is named like a pull request's");
        return hint(err, "Push what production's own build has left: run it in a checkout of its "
                         "own, or with another --target-path, and push from there.");
    }
    return 0;
}
