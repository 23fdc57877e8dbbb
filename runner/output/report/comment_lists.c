/* The comment: what is to be done, and what is to be known of nodes. */
#include "report/comment.h"

#include <string.h>

static void
put_command(struct buf *b, const char *command)
{
    void *ctx = talloc_new(NULL);
    struct strlist line = {0};
    /* Half a command is worse than none. */
    if (strlen(command) > COMMAND_MOST) {
        buf_puts(b, "The command names too many models for a comment: it is in report.json.\n");
    } else {
        strlist_add(ctx, &line, command);
        markup_block(b, "sh", &line, COMMAND_MOST);
    }
    talloc_free(ctx);
}

void
comment_said(struct buf *b, const cJSON *doc, const char *title,
             const char *(*says)(const cJSON *node))
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *text = says(node);
        if (!text || shown++ >= LISTED_MOST || b->len > LISTS_END)
            continue;
        if (shown == 1)
            buf_printf(b, "\n### %s\n\n", title);
        buf_puts(b, "- ");
        markup_code(b, node_name(node), NAME_MOST);
        buf_puts(b, ": ");
        markup_text(b, text, TEXT_MOST / 2);
        buf_putc(b, '\n');
    }
}

void
comment_twins(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *verdict = json_str(json_get(node, "both"), "verdict");
        if (!verdict || shown++ >= LISTED_MOST || b->len > LISTS_END)
            continue;
        if (shown == 1)
            buf_puts(b, "\n### Incremental run against full refresh\n\n");
        buf_puts(b, "- ");
        markup_code(b, node_name(node), NAME_MOST);
        buf_printf(b, ": **%s** ",
                   str_eq(verdict, "safe")     ? "safe"
                   : str_eq(verdict, "broken") ? "broken"
                                               : "needs a full refresh");
        markup_text(b, node_both_text(ctx, node), TEXT_MOST / 2);
        buf_putc(b, '\n');
    }
    talloc_free(ctx);
}

void
comment_ground(struct buf *b, const cJSON *item)
{
    if (json_str(item, "ground"))
        buf_printf(b, " *(%s)*", json_str(item, "ground"));
}

void
comment_steps(struct buf *b, const char *title, const cJSON *list)
{
    size_t shown = 0, total = (size_t)cJSON_GetArraySize(list);
    const cJSON *item;
    if (!total)
        return;
    buf_printf(b, "\n### %s\n", title);
    cJSON_ArrayForEach (item, list) {
        if (b->len > STEPS_END)
            break;
        shown++;
        buf_putc(b, '\n');
        markup_text(b, json_str(item, "text"), TEXT_MOST);
        comment_ground(b, item);
        buf_putc(b, '\n');
        if (json_str(item, "command")) {
            buf_putc(b, '\n');
            put_command(b, json_str(item, "command"));
        }
    }
    if (total > shown)
        buf_printf(b, "\n… and %zu more: see report.html.\n", total - shown);
}

void
comment_list(struct buf *b, const char *title, const cJSON *list, const char *name_key)
{
    size_t shown = 0, total = (size_t)cJSON_GetArraySize(list);
    const cJSON *item;
    if (!total)
        return;
    buf_printf(b, "\n### %s\n\n", title);
    cJSON_ArrayForEach (item, list) {
        if (shown == LISTED_MOST || b->len > LISTS_END)
            break;
        shown++;
        buf_puts(b, "- ");
        if (name_key && json_str(item, name_key)) {
            markup_code(b, json_str(item, name_key), NAME_MOST);
            buf_puts(b, ": ");
        }
        markup_text(b, json_str(item, json_str(item, "text") ? "text" : "message"), TEXT_MOST / 2);
        comment_ground(b, item);
        buf_putc(b, '\n');
    }
    if (total > shown)
        buf_printf(b, "- … and %zu more\n", total - shown);
}
