#include "report/model.h"

#include <string.h>

/* Words of the model itself: a password that happens to be one of them hides nothing there. */
static const char *const own_words[] = {
    "verdict", "merge", "origin", "status",  "strategy", "fidelity",      "change",
    "kind",    "code",  "step",   "version", "command",  "resource_type", "git_relation"};

static bool
is_own_word(const cJSON *item)
{
    for (size_t i = 0; item->string && i < BASE_COUNT(own_words); i++)
        if (strcmp(item->string, own_words[i]) == 0)
            return true;
    return false;
}

void
model_clean(cJSON *item)
{
    /* The model is of a fixed depth: this does not run deep. */
    if (cJSON_IsString(item) && !is_own_word(item)) {
        void *ctx = talloc_new(NULL);
        const char *text = log_clean(ctx, item->valuestring);
        if (strcmp(text, item->valuestring) != 0)
            mem_check(cJSON_SetValuestring(item, text));
        talloc_free(ctx);
    }
    for (cJSON *child = item->child; child; child = child->next)
        model_clean(child);
}
