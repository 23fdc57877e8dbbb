#include "report/report.h"

#include <string.h>

int
report_write(const cJSON *doc, const char *dir, struct err *err)
{
    void *ctx = talloc_new(NULL);
    const struct {
        const char *name, *text;
    } files[] = {
        {"report.json", mem_printf(ctx, "%s\n", json_print(ctx, doc, true))},
        {"report.md", report_markdown(ctx, doc)},
        {"junit.xml", report_junit(ctx, doc)},
        {"report.html", report_html(ctx, doc)},
    };
    int rc = file_mkdirs(dir, 0755, err);
    for (size_t i = 0; rc == 0 && i < BASE_COUNT(files); i++)
        rc = file_put(path_join(ctx, dir, files[i].name), files[i].text, strlen(files[i].text),
                      0644, err);
    talloc_free(ctx);
    return rc;
}
