/*
 * dbt's own log of the build, a JSON object a line: what its results do not hold. Of what failed,
 * the statement, the exception's class and the batch; of a command that broke off, where.
 */
#include "dbt.h"

#include "dbt/dbt.h"

#include <stdlib.h>
#include <string.h>

/* What the user has said of dbt's log is left as it is. */
static void
add_unless_said(void *ctx, struct strlist *env, const char *name, const char *value)
{
    if (!getenv(name))
        strlist_add(ctx, env, mem_printf(ctx, "%s=%s", name, value));
}

static const char *
journal_path(void *ctx, const struct build_env *env)
{
    const char *dir = getenv("DBT_LOG_PATH");
    return path_join(ctx, dir ? dir : path_join(ctx, env->target_path, "cloneci/log"), "dbt.log");
}

void
dbt_journal_begin(void *ctx, struct dbt_journal *j, const struct build_env *env,
                  struct strlist *child_env)
{
    struct err ignored;
    j->path = journal_path(ctx, env);
    if (!getenv("DBT_LOG_PATH") && file_remove(j->path, &ignored))
        log_event(LOG_DEBUG, "build.log", "%s", ignored.msg);
    FILE *f = fopen(j->path, "r");
    j->from = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : 0;
    if (f)
        (void)fclose(f);
    add_unless_said(ctx, child_env, "DBT_LOG_PATH", path_dir(ctx, j->path));
    add_unless_said(ctx, child_env, "DBT_LOG_FORMAT_FILE", "json");
    add_unless_said(ctx, child_env, "DBT_LOG_LEVEL_FILE", "debug");
    add_unless_said(ctx, child_env, "DBT_LOG_FILE_MAX_BYTES", "0"); /* in one file */
}

/* --- reading it --- */

struct reading {
    void *ctx;
    struct build_result *r;
    struct map *statements; /* unique id -> sql */
    const char **sql;
    size_t n;
    const char *last_id; /* of the last statement, whatever came of it */
};

/* The node that an event is of; NULL: none. */
static const char *
node_id(const cJSON *data)
{
    const char *id = json_str(json_get(data, "node_info"), "unique_id");
    return id && *id ? id : NULL;
}

static void
take_statement(struct reading *j, const cJSON *data)
{
    const char *id = node_id(data);
    id = mem_strdup(j->ctx, id ? id : "");
    if ((j->n & (j->n - 1)) == 0)
        j->sql = mem_grow(j->ctx, j->sql, const char *, j->n ? 2 * j->n : 1);
    j->sql[j->n] = mem_strdup(j->ctx, json_str(data, "sql") ? json_str(data, "sql") : "");
    map_set(j->statements, id, strlen(id), (uint32_t)j->n++);
    j->last_id = id;
}

static const char *
last_statement(const struct reading *j, const char *id)
{
    uint32_t at = map_gets(j->statements, id ? id : "");
    return at == MAP_NONE ? NULL : j->sql[at];
}

static struct build_node *
find_node(const struct reading *j, const char *id)
{
    const struct build_node *n = id ? build_find(j->r, id) : NULL;
    return n ? &j->r->nodes[n - j->r->nodes] : NULL;
}

static void
take_exception(struct reading *j, const cJSON *data)
{
    struct build_node *n = find_node(j, node_id(data));
    char *exception = dbt_exception(j->ctx, json_str(data, "exc_info"));
    if (!n)
        return;
    n->exception = exception ? exception : n->exception;
    n->statement = last_statement(j, n->unique_id);
    n->said = json_str(data, "exc") ? mem_strdup(j->ctx, json_str(data, "exc")) : n->said;
}

static void
take_hook(struct reading *j, const cJSON *data)
{
    struct build_node *n = find_node(j, node_id(data));
    if (n && dbt_failed(json_str(data, "status")))
        n->statement = last_statement(j, n->unique_id);
}

/* dbt's result of a microbatch model says how many batches failed, and neither which nor why. */
static void
take_batch(struct reading *j, const cJSON *data)
{
    const char *batch = json_str(data, "description");
    struct build_node *n = find_node(j, node_id(data));
    if (!n || !batch || !dbt_failed(json_str(data, "status")))
        return;
    const char *why = dbt_brief(j->ctx, n->said);
    const char *before = n->batches ? mem_printf(j->ctx, "%s\n", n->message) : "";
    n->message = mem_printf(j->ctx, "%s%s: %s", before, batch, why ? why : "failed");
    n->batches++;
}

/* The command broke off: there is no result of where it did. */
static void
take_end(struct reading *j, const cJSON *data)
{
    const char *id = j->last_id && *j->last_id ? j->last_id : NULL;
    if (!id || find_node(j, id) || !json_str(data, "exc"))
        return;
    struct build_result *r = j->r;
    r->nodes = mem_grow(j->ctx, r->nodes, struct build_node, r->n + 1);
    r->nodes[r->n] = (struct build_node){.unique_id = id,
                                         .status = "error",
                                         .message = mem_strdup(j->ctx, json_str(data, "exc")),
                                         .statement = last_statement(j, id),
                                         .started = -1,
                                         .ms = -1,
                                         .rows = -1};
    map_set(r->index, id, strlen(id), (uint32_t)r->n++);
}

static void
take_event(struct reading *j, const cJSON *event)
{
    static const struct {
        const char *name;
        void (*take)(struct reading *j, const cJSON *data);
    } events[] = {
        {"SQLQuery", take_statement},
        {"CatchableExceptionOnRun", take_exception},
        {"GenericExceptionOnRun", take_exception},
        {"LogHookEndLine", take_hook},
        {"LogBatchResult", take_batch},
        {"MainEncounteredError", take_end},
    };
    const char *name = json_str(json_get(event, "info"), "name");
    for (size_t i = 0; i < BASE_COUNT(events); i++)
        if (str_eq(events[i].name, name))
            events[i].take(j, json_get(event, "data"));
}

static bool
has_failed(const struct build_result *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (dbt_failed(r->nodes[i].status))
            return true;
    return r->exit_code != 0;
}

void
dbt_journal_read(void *ctx, const struct dbt_journal *journal, struct build_result *r)
{
    struct reading j = {.ctx = ctx, .r = r, .statements = map_new(ctx, 64)};
    char *line = NULL;
    size_t size = 0;
    FILE *f = has_failed(r) ? fopen(journal->path, "r") : NULL;
    if (!f)
        return;
    if (fseek(f, journal->from, SEEK_SET) == 0)
        while (getline(&line, &size, f) > 0) {
            void *tmp = talloc_new(NULL);
            struct err ignored;
            cJSON *event;
            if (*line == '{' &&
                json_parse(tmp, &event, line, strlen(line), journal->path, &ignored) == 0)
                take_event(&j, event);
            talloc_free(tmp);
        }
    free(line);
    (void)fclose(f);
}
