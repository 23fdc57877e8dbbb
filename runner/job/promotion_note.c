/* A note of production on its way from the moment a build began to its promotion: a file. */
#include "promotion.h"

#include <string.h>

int
promotion_note_write(const struct promote_note *note, const char *path, struct err *err)
{
    void *tmp = talloc_new(NULL);
    cJSON *o = json_object(tmp);
    json_put_str(o, "at", note->at);
    json_put_str(o, "relations", note->rows);
    char *text = json_print(tmp, o, true);
    int rc = file_write(path, text, strlen(text), 0644, err);
    talloc_free(tmp);
    return rc;
}

int
promotion_note_read(void *ctx, struct promote_note *out, const char *path, struct err *err)
{
    cJSON *o;
    if (json_read(ctx, &o, path, err))
        return -1;
    *out = (struct promote_note){.at = json_str(o, "at"), .rows = json_str(o, "relations")};
    if (out->at && out->rows)
        return 0;
    fail(err, ERR_INPUT, "%s is not a note of cloneci promote", path);
    return hint(err, "Write one with cloneci promote --note FILE before the build begins.");
}
