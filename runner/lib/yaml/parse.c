/* Events of libyaml become a tree. Resolution of scalars is in resolve.c. */
#include "parse.h"

#include <string.h>
#include <yaml.h>

/* Limits: dbt's and our files stay far below; an alias bomb does not. */
enum { DEPTH_MOST = 100, VALUES_MOST = 1000000 };

/* What an alias stands for: its expanded size and height count each time that it is used. */
struct anchor {
    struct yaml *node;
    size_t values, height;
    bool open; /* still being read: an alias here would contain itself */
};

struct reader {
    yaml_parser_t parser;
    void *ctx; /* of the tree */
    const char *what, *text;
    size_t len;
    struct anchor *anchors;
    size_t n_anchors;
    struct map *names; /* anchor name -> index */
    size_t values;     /* so far, aliases expanded */
    bool at_key;       /* what comes next is a mapping's key */
    struct err *err;
};

static int compose(struct reader *r, const yaml_event_t *event, size_t depth, struct yaml **out,
                   size_t *height);

static struct yaml
place(const struct reader *r, yaml_mark_t mark)
{
    return (struct yaml){.file = r->what, .line = mark.line + 1, .column = mark.column + 1};
}

/* --- errors of libyaml, with a remedy --- */

/* The byte at a mark, whose index counts characters. */
static char
byte_at(const struct reader *r, yaml_mark_t mark)
{
    size_t chars = 0;
    for (size_t i = 0; i < r->len; i++)
        if (((unsigned char)r->text[i] & 0xC0) != 0x80 && chars++ == mark.index)
            return r->text[i];
    return '\0';
}

static const char *
remedy(const struct reader *r, const char *problem, yaml_mark_t mark)
{
    if (byte_at(r, mark) == '\t')
        return "YAML does not allow tabs for indentation. Replace the tab by spaces.";
    if (strstr(problem, "mapping values are not allowed"))
        return "Check the indentation of this line, and put quotes around a value that contains "
               "': '.";
    if (strstr(problem, "did not find expected key") || strstr(problem, "block end") ||
        strstr(problem, "'-' indicator"))
        return "Indent this line like its neighbours, and put quotes around a value that continues "
               "after a closing quote.";
    if (strstr(problem, "could not find expected ':'"))
        return "Write 'key: value', with a space after the colon, indented like its neighbours.";
    if (strstr(problem, "end of stream") || strstr(problem, "or ']'") || strstr(problem, "or '}'"))
        return "Close the quote or bracket that is open here.";
    if (strstr(problem, "cannot start any token"))
        return "Put quotes around a value that begins with this character.";
    return "Correct the file at this place; a YAML linter shows more.";
}

/* The reader's errors have an offset in bytes; lines and columns are counted here. */
static yaml_mark_t
mark_at(const struct reader *r, size_t offset)
{
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < offset && i < r->len; i++) {
        if (r->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)r->text[i] & 0xC0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static int
fail_parser(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_MEMORY_ERROR)
        mem_check(NULL);
    if (p->error == YAML_READER_ERROR) {
        struct yaml at = place(r, mark_at(r, p->problem_offset));
        yaml_fail(r->err, &at, "%s", problem);
        return hint(r->err, "Remove the control character here.");
    }
    struct yaml at = place(r, p->problem_mark);
    if (p->context && p->context_mark.line != p->problem_mark.line)
        yaml_fail(r->err, &at, "%s (%s that began on line %zu)", problem, p->context,
                  p->context_mark.line + 1);
    else
        yaml_fail(r->err, &at, "%s", problem);
    return hint(r->err, "%s", remedy(r, problem, p->problem_mark));
}

static int
next(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? 0 : fail_parser(r);
}

/* --- nodes --- */

static int
node_new(struct reader *r, const yaml_event_t *event, enum yaml_kind kind, struct yaml **out)
{
    struct yaml *node = mem_new(r->ctx, struct yaml);
    *node = place(r, event->start_mark);
    node->kind = kind;
    node->text = "";
    *out = node;
    if (++r->values > VALUES_MOST) {
        yaml_fail(r->err, node, "more than %d values, aliases expanded", VALUES_MOST);
        return hint(r->err, "Use fewer aliases, or split the file.");
    }
    return 0;
}

static int
anchor_add(struct reader *r, const yaml_char_t *name, struct yaml *node, size_t *index)
{
    *index = SIZE_MAX;
    if (!name)
        return 0;
    const char *text = mem_strdup(r->names, (const char *)name);
    uint32_t old = map_gets(r->names, text);
    if (old != MAP_NONE) {
        yaml_fail(r->err, node, "anchor '&%s' is already defined on line %zu", text,
                  r->anchors[old].node->line);
        return hint(r->err, "Give each anchor a name of its own. dbt needs that too.");
    }
    *index = r->n_anchors++;
    r->anchors = mem_grow(r->names, r->anchors, struct anchor, r->n_anchors);
    /* Until it is complete `values` holds the count before it. */
    r->anchors[*index] = (struct anchor){.node = node, .open = true, .values = r->values};
    map_set(r->names, text, strlen(text), (uint32_t)*index);
    return 0;
}

