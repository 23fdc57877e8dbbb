/* The facts of what production's relation has and carries: what a clone lacks of it, and what goes
 * with it. */
#include "facts.h"

#include "attached.h"

#include <string.h>

/* --- in words --- */

/* "trigger t"; "foreign key child_fk of bi.child" ..; of a user the name has its kind. */
static const char *
name_of(const struct asked *q, const struct attached *o)
{
    if (o->role != ATTACHED_PART)
        return o->via ? mem_printf(q->facts, "%s (through %s)", o->name, o->via) : o->name;
    if (o->kind == ATTACHED_ROW_SECURITY || o->kind == ATTACHED_PARTITION)
        return o->kind == ATTACHED_PARTITION && *o->definition
                   ? mem_printf(q->facts, "partitions (%s)", o->definition)
                   : attached_kind_name(o->kind);
    return mem_printf(q->facts, "%s %s", attached_kind_name(o->kind), o->name);
}

/* --- what the clone lacks --- */

/* Kinds of which a table's rows, or the run that writes them, know something. */
static bool
is_demanding(enum attached_kind kind)
{
    return kind >= ATTACHED_DEFAULT && kind <= ATTACHED_PARTITION && kind != ATTACHED_INDEX;
}

/* What was counted decides. */
static void
fact_counted(const struct asked *q, const struct attached *o, const struct findings_count *c)
{
    struct fact fact = {.aspect = ASPECT_PARTS, .ground = GROUND_COMPARISON};
    const char *end =
        o->kind == ATTACHED_PARTITION ? "fit none of production's partitions"
        : o->kind == ATTACHED_REFERENCE
            ? mem_printf(q->facts, "of %s.%s refer to a row that is gone", o->other.schema,
                         o->other.name)
            : mem_printf(q->facts, "have no row in %s.%s", o->other.schema, o->other.name);
    if (c->rows > 0) {
        fact.status = FACT_FAILS;
        fact.cause = BLAME_CODE;
        fact.text = mem_printf(q->facts, "%s row%s %s, such as %s: %s of production refuses it",
                               str_count(q->facts, (double)c->rows), c->rows == 1 ? "" : "s", end,
                               c->sample ? c->sample : "NULL", name_of(q, o));
    } else {
        fact.status = FACT_HOLDS;
        fact.text = mem_printf(q->facts, "%s of production takes its rows", name_of(q, o));
    }
    fact_add(q, fact);
}

static void
fact_lacking(const struct asked *q, const struct attached *o)
{
    const struct findings_count *c = attached_count(q->f, o);
    if (c && c->rows >= 0) {
        fact_counted(q, o, c);
        return;
    }
    fact_add(q,
             (struct fact){.aspect = ASPECT_PARTS,
                           .status = FACT_UNPROVEN,
                           .ground = GROUND_CATALOG,
                           .text = mem_printf(q->facts,
                                              "production's table has %s, and its clone has not: "
                                              "what it does was not tested",
                                              name_of(q, o))});
}

/* dbt's strategy, as it will be. */
static bool
deletes_rows(const struct asked *q)
{
    cJSON *json = NULL;
    struct err ignored;
    if (manifest_node_json(q->facts, q->f->in->head, q->p->node, &json, &ignored))
        return true;
    const cJSON *config = json_get(json, "config");
    const char *strategy = json_str(config, "incremental_strategy");
    if (q->p->info->type != NODE_MODEL)
        return false;
    if (strategy && !str_eq(strategy, "default"))
        return !str_eq(strategy, "append") && !str_eq(strategy, "merge");
    const cJSON *key = json_get(config, "unique_key");
    return cJSON_IsString(key) || cJSON_GetArraySize(key) > 0;
}

/* Did a table of its keys refer to the clone, as it does to production's? */
static bool
was_referred(const struct asked *q, const struct attached *o)
{
    const struct plan_clone *c = q->p->clone;
    bool was = false;
    for (size_t i = 0; c && i < c->n_keys; i++)
        was = was || (c->keys_made[i]->incoming && !c->keys_made[i]->acts &&
                      relation_same(q->f->seat->ops->dialect, &c->keys_made[i]->other, &o->other));
    return was;
}

