/* A clock that is AHEAD seconds ahead, for a program that asks for the time of day: preloaded into
 * cloneci. */
#include <stdlib.h>
#include <time.h>

time_t
time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += strtoll(getenv("AHEAD"), NULL, 10);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
