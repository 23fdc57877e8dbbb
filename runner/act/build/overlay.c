/*
 * dbt's project with a macro more, for lazy clones: a folder that holds links to all that is in the
 * checkout, and the macro folder made of links to the files in it. dbt_project.yml, paths, names
 * and ids are the checkout's own, which stays as it is.
 */
#include "overlay.h"

#include "adapters/lazy.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACRO_FILE "__cloneci_lazy__.sql"

/* `skip`: a name that is left out, or NULL. */
static int
link_all(void *ctx, const char *from, const char *to, const char *skip, struct err *err)
{
    DIR *d = opendir(from);
    int rc = 0;
    for (const struct dirent *e; rc == 0 && d && (e = readdir(d)) != NULL;) {
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") || str_eq(e->d_name, ".git") ||
            str_eq(e->d_name, skip))
            continue;
        const char *link = path_join(ctx, to, e->d_name);
        if (symlink(path_join(ctx, from, e->d_name), link))
            rc = fail_errno(err, ERR_CONFIG, "%s", link);
    }
    if (d)
        closedir(d);
    return rc;
}

static int
write_macros(void *ctx, const char *dir, const struct plan *plan, struct err *err)
{
    cJSON *ids = json_array(ctx);
    struct buf b;
    buf_init(&b, ctx);
    buf_puts(&b, plan->in.adapter->lazy->macros());
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone && plan->nodes[i].clone->strategy == CLONE_LAZY)
            cJSON_AddItemToArray(ids,
                                 mem_check(cJSON_CreateString(plan->nodes[i].info->unique_id)));
    buf_printf(&b, "\n{%% macro cloneci_lazy_clones() %%}{{ return(%s) }}{%% endmacro %%}\n",
               json_print(ctx, ids, false));
    return file_put(path_join(ctx, dir, MACRO_FILE), b.s, b.len, 0600, err);
}

/* Down to the macro folder each folder is one of ours, with links to what else is in it. */
static int
make_folders(void *ctx, const struct plan *plan, struct err *err)
{
    const char *from = plan->in.project->dir, *to = plan->in.overlay_dir;
    struct strlist steps = {0};
    strlist_split(ctx, &steps, plan->in.project->macro_paths.v[0], '/');
    for (size_t i = 0; i <= steps.n; i++) {
        if (file_mkdirs(to, 0700, err) ||
            link_all(ctx, from, to, i < steps.n ? steps.v[i] : NULL, err))
            return -1;
        if (i == steps.n)
            break;
        from = path_join(ctx, from, steps.v[i]);
        to = path_join(ctx, to, steps.v[i]);
    }
    return write_macros(ctx, to, plan, err);
}

/* What dbt would make of the overlay's own: its log, which belongs into the checkout as ever. */
static int
keep_logs(void *ctx, const struct plan *plan, struct err *err)
{
    const char *logs = path_join(ctx, plan->in.project->dir, "logs"),
               *link = path_join(ctx, plan->in.overlay_dir, "logs");
    if (file_exists(logs))
        return 0;
    if (file_mkdirs(logs, 0777, err))
        return -1;
    return symlink(logs, link) && errno != EEXIST ? fail_errno(err, ERR_CONFIG, "%s", link) : 0;
}

/* The files that dbt leaves in the target folder and reads again: they must not come to know of the
 * overlay. */
static const char *const kept[] = {"partial_parse.msgpack", "manifest.json"};

static int
keep(void *ctx, const struct plan *plan, bool back, struct err *err)
{
    const char *aside = path_join(ctx, path_dir(ctx, plan->in.overlay_dir), "kept");
    if (!back && (file_remove(aside, err) || file_mkdirs(aside, 0700, err)))
        return -1;
    for (size_t i = 0; i < BASE_COUNT(kept); i++) {
        const char *mine = path_join(ctx, plan->in.target_path, kept[i]),
                   *copy = path_join(ctx, aside, kept[i]);
        if (file_exists(back ? copy : mine) &&
            file_copy(back ? copy : mine, back ? mine : copy, err))
            return -1;
    }
    return back ? file_remove(aside, err) : 0;
}

static int
make(void *ctx, const struct plan *plan, struct err *err)
{
    return file_remove(plan->in.overlay_dir, err) || make_folders(ctx, plan, err) ||
                   keep_logs(ctx, plan, err) || keep(ctx, plan, false, err)
               ? -1
               : 0;
}

int
overlay_make(const struct plan *plan, struct err *err)
{
    if (!plan_is_lazy(plan))
        return 0;
    void *ctx = talloc_new(NULL);
    int rc = make(ctx, plan, err);
    talloc_free(ctx);
    return rc ? wrap(err, "the project for the build of lazy clones") : 0;
}

void
overlay_end(const struct plan *plan)
{
    struct err err;
    if (!plan_is_lazy(plan))
        return;
    void *ctx = talloc_new(NULL);
    if (keep(ctx, plan, true, &err) || file_remove(plan->in.overlay_dir, &err))
        log_event(LOG_WARN, "build.overlay", "%s", err.msg);
    talloc_free(ctx);
}
