#include "plan_internal.h"

#include "guard/guard.h"

#include <stdlib.h>
#include <string.h>

/* Each schema's marker keeps the clones that stand in it. */
static cJSON *
kept_in(void *ctx, const cJSON *kept, const char *schema)
{
    cJSON *o = json_object(ctx);
    const cJSON *item;
    cJSON_ArrayForEach (item, kept) {
        const cJSON *value = strcmp(item->string, "clones") == 0 ? json_get(item, schema) : item;
        if (value)
            cJSON_AddItemToObject(o, item->string, mem_check(cJSON_Duplicate(value, true)));
    }
    return o;
}

char *
plan_marker(void *ctx, const struct plan *plan, const char *schema, const char *state)
{
    void *tmp = talloc_new(NULL);
    const struct gitdiff *d = plan->in.diff;
    const struct plan_sandbox *box = plan->in.sandbox;
    const struct marker m = {.kind = box ? MARKER_SANDBOX : MARKER_PULL_REQUEST,
                             .project = plan->in.project->name,
                             .schema = schema,
                             .run_id = plan->in.run_id,
                             .state = state,
                             .created = plan->in.now,
                             .expires = plan->in.expires,
                             .pull_request = d ? d->pull_request : NULL,
                             .base = plan->in.schema,
                             .head = d ? d->head_sha : NULL,
                             .number = plan->in.run_number,
                             .sandbox = box ? box->name : NULL,
                             .role = box ? box->role : NULL,
                             .kept = box ? kept_in(tmp, box->kept, schema) : NULL};
    char *text = marker_text(ctx, &m);
    talloc_free(tmp);
    return text;
}

/* --- which schemas the build writes, and whether it may --- */

static int
refuse_production(const struct plan *plan, const struct plan_node *p, const char *place,
                  const struct node *owner, struct err *err)
{
    fail(err, ERR_REFUSED, "%s would be written to %s, but that schema has %s of %s",
         p->info->unique_id, plan_qualify(plan, &p->target), owner->unique_id, place);
    if (plan->in.sandbox)
        return hint(err, "Choose another name for the sandbox.");
    if (plan->in.whole)
        return hint(err,
                    "The stage needs schemas of its own. Put {{ env_var('CLONECI_STAGE', '') }} "
                    "behind the name in generate_schema_name%s, or use --stage-target with a "
                    "target whose names follow target.schema.",
                    p->info->type == NODE_SNAPSHOT ? " or target_schema" : "");
    if (p->info->type == NODE_SNAPSHOT)
        return hint(
            err,
            "Its schema is fixed (target_schema, or schema with a custom generate_schema_name). "
            "Make it follow target.schema, for example target_schema: \"{{ target.schema }}\".");
    return hint(
        err,
        "Choose another schema with --schema, and make generate_schema_name follow target.schema "
        "for the CI target.");
}

/* No schema that production, or another source of deferral, is in. */
static int
check_written(struct plan *plan, struct map *const *taken, const struct plan_node *p,
              struct err *err)
{
    const struct relation *to = &p->target;
    const char *key = place_key(plan, plan->in.adapter->dialect, to->database, to->schema);
    for (size_t i = 0; i < plan->in.n_sources + 1; i++) {
        const struct plan_source *s = i ? &plan->in.sources[i - 1] : NULL;
        uint32_t at = map_gets(taken[i], key);
        if (at != MAP_NONE)
            return refuse_production(plan, p, s ? s->name : "production",
                                     &(s ? s->manifest : plan->in.production)->nodes[at], err);
    }
    return 0;
}

const struct plan_schema *
plan_find_schema(const struct plan *plan, const char *database, const char *name)
{
    for (size_t i = 0; i < plan->n_schemas; i++) {
        const struct plan_schema *s = &plan->schemas[i];
        const struct place_name place = {s->database, s->name};
        if (place_same(plan->in.adapter->dialect, database, name, &place))
            return s;
    }
    return NULL;
}

static void
add_schema(struct plan *plan, const char *database, const char *name, bool leftover)
{
    if (plan_find_schema(plan, database, name))
        return;
    bool swaps = plan->in.adapter->dialect->caps & CAP_ATOMIC_PUBLISH;
    char hex[HASH_SHA256_HEX];
    hash_sha256(name, strlen(name), hex);
    plan->schemas = mem_grow(plan, plan->schemas, struct plan_schema, plan->n_schemas + 1);
    plan->schemas[plan->n_schemas++] =
        (struct plan_schema){.database = database,
                             .name = name,
                             .leftover = leftover,
                             .aside = swaps ? mem_printf(plan, "cloneci_new_%.16s", hex) : name,
                             .old = swaps ? mem_printf(plan, "cloneci_old_%.16s", hex) : name};
}

