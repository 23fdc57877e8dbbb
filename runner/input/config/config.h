/*
 * config: everything the user can say: flags > environment > cloneci.yml > defaults; const
 * afterwards. Also what dbt's own files say: dbt_project.yml and profiles.yml, looked up as dbt
 * does.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base.h"

/*
 * Words of an option that is an OPTION_CHOICE, in the order of its `choices` in the option table,
 * from 1; 0: nothing said.
 */
enum config_output {
    OUTPUT_UNSAID,
    OUTPUT_TEXT,
    OUTPUT_JSON,
    OUTPUT_UNIQUE_ID,
    OUTPUT_NAME,
    OUTPUT_SELECTOR,
    OUTPUT_PATH,
    OUTPUT_MARKDOWN,
    OUTPUT_JUNIT,
    OUTPUT_HTML,
};
enum config_scope { SCOPE_PR = 1, SCOPE_ALL };
enum config_defer_by { DEFER_BY_ORDER = 1, DEFER_BY_NEWEST };
enum config_partitions { PARTITIONS_KEEP = 1, PARTITIONS_FLATTEN };
enum config_comparison { COMPARISON_OFF = 1, COMPARISON_SUMMARY, COMPARISON_FULL };
enum config_format { FORMAT_TEXT = 1, FORMAT_MAN, FORMAT_MARKDOWN, FORMAT_OPTIONS, FORMAT_YAML };
enum config_log { LOG_AS_TEXT = 1, LOG_AS_JSON, LOG_AS_DEFAULT, LOG_AS_DEBUG };

struct config {
    const char *command; /* "run", "state check" */
    struct strlist args; /* positional */
    /* dbt's own, named as dbt names them */
    struct strlist select, exclude, resource_type, exclude_resource_type, output_keys;
    bool models_only; /* ls: they were named with --models */
    const char *selector, *indirect_selection;
    const char *state, *defer_state;
    struct strlist defer_from, defer_only; /* NAME=DIR; NAME=CRITERIA */
    enum config_defer_by defer_by;
    bool favor_state, full_refresh, fail_fast, quiet;
    int threads; /* 0: the profile's */
    int jobs;    /* connections that copy, where much is copied */
    const char *target, *profile, *profiles_dir, *project_dir, *target_path, *vars;
    enum config_log log_format;
    /* ours */
    const char *base, *head, *schema, *manifest, *strategy, *dbt;
    enum config_scope scope;
    enum config_output output;
    const char *pull_request, *repository; /* as the forge names them; NULL: as the CI says */
    const char *post, *api_url;            /* of report: which forge, and its API's address */
    double forge_timeout;                  /* seconds of a forge's silence */
    const char *store;                     /* of state push and pull */
    /* state pull: for which commit; sandbox: for which role; NULL: nothing said */
    const char *for_whom;
    int keep;                  /* generations that a push leaves in the store */
    double store_timeout;      /* seconds of a store's silence */
    enum config_format format; /* of help */
    const char *ci;            /* of init */
    enum config_comparison compare_production;
    struct strlist require;       /* aspects that must be proven; "proven": all */
    struct strlist allow, labels; /* decisions; the pull request's labels, empty: the CI's */
    bool allow_empty_selection;   /* what matches nothing is no error */
    bool forecast;                /* tell what on_schema_change will do before the build */
    bool both;                    /* build modified incremental models by full refresh as well */
    bool roles;                   /* doctor: try what must be denied */
    bool dirty_said;              /* by the user; else what is right depends on where this runs */
    bool dirty, debug, no_build, dry_run, retry, help, version;
    double timeout;           /* seconds for the build step; 0: none */
    double heartbeat;         /* seconds without a word, where there is no terminal; 0: never */
    double takeover_timeout;  /* seconds for an older run to give way */
    const char *run_number;   /* in the CI's order; NULL: as the CI says */
    double lock_timeout;      /* seconds on production's relations */
    double statement_timeout; /* seconds for one clone statement; 0: none */
    const char *window, *copy_most; /* a time; a size: NULL: none */
    int sample;                     /* percent */
    double copy_longest;            /* seconds that auto copies one table; 0: any */
    const char *clones_most;        /* a size: of all clones of a run; NULL: none */
    const char *copy_rate;   /* a size: so much is copied in a second; NULL: as the last run did */
    double snapshot_longest; /* seconds that one snapshot of production is held */
    enum config_partitions partitions;
    /* the template that the pull request's database is a copy of; NULL: none */
    const char *clone_database;
    const char *database_strategy; /* "wal_log", "file_copy", "clone"; NULL: the server's own */
    /* print, and drop, a database of a hosting service; empty: none */
    struct strlist database_command, database_drop_command;
    const char *clone_grants;    /* JSON: a mapping, or NULL */
    const char *clone_rules;     /* JSON: a list of mappings, or NULL */
    const char *stage_target;    /* promote: target.name while stage is built; NULL: production's */
    struct strlist promote_from; /* promote: STAGE or STAGE=SCHEMA */
    const char *note, *since;    /* promote: files with what production was */
    const char *to;              /* rollback: a generation */
    bool list;                   /* promote: only show the generations */
    int keep_generations;        /* that stay to go back to */
    const char *metrics;         /* a file for Prometheus, or NULL */
    struct strlist notify;       /* a program that is told the outcome; empty: none */
    double budget, patience;     /* seconds: a reader's longest wait; how long to try */
    /* sandbox: what is only read; what brings all that reads it */
    struct strlist as_views, downstream_of;
    const char *as_of_manifest; /* sandbox: a folder */
    double ttl;                 /* sandbox: seconds; 0: it does not expire */
    const char *ask_forge;     /* gc: which forge tells whether a pull request is closed, or NULL */
    struct strlist closed_prs; /* gc: pull requests that are closed */
    struct strlist closed_command; /* gc: prints such numbers; empty: none */
    struct strlist build_command;  /* `build: {command: [..]}`; empty: dbt build */
    const char *file;              /* the cloneci.yml that was read, or NULL */
};

