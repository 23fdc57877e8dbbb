/*
 * The option table. A name, a letter, an environment variable or a meaning that dbt has is dbt's:
 * dbt/cli/params.py of dbt-core 1.11. Since 1.11 each DBT_X is DBT_ENGINE_X first.
 */
#include "options.h"

#include <string.h>

#define AT(member) offsetof(struct config, member)
#define ENGINE(name) "DBT_ENGINE_" name " DBT_" name

/* Which commands take what. */
#define SELECTING " run plan ls explain clone build sandbox create "
#define CLONING " run plan clone build sandbox create "
#define BUILDING SELECTING "promote "
#define DOING " run plan clone build promote rollback "
#define COMPARING \
    " run plan ls explain clone build promote rollback doctor state check state push" \
    " state pull sandbox create sandbox refresh "

#define RESOURCES \
    "metric semantic_model saved_query source analysis model test unit_test exposure snapshot" \
    " seed function default"

static const struct option_def table[] = {
    /* dbt's selection */
    {.heading = "Selection, as dbt's", .name = "select", .letter = 's', .kind = OPTION_WORDS,
     .offset = AT(select), .env = "CLONECI_SELECT", .yaml = "select", .metavar = "WORD",
     .commands = BUILDING, .aliases = "m models model", .help = "the nodes to include"},
    {.name = "exclude", .kind = OPTION_WORDS, .offset = AT(exclude), .env = "CLONECI_EXCLUDE",
     .yaml = "exclude", .metavar = "WORD", .commands = BUILDING, .help = "the nodes to leave out"},
    {.name = "selector", .kind = OPTION_TEXT, .offset = AT(selector), .env = "CLONECI_SELECTOR",
     .yaml = "selector", .metavar = "NAME", .commands = BUILDING,
     .help = "the name of a selector in selectors.yml"},
    {.name = "indirect-selection", .kind = OPTION_TEXT, .offset = AT(indirect_selection),
     .env = ENGINE("INDIRECT_SELECTION"), .yaml = "indirect_selection", .metavar = "MODE",
     .choices = "eager cautious buildable empty", .commands = BUILDING,
     .flag = "indirect_selection",
     .help = "which tests come with the selected nodes; eager unless said"},
    {.name = "resource-type", .kind = OPTION_WORDS, .offset = AT(resource_type),
     .env = ENGINE("RESOURCE_TYPES"), .yaml = "resource_type", .metavar = "TYPE",
     .choices = RESOURCES " all", .commands = BUILDING, .aliases = "resource-types",
     .help = "only nodes of these types"},
    {.name = "exclude-resource-type", .kind = OPTION_WORDS, .offset = AT(exclude_resource_type),
     .env = ENGINE("EXCLUDE_RESOURCE_TYPES"), .yaml = "exclude_resource_type", .metavar = "TYPE",
     .choices = RESOURCES, .commands = BUILDING, .aliases = "exclude-resource-types",
     .help = "no nodes of these types"},

    /* dbt's state and deferral */
    {.heading = "State and deferral, as dbt's", .name = "state", .kind = OPTION_PROJECT_PATH,
     .offset = AT(state), .env = ENGINE("STATE"), .yaml = "state", .metavar = "DIR",
     .commands = COMPARING, .help = "folder with production's manifest.json"},
    {.name = "defer-state", .kind = OPTION_PROJECT_PATH, .offset = AT(defer_state),
     .env = ENGINE("DEFER_STATE"), .yaml = "defer_state", .metavar = "DIR", .commands = DOING,
     .help = "another folder, for deferral only"},
    {.name = "favor-state", .kind = OPTION_FLAG, .offset = AT(favor_state),
     .env = ENGINE("FAVOR_STATE"), .yaml = "favor_state", .commands = DOING, .negatable = true,
     .help = "defer what is not selected, even if it exists in the pull request's schema"},
    {.name = "full-refresh", .letter = 'f', .kind = OPTION_FLAG, .offset = AT(full_refresh),
     .env = ENGINE("FULL_REFRESH"), .yaml = "full_refresh", .commands = DOING,
     .help = "rebuild incremental models: nothing is cloned"},
    {.name = "fail-fast", .letter = 'x', .kind = OPTION_FLAG, .offset = AT(fail_fast),
     .env = ENGINE("FAIL_FAST"), .yaml = "fail_fast", .commands = DOING, .flag = "fail_fast",
     .negatable = true, .help = "stop the build at the first failure"},
    {.name = "threads", .kind = OPTION_INT, .offset = AT(threads), .env = "CLONECI_THREADS",
     .yaml = "threads", .metavar = "N", .commands = DOING,
     .help = "threads of the build; the profile's unless said"},
    {.name = "vars", .kind = OPTION_YAML, .offset = AT(vars), .env = "CLONECI_VARS", .yaml = "vars",
     .metavar = "YAML", .commands = DOING "ls explain doctor state push state pull ",
     .help = "dbt's variables, as '{name: value}'"},

    /* dbt's project and connection */
    {.heading = "Project and connection, as dbt's", .name = "target", .letter = 't',
     .kind = OPTION_TEXT, .offset = AT(target), .env = ENGINE("TARGET"), .yaml = "target",
     .metavar = "NAME", .help = "the output of the profile to connect with"},
    {.name = "profile", .kind = OPTION_TEXT, .offset = AT(profile), .env = ENGINE("PROFILE"),
     .yaml = "profile", .metavar = "NAME", .help = "the profile; dbt_project.yml's unless said"},
    {.name = "profiles-dir", .kind = OPTION_PATH, .offset = AT(profiles_dir),
     .env = ENGINE("PROFILES_DIR"), .yaml = "profiles_dir", .metavar = "DIR",
     .help = "folder of profiles.yml; here, else ~/.dbt unless said"},
    {.name = "project-dir", .kind = OPTION_PATH, .offset = AT(project_dir),
     .env = ENGINE("PROJECT_DIR"), .metavar = "DIR",
     .help = "folder of dbt_project.yml; here or above unless said"},
    {.name = "target-path", .kind = OPTION_PROJECT_PATH, .offset = AT(target_path),
     .env = ENGINE("TARGET_PATH"), .yaml = "target_path", .metavar = "DIR",
     .help = "where dbt writes its artifacts; target unless said"},

    /* ours: what to compare */
    {.heading = "What is compared", .name = "base", .kind = OPTION_TEXT, .offset = AT(base),
     .env = "CLONECI_BASE", .yaml = "base", .metavar = "REF",
     .commands = " run plan explain clone build doctor state pull ",
     .help = "what it goes into; the CI's, else the remote's default branch, unless said"},
    {.name = "head", .kind = OPTION_TEXT, .offset = AT(head), .env = "CLONECI_HEAD",
     .metavar = "REF", .commands = " run plan explain clone build doctor state pull ",
     .help = "what is tested; HEAD unless said"},
    {.name = "dirty", .kind = OPTION_FLAG, .offset = AT(dirty), .env = "CLONECI_DIRTY",
     .yaml = "dirty", .commands = " run plan explain clone build ", .negatable = true,
     .help = "count work that is not committed yet"},
    {.name = "pull-request", .kind = OPTION_TEXT, .offset = AT(pull_request),
     .env = "CLONECI_PULL_REQUEST", .metavar = "NUMBER",
     .commands = " run plan explain clone build doctor report ",
     .help = "its number; as the CI tells it unless said"},
    {.name = "repository", .kind = OPTION_TEXT, .offset = AT(repository),
     .env = "CLONECI_REPOSITORY", .metavar = "NAME", .commands = " run clone build report gc ",
     .help = "as the forge names it, OWNER/NAME; as the CI tells it unless said"},
    {.name = "manifest", .kind = OPTION_PATH, .offset = AT(manifest), .env = "CLONECI_MANIFEST",
     .metavar = "FILE", .commands = SELECTING,
     .help = "a ready manifest of the head: dbt parse is not run"},
    {.name = "scope", .kind = OPTION_TEXT, .offset = AT(scope), .env = "CLONECI_SCOPE",
     .yaml = "scope", .metavar = "SCOPE", .choices = "pr all", .commands = SELECTING,
     .fallback = "all", .help = "pr: only what this branch changed; all: dbt's answer"},

    /* ours: what to do */
    {.heading = "What is done", .name = "schema", .kind = OPTION_TEXT, .offset = AT(schema),
     .env = "CLONECI_SCHEMA", .yaml = "schema", .metavar = "NAME",
     .commands = " run plan explain clone build doctor ",
     .help = "the pull request's schema; pr_<number> unless said"},
    {.name = "strategy", .kind = OPTION_TEXT, .offset = AT(strategy), .env = "CLONECI_STRATEGY",
     .yaml = "clone.strategy", .metavar = "HOW", .choices = "auto copy window sample shape view",
     .commands = CLONING, .fallback = "auto", .help = "how to clone"},
    {.name = "window", .kind = OPTION_TEXT, .offset = AT(window), .env = "CLONECI_WINDOW",
     .yaml = "clone.window", .metavar = "TIME", .commands = CLONING, .fallback = "30d",
     .help = "of a clone by window: the newest rows by event_time, as 36h or 30d"},
    {.name = "sample", .kind = OPTION_INT, .offset = AT(sample), .env = "CLONECI_SAMPLE",
     .yaml = "clone.sample", .metavar = "PERCENT", .commands = CLONING, .fallback = "10",
     .help = "of a clone by sample: about so many rows of a hundred"},
    {.name = "copy-most", .kind = OPTION_TEXT, .offset = AT(copy_most), .env = "CLONECI_COPY_MOST",
     .yaml = "clone.copy_most", .metavar = "SIZE", .commands = CLONING,
     .help = "auto copies larger tables in part only, as 20GB; all are copied whole unless said"},
    {.name = "copy-longest", .kind = OPTION_SECONDS, .offset = AT(copy_longest),
     .env = "CLONECI_COPY_LONGEST", .yaml = "clone.copy_longest", .metavar = "TIME",
     .commands = CLONING,
     .help = "auto copies tables in part only that would take longer, as 5m; any time unless said"},
    {.name = "clones-most", .kind = OPTION_TEXT, .offset = AT(clones_most),
     .env = "CLONECI_CLONES_MOST", .yaml = "clone.clones_most", .metavar = "SIZE",
     .commands = CLONING,
     .help = "what all clones together may take on the disk, as 100GB; what is free unless said"},
    {.name = "copy-rate", .kind = OPTION_TEXT, .offset = AT(copy_rate), .env = "CLONECI_COPY_RATE",
     .yaml = "clone.copy_rate", .metavar = "SIZE", .commands = CLONING,
     .help = "how much is copied in a second, for estimates; as the last run did unless said"},
    {.name = "snapshot-longest", .kind = OPTION_SECONDS, .offset = AT(snapshot_longest),
     .env = "CLONECI_SNAPSHOT_LONGEST", .yaml = "clone.snapshot_longest", .metavar = "TIME",
     .commands = CLONING, .fallback = "15m",
     .help = "all clones are of one snapshot, unless copying would take longer: then each is of its own"},
    {.name = "partitions", .kind = OPTION_TEXT, .offset = AT(partitions),
     .env = "CLONECI_PARTITIONS", .yaml = "clone.partitions", .metavar = "HOW",
     .choices = "keep flatten", .commands = CLONING, .fallback = "keep",
     .help = "keep: a partitioned table is cloned with its partitions; flatten: as one plain table"},
    {.name = "clone.grants", .kind = OPTION_YAML, .offset = AT(clone_grants),
     .yaml = "clone.grants", .metavar = "GRANTS", .commands = "",
     .help = "who else may use what stands in the pull request's schemas, as {select: [reporter]}"},
    {.name = "clone.rules", .kind = OPTION_LIST, .offset = AT(clone_rules), .yaml = "clone.rules",
     .metavar = "[{select: 'tag:huge', strategy: shape}]", .commands = "",
     .help = "how the nodes of a selection are cloned: {select: 'tag:huge', strategy: shape}"},
    {.name = "roles", .kind = OPTION_FLAG, .offset = AT(roles), .commands = " doctor ",
     .help = "try what the role must not be able to do in production; all of it is undone"},
    {.name = "closed-prs", .kind = OPTION_WORDS, .offset = AT(closed_prs),
     .env = "CLONECI_CLOSED_PRS", .metavar = "NUMBER", .commands = " gc ",
     .help = "pull requests that are closed: their schemas are dropped"},
    {.name = "ask-forge", .kind = OPTION_TEXT, .offset = AT(ask_forge), .env = "CLONECI_ASK_FORGE",
     .yaml = "gc.ask_forge", .metavar = "FORGE", .choices = "github gitlab bitbucket azure", .commands = " gc ",
     .help = "ask its API which of the pull requests that have schemas are closed; the token is report's"},
    {.name = "gc.closed_command", .kind = OPTION_WORDS, .offset = AT(closed_command),
     .yaml = "gc.closed_command", .commands = "",
     .help = "a program and its arguments that prints the numbers of closed pull requests, for gc"},
    {.name = "both", .kind = OPTION_FLAG, .offset = AT(both), .env = "CLONECI_BOTH", .yaml = "both",
     .commands = " run build ", .negatable = true,
     .help = "build the modified incremental models by full refresh as well, and compare"},
    {.name = "jobs", .letter = 'j', .kind = OPTION_INT, .offset = AT(jobs), .env = "CLONECI_JOBS",
     .yaml = "clone.jobs", .metavar = "N", .commands = " run clone promote sandbox create sandbox refresh ", .fallback = "2",
     .help = "connections that copy at once, where more than 8 MB are to be copied"},
    {.name = "no-build", .kind = OPTION_FLAG, .offset = AT(no_build), .env = "CLONECI_NO_BUILD",
     .commands = " run plan ", .help = "stop after the clones"},
    {.name = "retry", .kind = OPTION_FLAG, .offset = AT(retry), .env = "CLONECI_RETRY",
     .commands = " build ",
     .help = "only what failed, was skipped or was not come to in the last build on these clones"},
    {.name = "build.command", .kind = OPTION_WORDS, .offset = AT(build_command),
     .yaml = "build.command", .commands = "",
     .help = "the build step's program and arguments, instead of dbt build"},
    {.name = "dry-run", .kind = OPTION_FLAG, .offset = AT(dry_run), .env = "CLONECI_DRY_RUN",
     .commands = " run clone build gc promote rollback sandbox create sandbox refresh sandbox drop ", .aliases = "plan",
     .help = "show what would be done; --plan is the same"},
    {.name = "timeout", .kind = OPTION_SECONDS, .offset = AT(timeout), .env = "CLONECI_TIMEOUT",
     .yaml = "build.timeout", .metavar = "TIME", .commands = " run build promote ",
     .help = "end the build step after this long, as 90, 15m, 2h; never unless said"},
    {.name = "takeover-timeout", .kind = OPTION_SECONDS, .offset = AT(takeover_timeout),
     .env = "CLONECI_TAKEOVER_TIMEOUT", .yaml = "build.takeover_timeout", .metavar = "TIME",
     .commands = " run clone build ", .fallback = "20",
     .help = "give the run of an older commit this long to end by itself before it is cut off"},
    {.name = "run-number", .kind = OPTION_TEXT, .offset = AT(run_number),
     .env = "CLONECI_RUN_NUMBER", .metavar = "NUMBER", .commands = " run clone build ",
     .help = "grows from run to run: the newer one takes over; as the CI tells it unless said"},
    {.name = "lock-timeout", .kind = OPTION_SECONDS, .offset = AT(lock_timeout),
     .env = "CLONECI_LOCK_TIMEOUT", .yaml = "clone.lock_timeout", .metavar = "TIME",
     .commands = " run clone build promote rollback sandbox create sandbox refresh ", .fallback = "5",
     .help = "wait this long for production's relations"},
    {.name = "statement-timeout", .kind = OPTION_SECONDS, .offset = AT(statement_timeout),
     .env = "CLONECI_STATEMENT_TIMEOUT", .yaml = "clone.statement_timeout", .metavar = "TIME",
     .commands = " run clone build promote rollback sandbox create sandbox refresh ",
     .help = "end one clone's statement after this long; never unless said"},

    /* ours: people's schemas */
    {.heading = "Whose sandbox, and of what", .name = "include-downstream-of", .kind = OPTION_WORDS,
     .offset = AT(downstream_of), .env = "CLONECI_INCLUDE_DOWNSTREAM_OF", .metavar = "NODE",
     .commands = " sandbox create ", .help = "it and all that reads it, as --select NODE+ would"},
    {.name = "as-views", .kind = OPTION_WORDS, .offset = AT(as_views), .env = "CLONECI_AS_VIEWS",
     .yaml = "sandbox.as_views", .metavar = "WORD", .commands = " sandbox create ",
     .help = "of what is selected, the nodes that are only read: views of production's, not copies"},
    {.name = "as-of-manifest", .kind = OPTION_PROJECT_PATH, .offset = AT(as_of_manifest),
     .env = "CLONECI_AS_OF_MANIFEST", .metavar = "DIR", .commands = " sandbox create sandbox refresh ",
     .help = "folder with the manifest.json of production to go by, instead of --state"},
    {.name = "ttl", .kind = OPTION_SECONDS, .offset = AT(ttl), .env = "CLONECI_TTL",
     .yaml = "sandbox.ttl", .metavar = "TIME", .commands = " sandbox create sandbox refresh ",
     .fallback = "7d", .help = "how long it stands before gc drops it, as 36h or 3d; 0: until it is dropped"},

    /* ours: production's generations */
    {.heading = "Which generation is live", .name = "from", .kind = OPTION_WORDS,
     .offset = AT(promote_from), .env = "CLONECI_FROM", .yaml = "promote.from",
     .metavar = "STAGE[=SCHEMA]", .commands = " promote ",
     .help = "schemas that were built, and those they replace; the profile's schema unless said"},
    {.name = "stage-target", .kind = OPTION_TEXT, .offset = AT(stage_target),
     .env = "CLONECI_STAGE_TARGET", .yaml = "promote.stage_target", .metavar = "NAME",
     .commands = " promote ",
     .help = "what target.name says while stage is built; production's target unless said"},
    {.name = "note", .kind = OPTION_PATH, .offset = AT(note), .metavar = "FILE",
     .commands = " promote ", .help = "before the build: write down what production is, and stop"},
    {.name = "since", .kind = OPTION_PATH, .offset = AT(since), .metavar = "FILE",
     .commands = " promote ", .help = "refuse if production was changed since this --note"},
    {.name = "list", .kind = OPTION_FLAG, .offset = AT(list), .commands = " promote ",
     .help = "show the generations, their ages and sizes, and which is live"},
    {.name = "to", .kind = OPTION_TEXT, .offset = AT(to), .metavar = "GENERATION",
     .commands = " rollback ", .help = "the generation to bring back; the one before unless said"},
    {.name = "keep-generations", .kind = OPTION_INT, .offset = AT(keep_generations),
     .env = "CLONECI_KEEP_GENERATIONS", .yaml = "promote.keep_generations", .metavar = "N",
     .commands = " promote rollback ", .fallback = "1",
     .help = "how many former generations stay to go back to"},
    {.name = "budget", .kind = OPTION_SECONDS, .offset = AT(budget), .env = "CLONECI_BUDGET",
     .yaml = "promote.budget", .metavar = "TIME", .commands = " promote rollback ",
     .fallback = "100ms", .help = "the longest that a reader is made to wait for the locks"},
    {.name = "metrics", .kind = OPTION_PATH, .offset = AT(metrics), .env = "CLONECI_METRICS",
     .yaml = "promote.metrics", .metavar = "FILE", .commands = " promote rollback ",
     .help = "write the outcome there, in Prometheus' text format"},
    {.name = "promote.notify", .kind = OPTION_WORDS, .offset = AT(notify), .yaml = "promote.notify",
     .commands = "", .help = "program and arguments that are told the outcome; no shell"},
    {.name = "patience", .kind = OPTION_SECONDS, .offset = AT(patience), .env = "CLONECI_PATIENCE",
     .yaml = "promote.patience", .metavar = "TIME", .commands = " promote rollback ",
     .fallback = "60", .help = "for how long to try within that budget, and wait for old snapshots"},

    /* ours: production's artifacts on their way */
    {.heading = "Where production's artifacts are kept", .name = "store", .kind = OPTION_TEXT,
     .offset = AT(store), .env = "CLONECI_STORE", .yaml = "store", .metavar = "URL",
     .commands = " state push state pull ",
     .help = "a folder, s3://BUCKET/PREFIX, https://.., or git:refs/cloneci/state"},
    {.name = "keep", .kind = OPTION_INT, .offset = AT(keep), .env = "CLONECI_KEEP", .yaml = "keep",
     .metavar = "N", .commands = " state push ", .fallback = "10",
     .help = "how many pushes the store keeps"},
    {.name = "for", .kind = OPTION_TEXT, .offset = AT(for_whom), .env = "CLONECI_FOR",
     .metavar = "WHICH", .commands = " state pull sandbox create sandbox refresh ",
     .help = "state pull: newest (unless said), production as it is, or merge-base, as this branch left"
             " it; sandbox: the role that works in it"},
    {.name = "store-timeout", .kind = OPTION_SECONDS, .offset = AT(store_timeout),
     .env = "CLONECI_STORE_TIMEOUT", .yaml = "store_timeout", .metavar = "TIME",
     .commands = " state push state pull ", .fallback = "60",
     .help = "give a store up that is silent for this long"},

    /* ours: where the report goes */
    {.heading = "Where the report is posted", .name = "post", .kind = OPTION_TEXT,
     .offset = AT(post), .env = "CLONECI_POST", .metavar = "FORGE",
     .choices = "github gitlab bitbucket azure", .commands = " report ",
     .help = "write or replace the pull request's comment there; the token comes from the environment"},
    {.name = "api-url", .kind = OPTION_TEXT, .offset = AT(api_url), .env = "CLONECI_API_URL",
     .metavar = "URL", .commands = " report gc ",
     .help = "address of the forge's API; the CI's, else the public one, unless said"},
    {.name = "post-timeout", .kind = OPTION_SECONDS, .offset = AT(post_timeout),
     .env = "CLONECI_POST_TIMEOUT", .metavar = "TIME", .commands = " report gc ", .fallback = "30",
     .help = "give a forge up that is silent for this long"},

    /* ours: how */
    {.heading = "How, and what is shown", .name = "dbt", .kind = OPTION_PROGRAM, .offset = AT(dbt),
     .env = "CLONECI_DBT", .yaml = "dbt", .metavar = "PATH", .fallback = "dbt",
     .help = "the dbt program"},
    {.name = "config", .kind = OPTION_PATH, .offset = AT(file), .env = "CLONECI_CONFIG",
     .metavar = "FILE", .help = "the file to read instead of cloneci.yml in the project's folder"},
    {.name = "output", .letter = 'o', .kind = OPTION_TEXT, .offset = AT(output),
     .env = "CLONECI_OUTPUT", .metavar = "FORMAT",
     .choices = "text json unique_id name selector path markdown junit html",
     .help = "of what is printed; unique_id, name, selector and path are for ls, markdown, junit "
             "and html for report"},
    {.name = "format", .kind = OPTION_TEXT, .offset = AT(format), .metavar = "FORMAT",
     .choices = "text man markdown", .commands = " help ", .fallback = "text",
     .help = "all of the help as one manual"},
    {.name = "ci", .kind = OPTION_TEXT, .offset = AT(ci), .metavar = "SYSTEM",
     .choices = "github gitlab bitbucket azure jenkins", .commands = " init ",
     .help = "write the recipe for this CI system as well, if the repository has none"},
    {.name = "log-format", .kind = OPTION_TEXT, .offset = AT(log_format),
     .env = ENGINE("LOG_FORMAT"), .yaml = "log_format", .metavar = "FORMAT",
     .choices = "text json default debug", .fallback = "default", .help = "the log on stderr"},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = AT(quiet),
     .env = ENGINE("QUIET"), .negatable = true, .help = "only warnings and errors"},
    {.name = "debug", .letter = 'd', .kind = OPTION_FLAG, .offset = AT(debug),
     .env = ENGINE("DEBUG"), .negatable = true, .help = "everything that is done"},
    {.name = "heartbeat", .kind = OPTION_SECONDS, .offset = AT(heartbeat), .env = "CLONECI_HEARTBEAT",
     .yaml = "heartbeat", .metavar = "TIME", .fallback = "60",
     .help = "where there is no terminal, say what is running after so long without a word; 0: never"},
    {.name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = AT(help), .help = "this help"},
    {.name = "version", .letter = 'V', .kind = OPTION_FLAG, .offset = AT(version), .aliases = "v",
     .help = "the version"},
};

const struct option_def *
config_options(size_t *n)
{
    *n = BASE_COUNT(table);
    return table;
}

bool
option_applies(const struct option_def *o, const char *command)
{
    if (!o->commands)
        return true;
    if (!*o->commands)
        return false;
    if (!command)
        return true;
    char *word = mem_printf(NULL, " %s ", command);
    bool yes = strstr(o->commands, word) != NULL;
    talloc_free(word);
    return yes;
}
