/* Shared by the files of this room only. */
#ifndef PLAN_INTERNAL_H
#define PLAN_INTERNAL_H

#include "plan.h"

bool plan_is_candidate(const struct node *n);
uint32_t plan_production_node(const struct plan *plan, uint32_t node);
bool plan_makes_relation(const struct node *n);
/* Fills plan_node.production. */
int plan_find_production(struct plan *plan, struct err *err) BASE_CHECKED;
/* Does production's manifest have the node, and at that very relation? */
bool plan_had_relation(const struct plan *plan, const struct plan_node *p);
/* A relation as SQL names it; the text belongs to the plan. */
char *plan_qualify(const struct plan *plan, const struct relation *relation);
void plan_warn(struct plan *plan, const char *code, const char *text);
#define PLAN_REFERENCES "references"
/* Does Jinja or a constraint name it as a text: ref('orders'), source("shop", "orders")? */
bool plan_quotes_name(const char *text, const char *name);
/* Fills plan->referred_by. */
int plan_find_referred(struct plan *plan, struct err *err) BASE_CHECKED;
/* Is it to be cloned though it is not selected? */
bool plan_is_kept(const struct plan *plan, uint32_t node);
/* Which foreign keys of production's relations the clones have. `of`: the node of each request. */
int plan_choose_keys(struct plan *plan, struct plan_node *const *of, struct err *err) BASE_CHECKED;
/* All statements that make a clone, in order. */
struct strlist plan_clone_statements(void *ctx, const struct plan_clone *c);
/* How many bytes `auto` copies whole of one table, and who says so; -1: any. */
int plan_copy_budget(struct plan *plan, double *most, const char **name,
                     struct err *err) BASE_CHECKED;
int plan_find_deferrals(struct plan *plan, struct err *err) BASE_CHECKED;
/* The i-th candidate is what is read. */
void plan_take_candidate(struct plan_deferral *d, size_t i);
/* The fast path: where a node of production's graph is in the pull request. */
int plan_moved_schema(struct plan *plan, uint32_t node, const char **out,
                      struct err *err) BASE_CHECKED;
int plan_find_schemas(struct plan *plan, struct err *err) BASE_CHECKED;
int plan_decide_schemas(struct plan *plan, const struct place_info *names,
                        struct err *err) BASE_CHECKED;
int plan_render_schemas(struct plan *plan, struct err *err) BASE_CHECKED;
int plan_find_hooks(struct plan *plan, struct err *err) BASE_CHECKED;
/* A warning where our role may not write; ERR_REFUSED where it may. */
int plan_decide_hook(struct plan *plan, const struct plan_hook *hook,
                     const struct relation_info *found, struct err *err) BASE_CHECKED;
/* --sample and --window, whether they come to be used or not. ERR_CONFIG. */
int plan_check_amounts(const struct config *c, struct err *err) BASE_CHECKED;
/* How the node's relation is cloned, and what the clone then proves. ERR_CONFIG, ERR_INPUT: what
 * was asked for cannot be understood. */
int plan_choose_strategy(struct plan *plan, const struct plan_node *p, struct plan_clone *c,
                         struct err *err) BASE_CHECKED;
/* Instead of a copy that is too large: lazily where that can be, else a sample of `percent`. */
int plan_choose_part(struct plan *plan, const struct plan_node *p, struct plan_clone *c,
                     double percent, const char *why, struct err *err) BASE_CHECKED;
/* Time and disk that the clones will take. ERR_REFUSED, ERR_WAREHOUSE: more than they may. */
int plan_budget(struct plan *plan, struct err *err) BASE_CHECKED;
/* clone.grants as JSON of lists by privilege, or NULL. ERR_CONFIG names what is wrong. */
int plan_grants(void *ctx, const struct config *config, const struct dialect *dialect, char **out,
                struct err *err) BASE_CHECKED;
double plan_copy_ms(const struct plan *plan, int64_t bytes);
/* Fills plan_node.lazy of the candidates. */
int plan_find_lazy(struct plan *plan, struct err *err) BASE_CHECKED;
/* The clone of a node that can be cloned lazily. */
void plan_set_lazy(struct plan *plan, const struct plan_node *p, struct plan_clone *c);
void plan_build_argv(struct plan *plan);

#endif
