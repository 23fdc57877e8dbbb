/*
 * The generated profiles.yml, by libyaml's emitter: what dbt reads is what the user wrote, but for
 * the schema.
 */
#include "profile.h"

#include <ctype.h>
#include <string.h>
#include <yaml.h>

struct writer {
    void *ctx;
    yaml_emitter_t emitter;
    struct buf text;
    const struct profile *profile;
    const char *schema;
    const struct profile_extra *extra;
    size_t n_extra;
    struct strlist *env;
    void *env_ctx;
    struct strlist names; /* of variables made so far */
};

static int
on_text(void *arg, unsigned char *data, size_t n)
{
    buf_add(arg, (const char *)data, n);
    return 1;
}

/* The emitter fails for want of memory only: all texts are UTF-8, all events are in order. */
static void
emit(struct writer *w, yaml_event_t *event, int made)
{
    mem_check(made && yaml_emitter_emit(&w->emitter, event) ? w : NULL);
}

static void
put_scalar(struct writer *w, const char *text, bool quoted)
{
    yaml_event_t e;
    char *copy =
        mem_strdup(NULL, text); /* some distributions' libyaml 0.2.5 wants it without const */
    int made = yaml_scalar_event_initialize(
        &e, NULL, NULL, (yaml_char_t *)copy, (int)strlen(copy), !quoted, quoted,
        quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
    emit(w, &e, made);
    talloc_free(copy);
}

static void
open_map(struct writer *w)
{
    yaml_event_t e;
    emit(w, &e, yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void
close_map(struct writer *w)
{
    yaml_event_t e;
    emit(w, &e, yaml_mapping_end_event_initialize(&e));
}

/* The child gets the value in a variable that dbt itself keeps out of its logs. Of a short one it
 * would mask every word that holds it, in names and in its own messages. */
static void
put_secret(struct writer *w, const char *key, const char *value)
{
    bool is_short = strlen(value) < LOG_SECRET_SHORT;
    char *name = mem_printf(w->ctx, "%sCLONECI_%s", is_short ? "" : "DBT_ENV_SECRET_", key);
    for (char *p = name; *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    for (int i = 2; strlist_has(&w->names, name); i++)
        name = mem_printf(w->ctx, "%s_%d", name, i);
    strlist_add(w->ctx, &w->names, name);
    strlist_add(w->env_ctx, w->env, mem_printf(w->ctx, "%s=%s", name, value));
    put_scalar(w, mem_printf(w->ctx, "{{ env_var('%s') }}", name), true);
}

/* As written, so that it is read as the same type again; `!!float 3` needs its point for that. */
static const char *
plain_text(const struct writer *w, const struct yaml *v)
{
    if (v->kind == YAML_FLOAT && !strchr(v->text, '.'))
        return mem_printf(w->ctx, "%s.0", v->text);
    return v->kind == YAML_NULL ? "null" : v->text;
}

static int put_tree(struct writer *w, const struct yaml *v, const char *secret, struct err *err);

static int
put_value(struct writer *w, const struct yaml *v, const char *secret, struct err *err)
{
    char *rendered;
    if (v->kind == YAML_STR && secret && *v->text && !render_is_reference(v->text)) {
        /* As dbt: a password that is no Jinja is taken as it is. */
        struct err ignored = {0};
        bool as_is = strcmp(secret, "password") == 0 && !strstr(v->text, "env_var");
        if (render_text(w->ctx, &rendered, v, as_is ? &ignored : err)) {
            if (!as_is)
                return -1;
            rendered = mem_strdup(w->ctx, v->text);
        }
        put_secret(w, secret, rendered);
        return 0;
    }
    if (v->kind == YAML_INT && secret)
        put_secret(w, secret, mem_printf(w->ctx, "%lld", (long long)v->integer));
    else if (v->kind != YAML_STR && v->kind != YAML_NULL && secret)
        put_secret(w, secret, v->text);
    else
        put_scalar(w, plain_text(w, v), v->kind == YAML_STR);
    return 0;
}

static int
put_seq(struct writer *w, const struct yaml *v, const char *secret, struct err *err)
{
    yaml_event_t e;
    emit(w, &e, yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    for (size_t i = 0; i < v->n; i++)
        if (put_tree(w, v->items[i], secret, err))
            return -1;
    emit(w, &e, yaml_sequence_end_event_initialize(&e));
    return 0;
}

static int
put_tree(struct writer *w, const struct yaml *v, const char *secret, struct err *err)
{
    if (v->kind == YAML_SEQ)
        return put_seq(w, v, secret, err);
    if (v->kind != YAML_MAP)
        return put_value(w, v, secret, err);
    open_map(w);
    for (size_t i = 0; i < v->n; i++) {
        const struct yaml *key = v->keys[i];
        put_scalar(w, plain_text(w, key), key->kind == YAML_STR);
        if (put_tree(w, v->items[i], profile_key_is_secret(key->text) ? key->text : secret, err))
            return -1;
    }
    close_map(w);
    return 0;
}

static bool
is_extra(const struct writer *w, const char *key)
{
    for (size_t i = 0; i < w->n_extra; i++)
        if (profile_key_is(key, w->extra[i].key))
            return true;
    for (size_t i = 0; i < w->profile->n_set; i++)
        if (profile_key_is(key, w->profile->set[i].key))
            return true;
    return false;
}

static void
put_extras(struct writer *w, const struct profile_extra *extra, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool number = strcmp(extra[i].key, "port") == 0; /* which dbt takes as one only */
        put_scalar(w, extra[i].key, true);
        put_scalar(w, number ? extra[i].value : render_literal(w->ctx, extra[i].value), !number);
    }
}

static int
put_output(struct writer *w, struct err *err)
{
    const struct yaml *output = w->profile->source;
    open_map(w);
    for (size_t i = 0; i < output->n; i++) {
        const char *key = output->keys[i]->text;
        if (is_extra(w, key))
            continue;
        put_scalar(w, key, true);
        if (profile_key_is(key, "schema"))
            put_scalar(w, render_literal(w->ctx, w->schema), true);
        else if (put_tree(w, output->items[i], profile_key_is_secret(key) ? key : NULL, err))
            return -1;
    }
    put_extras(w, w->profile->set, w->profile->n_set);
    put_extras(w, w->extra, w->n_extra);
    close_map(w);
    return 0;
}

static int
put_document(struct writer *w, struct err *err)
{
    const struct profile *p = w->profile;
    yaml_event_t e;
    emit(w, &e, yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING));
    emit(w, &e, yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1));
    open_map(w);
    if (p->settings) {
        put_scalar(w, "config", true);
        if (put_tree(w, p->settings, NULL, err))
            return -1;
    }
    put_scalar(w, p->name, true);
    open_map(w);
    put_scalar(w, "target", true);
    put_scalar(w, render_literal(w->ctx, p->target), true);
    put_scalar(w, "outputs", true);
    open_map(w);
    put_scalar(w, p->target, true);
    if (put_output(w, err))
        return -1;
    close_map(w);
    close_map(w);
    close_map(w);
    emit(w, &e, yaml_document_end_event_initialize(&e, 1));
    emit(w, &e, yaml_stream_end_event_initialize(&e));
    return 0;
}

int
profile_write(void *ctx, const struct profile *p, const char *dir, const char *schema,
              const struct profile_extra *extra, size_t n_extra, struct strlist *env,
              struct err *err)
{
    struct writer w = {.ctx = talloc_new(NULL),
                       .profile = p,
                       .schema = schema,
                       .extra = extra,
                       .n_extra = n_extra,
                       .env = env,
                       .env_ctx = ctx};
    buf_init(&w.text, w.ctx);
    buf_puts(
        &w.text,
        "# Generated by cloneci from the user's profiles.yml; secrets are in the environment.\n");
    mem_check(yaml_emitter_initialize(&w.emitter) ? w.ctx : NULL);
    yaml_emitter_set_output(&w.emitter, on_text, &w.text);
    yaml_emitter_set_unicode(&w.emitter, 1);
    yaml_emitter_set_width(&w.emitter, -1);
    int rc = put_document(&w, err);
    yaml_emitter_delete(&w.emitter);
    if (rc == 0)
        rc = file_write(path_join(w.ctx, dir, "profiles.yml"), w.text.s, w.text.len, 0600, err);
    talloc_free(w.ctx);
    return rc;
}
