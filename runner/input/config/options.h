/* Within the room: one value said by one source. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/config.h"
#include "yaml/yaml.h"

/* Who said it, the weakest first. */
enum rank { RANK_NONE, RANK_DEFAULT, RANK_PROJECT, RANK_FILE, RANK_ENV, RANK_FLAG };

struct origin {
    enum rank rank;
    const char *label; /* for messages: "--threads", "DBT_STATE", "cloneci.yml:3:5: threads" */
    const char *dir;   /* what a relative path is relative to; NULL: by the option's kind */
};

/* One thing said on the command line. */
struct said {
    const struct option_def *option;
    const char *name; /* as written: "--models" */
    const char *value;
    bool no;
};

struct said_list {
    struct said *v;
    size_t n;
    struct strlist words; /* positional */
};

struct loader {
    void *ctx;
    struct config *config;
    const struct option_def *options;
    enum rank *ranks; /* one an option: who set it */
    size_t n;
    struct said_list said;
};

/* argv after the program's name. ERR_CONFIG for what is no option, or lacks or has a value. */
int args_parse(void *ctx, struct said_list *out, int argc, char **argv,
               struct err *err) BASE_CHECKED;
/* ERR_CONFIG if something was said that the command does not take. */
int args_check(const struct said_list *said, const char *command, struct err *err) BASE_CHECKED;

/*
 * Both leave alone what a stronger source has set; a list of a stronger source replaces the weaker.
 */
int value_set(struct loader *l, const struct option_def *o, const struct origin *from,
              const char *text, struct err *err) BASE_CHECKED;
int value_set_yaml(struct loader *l, const struct option_def *o, const struct origin *from,
                   const struct yaml *value, struct err *err) BASE_CHECKED;

/* cloneci.yml: every key must be one of the table. */
int load_file(struct loader *l, const struct yaml *root, struct err *err) BASE_CHECKED;

/*
 * Text with {{ env_var(..) }} resolved as dbt does in profiles.yml. ERR_CONFIG names the place and
 * the variable, or what is not supported. The value of a DBT_ENV_SECRET_* variable is registered
 * with the log.
 */
int render_text(void *ctx, char **out, const struct yaml *at, struct err *err) BASE_CHECKED;
/*
 * Is the text nothing but one reference to a variable, without a default that would show a value?
 */
bool render_is_reference(const char *text);
/* Text that renders to `value`, whatever it holds. */
char *render_literal(void *ctx, const char *value);

#endif
