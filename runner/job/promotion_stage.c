/* Which relation of stage becomes which of production: the project is parsed twice, once as
 * production's job parses it and once with stage's schema, so that whatever generate_schema_name
 * does is done by dbt itself. */
#include "promotion_stage.h"

#include <string.h>

#define SUFFIX "__stage"

/* --- two parses --- */

static int
stage_schema(struct promotion *s, struct err *err)
{
    if (!s->job.profile->schema || !*s->job.profile->schema)
        return fail(err, ERR_CONFIG, "%s: the target '%s' has no schema", s->job.profile->file,
                    s->job.profile->target);
    s->in.schema = mem_printf(s->job.ctx, "%s" SUFFIX, s->job.profile->schema);
    if (strlen(s->in.schema) <= s->seat.ops->dialect->name_max)
        return 0;
    fail(err, ERR_CONFIG, "the schema name \"%s\" has %zu bytes, %s allows %u", s->in.schema,
         strlen(s->in.schema), s->seat.ops->dialect->product, s->seat.ops->dialect->name_max);
    return hint(
        err,
        "Shorten production's schema, or build in other schemas yourself and promote with --from.");
}

/* As production's own job would name everything; its artifacts are what pull requests compare with
 * afterwards. */
static int
parse_production(struct promotion *s, struct err *err)
{
    struct build_env env;
    const char *path;
    double t = job_begin(&s->job, "names");
    if (build_prepare(s->job.ctx, &env, s->job.config, s->job.project, s->job.profile, NULL, err))
        return -1;
    env.target_path = job_file(&s->job, s->job.ctx, "production");
    strlist_add(s->job.ctx, &env.env, "CLONECI_STAGE=");
    log_event(LOG_INFO, "parse.start", "dbt parse: names of production's relations");
    if (build_parse(s->job.ctx, &env, s->job.run_id, &path, err) ||
        manifest_read(s->job.ctx, &s->in.production, path, err))
        return -1;
    job_end(&s->job, t);
    return 0;
}

static int
parse_stage(struct promotion *s, struct err *err)
{
    struct profile *profile = mem_memdup(s->job.ctx, s->job.profile, sizeof *profile);
    if (s->job.config->stage_target)
        profile->target = s->job.config->stage_target;
    s->job.profile = profile;
    if (build_prepare(s->job.ctx, &s->in.env, s->job.config, s->job.project, profile, s->in.schema,
                      err))
        return -1;
    strlist_add(s->job.ctx, &s->in.env.env, "CLONECI_STAGE=" SUFFIX);
    s->in.head_why = "names of the stage's relations";
    return inputs_head(&s->in, &s->job, NULL, err);
}

static bool
compares(const struct strlist *words)
{
    for (size_t i = 0; i < words->n; i++)
        if (strstr(words->v[i], "state:") || strstr(words->v[i], "result:") ||
            strstr(words->v[i], "source_status:"))
            return true;
    return false;
}

/* state: and the like compare with what --state holds; where things stand is a question to the two
 * parses. */
static int
select_stage(struct promotion *s, struct err *err)
{
    struct state *standing = s->in.state;
    const struct config *c = s->job.config;
    if (c->state && (compares(&c->select) || compares(&c->exclude) || c->selector)) {
        const char *path;
        struct manifest *before;
        struct state_flags *flags = mem_new(s->job.ctx, struct state_flags);
        if (guard_path(s->job.ctx, &path, c, s->job.project, err) ||
            manifest_read(s->job.ctx, &before, path, err))
            return -1;
        *flags = inputs_flags(&s->job, s->in.head);
        s->in.state = state_new(s->job.ctx, s->in.head, before, flags, NULL);
    }
    int rc = choice_select(&s->choice, &s->job, &s->in, NULL, err);
    s->in.state = standing;
    return rc;
}

/* --- pairs --- */

static int
add_pair(struct promotion_stage *g, const char *stage, const char *schema, const char *id,
         struct err *err)
{
    for (size_t i = 0; i < g->n_pairs; i++) {
        if (!str_eq(g->pairs[i].stage, stage))
            continue;
        if (str_eq(g->pairs[i].schema, schema))
            return 0;
        fail(err, ERR_REFUSED,
             "%s: its schema in production is \"%s\", but other nodes that are also built in "
             "\"%s\" belong to \"%s\"",
             id, schema, stage, g->pairs[i].schema);
        return hint(err, "Make generate_schema_name give each schema of production its own stage "
                         "schema: put {{ env_var('CLONECI_STAGE', '') }} behind the name.");
    }
    g->pairs = mem_grow(g->s->job.ctx, g->pairs, struct promote_pair, g->n_pairs + 1);
    g->pairs[g->n_pairs++] = (struct promote_pair){.stage = stage, .schema = schema};
    if (!strlist_has(&g->schemas, schema))
        strlist_add(g->s->job.ctx, &g->schemas, schema);
    return 0;
}

/* dbt's `grants` says who may do what: a right that it took away must not come back from the old
 * relation. */
