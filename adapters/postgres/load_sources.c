/* What is to be loaded, in the order in which it is given out. */
#include "load.h"

#include <stdlib.h>

static int
by_size(const void *a, const void *b)
{
    const struct source *x = a, *y = b;
    return x->blocks < y->blocks ? 1 : x->blocks > y->blocks ? -1 : 0;
}

static void
add_item(struct load *load, struct item *of, struct load_item *item)
{
    const struct clone_sql *sql = item->sql;
    item->state = LOAD_PENDING;
    *of = (struct item){.item = item, .left = sql->n_sources};
    for (size_t i = 0; i < sql->n_sources; i++) {
        const struct clone_source *from = &sql->sources[i];
        load->sources[load->n_sources++] = (struct source){
            .of = of, .from = from, .whole = sql->load.v[i], .blocks = from->blocks};
        of->blocks += from->blocks;
        load->block_size = from->block_size;
    }
}

void
pg_load_sources(struct load *load, struct load_item *items, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += items[i].sql->n_sources;
    load->items = mem_array(load->ctx, struct item, n);
    load->sources = mem_array(load->ctx, struct source, total);
    for (size_t i = 0; i < n; i++)
        add_item(load, &load->items[i], &items[i]);
    qsort(load->sources, total, sizeof *load->sources, by_size);
}