/* Tests that store their failures write into the schema of their own. */
static int
stores_failures(struct plan *plan, const struct plan_node *p, bool *out, struct err *err)
{
    *out = false;
    if (p->info->type != NODE_TEST || !p->info->schema ||
        plan_find_schema(plan, p->info->database, p->info->schema))
        return 0;
    cJSON *json = NULL;
    if (manifest_node_json(plan, plan->in.head, p->node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    *out = json_bool(config, "store_failures") || json_str(config, "store_failures_as");
    return 0;
}

/* Where dbt would look for what is deferred before it defers: what an earlier push left there must
 * not be read. */
static int
find_leftovers(struct plan *plan, struct map *const *taken, struct err *err)
{
    const struct dialect *d = plan->in.adapter->dialect;
    for (size_t i = 0; plan->in.schema && !plan->in.reads_from && !plan->in.sandbox &&
                       !plan->in.whole && i < plan->n_deferrals;
         i++) {
        uint32_t node = manifest_find(plan->in.head, plan->deferrals[i].unique_id);
        const struct node *n = &plan->in.head->nodes[node];
        const char *schema = n->schema;
        bool theirs = false;
        if (plan->in.head_is_production && plan_moved_schema(plan, node, &schema, err))
            return -1;
        for (size_t k = 0; schema && k < plan->in.n_sources + 1; k++)
            theirs =
                theirs || map_gets(taken[k], place_key(plan, d, n->database, schema)) != MAP_NONE;
        if (schema && !theirs && str_starts(schema, plan->in.schema))
            add_schema(plan, n->database, schema, true);
    }
    return 0;
}

static int
check_reserved(struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan->n_schemas; i++) {
        const char *name = plan->schemas[i].name;
        const char *why = plan_reserved(plan->in.adapter->dialect, name);
        if (!why)
            continue;
        fail(err, ERR_CONFIG, "the schema name \"%s\" %s", name, why);
        return hint(err, "Choose another one with --schema, for example pr_123; a custom schema "
                         "gets its name by generate_schema_name.");
    }
    return 0;
}

int
plan_find_schemas(struct plan *plan, struct err *err)
{
    struct map **taken = mem_array(plan, struct map *, plan->in.n_sources + 1);
    const struct dialect *d = plan->in.adapter->dialect;
    taken[0] = manifest_schema_map(plan, plan->in.production, d);
    for (size_t i = 0; i < plan->in.n_sources; i++)
        taken[i + 1] = plan->in.sources[i].production
                           ? taken[0]
                           : manifest_schema_map(plan, plan->in.sources[i].manifest, d);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        bool stores = false;
        if (p->target.name) {
            if (check_written(plan, taken, p, err))
                return -1;
            add_schema(plan, p->target.database, p->target.schema, false);
        } else if (stores_failures(plan, p, &stores, err)) {
            return -1;
        } else if (stores && !plan->in.head_is_production) {
            add_schema(plan, p->info->database, p->info->schema, false);
        } else if (stores) {
            add_schema(plan, p->info->database,
                       mem_printf(plan, "%s_dbt_test__audit", plan->in.schema), false);
        }
    }
    if (check_reserved(plan, err) || find_leftovers(plan, taken, err))
        return -1;
    plan->names = mem_array(plan, struct place_name, plan->n_schemas * 3);
    for (size_t i = 0; i < plan->n_schemas; i++) {
        const struct plan_schema *s = &plan->schemas[i];
        plan->names[plan->n_names++] = (struct place_name){s->database, s->name};
        plan->names[plan->n_names++] = (struct place_name){s->database, s->aside};
        plan->names[plan->n_names++] = (struct place_name){s->database, s->old};
    }
    return 0;
}

/* --- may we clear what is there? --- */

static int
check_ours(struct plan *plan, const struct place_info *s, const char *name, struct err *err)
{
    if (!s->exists)
        return 0;
    struct marker m;
    bool marked = marker_parse(plan, s->marker, &m) == 0;
    if (!s->owned) {
        fail(err, ERR_REFUSED, "the schema \"%s\" belongs to another role", name);
        return hint(err, "Choose another schema with --schema, or let its owner drop it.");
    }
    if (!marked && s->relations == 0)
        return 0;
    if (!marked || !s->marker_own) {
        fail(err, ERR_REFUSED, "the schema \"%s\" has %lld relations and no marker of cloneci",
             name, (long long)s->relations);
        return hint(
            err, "cloneci drops the schema's content at the start of a run, but only if it created "
                 "the schema. Choose another schema with --schema, or drop this one yourself.");
    }
    if (strcmp(m.project, plan->in.project->name) != 0) {
        fail(err, ERR_REFUSED, "the schema \"%s\" is used by the project %s", name, m.project);
        return hint(err, "Give each project a schema of its own with --schema.");
    }
    if (m.sandbox && !plan->in.sandbox) {
        fail(err, ERR_REFUSED, "the schema \"%s\" is the sandbox %s of a person", name, m.sandbox);
        return hint(err,
                    "Choose another schema with --schema; 'cloneci sandbox drop %s' removes it.",
                    m.sandbox);
    }
    return 0;
}

