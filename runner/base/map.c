#include "base.h"

#include <string.h>

/* Open addressing, linear probing, at most half full. A slot is eight bytes, so that a look-up
 * mostly is one cache line of slots and one of the entry that it finds. */
struct slot {
    uint32_t hash, entry; /* entry 0: free, else its number + 1 */
};

struct entry {
    const char *key;
    uint32_t len, value;
};

struct map {
    struct slot *slots;
    struct entry *entries;
    size_t mask, count, capacity;
};

static size_t
slots_for(size_t expected)
{
    size_t n = 16;
    while (n < expected * 2)
        n *= 2;
    return n;
}

struct map *
map_new(void *ctx, size_t expected)
{
    struct map *m = mem_new(ctx, struct map);
    size_t n = slots_for(expected);
    m->slots = mem_array(m, struct slot, n);
    m->mask = n - 1;
    return m;
}

static uint32_t
hash_of(const char *key, size_t len)
{
    uint64_t h = hash_fast(key, len, 0);
    return (uint32_t)(h ^ h >> 32);
}

/* The key's slot, or the free one where it would go. */
static struct slot *
probe(const struct map *m, const char *key, size_t len, uint32_t hash)
{
    size_t i = hash & m->mask;
    for (;; i = (i + 1) & m->mask) {
        struct slot *s = &m->slots[i];
        if (!s->entry)
            return s;
        if (s->hash != hash)
            continue;
        const struct entry *e = &m->entries[s->entry - 1];
        if (e->len == len && (len == 0 || memcmp(e->key, key, len) == 0))
            return s;
    }
}

static void
grow(struct map *m)
{
    struct slot *old = m->slots;
    size_t n = m->mask + 1;
    m->slots = mem_array(m, struct slot, n * 2);
    m->mask = n * 2 - 1;
    for (size_t i = 0; i < n; i++) {
        if (!old[i].entry)
            continue;
        size_t to = old[i].hash & m->mask;
        while (m->slots[to].entry)
            to = (to + 1) & m->mask;
        m->slots[to] = old[i];
    }
    talloc_free(old);
}

void
map_set(struct map *m, const char *key, size_t len, uint32_t value)
{
    if ((m->count + 1) * 2 > m->mask + 1)
        grow(m);
    uint32_t hash = hash_of(key, len);
    struct slot *s = probe(m, key, len, hash);
    if (!s->entry) {
        if (m->count == m->capacity) {
            m->capacity = m->capacity ? m->capacity * 2 : 16;
            m->entries = mem_grow(m, m->entries, struct entry, m->capacity);
        }
        m->entries[m->count++] = (struct entry){.key = key, .len = (uint32_t)len};
        *s = (struct slot){hash, (uint32_t)m->count};
    }
    m->entries[s->entry - 1].value = value;
}

uint32_t
map_get(const struct map *m, const char *key, size_t len)
{
    const struct slot *s = probe(m, key, len, hash_of(key, len));
    return s->entry ? m->entries[s->entry - 1].value : MAP_NONE;
}

void
map_prefetch(const struct map *m, const char *key, size_t len)
{
    __builtin_prefetch(&m->slots[hash_of(key, len) & m->mask]);
}

uint32_t
map_gets(const struct map *m, const char *key)
{
    return map_get(m, key, strlen(key));
}

size_t
map_count(const struct map *m)
{
    return m->count;
}
