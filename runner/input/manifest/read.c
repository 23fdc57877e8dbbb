#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <threads.h>
#include <unistd.h>

#define CHUNK (256u << 10)

enum section {
    SECTION_METADATA = NODE_GROUPS, /* below: the groups */
    SECTION_MACROS,
    SECTION_DISABLED,
    SECTION_OTHER,
};

static const char *const section_names[] = {
    [NODE_NODES] = "nodes",
    [NODE_SOURCES] = "sources",
    [NODE_EXPOSURES] = "exposures",
    [NODE_METRICS] = "metrics",
    [NODE_SEMANTIC_MODELS] = "semantic_models",
    [NODE_UNIT_TESTS] = "unit_tests",
    [NODE_SAVED_QUERIES] = "saved_queries",
    [NODE_FUNCTIONS] = "functions",
    [SECTION_METADATA] = "metadata",
    [SECTION_MACROS] = "macros",
    [SECTION_DISABLED] = "disabled",
};

/* After a false of the stream's functions: reads on from `keep`, or makes the error. */
static int
go_on(struct reader *r, size_t keep, struct err *err)
{
    if (r->s.stop == STREAM_BAD)
        return stream_fail(&r->s, err);
    return stream_more(&r->s, keep, err);
}

static bool
begin_entry(struct stream *s, bool first)
{
    if (!stream_space(s))
        return false;
    if (s->buf[s->pos] == '}') {
        s->pos++;
        s->stop = STREAM_END;
        return false;
    }
    return first || (stream_expect(s, ',') && stream_space(s));
}

static bool
read_entry(struct reader *r, enum section section)
{
    if (section == SECTION_MACROS)
        return macro_read(r);
    if (section == SECTION_DISABLED)
        return disabled_read(r);
    return member_read(r, (enum node_group)section);
}

static int
read_section(struct reader *r, enum section section, struct err *err)
{
    r->s.pos++;
    for (bool first = true;; first = false) {
        size_t keep = r->s.pos;
        while (!begin_entry(&r->s, first) || !read_entry(r, section)) {
            if (r->s.stop == STREAM_END)
                return 0;
            if (go_on(r, keep, err))
                return -1;
            keep = 0;
        }
    }
}

static int
read_metadata(struct reader *r, struct err *err)
{
    struct value v;
    size_t keep = r->s.pos;
    while (!stream_value(&r->s, &v)) {
        if (go_on(r, keep, err))
            return -1;
        keep = 0;
    }
    return reader_metadata(r, v, err);
}

/* Of two sections of one name the last counts, as Python has it. */
static void
forget_section(struct reader *r, enum section section)
{
    struct manifest *m = r->m;
    struct source *source = m->reader;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (m->nodes[i].group == (enum node_group)section)
            m->nodes[i].length = 0;
    for (uint32_t i = 0; i < m->n_macros && section == SECTION_MACROS; i++)
        m->macros[i].length = 0;
    for (uint32_t i = 0; i < source->n_disabled && section == SECTION_DISABLED; i++)
        source->disabled_at[i].length = 0;
}

static bool
next_section(struct stream *s, bool first, enum section *out)
{
    struct value key;
    if (!begin_entry(s, first) || !stream_string(s, &key))
        return false;
    *out = SECTION_OTHER;
    for (int i = 0; i < SECTION_OTHER; i++)
        if (value_is(key, section_names[i]))
            *out = (enum section)i;
    /* the value's first byte must be there as well: it says how to go on */
    return stream_expect(s, ':') && stream_space(s);
}

static int
read_sections(struct reader *r, struct err *err)
{
    for (bool first = true;; first = false) {
        enum section section;
        size_t keep = r->s.pos;
        while (!next_section(&r->s, first, &section)) {
            if (r->s.stop == STREAM_END)
                return 0;
            if (go_on(r, keep, err))
                return -1;
            keep = 0;
        }
        if (r->seen & 1u << section)
            forget_section(r, section);
        r->seen |= section == SECTION_OTHER ? 0 : 1u << section;
        bool object = r->s.buf[r->s.pos] == '{';
        int rc = section == SECTION_METADATA           ? read_metadata(r, err)
                 : section == SECTION_OTHER || !object ? stream_skip(&r->s, err)
                                                       : read_section(r, section, err);
        if (rc)
            return -1;
        if (r->metadata_only && section == SECTION_METADATA)
            return 0;
    }
}

static int
read_end(struct reader *r, struct err *err)
{
    struct stream *s = &r->s;
    while (!stream_space(s)) {
        if (s->eof)
            return 0;
        if (stream_more(s, s->pos, err))
            return -1;
    }
    return fail(err, ERR_INPUT, "%s: there is text after the end of the document, at byte %llu",
                s->what, (unsigned long long)(s->base + s->pos));
}

