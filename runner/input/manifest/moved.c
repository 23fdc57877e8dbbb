/* A manifest as it would have been written in another database: on PostgreSQL a relation's name
 * begins with its database, and no statement reaches past its own. */
#include "manifest.h"

#include <string.h>

struct mover {
    void *tmp;
    struct buf out;
    const char *from; /* what is not yet written */
    const char *database;
};

static void
put(struct mover *m, struct value old, const char *text)
{
    buf_add(&m->out, m->from, (size_t)(old.s - m->from));
    buf_puts(&m->out, value_quote(m->tmp, text));
    m->from = old.s + old.n;
}

/* What follows the database in a relation's name, quoted or not; NULL: it does not begin with it.
 */
static const char *
behind(const struct mover *m, const char *name, const char *database)
{
    const char *const heads[] = {mem_printf(m->tmp, "\"%s\".", database),
                                 mem_printf(m->tmp, "%s.", database)};
    for (size_t i = 0; i < BASE_COUNT(heads); i++)
        if (str_starts(name, heads[i]))
            return name + strlen(heads[i]);
    return NULL;
}

static void
move_node(struct mover *m, struct value node)
{
    size_t n;
    struct value database = value_get(node, "database"),
                 relation = value_get(node, "relation_name");
    if (value_is_null(database) || *database.s != '"')
        return;
    bool named = !value_is_null(relation) && *relation.s == '"';
    const char *name = named ? value_text(m->tmp, relation, true, &n) : "";
    const char *rest = behind(m, name, value_text(m->tmp, database, true, &n));
    char *moved = rest ? mem_printf(m->tmp, "\"%s\".%s", m->database, rest) : NULL;
    if (moved && relation.s < database.s)
        put(m, relation, moved);
    put(m, database, m->database);
    if (moved && relation.s > database.s)
        put(m, relation, moved);
}

static void
move_section(struct mover *m, struct value section)
{
    struct value rest = section, key, node;
    while (*section.s == '{' && value_each(&rest, &key, &node)) {
        if (*node.s == '{')
            move_node(m, node);
    }
}

/* Nothing but the object: what is around it is white space. */
static struct value
trimmed(const char *text, size_t n)
{
    const char *start = text + strcspn(text, "{");
    while (n > 0 && text[n - 1] != '}')
        n--;
    return (struct value){start, text + n > start ? (size_t)(text + n - start) : 0};
}

static void
move_document(struct mover *m, struct value document)
{
    struct value rest = document, key, section;
    while (value_each(&rest, &key, &section))
        if (value_is(key, "nodes") || value_is(key, "sources"))
            move_section(m, section);
    buf_puts(&m->out, m->from);
}

int
manifest_move(const char *from, const char *to, const char *database, struct err *err)
{
    struct mover m = {.tmp = talloc_new(NULL), .database = database};
    char *text;
    size_t n, bad = 0;
    int rc = file_read(m.tmp, from, &text, &n, ERR_INPUT, err);
    if (rc == 0 && !value_valid((struct value){text, n}, &bad))
        rc = fail(err, ERR_INPUT, "%s: not JSON at byte %zu", from, bad);
    if (rc == 0) {
        buf_init(&m.out, m.tmp);
        m.from = text;
        move_document(&m, trimmed(text, n));
        rc = file_put(to, m.out.s, m.out.len, 0644, err);
    }
    talloc_free(m.tmp);
    return rc;
}
