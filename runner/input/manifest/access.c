#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t
manifest_find(const struct manifest *m, const char *unique_id)
{
    return map_gets(m->node_index, unique_id);
}

static int
changed(const struct source *source, struct err *err)
{
    fail(err, ERR_INPUT, "manifest %s changed while it was in use", source->what);
    return hint(err, "Do not write to it during a run, or use a copy. Then run again.");
}

static bool
is_same(const struct source *source)
{
    struct stat now;
    const struct stat *was = &source->stat;
    if (fstat(source->fd, &now))
        return false;
    /* a file that was replaced by renaming has one name less and a new ctime, and is what it was */
    bool renamed = now.st_nlink != was->st_nlink;
    return now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == was->st_mtim.tv_nsec &&
           (renamed || (now.st_ctim.tv_sec == was->st_ctim.tv_sec &&
                        now.st_ctim.tv_nsec == was->st_ctim.tv_nsec));
}

static int
read_again(void *ctx, const struct source *source, uint64_t offset, uint32_t length,
           struct value *out, struct err *err)
{
    char *text = mem_array(ctx, char, (size_t)length + 1);
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(source->fd, text + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, ERR_INPUT, "reading %s", source->what);
        if (got == 0)
            return changed(source, err);
        done += (size_t)got;
    }
    text[length] = '\0';
    *out = (struct value){text, length};
    return is_same(source) ? 0 : changed(source, err);
}

static int
text_at(void *ctx, const struct manifest *m, uint64_t offset, uint32_t length, struct value *out,
        struct err *err)
{
    const struct source *source = m->reader;
    size_t bad;
    if (source->fd < 0) {
        /* a copy, so that what comes after the text is a NUL in either case */
        char *text = mem_strndup(ctx, source->memory + offset, length);
        *out = (struct value){text, length};
    } else if (read_again(ctx, source, offset, length, out, err)) {
        return -1;
    }
    if (value_valid(*out, &bad))
        return 0;
    return fail(err, ERR_INPUT, "%s: not JSON at byte %llu", source->what,
                (unsigned long long)(offset + bad));
}

int
manifest_node_value(void *ctx, const struct manifest *m, uint32_t node, struct value *out,
                    struct err *err)
{
    const struct node *n = &m->nodes[node];
    if (text_at(ctx, m, n->offset, n->length, out, err))
        return wrap(err, "%s", n->unique_id);
    /* Written again within the clock's tick, the file may seem the same: the node must say who it
     * is. */
    struct value id = value_get(*out, "unique_id");
    if (id.n && !value_is(id, n->unique_id) && !strstr(n->unique_id, "\xef\xbf\xbd"))
        return changed(m->reader, err);
    return 0;
}

int
manifest_raw_code(void *ctx, const struct manifest *m, uint32_t node, char **text, size_t *n,
                  struct err *err)
{
    const struct node *x = &m->nodes[node];
    struct value v;
    *text = NULL;
    *n = 0;
    if (x->raw_code_length == 0)
        return 0;
    if (text_at(NULL, m, x->offset + x->raw_code_at, x->raw_code_length, &v, err))
        return wrap(err, "%s", x->unique_id);
    *text = value_text(ctx, v, false, n);
    talloc_free((void *)(uintptr_t)v.s);
    return 0;
}

uint32_t
manifest_disabled_count(const struct manifest *m)
{
    const struct source *source = m->reader;
    return source->n_disabled;
}

const char *
manifest_disabled_id(const struct manifest *m, uint32_t i)
{
    const struct source *source = m->reader;
    return source->disabled_at[i].id;
}

int
manifest_macro_value(void *ctx, const struct manifest *m, uint32_t macro, struct value *out,
                     struct err *err)
{
    const struct macro *x = &m->macros[macro];
    return text_at(ctx, m, x->offset, x->length, out, err) ? wrap(err, "%s", x->unique_id) : 0;
}

int
manifest_disabled_value(void *ctx, const struct manifest *m, const char *unique_id,
                        struct value *out, struct err *err)
{
    const struct source *source = m->reader;
    uint32_t at = map_gets(source->disabled, unique_id);
    *out = (struct value){0};
    if (at == MAP_NONE || source->disabled_at[at].length == 0)
        return 0;
    struct span span = source->disabled_at[at];
    return text_at(ctx, m, span.offset, span.length, out, err) ? wrap(err, "%s", unique_id) : 0;
}

bool
disabled_read(struct reader *r)
{
    struct source *source = r->m->reader;
    struct value key = {0}, list = {0}, item = {0};
    if (!stream_string(&r->s, &key) || !stream_expect(&r->s, ':') || !stream_space(&r->s) ||
        !stream_value(&r->s, &list))
        return false;
    if (*list.s == '[') {
        size_t back = r->s.pos;
        struct value none;
        r->s.pos = (size_t)(list.s + 1 - r->s.buf);
        bool any = stream_next(&r->s, ']', true, &none, &item);
        if (!any && r->s.stop != STREAM_END)
            return false;
        list = any ? item : (struct value){0};
        r->s.pos = back;
    }
    if (list.n == 0)
        return true;
    const char *id = list_text(r, key);
    uint32_t at = map_gets(source->disabled, id);
    if (at == MAP_NONE) {
        at = source->n_disabled++;
        if (at == source->disabled_cap) {
            source->disabled_cap = source->disabled_cap * 2 + 16;
            source->disabled_at =
                mem_grow(source, source->disabled_at, struct span, source->disabled_cap);
        }
        map_set(source->disabled, id, strlen(id), at);
    }
    source->disabled_at[at] =
        (struct span){id, r->s.base + (uint64_t)(list.s - r->s.buf), (uint32_t)list.n};
    return true;
}