static int
read_document(struct reader *r, struct err *err)
{
    struct stream *s = &r->s;
    if (stream_more(s, 0, err))
        return -1;
    if (s->len >= 3 && memcmp(s->buf, "\xef\xbb\xbf", 3) == 0) {
        fail(err, ERR_INPUT, "%s: begins with a byte order mark, which JSON must not", s->what);
        return hint(err, "Save the file as UTF-8 without the mark. dbt does not read it either.");
    }
    while (!stream_expect(s, '{'))
        if (go_on(r, s->pos, err))
            return -1;
    if (read_sections(r, err) || (!r->metadata_only && read_end(r, err)))
        return -1;
    r->m->bytes = s->base + s->len;
    if (r->seen & 1u << SECTION_METADATA)
        return 0;
    fail(err, ERR_INPUT, "%s: there is no metadata: this is not a manifest of dbt", s->what);
    return hint(err, "Give the folder with the manifest.json that dbt wrote (target/).");
}

static int
load(struct manifest *m, size_t chunk, bool metadata_only, struct err *err)
{
    struct source *source = m->reader;
    struct reader *r = mem_new(NULL, struct reader);
    *r = (struct reader){.m = m, .metadata_only = metadata_only, .arena.ctx = m, .tmp = r};
    r->configs = mem_array(r, struct config_facts, CONFIG_SLOTS);
    m->node_index = map_new(m, (size_t)(source->total / 4096) + 16);
    m->macro_index = map_new(m, 600);
    source->disabled = map_new(source, 16);
    fields_init(r);
    stream_open(&r->s, r, source->what, source->fd, source->memory, source->total, chunk);
    int rc = read_document(r, err);
    if (rc == 0)
        reader_link(r);
    talloc_free(r);
    return rc;
}

static int
close_source(struct source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    return 0;
}

static struct manifest *
begin(void *ctx, const char *what)
{
    struct manifest *m = mem_new(ctx, struct manifest);
    struct source *source = mem_new(m, struct source);
    source->fd = -1;
    talloc_set_destructor(source, close_source);
    m->reader = source;
    m->file = source->what = mem_strdup(m, what);
    return m;
}

static int
read_file(void *ctx, struct manifest **out, const char *path, bool metadata_only, struct err *err)
{
    *out = NULL;
    struct manifest *m = begin(ctx, path);
    struct source *source = m->reader;
    source->fd = file_open(path, &source->stat, ERR_INPUT, err);
    if (source->fd < 0) {
        talloc_free(m);
        return wrap(err, "manifest");
    }
    source->total = (uint64_t)source->stat.st_size;
    if (load(m, CHUNK, metadata_only, err)) {
        talloc_free(m);
        return -1;
    }
    *out = m;
    return 0;
}

int
manifest_read(void *ctx, struct manifest **out, const char *path, struct err *err)
{
    return read_file(ctx, out, path, false, err);
}

int
manifest_metadata(void *ctx, struct manifest **out, const char *path, struct err *err)
{
    return read_file(ctx, out, path, true, err);
}

/* What a thread of its own reads: nothing here is shared with another one, the memory's root
 * included. */
struct task {
    const char *path;
    struct manifest *m;
    struct err err;
    int rc;
};

static int
run_task(void *arg)
{
    struct task *task = arg;
    task->rc = manifest_read(NULL, &task->m, task->path, &task->err);
    return 0;
}

int
manifest_read_two(void *ctx, struct manifest **first, const char *first_path,
                  struct manifest **second, const char *second_path, struct err *err)
{
    struct task task = {.path = second_path};
    thrd_t thread;
    bool apart = thrd_create(&thread, run_task, &task) == thrd_success;
    int rc = manifest_read(ctx, first, first_path, err);
    if (apart)
        thrd_join(thread, NULL);
    else
        run_task(&task);
    if (rc == 0 && task.rc == 0) {
        *second = talloc_steal(ctx, task.m);
        return 0;
    }
    if (rc == 0)
        *err = task.err;
    talloc_free(task.m);
    talloc_free(*first);
    *first = *second = NULL;
    return -1;
}

int
reader_parse(void *ctx, struct manifest **out, const char *text, size_t len, const char *what,
             size_t chunk, struct err *err)
{
    *out = NULL;
    struct manifest *m = begin(ctx, what);
    struct source *source = m->reader;
    source->memory = text;
    source->total = len;
    if (load(m, chunk, false, err)) {
        talloc_free(m);
        return -1;
    }
    *out = m;
    return 0;
}

int
manifest_parse(void *ctx, struct manifest **out, const char *text, size_t len, const char *what,
               struct err *err)
{
    return reader_parse(ctx, out, text, len, what, CHUNK, err);
}
