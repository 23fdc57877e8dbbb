#include "commands.h"

#include <string.h>

static const struct command table[] = {
    {"run", "", "select, clone, build, check, report: the whole job of a pull request",
     "Compares the head with production, clones the modified incremental models and snapshots that "
     "exist there into the "
     "pull request's schema, builds with deferral, and checks that each clone was really run "
     "incrementally.",
     "cloneci run --state prod-artifacts", cmd_run},
    {"plan", "", "show what run would do, with every statement; touches nothing",
     "Prints the nodes with their reasons, the clones with their SQL, what is read from "
     "production, and the build's "
     "command line.",
     "cloneci plan --state prod-artifacts --output json", cmd_plan},
    {"ls", "", "list the nodes of a selection, as dbt ls would; needs no database",
     "Answers dbt's selection language, state: methods included, from the manifests alone.",
     "cloneci ls --manifest target/manifest.json --state prod-artifacts --select state:modified+",
     cmd_ls},
    {"explain", "NODE", "say why a node is selected, or why not",
     "NODE is a unique id or a name. Prints every difference from production with both values and "
     "where it comes from, "
     "or the path from the modified node that brings it in.",
     "cloneci explain rides --state prod-artifacts", cmd_explain},
    {"clone", "", "make the clones of the plan, and stop there",
     "The first half of run; cloneci build is the second.", "cloneci clone --state prod-artifacts",
     cmd_clone},
    {"build", "", "run the build step on the clones that stand, and check it",
     "The second half of run: uses the plan and the clones that cloneci clone left.",
     "cloneci build --state prod-artifacts", cmd_build},
    {"state check", "", "check that --state is really production's manifest",
     "Runs the guards alone: readable, schema version, project, adapter, not the checkout's own; "
     "tells age and commit.",
     "cloneci state check --state prod-artifacts", cmd_state_check},
    {"state push", "", "keep production's artifacts where pull requests find them",
     "For the production job, after its dbt build succeeded: sends manifest.json, and "
     "run_results.json, sources.json and "
     "partial_parse.msgpack where there are, to the store. Nothing that was pushed is overwritten; "
     "an older manifest "
     "never takes the place of a newer one.",
     "cloneci state push --store s3://acme-dbt/prod", cmd_state_push},
    {"state pull", "", "fetch production's artifacts into the --state folder",
     "For the pull request's job, before cloneci run: fetches the newest that was pushed, or with "
     "--for merge-base what "
     "production was when the branch left it, checks every file, and puts them into the folder.",
     "cloneci state pull --store s3://acme-dbt/prod --state prod-artifacts", cmd_state_pull},
    {"doctor", "", "check everything a run needs, and say how to mend what is missing",
     "Checks git, dbt, the project, the profile, production's manifest, the connection and the "
     "role's privileges.",
     "cloneci doctor --state prod-artifacts", cmd_doctor},
    {"gc", "", "drop the schemas and databases of closed pull requests, and expired ones",
     "Goes by the marker in the schema's comment, never by a name: what cloneci did not make for "
     "this project, what was made "
     "again under the same name, what another role owns and what a run is working in are kept, "
     "with the reason.",
     "cloneci gc --closed-prs 12 13 --dry-run", cmd_gc},
    {"sandbox create", "NAME", "a schema of one's own with clones of production's relations",
     "Clones what --select names of production's manifest, whatever its materialization: tables "
     "are copied, views and what "
     "--as-views names are read through views. No checkout, git or dbt is needed. What stands in "
     "production's schema of the "
     "custom name finance comes into NAME_finance. With --for the role may work in it as in a "
     "schema of its own.",
     "cloneci sandbox create ann --select +orders --ttl 3d --for ann --state prod-artifacts",
     cmd_sandbox_create},
    {"sandbox list", "",
     "the sandboxes: whose, how old, how large, until when, and how many of their clones are stale",
     "Stale is what was rebuilt, altered or written to in production since; writes are told by the "
     "server's statistics, some "
     "seconds late.",
     "cloneci sandbox list --output json", cmd_sandbox_list},
    {"sandbox refresh", "NAME", "make those clones of a sandbox anew that changed in production",
     "Looks at production's rows, not only at the catalog. What the person put in a clone's place "
     "stays.",
     "cloneci sandbox refresh ann --state prod-artifacts", cmd_sandbox_refresh},
    {"sandbox drop", "NAME", "drop a sandbox",
     "All its schemas, object by object; a schema that is no sandbox of this project is never "
     "touched.",
     "cloneci sandbox drop ann", cmd_sandbox_drop},
    {"promote", "", "build production's next generation beside it, and put it live atomically",
     "Clones incremental models and snapshots into schemas of stage, has dbt build and test there, "
     "and only if all of it passed moves "
     "the result into production's schemas in one transaction: a reader's transaction sees the old "
     "generation or the new one. "
     "Grants, comments, policies and extended statistics are carried over, views that stay are put "
     "onto the new relations. Whatever "
     "would be lost or left behind is refused by name before anything is changed. With --from it "
     "takes what was built elsewhere.",
     "cloneci promote --target prod --plan", cmd_promote},
    {"rollback", "", "put the last generation of production back, or the one that --to names",
     "As promote, in one transaction. What was live stands aside until it is no longer kept.",
     "cloneci rollback", cmd_rollback},
    {"report", "", "show the last run's report again, or post it to the pull request",
     "Prints what the last run left in target/cloneci, with --output as text, json, markdown, "
     "junit or html. With --post it "
     "becomes the pull request's comment: one for each repository, pull request and target, "
     "replaced by the next run. In a job "
     "of GitHub's the summary and the outputs are written as well.",
     "cloneci report --post github", cmd_report},
    {"sql", "[STEM]", "print the SQL templates that this build embeds",
     "Without STEM lists them; they run unchanged in psql with -v NAME=value.",
     "cloneci sql namespace_mark", cmd_sql},
    {"init", "", "write a commented cloneci.yml for this project", "Never overwrites one.",
     "cloneci init", cmd_init},
    {"completion", "bash|zsh|fish", "print the shell's completion for cloneci",
     "`make install` puts all three where the shells look. Without it: source <(cloneci completion "
     "bash).",
     "cloneci completion bash", cmd_completion},
    {"help", "[COMMAND]", "this list, or all about one command", "", "cloneci help run", cmd_help},
};

