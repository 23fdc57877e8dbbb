/*
 * stream: a JSON document read in chunks, with a place in it. Private to the manifest room.
 *
 * A reading function returns true and moves on, or returns false and sets `stop`: STREAM_MORE when
 * the buffer ends within what it reads (the caller goes back to where its item began, asks for more
 * and reads the item again), STREAM_BAD when the text is not JSON (`bad` says where).
 */
#ifndef MANIFEST_STREAM_H
#define MANIFEST_STREAM_H

#include "manifest.h"
#include "scan.h"

#include <string.h>

#define STREAM_DEPTH 1000 /* nesting beyond this is refused, as Python's own limit does */

#define STREAM_ITEM_MAX (1u << 30) /* bytes of one node */

enum stream_stop { STREAM_MORE = 1, STREAM_BAD, STREAM_END };

struct stream {
    const char *what; /* the document's name in errors */
    int fd;           /* or -1: `memory` */
    const char *memory;
    uint64_t total; /* bytes of memory */
    char *buf;
    size_t cap, len; /* len < cap only at the document's end */
    uint64_t base;   /* the document's offset of buf[0] */
    size_t pos;
    size_t words; /* of the marks that are in use */
    bool nan;     /* the buffer may hold a NaN */
    bool popcnt;
    struct scan_marks marks;
    struct scan_carry carry;
    scan_fn *scan;
    bool eof;
    enum stream_stop stop;
    size_t bad;      /* place in buf */
    const char *why; /* what is bad there */
};

/* `fd` or, if -1, `memory`; both must outlive the stream. `chunk` is a multiple of SCAN_BLOCK. */
void stream_open(struct stream *s, void *ctx, const char *what, int fd, const char *memory,
                 uint64_t total, size_t chunk);
/* More text: what is before `keep` is forgotten, pos becomes 0. `keep` must be outside of
 * strings. */
int stream_more(struct stream *s, size_t keep, struct err *err) BASE_CHECKED;
/* The error for `stop` (STREAM_MORE: the document ends too early). */
int stream_fail(const struct stream *s, struct err *err);

/* The first byte, which says of what kind a value is; 0 if absent. */
static inline char
value_kind(struct value v)
{
    return v.n ? *v.s : '\0';
}
/* A string's text to `out`, where string.n bytes are enough, lone surrogates and all; returns its
 * bytes. */
size_t value_exact(char *out, struct value string);

bool stream_space_slow(struct stream *s);
bool stream_bad(struct stream *s, size_t at, const char *why);
bool stream_expected(struct stream *s, char c);
/* An opening bracket, or anything that is no string. */
bool stream_container(struct stream *s, struct value *out);
bool stream_scalar(struct stream *s, struct value *out);

/* Moves to the next byte that is no space. Behind the last byte spaces stand. */
static inline bool
stream_space(struct stream *s)
{
    const char *p = s->buf + s->pos;
    if ((unsigned char)p[0] > ' ')
        return true;
    if ((unsigned char)p[1] > ' ' && p[0] == ' ') {
        s->pos++;
        return true;
    }
    return stream_space_slow(s);
}

/* Moves past `c`, or stops: bad. */
static inline bool
stream_expect(struct stream *s, char c)
{
    if (!stream_space(s))
        return false;
    if (s->buf[s->pos] != c)
        return stream_expected(s, c);
    s->pos++;
    return true;
}

/* The first bit at or after `from`, or SIZE_MAX. A word of zeros ends the marks. */
static inline size_t
stream_next_bit(const struct stream *s, const uint64_t *marks, size_t from)
{
    size_t w = from / SCAN_BLOCK;
    uint64_t bits = marks[w] & ~UINT64_C(0) << from % SCAN_BLOCK;
    while (!bits) {
        if (++w >= s->words)
            return SIZE_MAX;
        bits = marks[w];
    }
    return w * SCAN_BLOCK + (size_t)__builtin_ctzll(bits);
}

/* A string, with its quotation marks. */
static inline bool
stream_string(struct stream *s, struct value *out)
{
    if (s->buf[s->pos] != '"' || s->pos >= s->len)
        return s->pos < s->len ? stream_bad(s, s->pos, "expected a string")
                               : (s->stop = STREAM_MORE, false);
    size_t end = stream_next_bit(s, s->marks.quote, s->pos + 1);
    if (end == SIZE_MAX) {
        s->stop = STREAM_MORE;
        return false;
    }
    *out = (struct value){s->buf + s->pos, end + 1 - s->pos};
    s->pos = end + 1;
    return true;
}

/* Any value, whole. Containers are checked for balance and depth, not for what is in them. */
static inline bool
stream_value(struct stream *s, struct value *out)
{
    char c = s->buf[s->pos];
    if (c == '"')
        return stream_string(s, out);
    if (c == '{' || c == '[')
        return stream_container(s, out);
    return stream_scalar(s, out);
}

/* The value at pos if it is the very text of `like`, a container read before: no need to look in.
 */
static inline bool
stream_again(struct stream *s, struct value like, struct value *out)
{
    if (like.n < 32 || s->len - s->pos < like.n || memcmp(s->buf + s->pos, like.s, like.n) != 0)
        return false;
    *out = (struct value){s->buf + s->pos, like.n};
    s->pos += like.n;
    return true;
}

/* The key of the next entry of an object whose bracket pos is behind, and to its value. At the end
 * it moves past the closing bracket and stops with STREAM_END. Keys keep quotation marks. */
static inline bool
stream_key(struct stream *s, bool first, struct value *key)
{
    if (!stream_space(s))
        return false;
    if (s->buf[s->pos] == '}') {
        s->pos++;
        s->stop = STREAM_END;
        return false;
    }
    if (!first && (!stream_expect(s, ',') || !stream_space(s)))
        return false;
    return stream_string(s, key) && stream_expect(s, ':') && stream_space(s);
}

/* The next item of a container whose bracket pos is behind, with its key if `close` is that of
 * objects. */
static inline bool
stream_next(struct stream *s, char close, bool first, struct value *key, struct value *item)
{
    if (close == '}')
        return stream_key(s, first, key) && stream_value(s, item);
    if (!stream_space(s))
        return false;
    if (s->buf[s->pos] == close) {
        s->pos++;
        s->stop = STREAM_END;
        return false;
    }
    if (!first && (!stream_expect(s, ',') || !stream_space(s)))
        return false;
    return stream_value(s, item);
}

/* Moves past a value of any size, reading on as needed. */
int stream_skip(struct stream *s, struct err *err) BASE_CHECKED;

#endif