/* A sandbox comes where nothing is, and is recreated in part where it is itself. */
static int
check_place(struct plan *plan, const struct plan_schema *s, struct err *err)
{
    const struct plan_sandbox *box = plan->in.sandbox;
    struct marker m;
    bool ours = s->found.exists && marker_parse(plan, s->found.marker, &m) == 0 &&
                s->found.marker_own && strcmp(m.project, plan->in.project->name) == 0 &&
                str_eq(m.sandbox, box->name);
    if (box->in_place ? ours : !s->found.exists)
        return 0;
    if (ours) {
        fail(err, ERR_REFUSED, "the sandbox %s already exists (the schema \"%s\")", box->name,
             s->name);
        return hint(err,
                    "'cloneci sandbox refresh %s' brings it up to date, 'cloneci sandbox drop %s' "
                    "removes it.",
                    box->name, box->name);
    }
    if (!s->found.exists) {
        fail(err, ERR_REFUSED, "the schema \"%s\" of the sandbox %s does not exist", s->name,
             box->name);
        return hint(err, "Drop the sandbox and create it again: cloneci sandbox drop %s",
                    box->name);
    }
    fail(err, ERR_REFUSED,
         "the schema \"%s\" already exists, and does not belong to the sandbox %s", s->name,
         box->name);
    return hint(err, "Choose another name: a sandbox never uses an existing schema.");
}

/* A job that had to wait so long that a newer one was done before it: what is there is the
 * newer one's. */
static int
check_newest(struct plan *plan, const struct place_info *s, struct err *err)
{
    struct marker m;
    const char *ours = plan->in.run_number;
    if (!s->exists || !ours || marker_parse(plan, s->marker, &m) || !m.number ||
        strtoull(m.number, NULL, 10) <= strtoull(ours, NULL, 10))
        return 0;
    fail(err, ERR_LOCKED,
         "superseded by run %s of commit %.10s, which has already built in the schema \"%s\"",
         m.run_id, m.head ? m.head : "?", s->name.schema);
    return hint(err, "The CI started it after this one (%s, %s). There is nothing to do.", m.number,
                ours);
}

int
plan_decide_schemas(struct plan *plan, const struct place_info *names, struct err *err)
{
    size_t kept = 0;
    bool swaps = plan->in.adapter->dialect->caps & CAP_ATOMIC_PUBLISH;
    for (size_t i = 0; i < plan->n_schemas; i++) {
        struct plan_schema *s = &plan->schemas[kept];
        struct err not_ours;
        *s = plan->schemas[i];
        s->found = names[3 * i];
        if (swaps) {
            s->found_aside = names[3 * i + 1];
            s->found_old = names[3 * i + 2];
        }
        /* nothing is written there: what is not ours stays */
        if (s->leftover && (!s->found.exists || !s->found.relations ||
                            check_ours(plan, &s->found, s->name, &not_ours)))
            continue;
        if ((plan->in.sandbox && check_place(plan, s, err)) ||
            check_ours(plan, &s->found, s->name, err) ||
            check_ours(plan, &s->found_aside, s->aside, err) ||
            check_ours(plan, &s->found_old, s->old, err) || check_newest(plan, &s->found, err))
            return -1;
        kept++;
    }
    plan->n_schemas = kept;
    if (!swaps && kept && !plan->in.sandbox)
        plan_warn(plan, "filled_in_place",
                  mem_printf(plan,
                             "%s cannot rename schemas: they are filled under their own names, and "
                             "who looks meanwhile sees a part",
                             plan->in.adapter->dialect->product));
    return 0;
}

/* --- statements --- */

int
plan_render_schemas(struct plan *plan, struct err *err)
{
    const struct dialect *d = plan->in.adapter->dialect;
    bool swaps = d->caps & CAP_ATOMIC_PUBLISH;
    char *grants = NULL;
    /* who may use pull requests' schemas has nothing to do with who may use production */
    if (!plan->in.whole && plan_grants(plan, plan->in.config, d, &grants, err))
        return -1;
    for (size_t i = 0; i < plan->n_schemas; i++) {
        struct plan_schema *s = &plan->schemas[i];
        if (plan->in.sandbox && plan->in.sandbox->in_place)
            continue;
        const struct new_place place = {
            .database = s->database,
            .name = s->name,
            .aside = swaps ? s->aside : NULL,
            .old = swaps ? s->old : NULL,
            .replaces = swaps && s->found.exists,
            .building = plan_marker(plan, plan, s->name, "building"),
            .ready = plan_marker(plan, plan, s->name, "ready"),
            .grants = grants,
        };
        if (d->prepare(plan, &place, &s->prepare, err) || d->publish(plan, &place, &s->swap, err))
            return -1;
    }
    return 0;
}
