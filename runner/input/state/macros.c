#include "internal.h"

#include <string.h>

struct macro_state {
    uint8_t *changed; /* a byte a head macro: its text differs, or it is new */
    uint8_t *reaches; /* a changed macro can be reached from it; itself included */
    uint8_t *holes;   /* a macro that is not there can be reached from it */
    bool any;         /* dbt looks at nothing if no macro differs, deleted ones included */
};

/* Other escapes can mean the same text. */
static int
same_text(const struct state *s, uint32_t head, uint32_t old, bool *same, struct err *err)
{
    *same = s->head->macros[head].text_hash == s->production->macros[old].text_hash;
    if (*same || s->head == s->production)
        return 0;
    void *tmp = mem_new(NULL, char);
    struct value a, b;
    int rc = manifest_macro_value(tmp, s->head, head, &a, err) ||
             manifest_macro_value(tmp, s->production, old, &b, err);
    if (rc == 0)
        *same = value_equal(value_get(a, "macro_sql"), value_get(b, "macro_sql"));
    talloc_free(tmp);
    return rc ? -1 : 0;
}

static int
find_changed(struct state *s, struct macro_state *m, struct err *err)
{
    const struct manifest *head = s->head, *production = s->production;
    uint32_t common = 0;
    for (uint32_t i = 0; i < head->n_macros; i++) {
        uint32_t old = map_gets(production->macro_index, head->macros[i].unique_id);
        bool same = false;
        common += old != MAP_NONE;
        if (s->from_diff)
            same = !s->macro_changed[i];
        else if (old != MAP_NONE && same_text(s, i, old, &same, err))
            return -1;
        m->changed[i] = !same;
        m->any |= !same;
    }
    m->any |= common < production->n_macros;
    return 0;
}

static bool
step_reaches(const struct macro_state *m, const struct macro *macro, bool *hole)
{
    bool reaches = false;
    for (uint32_t k = 0; k < macro->n_macros; k++) {
        uint32_t to = macro->macros[k];
        *hole |= to == MAP_NONE || m->holes[to];
        reaches |= to != MAP_NONE && m->reaches[to];
    }
    return reaches;
}

/* Calls can go in circles, so this goes around until nothing is added; chains are short. */
static void
spread(const struct state *s, struct macro_state *m)
{
    memcpy(m->reaches, m->changed, s->head->n_macros);
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < s->head->n_macros; i++) {
            bool hole = false, reaches = step_reaches(m, &s->head->macros[i], &hole);
            if ((reaches && !m->reaches[i]) || (hole && !m->holes[i])) {
                m->reaches[i] |= reaches;
                m->holes[i] |= hole;
                more = true;
            }
        }
    }
}

static int
prepare(struct state *s, struct err *err)
{
    if (s->macros)
        return 0;
    struct macro_state *m = mem_new(s, struct macro_state);
    uint32_t n = s->head->n_macros + 1;
    m->changed = mem_array(m, uint8_t, n);
    m->reaches = mem_array(m, uint8_t, n);
    m->holes = mem_array(m, uint8_t, n);
    if (find_changed(s, m, err)) {
        talloc_free(m);
        return -1;
    }
    spread(s, m);
    s->macros = m;
    return 0;
}

enum found { FOUND_NOTHING, FOUND_CHANGED, FOUND_HOLE };

/* dbt's walk from a node. `back` is NULL, or gets the ids from what was found back to the node. */
struct trip {
    const struct state *s;
    uint8_t *visited; /* a byte a macro */
    struct strlist *back;
};

/* A macro that is not in the head: one that production has was deleted, and so differs. */
static enum found
judge_hole(const struct trip *t, struct value owner, uint32_t k)
{
    struct value list = value_get(value_get(owner, "depends_on"), "macros"), key, id = {0};
    for (uint32_t i = 0; i <= k; i++)
        if (!value_each(&list, &key, &id))
            return FOUND_HOLE;
    char *text = value_text(t->visited, id, true, NULL);
    bool deleted = map_gets(t->s->production->macro_index, text) != MAP_NONE;
    if (deleted && t->back)
        strlist_add(t->visited, t->back, text);
    return deleted ? FOUND_CHANGED : FOUND_HOLE;
}

/* Depth first in the order of the lists: what it meets first counts. */
static enum found
walk(const struct trip *t, struct value owner, const uint32_t *ids, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        struct err unread;
        struct value text = {0};
        uint32_t id = ids[k];
        if (id == MAP_NONE)
            return judge_hole(t, owner, k);
        if (t->visited[id])
            continue;
        t->visited[id] = 1;
        if (t->s->macros->changed[id])
            return FOUND_CHANGED;
        const struct macro *macro = &t->s->head->macros[id];
        void *tmp = mem_new(NULL, char);
        if (t->s->macros->holes[id] && manifest_macro_value(tmp, t->s->head, id, &text, &unread))
            text = (struct value){0};
        enum found found = walk(t, text, macro->macros, macro->n_macros);
        talloc_free(tmp);
        if (found && t->back)
            strlist_add(t->visited, t->back, macro->unique_id);
        if (found)
            return found;
    }
    return FOUND_NOTHING;
}

