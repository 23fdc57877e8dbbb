/* Within the room: what is known of a profile's keys. */
#ifndef CONFIG_PROFILE_H
#define CONFIG_PROFILE_H

#include "options.h"

/* The key itself, or an alias that some adapter of dbt has for it ("dbname" for "database"). */
bool profile_key_is(const char *key, const char *name);
/* Its value must never be shown or written. */
bool profile_key_is_secret(const char *key);

#endif
