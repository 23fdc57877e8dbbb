#include "sandbox.h"

#include <string.h>

/* Of people's schemas: lest one has to be quoted in a strange way, taken for an option, or for one
 * of cloneci's own. */
int
sandbox_check_name(const char *name, const struct dialect *dialect, struct err *err)
{
    size_t bad;
    const char *why = NULL;
    if (!*name || strlen(name) > dialect->name_max)
        why = "is empty or too long for an identifier";
    else if (!str_utf8(name, strlen(name), &bad))
        why = "is not UTF-8";
    for (const char *p = name; *p && !why; p++)
        if ((unsigned char)*p <= ' ' || *p == 127 || strchr("\"'\\.;%", *p))
            why = "contains a blank, a quotation mark, a dot or another unsuitable character";
    if (plan_reserved(dialect, name))
        why = plan_reserved(dialect, name);
    if (*name == '-')
        why = "begins like a reserved name";
    if (str_starts(name, "pr_") && name[3] && strspn(name + 3, "0123456789") == strlen(name + 3))
        why = "is the name of a pull request's schema";
    if (!why)
        return 0;
    fail(err, ERR_CONFIG, "the name \"%s\" of the sandbox %s", name, why);
    return hint(err, "Choose a schema's name of at most %u bytes, for example ann_orders.",
                dialect->name_max);
}

/* `exposure:x` alone is no relation: what it reads is meant. */
static void
add_word(void *ctx, struct strlist *out, const char *word)
{
    bool bare = str_starts(word, "exposure:") && !strpbrk(word, ",+@");
    strlist_add(ctx, out, bare ? mem_printf(ctx, "+%s", word) : word);
}

void
sandbox_criteria(void *ctx, struct strlist *out, const struct strlist *select,
                 const struct strlist *downstream)
{
    for (size_t i = 0; i < select->n; i++) {
        struct strlist words = {0};
        strlist_split(ctx, &words, select->v[i], ' ');
        for (size_t k = 0; k < words.n; k++)
            if (*words.v[k])
                add_word(ctx, out, words.v[k]);
    }
    for (size_t i = 0; i < downstream->n; i++)
        strlist_add(ctx, out, mem_printf(ctx, "%s+", downstream->v[i]));
}
