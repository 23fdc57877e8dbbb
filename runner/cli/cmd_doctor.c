#include "commands.h"
#include "job/doctor.h"

enum { MOST_THINGS = 20 };

static void
print_check(void *arg, const struct doctor_check *c)
{
    bool color = log_color(stdout);
    const char *on = !color ? "" : c->ok ? "\033[32m" : "\033[31m", *off = color ? "\033[0m" : "";
    printf("%s%s%s  %-12s %s\n", on, c->ok ? "ok " : "BAD", off, c->what, log_redact(arg, c->text));
    if (c->remedy && *c->remedy)
        printf("                  -> %s\n", log_redact(arg, c->remedy));
    size_t n = c->things ? c->things->n : 0;
    for (size_t i = 0; i < n && i < MOST_THINGS; i++)
        printf("                     %s\n", c->things->v[i]);
    if (n > MOST_THINGS)
        printf("                     and %zu more\n", n - MOST_THINGS);
}

/* A check as a row of the document. */
static void
add_check(void *arg, const struct doctor_check *c)
{
    cJSON *list = arg, *o = cJSON_CreateObject();
    cJSON_AddItemToArray(list, o);
    json_put_str(o, "check", c->what);
    cJSON_AddBoolToObject(o, "ok", c->ok);
    json_put_str(o, "text", c->text);
    json_put_str(o, "remedy", c->remedy);
    cJSON *things = cJSON_AddArrayToObject(o, "things");
    for (size_t i = 0; c->things && i < c->things->n; i++)
        cJSON_AddItemToArray(things, cJSON_CreateString(c->things->v[i]));
}

int
cmd_doctor(void *ctx, const struct config *config, struct err *err)
{
    log_setup(LOG_WARN, log_get_format());
    if (command_args(config, 0, 0, err))
        return -1;
    bool json = config->output == OUTPUT_JSON;
    cJSON *list = json_array(ctx);
    size_t bad =
        json ? doctor_run(ctx, config, add_check, list) : doctor_run(ctx, config, print_check, ctx);
    if (json)
        puts(log_redact(ctx, json_print(ctx, list, true)));
    return bad ? fail(err, ERR_CONFIG, "%zu of the checks failed", bad) : 0;
}
