#include "commands.h"
#include "session.h"

#include <string.h>

static int
find_node(const struct session *s, const char *name, uint32_t *out, struct err *err)
{
    const struct manifest *m = s->head;
    *out = manifest_find(m, name);
    for (uint32_t i = 0; i < m->n_nodes && *out == MAP_NONE; i++)
        if (strcmp(m->nodes[i].name, name) == 0 && m->nodes[i].type != NODE_TEST)
            *out = i;
    if (*out != MAP_NONE)
        return 0;
    const char **names = mem_array(s->ctx, const char *, m->n_nodes);
    for (uint32_t i = 0; i < m->n_nodes; i++)
        names[i] = m->nodes[i].name;
    const char *near = str_nearest(name, names, m->n_nodes);
    fail(err, ERR_CONFIG, "there is no node '%s' in %s", name, m->file);
    if (near)
        return hint(err, "Did you mean '%s'?", near);
    return hint(err, "Give a unique id (model.project.name) or a name; 'cloneci ls' lists them.");
}

static const char *
origin_text(enum state_origin origin)
{
    switch (origin) {
    case STATE_ORIGIN_PR:
        return "this pull request";
    case STATE_ORIGIN_UPSTREAM_MERGE:
        return "upstream merge: production is ahead of, or behind, this branch";
    case STATE_ORIGIN_ENVIRONMENT:
        return "environment only: a value that depends on target or environment";
    case STATE_ORIGIN_UNKNOWN:
        break;
    }
    return NULL;
}

static void
print_reason(void *ctx, const struct state_reason *r)
{
    printf("  - %s\n", state_reason_text(ctx, r));
    if (r->file)
        printf("      file   %s\n", r->file);
    const char *origin = origin_text(r->origin);
    if (origin)
        printf("      from   %s\n", origin);
}

/* What each criterion of the selection says of it. */
static int
print_not_selected(struct session *s, uint32_t node, size_t reasons, struct err *err)
{
    struct strlist lines = {0};
    if (select_explain(s->ctx, &lines, &s->select_env, &s->request, node, err))
        return -1;
    printf("%s is NOT selected%s\n", s->head->nodes[node].unique_id, reasons ? ", although it is modified" : "");
    for (size_t i = 0; i < lines.n; i++)
        printf("  - %s\n", lines.v[i]);
    return 0;
}

static void
print_selected(struct session *s, uint32_t node)
{
    const struct node *n = &s->head->nodes[node];
    uint32_t via = s->selected.via ? s->selected.via[node] : MAP_NONE;
    printf("%s is selected\n", n->unique_id);
    if (via != MAP_NONE && via != node) {
        char *path = select_path(s->ctx, s->head, via, node);
        printf("  - it hangs on %s%s%s\n", s->head->nodes[via].unique_id, path ? ":\n      path   " : "",
               path ? path : "");
    }
}

static int
explain(struct session *s, const char *name, struct err *err)
{
    uint32_t node;
    struct state_reason *reasons = NULL;
    size_t n = 0;
    if (find_node(s, name, &node, err) || (s->state && state_reasons(s->ctx, s->state, node, &reasons, &n, err)))
        return -1;
    if (!s->selected.in[node] && print_not_selected(s, node, n, err))
        return -1;
    if (s->selected.in[node])
        print_selected(s, node);
    if (n)
        printf("%s differs from production in %zu way%s:\n", s->head->nodes[node].name, n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++)
        print_reason(s->ctx, &reasons[i]);
    return 0;
}

int
cmd_explain(void *ctx, const struct config *config, struct err *err)
{
    struct session s;
    struct err no_git;
    session_init(&s, ctx, config);
    if (command_args(config, 1, 1, err) || session_project(&s, !config->manifest, err))
        return -1;
    if (session_git(&s, &no_git)) {
        if (!config->manifest) {
            *err = no_git;
            return -1;
        }
        log_event(LOG_WARN, "git.none", "where changes come from is not told: %s", no_git.msg);
    }
    if (!config->manifest && (session_schema(&s, err) || build_prepare(ctx, &s.env, config, s.project, s.profile,
                                                                       s.schema, err)))
        return -1;
    if (session_production(&s, err) || session_head(&s, err) || session_select(&s, SESSION_DEFAULT_SELECT, err))
        return -1;
    return explain(&s, config->args.v[0], err);
}