/*
 * One row of the option table: drives parsing, environment, YAML key, help, completion, man page.
 */
enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_CHOICE, /* one of `choices`: an enum, whose first is 1 */
    OPTION_INT,
    OPTION_SECONDS,      /* "90", "1.5m", "2h", "500ms" */
    OPTION_WORDS,        /* several words, may be repeated */
    OPTION_PATH,         /* made absolute: against the working directory .. */
    OPTION_PROJECT_PATH, /* .. or, as dbt does for it, against the project's folder */
    OPTION_PROGRAM,      /* looked up in PATH if it has no slash, else a path */
    OPTION_YAML,         /* a mapping: "{key: value}"; as JSON if it came from cloneci.yml */
    OPTION_LIST,         /* a list of mappings, in cloneci.yml only; as JSON */
};
struct option_def {
    const char *name; /* long, without dashes */
    char letter;      /* short, or 0 */
    enum option_kind kind;
    size_t offset;    /* in struct config */
    const char *env;  /* environment variables, split by a space, the first one set counts */
    const char *yaml; /* dotted key in cloneci.yml, or NULL: command line only */
    const char *metavar;
    const char *choices;  /* "eager cautious buildable empty", or NULL */
    const char *commands; /* " run plan state check "; NULL: all; "": no flag at all */
    const char *help;     /* a phrase, for the terminal too */
    const char *detail;   /* sentences, for the documents only; or NULL */
    const char *aliases;  /* other names and letters that dbt has for it: "m models", or NULL */
    const char *fallback; /* the default, as text, or NULL */
    const char *fallback_text; /* the default in words, where it is not one value; or NULL */
    const char *example;       /* a value for cloneci.yml, as YAML; NULL: the fallback */
    const char *flag;          /* dbt's key for it under `flags:` of dbt_project.yml, or NULL */
    const char *yes;           /* of a flag: a word that its key in cloneci.yml may have for true */
    bool negatable;            /* --no-<name> is known as well */
    const char *heading;       /* in the help: of this row and those after it */
};
const struct option_def *config_options(size_t *n);
/* The word of --output that stands for it. */
const char *config_output_name(enum config_output output);
/* Does the option belong to the command ("state check")? NULL (no command yet) takes all. */
bool option_applies(const struct option_def *option, const char *command);