const struct command *
commands_all(size_t *n)
{
    *n = BASE_COUNT(table);
    return table;
}

const struct command *
commands_find(const char *name)
{
    for (size_t i = 0; i < BASE_COUNT(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

int
commands_unknown(const char *word, struct err *err)
{
    const char *names[BASE_COUNT(table)];
    for (size_t i = 0; i < BASE_COUNT(table); i++)
        names[i] = table[i].name;
    const char *near = str_nearest(word, names, BASE_COUNT(table));
    char *prefix = mem_printf(NULL, "%s ", word);
    for (size_t i = 0; !near && i < BASE_COUNT(table); i++)
        if (str_starts(table[i].name, prefix))
            near = table[i].name;
    talloc_free(prefix);
    fail(err, ERR_CONFIG, "there is no command '%s'", word);
    if (near)
        return hint(err, "Did you mean '%s'? 'cloneci help' lists the commands.", near);
    return hint(err, "'cloneci help' lists the commands.");
}

int
command_args(const struct config *config, size_t least, size_t most, struct err *err)
{
    if (config->args.n >= least && config->args.n <= most)
        return 0;
    const struct command *c = commands_find(config->command);
    if (config->args.n > most)
        fail(err, ERR_CONFIG, "unexpected argument '%s'", config->args.v[most]);
    else
        fail(err, ERR_CONFIG, "cloneci %s needs %s", config->command, c->args);
    return hint(err, "Usage: cloneci %s%s%s [OPTIONS]", c->name, *c->args ? " " : "", c->args);
}
