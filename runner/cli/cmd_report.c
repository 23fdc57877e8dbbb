#include "commands.h"
#include "gitdiff/gitdiff.h"
#include "forge/forge.h"
#include "report/report.h"
#include "job/job.h"

#include <string.h>
#include <unistd.h>

static int
read_report(struct job *job, cJSON **out, struct err *err)
{
    const char *path = job_file(job, job->ctx, "report.json");
    if (!file_exists(path)) {
        fail(err, ERR_INPUT, "%s: there is no report", path);
        return hint(err,
                    "'cloneci run' writes one, however it ends. --target-path must be the same.");
    }
    if (json_read(job->ctx, out, path, err))
        return -1;
    const cJSON *version = json_get(*out, "version");
    if (cJSON_IsNumber(version) && version->valuedouble == REPORT_VERSION &&
        json_get(*out, "advice"))
        return 0;
    fail(err, ERR_INPUT, "%s: is not a report of version %d", path, REPORT_VERSION);
    return hint(err,
                "Another version of cloneci wrote it, or it was cut off. Run 'cloneci run' again.");
}

static int
missing(const char *what, const char *option, struct err *err)
{
    fail(err, ERR_CONFIG, "%s is not known", what);
    return hint(err, "The CI's variables do not contain it. Give it with %s.", option);
}

static const char *
findings_text(enum forge_outcome outcome)
{
    switch (outcome) {
    case POST_CREATED:
        return "written";
    case POST_UPDATED:
        return "replaced";
    case POST_NEWER_STANDS:
        break;
    }
    return "unchanged: it is about a newer run";
}

static int
github_files(void *ctx, const cJSON *doc, const char *markdown, struct err *err)
{
    const cJSON *run = json_get(doc, "run");
    const char *const outputs[][2] = {
        {"verdict", json_str(run, "verdict")},
        {"headline", json_str(run, "headline")},
        {"merge", json_str(json_get(doc, "advice"), "merge")},
        {"exit_code", mem_printf(ctx, "%.0f", json_num(run, "exit_code", 0))},
        {"schema", json_str(doc, "schema") ? json_str(doc, "schema") : ""},
    };
    return forge_github_files(markdown, outputs, BASE_COUNT(outputs), err);
}

static int
post(struct job *job, cJSON *doc, struct err *err)
{
    const struct config *config = job->config;
    const char *repository = config->repository, *number = config->pull_request;
    report_identify(doc, repository ? repository : forge_repository_here(job->ctx),
                    number ? number : gitdiff_pull_request(job->ctx));
    const char *key = report_key(job->ctx, doc),
               *markdown = report_comment(job->ctx, doc, forge_draws(config->post));
    if (strcmp(config->post, "github") == 0 && github_files(job->ctx, doc, markdown, err))
        return -1;
    const struct forge_comment comment = {
        .forge = config->post,
        .api = config->api_url,
        .repository = json_str(json_get(doc, "project"), "repository"),
        .pull_request = json_str(json_get(doc, "git"), "pull_request"),
        .key = key,
        .text = markdown + strlen(key) + 1,
        .started_at = json_str(json_get(doc, "run"), "started_at"),
        .timeout = config->forge_timeout};
    if (!comment.repository)
        return missing("the repository", "--repository", err);
    if (!comment.pull_request)
        return missing("the pull request's number", "--pull-request", err);
    struct posted posted;
    live_begin("posting the report");
    if (forge_comment(job->ctx, &posted, &comment, err))
        return -1;
    live_end();
    printf("the comment of %s was %s%s\n", posted.where, findings_text(posted.outcome),
           posted.shortened ? ", shortened to what fits" : "");
    return 0;
}

static int
print(struct job *job, const cJSON *doc, struct err *err)
{
    const char *text = "";
    switch (job->config->output) {
    case OUTPUT_UNSAID:
    case OUTPUT_TEXT:
        text =
            report_terminal(job->ctx, doc, log_color(stdout), terminal_columns(STDOUT_FILENO, 100));
        break;
    case OUTPUT_JSON:
        text = mem_printf(job->ctx, "%s\n", json_print(job->ctx, doc, true));
        break;
    case OUTPUT_MARKDOWN:
        text = report_markdown(job->ctx, doc);
        break;
    case OUTPUT_JUNIT:
        text = report_junit(job->ctx, doc);
        break;
    case OUTPUT_HTML:
        text = report_html(job->ctx, doc);
        break;
    case OUTPUT_UNIQUE_ID:
    case OUTPUT_NAME:
    case OUTPUT_SELECTOR:
    case OUTPUT_PATH:
        fail(err, ERR_CONFIG, "--output %s is not a format of the report",
             config_output_name(job->config->output));
        return hint(err, "The formats are text, json, markdown, junit and html.");
    }
    fputs(text, stdout);
    return 0;
}

int
cmd_report(void *ctx, const struct config *config, struct err *err)
{
    struct job job;
    cJSON *doc;
    job_init(&job, ctx, config);
    if (command_args(config, 0, 0, err) || job_project(&job, false, err) ||
        read_report(&job, &doc, err))
        return -1;
    return config->post ? post(&job, doc, err) : print(&job, doc, err);
}