/*
 * argv after the program's name. ERR_CONFIG names the flag, or file, line and key. Paths are
 * absolute in the result; of `project_dir` as well: the folder of dbt_project.yml, here or above,
 * or the working directory where there is none. Values of DBT_ENV_SECRET_* are registered with the
 * log.
 */
int config_load(void *ctx, struct config **out, int argc, char **argv,
                struct err *err) BASE_CHECKED;

/* dbt_project.yml, unrendered, as far as it is needed. */
struct project {
    const char *dir; /* absolute */
    const char *name, *profile;
    const char *target_path; /* absolute; the option > dbt_project.yml > target */
    struct strlist model_paths, seed_paths, snapshot_paths, test_paths, macro_paths, analysis_paths,
        function_paths, docs_paths, asset_paths;
    const char *packages_install_path;
    bool dispatches_dbt; /* dispatch for the namespace dbt begins with another package */
    int write_json;      /* the flag; -1: unset */
    int more_unrendered; /* state_modified_compare_more_unrendered_values; -1: unset */
};
int config_project(void *ctx, struct project **out, const struct config *config,
                   struct err *err) BASE_CHECKED;

/* A package whose folder is here: `local:` in packages.yml, or what is in the folder of
 * installed packages. */
struct project_package {
    const char *name, *dir; /* absolute */
    bool local;             /* its files are here for good: by `local:`, or behind a link */
    const struct project *project;
};
/* What cannot be read is left out: dbt says so itself. */
void config_packages(void *ctx, const struct project *project, struct project_package **out,
                     size_t *n);
/* How many packages packages.yml and dependencies.yml name. */
size_t config_packages_named(void *ctx, const struct project *project);
/* The files and folders outside of the project's own that dbt reads: those of its paths, of local
 * packages, and what links in them lead to. Absolute, links followed. */
struct strlist config_places(void *ctx, const struct project *project,
                             const struct project_package *packages, size_t n);

/* A key of the output that the generated profile sets, whatever the user's own says. */
struct profile_extra {
    const char *key, *value;
};

/* One output of profiles.yml. */
struct profile {
    const char *file, *name, *target;
    const char *type; /* of the adapter, as dbt names it */
    const char *schema, *database;
    int threads;
    struct strlist keys;       /* every key of the output, in order .. */
    struct strlist raw;        /* .. its text as written, Jinja and all .. */
    struct strlist rendered;   /* .. and with env_var() resolved; the log knows the secrets */
    struct strlist outputs;    /* the profile's target names */
    const void *source;        /* the output as it was read, for profile_write */
    struct profile_extra *set; /* by profile_set */
    size_t n_set;
    const void *settings; /* profiles.yml's own `config:`, or NULL */
};
/*
 * --profiles-dir > DBT_PROFILES_DIR > the working directory if profiles.yml is there > ~/.dbt, and
 * the project's folder where dbt would find none; the target as dbt chooses it. A null is no key. A
 * list or mapping is JSON text in raw and rendered.
 */
int config_profile(void *ctx, struct profile **out, const struct config *config,
                   const struct project *project, struct err *err) BASE_CHECKED;
/* Rendered, or NULL. dbt's aliases are known: password is pass, database is dbname, and so on. */
const char *profile_get(const struct profile *p, const char *key);
/* From now on the key has this value, in the generated profile as well. */
void profile_set(struct profile *p, const char *key, const char *value);
/*
 * Writes profiles.yml into `dir` (0600): the same output with another schema, the extra keys and
 * those that were set, env_var() references left as they are; a literal password becomes an
 * env_var() reference, and "NAME=value" for the child is added to env.
 */
int profile_write(void *ctx, const struct profile *p, const char *dir, const char *schema,
                  const struct profile_extra *extra, size_t n_extra, struct strlist *env,
                  struct err *err) BASE_CHECKED;

/* "30d" in seconds, "20GB" in bytes. `label` names where the text is, for ERR_CONFIG. */
int config_seconds(double *out, const char *label, const char *text, double most_days,
                   struct err *err) BASE_CHECKED;
int config_bytes(double *out, const char *label, const char *text, struct err *err) BASE_CHECKED;

#endif
