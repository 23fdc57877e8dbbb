/*
 * Any text as a value of profiles.yml: rendered, or an error; and a literal survives its own
 * escaping. And as a model's code, of which the arguments of config() are read.
 */
#include "replay.h"

#include "config/options.h"
#include "jinja/jinja.h"

#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    char *text = mem_strndup(ctx, size ? (const char *)data : "", size), *out;
    const struct yaml at = {
        .kind = YAML_STR, .text = text, .file = "profiles.yml", .line = 1, .column = 1};
    setenv("A", "value {{ x }}", 1);
    if (render_text(ctx, &out, &at, &err) &&
        (err.kind != ERR_CONFIG || !str_starts(err.msg, "profiles.yml:1:1: ")))
        abort();
    render_is_reference(text);
    struct yaml literal = at;
    literal.text = render_literal(ctx, text);
    if (!strchr(text, '\r') && (render_text(ctx, &out, &literal, &err) || strcmp(out, text) != 0))
        abort();
    struct jinja_keyword *words;
    size_t n;
    if (jinja_keywords(ctx, text, strlen(text), "config", &words, &n))
        for (size_t i = 0; i < n; i++)
            if (!words[i].key || !words[i].text)
                abort();
    talloc_free(ctx);
    return 0;
}