/* Of a foreign key to the table: which rows of it the run deleted is not known where it puts them
 * back. */
static void
fact_referred(const struct asked *q, const struct attached *o)
{
    const struct findings_count *c = attached_count(q->f, o);
    struct fact fact = {.aspect = ASPECT_PARTS, .status = FACT_FAILS, .cause = BLAME_CODE};
    if (q->p->info->type == NODE_SEED) {
        fact.ground = GROUND_RULE;
        fact.text =
            mem_printf(q->facts, "dbt truncates it, which %s of production refuses", name_of(q, o));
    } else if (q->passed && was_referred(q, o)) {
        fact.status = FACT_HOLDS;
        fact.cause = BLAME_NONE;
        fact.ground = GROUND_RESULT;
        fact.text = mem_printf(q->facts,
                               "%s let the run delete what it deleted: a table of its keys refers "
                               "to the clone",
                               name_of(q, o));
    } else if (c && c->rows >= 0 && (c->rows > 0 || !deletes_rows(q))) {
        fact_counted(q, o, c);
        return;
    } else {
        fact.status = FACT_UNPROVEN;
        fact.cause = BLAME_NONE;
        fact.ground = GROUND_CATALOG;
        fact.text = mem_printf(q->facts,
                               "%s of production refers to it: whether it lets the run delete rows "
                               "was not tested",
                               name_of(q, o));
    }
    fact_add(q, fact);
}

/* --- what goes --- */

/* What of it goes with the columns alone, or with the whole. */
static void
fact_goes(const struct asked *q, const struct attached *o, const char *why, enum fact_effect effect)
{
    fact_add(q, (struct fact){.aspect = ASPECT_DEPENDANTS,
                              .status = FACT_FAILS,
                              .cause = BLAME_CODE,
                              .ground = GROUND_CATALOG,
                              .effect = effect,
                              .text = mem_printf(q->facts, "%s, and %s goes", why, name_of(q, o))});
}

/* A function whose body is a text: it stays, and nobody knows whether it then works. */
static void
fact_mentioned(const struct asked *q, const struct attached *o, const char *why,
               enum fact_effect effect)
{
    fact_add(q, (struct fact){.aspect = ASPECT_DEPENDANTS,
                              .status = FACT_UNPROVEN,
                              .ground = GROUND_CATALOG,
                              .effect = effect,
                              .text = mem_printf(q->facts,
                                                 "%s, and the text of %s seems to use it: whether "
                                                 "it still works was not tested",
                                                 why, name_of(q, o))});
}

/* Of the columns that both have, or of the table as a whole, does it use one? */
static const char *
find_used(const struct attached *o, const struct forecast *f, enum forecast_effect effect)
{
    for (size_t i = 0; i < f->n; i++) {
        bool gone = f->columns[i].effect == effect;
        for (size_t k = 0; gone && k < o->columns.n; k++)
            if (strcmp(o->columns.v[k], f->columns[i].name) == 0)
                return f->columns[i].name;
    }
    return NULL;
}

/* A node of this run hangs on a column that dbt drops by CASCADE: dbt takes it for present still,
 * and fails when it comes to it. */
static bool
fact_swept(const struct asked *q, const struct attached *o, const char *why)
{
    const struct plan_node *p = attached_node(q->f, o);
    if (!p)
        return false;
    fact_add(q,
             (struct fact){.aspect = ASPECT_DEPENDANTS,
                           .status = FACT_FAILS,
                           .cause = BLAME_CODE,
                           .ground = GROUND_RULE,
                           .text = mem_printf(q->facts,
                                              "%s, %s goes by CASCADE, and the same run fails at "
                                              "it, since dbt takes it for present",
                                              why, name_of(q, o))});
    return true;
}

