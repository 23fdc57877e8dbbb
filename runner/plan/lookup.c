/* Questions about a node, and warnings, that every part of the plan has. */
#include "plan_internal.h"

#include <string.h>

bool
plan_is_candidate(const struct node *n)
{
    return n->type == NODE_SNAPSHOT ||
           (n->type == NODE_MODEL && str_eq(n->materialized, "incremental"));
}

bool
plan_makes_relation(const struct node *n)
{
    switch (n->type) {
    case NODE_MODEL:
        return !str_eq(n->materialized, "ephemeral");
    case NODE_SEED:
    case NODE_SNAPSHOT:
        return true;
    case NODE_FUNCTION:
    case NODE_TEST:
    case NODE_ANALYSIS:
    case NODE_OPERATION:
    case NODE_SOURCE:
    case NODE_EXPOSURE:
    case NODE_METRIC:
    case NODE_SEMANTIC_MODEL:
    case NODE_UNIT_TEST:
    case NODE_SAVED_QUERY:
    case NODE_TYPES:
        break;
    }
    return false;
}

bool
plan_is_built(const struct node *n)
{
    return n->type == NODE_MODEL || n->type == NODE_SEED || n->type == NODE_SNAPSHOT ||
           n->type == NODE_TEST || n->type == NODE_UNIT_TEST || n->type == NODE_FUNCTION;
}

uint32_t
plan_production_node(const struct plan *plan, uint32_t node)
{
    return plan->in.state ? state_production_node(plan->in.state, node) : node;
}

/* dbt's default generate_schema_name: the target's schema, with the custom one after an underscore.
 * The fast path is only taken where no project macro overrides it. */
int
plan_moved_schema(struct plan *plan, uint32_t node, const char **out, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(plan, plan->in.head, node, &json, err))
        return -1;
    const char *custom = json_str(json_get(json, "config"), "schema");
    const char *schema = plan->in.schema;
    *out = custom ? mem_printf(plan, "%s_%s", schema, custom) : schema;
    return 0;
}

const struct plan_node *
plan_find_node(const struct plan *plan, uint32_t node)
{
    const char *id = plan->in.head->nodes[node].unique_id;
    size_t low = 0, high = plan->n_nodes;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(plan->nodes[mid].info->unique_id, id);
        if (order == 0)
            return &plan->nodes[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

char *
plan_qualify(const struct plan *plan, const struct relation *relation)
{
    return plan->in.adapter->dialect->qualify((void *)(uintptr_t)plan, relation);
}

bool
plan_is_modified(const struct plan_node *node)
{
    return node->n_reasons && strcmp(node->reasons[0].kind, "downstream") != 0;
}

void
plan_warn(struct plan *plan, const char *code, const char *text)
{
    plan->warnings = mem_grow(plan, plan->warnings, struct plan_warning, plan->n_warnings + 1);
    plan->warnings[plan->n_warnings++] = (struct plan_warning){.code = code, .text = text};
}
