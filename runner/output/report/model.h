/* What the report room's files know of the document. Private to the room. */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "report/report.h"

/* Adds, or replaces in its place. */
void model_set(cJSON *o, const char *key, cJSON *item);
void model_set_str(cJSON *o, const char *key, const char *text); /* NULL becomes null */
void model_set_ms(cJSON *o, const char *key, double value);
cJSON *model_set_object(cJSON *o, const char *key);
cJSON *model_set_array(cJSON *o, const char *key);
cJSON *model_add_item(cJSON *array);

/* Masks secrets and mends bytes that are not UTF-8, in every text below `item`. */
void model_clean(cJSON *item);

/* --- questions that several faces ask --- */

bool node_verdict_is(const cJSON *node, const char *verdict);
/* The aspect that it fails by: "built", "columns", "existing_rows", "incremental". */
bool node_fails_by(const cJSON *node, const char *aspect);
/* Did --both show that its incremental run makes other rows than a full refresh? */
bool node_both_is_broken(const cJSON *node);
/* `both.details` up to its first line's end; samples follow there. Belongs to ctx. */
char *node_both_text(void *ctx, const cJSON *node);
const char *node_status(const cJSON *node); /* dbt's, or NULL */
bool node_makes_relation(const cJSON *node);
bool node_is_test(const cJSON *node); /* a unit test as well */
/* "rides", or the unique id where the name is missing. */
const char *node_name(const cJSON *node);
/* How many nodes have the verdict. */
size_t model_count(const cJSON *doc, const char *verdict);

#endif