static void
fact_of_column(const struct asked *q, const struct attached *o, const struct forecast *f)
{
    const char *retyped = find_used(o, f, FORECAST_RETYPED),
               *removed = find_used(o, f, FORECAST_REMOVED);
    const char *column = retyped ? retyped : removed;
    if (!column)
        return;
    const char *why = mem_printf(q->facts, "dbt drops production's %s %s",
                                 retyped ? "old column" : "column", column);
    if (o->role == ATTACHED_MENTION)
        fact_mentioned(q, o, why, EFFECT_MERGE);
    else if (o->role == ATTACHED_PART && o->kind == ATTACHED_COLUMN && removed)
        fact_goes(q, o, why, EFFECT_AFTER);
    else if (o->role == ATTACHED_PART && o->kind != ATTACHED_COLUMN && !attached_is_built(q->f, o))
        fact_goes(q, o, why, EFFECT_AFTER);
    else if (o->role == ATTACHED_USER && retyped && !fact_swept(q, o, why))
        fact_goes(q, o, why, EFFECT_AFTER);
}

/* Did the columns that it uses change, or some, where it says none? */
static bool
loses_columns(const struct asked *q, const struct attached *o)
{
    const struct findings_attached *a = &q->f->attached;
    for (size_t i = 0; i < a->n; i++) {
        const struct attached *c = &a->v[i];
        bool used = c->relation == o->relation && c->kind == ATTACHED_COLUMN &&
                    (o->columns.n == 0 || strlist_has(&o->columns, c->name));
        if (used && !attached_is_built(q->f, c))
            return true;
    }
    return false;
}

static void
fact_replaced(const struct asked *q, const struct attached *o)
{
    const char *why = mem_printf(q->facts, "dbt replaces production's %s by a new %s",
                                 relation_kind_name(q->p->stands.kind),
                                 str_eq(q->p->info->materialized, "view") ? "view" : "table");
    if (o->role == ATTACHED_MENTION) {
        if (loses_columns(q, o))
            fact_mentioned(q, o, why, EFFECT_MERGE);
    } else if (o->role == ATTACHED_USER) {
        if (!attached_is_dbts(q->f, o))
            fact_goes(q, o, why, EFFECT_AFTER);
    } else if (o->kind != ATTACHED_COLUMN && !attached_is_built(q->f, o)) {
        fact_goes(q, o, why, EFFECT_AFTER);
    }
}

/* Of the command that rebuilds it. */
static void
fact_advised(const struct asked *q, const struct attached *o)
{
    static const char why[] = "that full refresh replaces it";
    bool made = o->kind == ATTACHED_COLUMN || o->kind == ATTACHED_INDEX ||
                o->kind == ATTACHED_CHECK || o->kind == ATTACHED_UNIQUE;
    if (o->role == ATTACHED_PART ? !made : o->role == ATTACHED_USER && !attached_is_dbts(q->f, o))
        fact_goes(q, o, why, EFFECT_ADVICE);
}

static void
fact_of_object(const struct asked *q, const struct attached *o, enum doing doing,
               const struct findings_columns *c)
{
    bool on = doing == DOING_GO_ON && q->passed;
    if (doing == DOING_REPLACE && q->passed)
        fact_replaced(q, o);
    if (on && o->role == ATTACHED_PART && is_demanding(o->kind) && attached_has_columns(q->f, o) &&
        !attached_is_built(q->f, o))
        fact_lacking(q, o);
    if (on && o->kind == ATTACHED_REFERENCE)
        fact_referred(q, o);
    if (on && c && !c->forecast.fails)
        fact_of_column(q, o, &c->forecast);
    if (doing == DOING_GO_ON || doing == DOING_REFRESH)
        fact_advised(q, o);
}

/* --- who may --- */

static void
fact_barred(const struct asked *q)
{
    const struct findings_barred *b = findings_find_barred(q->f, q->p->node);
    if (!b)
        return;
    fact_add(
        q, (struct fact){.aspect = ASPECT_PARTS,
                         .status = b->role ? FACT_FAILS : FACT_UNPROVEN,
                         .cause = b->role ? BLAME_CODE : BLAME_NONE,
                         .ground = GROUND_CATALOG,
                         .text = b->role ? mem_printf(q->facts,
                                                      "production's run alters or replaces the "
                                                      "relation, which belongs to %s, and its role "
                                                      "%s has no rights of the owner",
                                                      b->owner, b->role)
                                         : mem_printf(q->facts,
                                                      "production's run alters or replaces the "
                                                      "relation, which belongs to %s, unlike most: "
                                                      "whether its role may was not tested",
                                                      b->owner)});
}

/* --- what is neither cloned nor built as in production --- */