static void
anchor_close(struct reader *r, size_t index, size_t height)
{
    if (index == SIZE_MAX)
        return;
    struct anchor *a = &r->anchors[index];
    a->open = false;
    a->values = r->values - a->values + 1;
    a->height = height;
}

static int
compose_alias(struct reader *r, const yaml_event_t *event, size_t depth, struct yaml **out,
              size_t *height)
{
    struct yaml at = place(r, event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    uint32_t i = map_gets(r->names, name);
    if (i == MAP_NONE) {
        yaml_fail(r->err, &at, "alias '*%s' has no anchor '&%s' before it", name, name);
        return hint(r->err, "Define the anchor above, or quote a value that begins with '*'.");
    }
    const struct anchor *a = &r->anchors[i];
    if (a->open) {
        yaml_fail(r->err, &at, "alias '*%s' is within its own anchor", name);
        return hint(r->err, "Remove the alias: a value cannot contain itself.");
    }
    if (depth + a->height > DEPTH_MOST) {
        yaml_fail(r->err, &at, "nested deeper than %d, aliases expanded", DEPTH_MOST);
        return hint(r->err, "Flatten the structure.");
    }
    r->values += a->values;
    if (r->values > VALUES_MOST) {
        yaml_fail(r->err, &at, "more than %d values, aliases expanded", VALUES_MOST);
        return hint(r->err, "Use fewer aliases, or split the file.");
    }
    *out = a->node;
    *height = a->height;
    return 0;
}

static int
compose_scalar(struct reader *r, const yaml_event_t *event, bool key, struct yaml **out)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length, index;
    if (node_new(r, event, YAML_STR, out))
        return -1;
    if (strlen(value) != len) {
        yaml_fail(r->err, *out, "text with a NUL character");
        return hint(r->err, "Remove the '\\0' escape.");
    }
    (*out)->text = mem_strndup(r->ctx, value, len);
    if (anchor_add(r, event->data.scalar.anchor, *out, &index))
        return -1;
    anchor_close(r, index, 1);
    const char *tag = (const char *)event->data.scalar.tag;
    if (tag && strcmp(tag, "!") == 0)
        tag = NULL;
    bool plain = !tag && event->data.scalar.plain_implicit;
    if (plain && !key && (strcmp(value, "=") == 0 || strcmp(value, "<<") == 0)) {
        yaml_fail(r->err, *out, "'%s' is not a value", value);
        return hint(r->err, "Put quotes around it: in YAML 1.1 it means something else.");
    }
    return yaml_resolve(*out, tag, event->data.scalar.plain_implicit, r->err);
}

static int
check_tag(struct reader *r, const yaml_char_t *tag, const struct yaml *node)
{
    const char *want = node->kind == YAML_SEQ ? "tag:yaml.org,2002:seq" : "tag:yaml.org,2002:map";
    if (!tag || strcmp((const char *)tag, "!") == 0 || strcmp((const char *)tag, want) == 0)
        return 0;
    return yaml_fail_tag(node, (const char *)tag, r->err);
}

static int
too_deep(struct reader *r, const struct yaml *node, size_t depth)
{
    if (depth <= DEPTH_MOST)
        return 0;
    yaml_fail(r->err, node, "nested deeper than %d", DEPTH_MOST);
    return hint(r->err, "Flatten the structure.");
}

static struct yaml **
room_for(struct reader *r, struct yaml **list, size_t n)
{
    return n & (n - 1) ? list : mem_grow(r->ctx, list, struct yaml *, n ? n * 2 : 1);
}

static int
compose_seq(struct reader *r, const yaml_event_t *event, size_t depth, struct yaml **out,
            size_t *height)
{
    size_t index;
    if (node_new(r, event, YAML_SEQ, out) || too_deep(r, *out, depth) ||
        check_tag(r, event->data.sequence_start.tag, *out) ||
        anchor_add(r, event->data.sequence_start.anchor, *out, &index))
        return -1;
    struct yaml *node = *out;
    *height = 1;
    for (;;) {
        yaml_event_t item;
        if (next(r, &item))
            return -1;
        if (item.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&item);
            anchor_close(r, index, *height);
            return 0;
        }
        size_t h = 0;
        node->items = room_for(r, node->items, node->n);
        int rc = compose(r, &item, depth + 1, &node->items[node->n], &h);
        yaml_event_delete(&item);
        if (rc)
            return -1;
        node->n++;
        if (h + 1 > *height)
            *height = h + 1;
    }
}

