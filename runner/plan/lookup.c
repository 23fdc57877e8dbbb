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

bool
plan_changes_rows(const struct plan_node *node)
{
    static const char *const kinds[] = {"body", "macro"};
    for (size_t i = 0; i < node->n_reasons; i++)
        for (size_t k = 0; k < BASE_COUNT(kinds); k++)
            if (strcmp(node->reasons[i].kind, kinds[k]) == 0)
                return true;
    return false;
}

/* In order of distance: the nearest is found. */
const struct plan_node *
plan_changed_above(const struct plan *plan, const struct plan_node *node)
{
    const struct manifest *m = plan->in.head;
    void *tmp = talloc_new(NULL);
    uint8_t *seen = mem_array(tmp, uint8_t, m->n_nodes + 1);
    uint32_t *queue = mem_array(tmp, uint32_t, m->n_nodes + 1);
    const struct plan_node *found = NULL;
    size_t n = 0;
    queue[n++] = node->node;
    for (size_t at = 0; at < n && !found; at++) {
        const struct node *reader = &m->nodes[queue[at]];
        for (uint32_t i = 0; i < reader->n_parents && !found; i++) {
            uint32_t parent = reader->parents[i];
            const struct plan_node *p = seen[parent] ? NULL : plan_find_node(plan, parent);
            seen[parent] = 1;
            if (!p)
                continue;
            found = plan_changes_rows(p) ? p : NULL;
            queue[n++] = parent;
        }
    }
    talloc_free(tmp);
    return found;
}

void
plan_warn(struct plan *plan, const char *code, const char *text)
{
    plan->warnings = mem_grow(plan, plan->warnings, struct plan_warning, plan->n_warnings + 1);
    plan->warnings[plan->n_warnings++] = (struct plan_warning){.code = code, .text = text};
}
