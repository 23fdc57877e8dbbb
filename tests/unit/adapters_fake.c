/* The contract of all adapters, passed by the fake; and what it can be made to lack. */
#include "contract.h"

#include "fake_warehouse.h"

static const char *
get(void *arg, const char *key)
{
    (void)arg;
    (void)key;
    return NULL;
}

static const char *
get_bad(void *arg, const char *key)
{
    return strcmp(key, "host") == 0 ? "nowhere" : get(arg, key);
}

static void
wait_slow(void *arg)
{
    (void)arg;
    usleep(200000);
}

static int64_t
count(void *arg, struct warehouse *a, const char *name)
{
    const struct relation at = {.schema = "ours", .name = name};
    (void)arg;
    (void)a;
    return fake_rows(&at);
}

int
main(void)
{
    const struct contract fake = {
        .ops = &fake_ops,
        .get = get,
        .get_bad = get_bad,
        .bad_place = "nowhere",
        .schema = "ours",
        .schema_absent = "theirs",
        .nothing = "[\"nothing\"]",
        .absent = "[\"read\", null, \"ours\", \"absent_relation\"]",
        .slow = "[\"sleep\"]",
        .wait_slow = wait_slow,
        .create_table = "[\"table\", null, \"ours\", \"plain\"]",
        .create_view = "[\"view\", null, \"ours\", \"a_view\", null, \"ours\", \"plain\"]",
        .insert_rows = "[\"insert\", null, \"ours\", \"plain\", 3]",
        .create_other = "[\"table\", null, \"ours\", \"other\"]",
        .count = count,
        .unregistered = true,
    };
    fake_reset(CAP_ATOMIC_PUBLISH | CAP_ONE_SNAPSHOT);
    fake_add_place(&(struct fake_place){.name = {NULL, "ours"}});
    return contract_run(&fake);
}
