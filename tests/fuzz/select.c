/*
 * Any text as an expression of selection, or as selectors.yml: an answer that is whole, or an error
 * that says something. The first byte chooses: 1 selectors.yml, 2 dbt 1.12, 4 and 8 the indirect
 * selection. An expression may have a tab between --select and --exclude.
 */
#include "replay.h"

#include "select/select.h"
#include "support/select_graph.h"

#include <unistd.h>

static struct graph {
    const struct manifest *m;
    struct state *state;
} graphs[2]; /* 1.11, 1.12 */
static char project[] = "/tmp/fuzz-select-XXXXXX";

static void
check(bool good)
{
    if (!good)
        abort();
}

static void
clean_up(void)
{
    struct err err;
    if (file_remove(project, &err))
        fprintf(stderr, "%s\n", err.msg);
}

static void
prepare(void)
{
    static void *forever;
    struct err err = {0};
    forever = talloc_new(NULL);
    graphs[0].m = graph_read(forever, "1.11.0", "new");
    graphs[1].m = graph_read(forever, "1.12.0", "new");
    for (int i = 0; i < 2; i++)
        graphs[i].state = graph_state(forever, graphs[i].m);
    check(mkdtemp(project) != NULL);
    atexit(clean_up);
    const char *file = path_join(forever, project, "models/staging/stg_a.sql");
    check(file_mkdirs(path_dir(forever, file), 0755, &err) == 0 &&
          file_write(file, "", 0, 0644, &err) == 0);
}

static void
check_result(const struct manifest *m, const struct select_result *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        n += r->in[i];
        check(r->in[i] <= 1 && (r->via[i] == MAP_NONE || (r->in[i] && r->via[i] < m->n_nodes)));
        check(!r->in[i] || (m->nodes[i].enabled && m->nodes[i].type != NODE_OPERATION));
    }
    check(n == r->n);
    for (uint32_t i = 1; i < r->n; i++)
        check(strcmp(m->nodes[r->nodes[i - 1]].unique_id, m->nodes[r->nodes[i]].unique_id) < 0);
}

static void
ask(void *ctx, const struct select_env *env, const struct select_request *request)
{
    struct select_result got;
    struct strlist lines = {0};
    struct err err = {0}, again = {0};
    int rc = select_nodes(ctx, &got, env, request, &err);
    if (rc == 0)
        check_result(env->head, &got);
    else
        check(err.msg[0] &&
              (err.kind == ERR_CONFIG || err.kind == ERR_REFUSED || err.kind == ERR_INPUT));
    check(select_explain(ctx, &lines, env, request, 0, &again) == rc);
    check(strcmp(err.msg, again.msg) == 0 && strcmp(err.hint, again.hint) == 0);
}

static void
ask_expression(void *ctx, const struct select_env *env, struct select_request *request,
               const char *text)
{
    const char *tab = strchr(text, '\t');
    strlist_add(ctx, &request->select, tab ? mem_strndup(ctx, text, (size_t)(tab - text)) : text);
    if (tab)
        strlist_add(ctx, &request->exclude, tab + 1);
    ask(ctx, env, request);
}

static void
ask_yaml(void *ctx, const struct select_env *env, struct select_request *request, const char *text,
         size_t len)
{
    static const char *const names[] = {NULL, "a", "b", "c"};
    struct err err = {0};
    char *path = path_join(ctx, project, "selectors.yml");
    check(file_write(path, text, len, 0644, &err) == 0);
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        request->selector = names[i];
        ask(ctx, env, request);
    }
    check(unlink(path) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const modes[] = {NULL, "cautious", "buildable", "empty"};
    if (!graphs[0].m)
        prepare();
    if (size == 0)
        return 0;
    void *ctx = talloc_new(NULL);
    const struct graph *g = &graphs[data[0] >> 1 & 1];
    const struct select_env env = {
        .head = g->m, .state = g->state, .project_dir = project, .dbt_minor = g->m->dbt_minor};
    struct select_request request = {.indirect = modes[data[0] >> 2 & 3]};
    char *text = mem_strndup(ctx, (const char *)data + 1, size - 1);
    if (data[0] & 1)
        ask_yaml(ctx, &env, &request, text, size - 1);
    else
        ask_expression(ctx, &env, &request, text);
    talloc_free(ctx);
    return 0;
}
