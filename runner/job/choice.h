/* What of the head was chosen, and how it is cloned. Of the job room and the commands. */
#ifndef JOB_CHOICE_H
#define JOB_CHOICE_H

#include "inputs.h"

/* What a pull request builds where the user said nothing. */
#define CHOICE_DEFAULT "state:modified+"

struct choice {
    struct select_request request; /* as it was asked .. */
    struct select_env env;         /* .. of what .. */
    struct select_result selected; /* .. and answered */
    /* Of a selection of the user's: all that the change is (its nodes, and what reads them), and
     * which of it differs itself; NULL: nothing is left out. */
    struct select_result *change;
    const uint8_t *modified;
    const struct plan_rule *rules; /* clone.rules, evaluated */
    size_t n_rules;
};

/* Fills choice.env, for who chooses otherwise than by choice_select. */
void choice_ask(struct choice *choice, const struct job *job, const struct inputs *in);
/* The selection of the command line, or `fallback` where nothing was said. */
int choice_select(struct choice *choice, struct job *job, const struct inputs *in,
                  const char *fallback, struct err *err) BASE_CHECKED;
/* ERR_CONFIG: what was selected matches nothing of the project, and --allow-empty-selection was not
 * said; that nothing changed is none. Then finds the change. */
int choice_check(struct choice *choice, struct job *job, struct err *err) BASE_CHECKED;
/* Is it of the change, and would it be built, and was it left out? */
bool choice_leaves_out(const struct choice *choice, uint32_t node);
/* Reads clone.rules. ERR_CONFIG names the rule. */
int choice_rules(struct choice *choice, const struct job *job, struct err *err) BASE_CHECKED;
/* Did the user say anything of what is built? */
bool choice_is_made(const struct config *c);

/* The selection as names for dbt, or NULL: there are many, or names would not say exactly the same.
 */
const struct strlist *dbt_names(void *ctx, const struct manifest *head,
                                const struct select_result *selected);
/* How often each part of an fqn is seen, for dbt_selector. */
struct map *dbt_names_count(void *ctx, const struct manifest *head);
/* What --select takes for this node and no other: its name, or all of its fqn where a folder, a
 * package or another node has that name too. */
const char *dbt_selector(void *ctx, const struct manifest *head, const struct map *counts,
                         uint32_t node);

#endif