/* One value of a mapping, or the mapping's end (*out is NULL then). */
static int
compose_part(struct reader *r, size_t depth, struct yaml **out, size_t *height, bool *plain)
{
    yaml_event_t event;
    size_t h = 0;
    *out = NULL;
    if (next(r, &event))
        return -1;
    int rc = 0;
    if (event.type == YAML_SCALAR_EVENT)
        *plain = event.data.scalar.plain_implicit;
    else
        *plain = false;
    if (event.type != YAML_MAPPING_END_EVENT)
        rc = compose(r, &event, depth + 1, out, &h);
    yaml_event_delete(&event);
    if (h + 1 > *height)
        *height = h + 1;
    return rc;
}

static int
compose_map(struct reader *r, const yaml_event_t *event, size_t depth, struct yaml **out,
            size_t *height)
{
    size_t index;
    if (node_new(r, event, YAML_MAP, out) || too_deep(r, *out, depth) ||
        check_tag(r, event->data.mapping_start.tag, *out) ||
        anchor_add(r, event->data.mapping_start.anchor, *out, &index))
        return -1;
    struct yaml_pairs own = {0}, merged = {0};
    void *tmp = talloc_new(NULL);
    *height = 1;
    int rc = 0;
    while (rc == 0) {
        struct yaml *key, *value;
        bool plain, ignored;
        r->at_key = true;
        rc = compose_part(r, depth, &key, height, &plain);
        r->at_key = false;
        if (rc || !key)
            break;
        rc = compose_part(r, depth, &value, height, &ignored);
        if (rc == 0 && plain && strcmp(key->text, "<<") == 0)
            rc = yaml_merge(tmp, &merged, value, r->err);
        else if (rc == 0)
            yaml_pair_add(tmp, &own, key, value);
    }
    if (rc == 0)
        rc = yaml_map_fill(r->ctx, *out, &merged, &own, r->err);
    talloc_free(tmp);
    if (rc == 0)
        anchor_close(r, index, *height);
    return rc;
}

static int
compose(struct reader *r, const yaml_event_t *event, size_t depth, struct yaml **out,
        size_t *height)
{
    bool key = r->at_key;
    r->at_key = false;
    switch ((int)event->type) {
    case YAML_ALIAS_EVENT:
        return compose_alias(r, event, depth, out, height);
    case YAML_SCALAR_EVENT:
        *height = 0;
        return compose_scalar(r, event, key, out);
    case YAML_SEQUENCE_START_EVENT:
        return compose_seq(r, event, depth, out, height);
    default:
        return compose_map(r, event, depth, out, height);
    }
}

/* --- documents --- */

static int
compose_stream(struct reader *r, struct yaml **out)
{
    bool seen = false;
    for (;;) {
        yaml_event_t event;
        if (next(r, &event))
            return -1;
        int rc = 0;
        size_t height = 0;
        yaml_event_type_t type = event.type;
        struct yaml at = place(r, event.start_mark);
        if (type == YAML_DOCUMENT_START_EVENT && seen) {
            yaml_fail(r->err, &at, "a second document begins here");
            rc = hint(r->err, "Keep one document in the file: remove this '---' and what follows.");
        } else if (type == YAML_DOCUMENT_START_EVENT) {
            seen = true;
        } else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_END_EVENT &&
                   type != YAML_STREAM_END_EVENT) {
            rc = compose(r, &event, 1, out, &height);
        }
        yaml_event_delete(&event);
        if (rc || type == YAML_STREAM_END_EVENT)
            return rc;
    }
}

static int
check_utf8(const struct reader *r)
{
    size_t bad;
    if (str_utf8(r->text, r->len, &bad))
        return 0;
    struct yaml at = place(r, mark_at(r, bad));
    yaml_fail(r->err, &at, "not UTF-8: byte 0x%02x", (unsigned char)r->text[bad]);
    return hint(r->err, "Save the file in UTF-8.");
}

int
yaml_parse(void *ctx, struct yaml **out, const char *text, size_t len, const char *what,
           struct err *err)
{
    void *tree = talloc_new(ctx);
    struct reader r = {.ctx = tree, .text = text, .len = len, .err = err};
    r.what = mem_strdup(tree, what);
    *out = mem_new(tree, struct yaml);
    **out = (struct yaml){.text = "", .file = r.what, .line = 1, .column = 1};
    int rc = check_utf8(&r);
    if (rc == 0) {
        mem_check(yaml_parser_initialize(&r.parser) ? tree : NULL);
        r.names = map_new(tree, 8);
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
        rc = compose_stream(&r, out);
        yaml_parser_delete(&r.parser);
        talloc_free(r.names);
    }
    if (rc) {
        talloc_free(tree);
        *out = NULL;
    }
    return rc;
}

int
yaml_read(void *ctx, struct yaml **out, const char *path, struct err *err)
{
    char *text;
    size_t len;
    void *tmp = talloc_new(NULL);
    *out = NULL;
    int rc = file_read(tmp, path, &text, &len, ERR_CONFIG, err);
    if (rc == 0)
        rc = yaml_parse(ctx, out, text, len, path, err);
    talloc_free(tmp);
    return rc;
}
