/*
 * A change that on_schema_change: fail refuses is a decision to take: shall production's table be
 * rebuilt by a full refresh? Where it was taken (`allow`, or a label of the pull request) the
 * refused models are built by full refresh here as well, as production will have to, and what dbt
 * skipped for them is built after them.
 */
#include "findings.h"

#include "dbt/dbt.h"

#include <string.h>

#define WHAT "schema_change"
#define LABEL "cloneci-allow:"

static int
check_word(const char *word, const char *from, struct err *err)
{
    if (str_eq(word, WHAT) || (str_starts(word, WHAT ":") && word[strlen(WHAT ":")]))
        return 0;
    fail(err, ERR_CONFIG, "%s: '%s' cannot be allowed", from, word);
    return hint(err, "Write " WHAT " for all models, or " WHAT ":NAME for one.");
}

int
findings_check_allow(const struct job *job, struct err *err)
{
    for (size_t i = 0; i < job->config->allow.n; i++)
        if (check_word(job->config->allow.v[i], "allow", err))
            return -1;
    return 0;
}

static bool
covers(const char *word, const struct node *n)
{
    const char *name = str_starts(word, WHAT ":") ? word + strlen(WHAT ":") : NULL;
    return str_eq(word, WHAT) || (name && (str_eq(name, n->name) || str_eq(name, n->unique_id)));
}

/* Who took the decision for this model, or NULL. */
static const char *
allowed_by(const struct findings *f, const struct node *n)
{
    struct strlist none = {0};
    const struct strlist *allow = &f->job->config->allow,
                         *labels = f->in->diff ? &f->in->diff->labels : &none;
    if (f->job->config->labels.n)
        labels = &f->job->config->labels;
    for (size_t i = 0; i < allow->n; i++)
        if (covers(allow->v[i], n))
            return mem_printf(f->job->ctx, "allow: %s", allow->v[i]);
    for (size_t i = 0; i < labels->n; i++)
        if (str_starts(labels->v[i], LABEL) && covers(labels->v[i] + strlen(LABEL), n))
            return mem_printf(f->job->ctx, "the label %s", labels->v[i]);
    return NULL;
}

/* Of a microbatch model dbt says nothing but that its batches failed. */
static bool
is_refused(const struct findings *f, const struct plan_node *p, const struct build_node *b)
{
    const struct findings_columns *c = findings_find_columns(f->columns, f->n_columns, p->node);
    return b->message && c && c->forecast.fails && str_eq(c->on_schema_change, "fail") &&
           (strstr(b->message, "are out of sync") || strcmp(b->message, "ERROR") == 0);
}

/* Fills f->decisions; false if something else has failed, too, or nothing was decided. */
static bool
find_decisions(struct findings *f)
{
    f->decisions = mem_array(f->job->ctx, struct findings_decision, f->plan->n_clones + 1);
    f->n_decisions = 0;
    for (size_t i = 0; i < f->built.n; i++) {
        const struct build_node *b = &f->built.nodes[i];
        uint32_t node = manifest_find(f->in->head, b->unique_id);
        const struct plan_node *p = node == MAP_NONE ? NULL : plan_find_node(f->plan, node);
        bool can = p && p->clone && !p->never_refreshed;
        const char *by = can ? allowed_by(f, p->info) : NULL;
        if (!dbt_failed(b->status))
            continue;
        if (!by || !is_refused(f, p, b))
            return false;
        f->decisions[f->n_decisions++] = (struct findings_decision){.node = node, .by = by};
    }
    return f->n_decisions > 0;
}

static struct strlist
decided(const struct findings *f)
{
    struct strlist ids = {0};
    for (size_t i = 0; i < f->n_decisions; i++) {
        const struct node *n = &f->in->head->nodes[f->decisions[i].node];
        strlist_add(f->job->ctx, &ids, n->unique_id);
        log_event(LOG_WARN, "allow.full_refresh",
                  "%s: on_schema_change 'fail' refused the change, which is accepted (%s): it is "
                  "built by full refresh",
                  n->name, f->decisions[i].by);
    }
    return ids;
}

int
findings_allow(struct findings *f, struct err *err)
{
    if (!f->built.exit_code || f->built.timed_out || f->job->config->build_command.n ||
        !find_decisions(f)) {
        f->n_decisions = 0;
        return 0;
    }
    /* First the accepted ones by full refresh, then what is left, as ever. */
    const struct strlist ids = decided(f);
    const struct plan *left;
    if (findings_build_again(f, plan_narrowed(f->job->ctx, f->plan, NULL, &ids, true), err))
        return -1;
    if (f->built.exit_code)
        return 0;
    if (findings_retry(f, &left, err))
        return -1;
    return left ? findings_build_again(f, left, err) : 0;
}
