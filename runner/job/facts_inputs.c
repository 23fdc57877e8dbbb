/* What dbt was told here alone: it then builds other rows than production's run. */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *flag, *variable; /* the variable after DBT_, or after DBT_ENGINE_ */
    bool yes_or_no;
    const char *does;
} limits[] = {
    {"--empty", "EMPTY", true, "dbt reads no rows"},
    {"--sample", "SAMPLE", false, "dbt reads a sample of the rows"},
    {"--event-time-start", "EVENT_TIME_START", false, "dbt reads rows of a part of the time"},
    {"--event-time-end", "EVENT_TIME_END", false, "dbt reads rows of a part of the time"},
};

static bool
is_set(const char *value, bool yes_or_no)
{
    static const char *const no[] = {"", "0", "f", "false", "n", "no", "off"};
    bool set = value && *value;
    for (size_t i = 0; set && yes_or_no && i < BASE_COUNT(no); i++)
        set = strcasecmp(value, no[i]) != 0;
    return set;
}

/* What of the command, else of the environment, sets it; NULL: nothing. */
static const char *
find_setting(void *ctx, const struct config *c, size_t at)
{
    static const char *const prefixes[] = {"DBT_", "DBT_ENGINE_"};
    for (size_t i = 0; i < c->build_command.n; i++) {
        size_t n = strlen(limits[at].flag);
        const char *word = c->build_command.v[i];
        if (strncmp(word, limits[at].flag, n) == 0 && (!word[n] || word[n] == '='))
            return limits[at].flag;
    }
    for (size_t i = 0; i < BASE_COUNT(prefixes); i++) {
        const char *name = mem_printf(ctx, "%s%s", prefixes[i], limits[at].variable);
        if (is_set(getenv(name), limits[at].yes_or_no))
            return name;
    }
    return NULL;
}

void
facts_of_inputs(struct facts *facts, const struct findings *f)
{
    for (size_t i = 0; f->ran && i < BASE_COUNT(limits); i++) {
        const char *by = find_setting(facts, f->job->config, i);
        if (by)
            verdict_fact(facts,
                         &(struct fact){.aspect = ASPECT_INPUTS,
                                        .subject = SUBJECT_RUN,
                                        .status = FACT_UNPROVEN,
                                        .ground = GROUND_PLAN,
                                        .text = mem_printf(facts,
                                                           "%s is set for this run: %s, and "
                                                           "production's run is not so limited",
                                                           by, limits[i].does)});
    }
}