static int
add_granted(struct promotion_stage *g, uint32_t node, const struct node *prod, const char *name,
            struct err *err)
{
    struct promotion *s = g->s;
    cJSON *json = NULL;
    const cJSON *item;
    if (manifest_node_json(s->job.ctx, s->in.head, node, &json, err))
        return -1;
    cJSON_ArrayForEach (item, json_get(json_get(json, "config"), "grants")) {
        g->granted =
            mem_grow(s->job.ctx, g->granted, struct promote_right, s->options.n_granted + 1);
        struct promote_right *right = &g->granted[s->options.n_granted++];
        *right =
            (struct promote_right){.schema = prod->schema, .name = name, .privilege = item->string};
        json_add_strings(s->job.ctx, &right->grantees, item);
    }
    s->options.granted = g->granted;
    return 0;
}

static int
pair_node(struct promotion_stage *g, const struct plan_node *p, struct err *err)
{
    struct promotion *s = g->s;
    uint32_t at = state_production_node(s->in.state, p->node);
    if (at == MAP_NONE) {
        fail(err, ERR_REFUSED, "%s is built in stage only: production's target does not have it",
             p->info->unique_id);
        return hint(err,
                    "Something enables it only for the target '%s'. Leave it out with --exclude.",
                    s->job.profile->target);
    }
    const struct node *prod = &s->in.production->nodes[at];
    const char *name = prod->alias ? prod->alias : prod->name;
    if (!p->target.name) /* a test that keeps its failures */
        return add_pair(g, p->info->schema, prod->schema, p->info->unique_id, err);
    if (!str_eq(name, p->target.name)) {
        fail(err, ERR_REFUSED, "%s is called \"%s\" in production and \"%s\" in stage",
             p->info->unique_id, name, p->target.name);
        return hint(err, "Make generate_alias_name give the same name for both.");
    }
    g->names = mem_grow(s->job.ctx, g->names, struct promote_name, g->n_names + 1);
    g->names[g->n_names++] =
        (struct promote_name){.schema = prod->schema, .name = name, .cloned = p->clone != NULL};
    return add_granted(g, p->node, prod, name, err) ||
                   add_pair(g, p->target.schema, prod->schema, p->info->unique_id, err)
               ? -1
               : 0;
}

static int
pair_all(struct promotion_stage *g, struct err *err)
{
    struct promotion *s = g->s;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        bool stores = p->info->type == NODE_TEST &&
                      plan_find_schema(s->plan, p->info->database, p->info->schema);
        if ((p->target.name || stores) && pair_node(g, p, err))
            return -1;
    }
    struct place_info *found = mem_array(s->job.ctx, struct place_info, g->schemas.n);
    struct place_name *places = mem_array(s->job.ctx, struct place_name, g->schemas.n);
    for (size_t i = 0; i < g->schemas.n; i++)
        places[i].schema = g->schemas.v[i];
    if (g->schemas.n &&
        s->seat.ops->places(s->job.ctx, s->seat.warehouse, places, g->schemas.n, found, err))
        return -1;
    for (size_t i = 0; i < g->schemas.n; i++)
        if (!found[i].exists)
            strlist_add(s->job.ctx, &s->options.made, g->schemas.v[i]);
    return 0;
}

/* --- what cannot be --- */

static int
check_nodes(const struct promotion *s, struct err *err)
{
    size_t made = 0;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        made += p->target.name != NULL;
        if (p->info->type == NODE_FUNCTION) {
            fail(err, ERR_REFUSED, "%s is a function, and only relations are promoted",
                 p->info->unique_id);
            return hint(
                err,
                "First build functions in production itself (dbt build --select "
                "resource_type:function), and leave them out here (--exclude "
                "resource_type:function). The promoted relations call production's functions.");
        }
        if (p->refused) {
            fail(err, ERR_REFUSED,
                 "%s cannot be cloned, and a build from nothing would lose what only production "
                 "has: %s",
                 p->info->unique_id, p->refused);
            return hint(err,
                        "Leave it out with --exclude %s, or build in other schemas yourself and "
                        "promote with --from.",
                        p->info->name);
        }
    }
    if (made)
        return 0;
    fail(err, ERR_REFUSED, "no selected node creates a relation: there is nothing to promote");
    return hint(err, "cloneci ls with the same --select shows what is selected.");
}

/* One promotion at a time is built in a database, whatever it selects. */
static int
lock(struct promotion *s, struct err *err)
{
    bool got;
    if (s->seat.ops->lock_try(s->seat.warehouse, "cloneci:promote:stage", &got, err))
        return -1;
    if (got)
        return 0;
    fail(err, ERR_LOCKED, "another promotion is being built in this database");
    return hint(err, "Wait for it, then check cloneci promote --list.");
}

int
promotion_stage_plan(struct promotion_stage *g, struct promotion *s, struct err *err)
{
    *g = (struct promotion_stage){.s = s};
    s->variant.whole = true;
    s->seat.lock = !s->job.config->dry_run;
    if (stage_schema(s, err) || (s->seat.lock && lock(s, err)) || parse_production(s, err) ||
        parse_stage(s, err) || select_stage(s, err) ||
        inputs_sources(&s->in, &s->job, &s->choice.env, err) ||
        plan_make(&s->plan, &s->job, &s->in, &s->choice, &s->seat, &s->variant, err) ||
        check_nodes(s, err) || pair_all(g, err))
        return -1;
    return s->seat.ops->promote->ahead(s->job.ctx, &g->ahead, s->seat.warehouse, &s->options,
                                       g->names, g->n_names, err);
}
