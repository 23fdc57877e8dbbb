/* The commands, in the order of the help. */
#include "commands.h"

static const struct command rows[] = {
    {"run", "", "test a pull request: select, clone, build, check, report",
     "Compares the project with production, clones the modified incremental models and snapshots "
     "into the pull request's schema, and builds on the clones with deferral. Then checks that dbt "
     "ran each clone incrementally, and writes the report.",
     "cloneci run --state prod-artifacts", cmd_run},
    {"plan", "", "print what run would do; change nothing",
     "Prints the nodes with their reasons, the clones with their SQL, what is read from "
     "production, and the command line of the build.",
     "cloneci plan --state prod-artifacts --output json", cmd_plan},
    {"ls", "", "list the nodes of a selection, like dbt ls; no database needed",
     "Answers dbt's selection language, including the state: methods, from the manifests alone.",
     "cloneci ls --manifest target/manifest.json --state prod-artifacts --select state:modified+",
     cmd_ls},
    {"explain", "NODE", "print why a node is selected, or why not",
     "NODE is a unique id or a name. Prints every difference from production with both values and "
     "its origin, or the path from the modified node that brings NODE in.",
     "cloneci explain rides --state prod-artifacts", cmd_explain},
    {"clone", "", "make the clones of the plan, without a build",
     "The first half of run. cloneci build is the second.", "cloneci clone --state prod-artifacts",
     cmd_clone},
    {"build", "", "run the build step on existing clones, and check it",
     "The second half of run. Uses the plan and the clones of the last cloneci clone.",
     "cloneci build --state prod-artifacts", cmd_build},
    {"state check", "", "check that --state holds production's manifest",
     "Checks that the manifest is readable, that its schema version, project and adapter fit, and "
     "that it is not this checkout's own. Prints its age and commit.",
     "cloneci state check --state prod-artifacts", cmd_state_check},
    {"state push", "", "store production's artifacts for the pull requests",
     "For the production job, after its dbt build succeeded. Sends manifest.json to the store, and "
     "run_results.json, sources.json and partial_parse.msgpack if they exist. A push overwrites "
     "nothing, and an older manifest never replaces a newer one.",
     "cloneci state push --store s3://acme-dbt/prod", cmd_state_push},
    {"state pull", "", "fetch production's artifacts into the --state folder",
     "For the pull request's job, before cloneci run. Fetches the newest push, or with --for "
     "merge-base the one that the branch started from. Checks every file before it puts them into "
     "the folder.",
     "cloneci state pull --store s3://acme-dbt/prod --state prod-artifacts", cmd_state_pull},
    {"doctor", "", "check what a run needs, and print how to fix what is missing",
     "Checks git, the project, the profile, production's manifest, the packages, the connection "
     "and the privileges of the role, and starts dbt, which parses the project. --output json "
     "prints a list of the checks.",
     "cloneci doctor --state prod-artifacts", cmd_doctor},
    {"gc", "", "drop the schemas and databases of closed pull requests, and expired ones",
     "Decides by the marker in the schema's comment, never by a name. Keeps, and prints the "
     "reason: what cloneci did not make for this project, what somebody made again under the same "
     "name, what another role owns, and what a run uses.",
     "cloneci gc --closed-prs 12 13 --dry-run", cmd_gc},
    {"sandbox create", "NAME", "create a person's schema with clones of production's relations",
     "Clones what --select finds in production's manifest, whatever its materialization. Tables "
     "are copied. Views, and what --as-views selects, become views of production. Needs no "
     "checkout, git or dbt. Relations of production's custom schema finance go to NAME_finance. "
     "With --for, that role may work in the schemas as in its own.",
     "cloneci sandbox create ann --select +orders --ttl 3d --for ann --state prod-artifacts",
     cmd_sandbox_create},
    {"sandbox list", "",
     "list the sandboxes: for whom, age, size, expiry, and how many clones are stale",
     "A clone is stale if production's relation was rebuilt, altered or written to since. Writes "
     "come from the server's statistics, which lag by some seconds.",
     "cloneci sandbox list --output json", cmd_sandbox_list},
    {"sandbox refresh", "NAME", "clone again what changed in production",
     "Reads production's rows, not only the catalog. Keeps what the person put in the place of a "
     "clone.",
     "cloneci sandbox refresh ann --state prod-artifacts", cmd_sandbox_refresh},
    {"sandbox drop", "NAME", "drop a sandbox",
     "Drops all its schemas, object by object. Never touches a schema that is not a sandbox of "
     "this project.",
     "cloneci sandbox drop ann", cmd_sandbox_drop},
    {"promote", "",
     "build production's next generation in schemas of its own, and put it live in one transaction",
     "Clones incremental models and snapshots into stage schemas. dbt builds and tests there. Only "
     "if everything passed, moves the result into production's schemas in one transaction: a "
     "reader's transaction sees either the old generation or the new one. Carries over grants, "
     "comments, policies and extended statistics, and points the remaining views at the new "
     "relations. Refuses, before any change and by name, whatever would be lost or left behind. "
     "With --from, promotes what was built elsewhere.",
     "cloneci promote --target prod --plan", cmd_promote},
    {"rollback", "", "put an earlier generation of production back",
     "Takes the last generation, or the one of --to, and swaps it in like promote, in one "
     "transaction. The generation that was live is kept as long as --keep-generations says.",
     "cloneci rollback", cmd_rollback},
    {"report", "", "print the last run's report again, or post it to the pull request",
     "Prints the report of the last run from target/cloneci, with --output as text, json, "
     "markdown, junit or html. With --post, writes it as a comment of the pull request: one "
     "comment for each repository, pull request and target, which the next run replaces. In a job "
     "of GitHub Actions, also writes the job summary and outputs.",
     "cloneci report --post github", cmd_report},
    {"sql", "[STEM]", "print the SQL templates that are embedded in this program",
     "Without STEM, lists them. They run unchanged in psql with -v NAME=value.",
     "cloneci sql namespace_mark", cmd_sql},
    {"init", "", "write a commented cloneci.yml for this project", "Never overwrites a file.",
     "cloneci init", cmd_init},
    {"completion", "bash|zsh|fish", "print the shell completion for cloneci",
     "`make install` installs all three. Without it: source <(cloneci completion bash).",
     "cloneci completion bash", cmd_completion},
    {"help", "[COMMAND]", "print this list, or the help of one command", "", "cloneci help run",
     cmd_help},
};

const struct command_table command_table = {rows, BASE_COUNT(rows)};
