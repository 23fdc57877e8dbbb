/* The tables as words: what help, manual and completion are made of. Of the cli room only. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "commands.h"

#define HELP_INTRO                                                                                 \
    "cloneci tests pull requests on dbt projects. It clones production's incremental models, "     \
    "lets "                                                                                        \
    "dbt build on the clones, and reports whether dbt ran each model incrementally or silently "   \
    "rebuilt it."

#define HELP_YAML_USE                                                                              \
    "Every key is optional. A flag wins over its environment variable, that over this file, this " \
    "file over the default. A line '#key: value' shows an example or the default: remove the '#' " \
    "to set it."

struct help_exit {
    const char *code, *meaning;
};
extern const struct help_exit help_exits[]; /* ends with {NULL, NULL} */

/*
 * Goes through the options of a command (NULL: of all commands): those of the command line, and
 * with `keys` those that are keys of cloneci.yml only as well.
 */
struct help_walk {
    const char *command;
    bool keys;
    size_t at;
    const char *heading; /* of the option just returned */
};
const struct option_def *help_next(struct help_walk *walk);

/* "state check", "sql [STEM]" */
char *help_call(void *ctx, const struct command *c);
/* "WORD ..", or NULL for a flag */
char *help_value(void *ctx, const struct option_def *o);
/* Every way to write it: "--select", "-s", "--models"; with both forms of what can be negated. */
void help_spellings(void *ctx, const struct option_def *o, struct strlist *out);
/* " run plan state check " as "run", "plan", "state check"; nothing where all commands take it. */
void help_commands(void *ctx, const struct option_def *o, struct strlist *out);
/* "a b" as "a, b" */
char *help_list(void *ctx, const char *words, const char *separator);
/* "list the nodes" as "List the nodes." */
char *help_sentence(void *ctx, const char *text);
/* The default, as a value or in words, or NULL. */
const char *help_default(const struct option_def *o);
/* "Folder with production's manifest.json. If ..": the help as sentences. */
char *help_sentences(void *ctx, const struct option_def *o);
/* What completes the command's argument: words, or none. */
void help_words(void *ctx, const struct command *c, struct strlist *out);

void help_man(void *ctx, struct buf *out);
/* docs/commands.md; and the tables of docs/configuration.md. */
void help_markdown(void *ctx, struct buf *out);
void help_options(void *ctx, struct buf *out);
/* conf/cloneci.example.yml */
void help_yaml(void *ctx, struct buf *out);
/* Its settings alone, with `branch` (NULL: main) as the example of a branch. */
void help_yaml_settings(void *ctx, struct buf *out, const char *branch);
/* `text` as a comment of YAML, wrapped; one paragraph, whatever it holds. */
void help_yaml_comment(struct buf *out, const char *indent, const char *text);

#endif
