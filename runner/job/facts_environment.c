/* Code that reads the target or the environment: production's run may take another way in it. */
#include "facts.h"

#include "jinja/jinja.h"

#include <string.h>

struct look {
    const struct asked *q;
    void *ctx;
    bool vars;         /* this run sets variables */
    uint8_t *seen;     /* macros */
    const char *reads; /* what was found; NULL: nothing */
};

static bool
is_name(const struct jinja_name *name, const char *word)
{
    return name->len == strlen(word) && strncmp(name->s, word, name->len) == 0;
}

static const char *
find_read(const struct jinja_block *b, bool vars)
{
    struct jinja_name name = {0};
    while (jinja_next_name(b, &name)) {
        if (!jinja_is_environment(b, &name))
            continue;
        if (is_name(&name, "target"))
            return "target";
        if (is_name(&name, "env_var"))
            return "env_var()";
        if (vars && is_name(&name, "var"))
            return "var(), which this run sets";
    }
    return NULL;
}

static void
look_at_text(struct look *l, const char *text, const char *of)
{
    struct jinja cut;
    if (l->reads || !text || !jinja_cut(l->ctx, &cut, text, strlen(text)))
        return;
    for (size_t i = 0; i < cut.n && !l->reads; i++) {
        const char *read = cut.v[i].kind == JINJA_COMMENT ? NULL : find_read(&cut.v[i], l->vars);
        if (read)
            l->reads = mem_printf(l->ctx, "%s reads %s", of, read);
    }
}

/* dbt's own differ nowhere. */
static void
look_at_macro(struct look *l, uint32_t at)
{
    const struct manifest *m = l->q->f->in->head;
    cJSON *json = NULL;
    struct err ignored;
    if (at == MAP_NONE || l->seen[at] || dbt_owns_package(m->adapter_type, m->macros[at].package))
        return;
    l->seen[at] = 1;
    if (manifest_macro_json(l->ctx, m, at, &json, &ignored) == 0)
        look_at_text(l, json_str(json, "macro_sql"),
                     mem_printf(l->ctx, "its macro %s", strrchr(m->macros[at].unique_id, '.') + 1));
    for (uint32_t i = 0; i < m->macros[at].n_macros && !l->reads; i++)
        look_at_macro(l, m->macros[at].macros[i]);
}

/* Values as they were written, where dbt noted them. */
static void
look_at_config(struct look *l, const cJSON *config)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, config) {
        if (cJSON_IsString(item))
            look_at_text(l, cJSON_GetStringValue(item),
                         mem_printf(l->ctx, "its config %s", item->string));
    }
}

void
fact_environment(const struct asked *q)
{
    const struct node *n = q->p->info;
    cJSON *json = NULL;
    struct err ignored;
    if (!q->passed || !q->p->target.name)
        return;
    void *tmp = talloc_new(q->facts);
    struct look l = {.q = q,
                     .ctx = tmp,
                     .vars = q->f->job->config->vars != NULL,
                     .seen = mem_array(tmp, uint8_t, q->f->in->head->n_macros + 1)};
    if (manifest_node_json(tmp, q->f->in->head, q->p->node, &json, &ignored) == 0) {
        look_at_text(&l, json_str(json, "raw_code"), "its code");
        look_at_config(&l, json_get(json, "unrendered_config"));
    }
    for (uint32_t i = 0; i < n->n_macros && !l.reads; i++)
        look_at_macro(&l, n->macros[i]);
    if (l.reads)
        fact_add(q, (struct fact){.aspect = ASPECT_INPUTS,
                                  .status = FACT_UNPROVEN,
                                  .ground = GROUND_RULE,
                                  .text = mem_printf(q->facts,
                                                     "%s: what it does with production's was not "
                                                     "tested",
                                                     l.reads)});
    talloc_free(tmp);
}
