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
    fail(err, ERR_CONFIG, "%s: there is no '%s' to be allowed", from, word);
    return hint(err, "Write " WHAT " for all models, or " WHAT ":NAME for one.");
}

int
findings_check_allow(const struct job *s, struct err *err)
{
    for (size_t i = 0; i < s->config->allow.n; i++)
        if (check_word(s->config->allow.v[i], "allow", err))
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
allowed_by(struct job *s, const struct node *n)
{
    struct strlist none = {0};
    const struct strlist *allow = &s->config->allow, *labels = s->diff ? &s->diff->labels : &none;
    if (s->config->labels.n)
        labels = &s->config->labels;
    for (size_t i = 0; i < allow->n; i++)
        if (covers(allow->v[i], n))
            return mem_printf(s->ctx, "allow: %s", allow->v[i]);
    for (size_t i = 0; i < labels->n; i++)
        if (str_starts(labels->v[i], LABEL) && covers(labels->v[i] + strlen(LABEL), n))
            return mem_printf(s->ctx, "the label %s", labels->v[i]);
    return NULL;
}

/* Of a microbatch model dbt says nothing but that its batches failed. */
static bool
is_refused(const struct findings *o, const struct plan_node *p, const struct build_node *b)
{
    const struct findings_columns *c = findings_find_columns(o->columns, o->n_columns, p->node);
    return b->message && c && c->forecast.fails && str_eq(c->on_schema_change, "fail") &&
           (strstr(b->message, "are out of sync") || strcmp(b->message, "ERROR") == 0);
}

/* Fills o->decisions; false if something else has failed, too, or nothing was decided. */
static bool
find_decisions(struct findings *o)
{
    struct job *s = o->s;
    o->decisions = mem_array(s->ctx, struct findings_decision, s->plan->n_clones + 1);
    o->n_decisions = 0;
    for (size_t i = 0; i < o->built.n; i++) {
        const struct build_node *b = &o->built.nodes[i];
        uint32_t node = manifest_find(s->head, b->unique_id);
        const struct plan_node *p = node == MAP_NONE ? NULL : plan_find_node(s->plan, node);
        const char *by = p && p->clone ? allowed_by(s, p->info) : NULL;
        if (!dbt_failed(b->status))
            continue;
        if (!by || !is_refused(o, p, b))
            return false;
        o->decisions[o->n_decisions++] = (struct findings_decision){.node = node, .by = by};
    }
    return o->n_decisions > 0;
}

static struct strlist
decided(const struct findings *o)
{
    struct strlist ids = {0};
    for (size_t i = 0; i < o->n_decisions; i++) {
        const struct node *n = &o->s->head->nodes[o->decisions[i].node];
        strlist_add(o->s->ctx, &ids, n->unique_id);
        log_event(LOG_WARN, "allow.full_refresh",
                  "%s: on_schema_change 'fail' refused the change, which is accepted (%s): it is "
                  "built by full refresh",
                  n->name, o->decisions[i].by);
    }
    return ids;
}

/* First the accepted ones by full refresh, then what is left, as ever. */
static int
build_accepted(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    const struct config *config = s->plan->in.config;
    struct config refresh = *config;
    struct strlist ids = decided(o);
    bool done = false;
    refresh.full_refresh = true;
    s->plan->in.config = &refresh;
    plan_narrow_build(s->plan, NULL, &ids);
    int rc = findings_build_again(o, err);
    s->plan->in.config = config;
    if (rc || o->built.exit_code)
        return rc;
    if (findings_retry(o, &done, err))
        return -1;
    return done ? 0 : findings_build_again(o, err);
}

int
findings_allow(struct findings *o, struct err *err)
{
    struct plan *plan = o->s->plan;
    if (!o->built.exit_code || o->built.timed_out || o->s->config->build_command.n ||
        !find_decisions(o)) {
        o->n_decisions = 0;
        return 0;
    }
    const struct strlist *names = plan->in.names, argv = plan->argv;
    int rc = build_accepted(o, err);
    plan->in.names = names; /* the report tells of the whole build */
    plan->argv = argv;
    return rc;
}

const struct findings_decision *
findings_find_decision(const struct findings *o, uint32_t node)
{
    for (size_t i = 0; i < o->n_decisions; i++)
        if (o->decisions[i].node == node)
            return &o->decisions[i];
    return NULL;
}