/* Of a node that meets a hole: what does the walk find first? */
static int
take_trip(const struct trip *t, uint32_t at, enum found *found, struct err *err)
{
    const struct node *node = &t->s->head->nodes[at];
    struct value text;
    if (manifest_node_value(t->visited, t->s->head, at, &text, err))
        return -1;
    *found = walk(t, text, node->macros, node->n_macros);
    return 0;
}

static int
judge_node(const struct state *s, uint32_t at, uint8_t *out, struct err *err)
{
    const struct node *node = &s->head->nodes[at];
    bool hole = false, reaches = false;
    *out = 0;
    if (!node->enabled || node->group == NODE_SOURCES || !s->macros->any)
        return 0;
    for (uint32_t k = 0; k < node->n_macros; k++) {
        uint32_t id = node->macros[k];
        hole |= id == MAP_NONE || s->macros->holes[id];
        reaches |= id != MAP_NONE && s->macros->reaches[id];
    }
    *out = reaches;
    if (!hole)
        return 0;
    enum found found = FOUND_NOTHING;
    struct trip t = {.s = s, .visited = mem_array(NULL, uint8_t, s->head->n_macros + 1)};
    int rc = take_trip(&t, at, &found, err);
    talloc_free(t.visited);
    *out = found == FOUND_CHANGED;
    if (rc || found != FOUND_HOLE)
        return rc;
    fail(err, ERR_INPUT, "%s depends on a macro that is not in %s", node->unique_id, s->head->file);
    return hint(err, "dbt also fails here. Restore the macro, or remove the test or the call.");
}

int
macros_answer(struct state *s, uint8_t *out, struct err *err)
{
    if (prepare(s, err))
        return -1;
    for (uint32_t i = 0; i < s->head->n_nodes; i++)
        if (judge_node(s, i, &out[i], err))
            return -1;
    return 0;
}

/* The ids from the node to what was reached, of which `back` is the way back. */
static const char *
path_text(void *ctx, const struct node *node, const struct strlist *back)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_puts(&b, node->unique_id);
    for (size_t i = back->n; i > 0; i--)
        buf_printf(&b, " -> %s", back->v[i - 1]);
    return b.s;
}

/* `from` holds who was met first from where. */
static void
add_changed(void *ctx, const struct state *s, uint32_t node, uint32_t macro, const uint32_t *from,
            struct reasons *out)
{
    struct strlist back = {0};
    void *tmp = mem_new(NULL, char);
    for (uint32_t at = macro; at != MAP_NONE; at = from[at])
        strlist_add(tmp, &back, s->head->macros[at].unique_id);
    reasons_add(ctx, out,
                (struct state_reason){.kind = STATE_REASON_MACRO,
                                      .key = s->head->macros[macro].unique_id,
                                      .path = path_text(ctx, &s->head->nodes[node], &back)});
    talloc_free(tmp);
}

/* Of a node that counts as modified though none of its macros has changed: it meets a deleted one.
 */
static int
add_deleted(void *ctx, const struct state *s, uint32_t node, struct reasons *out, struct err *err)
{
    enum found found;
    struct strlist back = {0};
    struct trip t = {s, mem_array(NULL, uint8_t, s->head->n_macros + 1), &back};
    int rc = take_trip(&t, node, &found, err);
    if (rc == 0)
        reasons_add(ctx, out,
                    (struct state_reason){.kind = STATE_REASON_MACRO,
                                          .key = mem_strdup(ctx, back.v[0]),
                                          .path = path_text(ctx, &s->head->nodes[node], &back),
                                          .deleted = true});
    talloc_free(t.visited);
    return rc;
}

/* Breadth first, so that each changed macro comes with a shortest path; what lies behind a changed
 * one is looked at as well. */
int
macros_reasons(void *ctx, struct state *s, uint32_t node, struct reasons *out, struct err *err)
{
    uint8_t reached;
    const struct node *n = &s->head->nodes[node];
    if (prepare(s, err) || judge_node(s, node, &reached, err))
        return -1;
    if (!reached)
        return 0;
    void *tmp = mem_new(NULL, char);
    size_t before = out->n;
    uint32_t count = s->head->n_macros, head = 0, tail = 0;
    uint32_t *from = mem_array(tmp, uint32_t, count + 1),
             *queue = mem_array(tmp, uint32_t, count + 1);
    uint8_t *seen = mem_array(tmp, uint8_t, count + 1);
    for (uint32_t k = 0; k < n->n_macros; k++) {
        uint32_t id = n->macros[k];
        if (id != MAP_NONE && !seen[id]) {
            seen[id] = 1;
            from[id] = MAP_NONE;
            queue[tail++] = id;
        }
    }
    while (head < tail) {
        uint32_t at = queue[head++];
        const struct macro *macro = &s->head->macros[at];
        if (s->macros->changed[at])
            add_changed(ctx, s, node, at, from, out);
        for (uint32_t k = 0; k < macro->n_macros; k++) {
            uint32_t id = macro->macros[k];
            if (id != MAP_NONE && !seen[id] && s->macros->reaches[id]) {
                seen[id] = 1;
                from[id] = at;
                queue[tail++] = id;
            }
        }
    }
    talloc_free(tmp);
    return out->n == before ? add_deleted(ctx, s, node, out, err) : 0;
}