/* dbt inserts a seed's rows into the table that is, with its columns and their types. */
static void
fact_seeded(const struct asked *q)
{
    const struct findings_attached *a = &q->f->attached;
    size_t node = (size_t)(q->p - q->f->plan->nodes), built = node + q->f->plan->n_nodes;
    for (size_t i = 0; i < a->n; i++) {
        const struct attached *o = &a->v[i];
        if (o->relation != built || o->kind != ATTACHED_COLUMN)
            continue;
        const char *type = attached_column_type(q->f, node, o->name);
        if (!type)
            fact_add(q, (struct fact){.aspect = ASPECT_COLUMNS,
                                      .status = FACT_FAILS,
                                      .cause = BLAME_CODE,
                                      .ground = GROUND_RULE,
                                      .text = mem_printf(q->facts,
                                                         "dbt keeps production's table, which has "
                                                         "no column %s: its insert fails",
                                                         o->name)});
        else if (strcmp(type, o->definition) != 0)
            fact_add(q, (struct fact){.aspect = ASPECT_COLUMNS,
                                      .status = FACT_UNPROVEN,
                                      .ground = GROUND_CATALOG,
                                      .text = mem_printf(q->facts,
                                                         "dbt keeps production's table, where %s "
                                                         "is %s and not %s: whether it takes the "
                                                         "values was not tested",
                                                         o->name, type, o->definition)});
    }
}

static void
fact_not_cloned(const struct asked *q, const char *text)
{
    fact_add(q, (struct fact){.aspect = ASPECT_CLONE,
                              .status = FACT_UNPROVEN,
                              .ground = GROUND_PLAN,
                              .text = text});
}

/* Is it a materialized view that dbt may refuse to alter? */
static bool
may_refuse(const struct asked *q)
{
    cJSON *json = NULL;
    struct err ignored;
    bool configured = false;
    for (size_t i = 0; i < q->p->n_reasons; i++)
        configured = configured || str_eq(q->p->reasons[i].kind, "config");
    return configured &&
           manifest_node_json(q->facts, q->f->in->head, q->p->node, &json, &ignored) == 0 &&
           str_eq(json_str(json_get(json, "config"), "on_configuration_change"), "fail");
}

static void
facts_of_kind(const struct asked *q, enum doing doing)
{
    const struct state *state = q->f->in->state;
    bool stood = state && state_production_node(state, q->p->node) != MAP_NONE;
    if (q->p->info->type == NODE_SEED && doing == DOING_GO_ON)
        fact_seeded(q);
    else if (q->p->info->type == NODE_FUNCTION && stood && plan_is_modified(q->p))
        fact_not_cloned(q, "made from nothing here: whether production's function can be replaced "
                           "by it (result, names of arguments) was not tested");
    else if (doing == DOING_UNKNOWN && !q->p->clone)
        fact_not_cloned(q, mem_printf(q->facts,
                                      "materialized '%s' by the project's own code, without what "
                                      "stands in production: what that code does to it was not "
                                      "tested",
                                      q->p->info->materialized));
    else if (doing == DOING_REFRESH && may_refuse(q))
        fact_not_cloned(q, "its configuration changes, and on_configuration_change is 'fail': "
                           "production's run may refuse it");
}

void
facts_attached(const struct asked *q)
{
    const struct findings *f = q->f;
    const struct findings_columns *c = findings_find_columns(f->columns, f->n_columns, q->p->node);
    enum doing doing = doing_of(q->p);
    size_t node = (size_t)(q->p - f->plan->nodes);
    if (doing == DOING_FAIL)
        fact_add(q, (struct fact){.aspect = ASPECT_RELATION,
                                  .status = FACT_FAILS,
                                  .cause = BLAME_CODE,
                                  .ground = GROUND_RULE,
                                  .text = mem_printf(q->facts,
                                                     "production has a %s where it will be, which "
                                                     "dbt neither goes on with nor replaces",
                                                     relation_kind_name(q->p->stands.kind))});
    if (q->passed) {
        facts_of_kind(q, doing);
        fact_barred(q);
    }
    for (size_t i = 0; i < f->attached.n; i++)
        if (f->attached.v[i].relation == node)
            fact_of_object(q, &f->attached.v[i], doing, c);
}
