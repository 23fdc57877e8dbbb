/*
 * base: what every room is built on: memory, errors as values, text, files, JSON, hashes, the log
 * and the interrupt pipe. Knows nothing of dbt or of a warehouse.
 *
 * Conventions of the whole house: a fallible function returns 0 or -1 and fills `struct err`; the
 * memory context comes first and owns what is returned; strings are UTF-8 and const once stored.
 */
#ifndef BASE_H
#define BASE_H

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <talloc.h>

#define BASE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define BASE_NOT_NULL __attribute__((returns_nonnull))
#define BASE_CHECKED __attribute__((warn_unused_result))
#define BASE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- memory: talloc, with the one policy that running out of it ends the process (exit 70) --- */

#define mem_new(ctx, type) ((type *)mem_check(talloc_zero((ctx), type)))
#define mem_array(ctx, type, n) ((type *)mem_check(talloc_zero_array((ctx), type, (unsigned)(n))))
/* Grows *array (a pointer to type) to hold n items; new items are not zeroed. */
#define mem_grow(ctx, array, type, n)                                                              \
    ((type *)mem_check(talloc_realloc((ctx), (array), type, (unsigned)(n))))
void *mem_check(void *p) BASE_NOT_NULL;
char *mem_strdup(const void *ctx, const char *s) BASE_NOT_NULL;
char *mem_strndup(const void *ctx, const char *s, size_t n) BASE_NOT_NULL;
char *mem_printf(const void *ctx, const char *fmt, ...) BASE_PRINTF(2, 3) BASE_NOT_NULL;
/* talloc gives less than 256 MB at once, and manifests are larger: memory that is a context's all
 * the same. */
enum { MEM_LARGE = 128 << 20 }; /* from here on */
struct mem_block;
struct mem_block *mem_block_new(void *ctx);
void *mem_block_grow(struct mem_block *b, size_t n);
void *mem_memdup(const void *ctx, const void *p, size_t n) BASE_NOT_NULL;

/* --- errors --- */

/* The kind of an error is the exit code that it leads to. */
enum err_kind {
    ERR_NONE = 0,
    ERR_BUILD = 1,     /* the build step failed */
    ERR_CONFIG = 2,    /* usage or configuration */
    ERR_INPUT = 3,     /* manifest, git, project */
    ERR_WAREHOUSE = 4, /* the database said no, or could not be reached */
    ERR_REFUSED = 5,   /* refused for safety */
    ERR_LOCKED = 6,    /* locked or superseded */
    ERR_BUG = 70,
    ERR_SIGNAL = 128, /* exit code is this plus `sys` */
};

/* Why a warehouse said no, in words that hold for any of them; its adapter fills it in. */
enum err_cause {
    CAUSE_NONE,      /* none of these, or unknown */
    CAUSE_BUSY,      /* a lock could not be had in time */
    CAUSE_CONFLICT,  /* sessions stood in each other's way: a deadlock, or no serial order */
    CAUSE_CANCELLED, /* ended by a time limit, or by somebody */
    CAUSE_CHANGED,   /* what was to be read was recreated meanwhile */
    CAUSE_IN_USE,    /* something else needs it: objects that depend on it, open sessions */
    CAUSE_EXISTS,    /* it is there already */
    CAUSE_MISSING,   /* there is no such thing */
    CAUSE_DENIED,    /* a login or a privilege is lacking */
    CAUSE_LOST,      /* there is no connection, or none any more */
    CAUSE_FULL,      /* no room: disk, memory, connections */
    CAUSE_WRONG,     /* the statement or its data: whoever sends it, it fails */
    CAUSE_NO_VALUE,  /* a column must have a value, and was given none */
};

struct err {
    enum err_kind kind;
    enum err_cause cause; /* of ERR_WAREHOUSE */
    int sys;              /* errno, or the signal's number for ERR_SIGNAL */
    char msg[2048];       /* lower case, names the thing: what and where */
    char hint[1024];      /* a sentence: what to do; may be empty */
};

/* Sets the error and returns -1. A message that is too long is cut at a character. */
int fail(struct err *err, enum err_kind kind, const char *fmt, ...) BASE_PRINTF(3, 4);
/* As fail, with ": <strerror(errno)>" added and errno kept in `sys`. */
int fail_errno(struct err *err, enum err_kind kind, const char *fmt, ...) BASE_PRINTF(3, 4);
/* Says what to do about the error just set. Returns -1, so that it can end a failing path. */
int hint(struct err *err, const char *fmt, ...) BASE_PRINTF(2, 3);
/* Puts "<text>: " before the message. Returns -1. */
int wrap(struct err *err, const char *fmt, ...) BASE_PRINTF(2, 3);

/* --- text --- */

/* A growing string. `s` is always NUL-terminated once anything was added, and "" before. */
struct buf {
    char *s;
    size_t len, cap;
    void *ctx;
    struct mem_block *block; /* where s is too large for talloc */
};
void buf_init(struct buf *b, void *ctx);
/* Makes room for so many bytes more, and the zero at the end. */
void buf_reserve(struct buf *b, size_t extra);
/* Its text, which belongs to ctx from then on; the buffer is as new. */
char *buf_take(struct buf *b, void *ctx);
void buf_add(struct buf *b, const char *s, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
/* In single quotes, as every shell reads them. */
void buf_put_quoted(struct buf *b, const char *text);
/* As a shell takes it for one word: in quotes where it needs them. */
void buf_put_word(struct buf *b, const char *word);
void buf_printf(struct buf *b, const char *fmt, ...) BASE_PRINTF(2, 3);
void buf_reset(struct buf *b);

/* A list of strings; items belong to the list's context. */
struct strlist {
    const char **v;
    size_t n;
};
void strlist_add(void *ctx, struct strlist *list, const char *s); /* copies s */
bool strlist_has(const struct strlist *list, const char *s);
bool strlist_same(const struct strlist *a, const struct strlist *b); /* in the same order */
void strlist_sort(struct strlist *list);                             /* bytewise */
/* Splits at each `sep`; empty parts are kept. */
void strlist_split(void *ctx, struct strlist *list, const char *s, char sep);
char *strlist_join(void *ctx, const struct strlist *list, const char *sep);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
/* True if the n bytes are well-formed UTF-8; else *bad is the offset of the first bad byte. */
bool str_utf8(const char *s, size_t n, size_t *bad);
/* The candidate nearest to `word` by edit distance, or NULL if none is near enough to suggest. */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);
/* A day or a time of ISO 8601 in microseconds since 1970; without an offset it is UTC, as dbt reads
 * it. False if it is none. */
bool str_time(const char *text, int64_t *micros);
/* Bytes as a person reads them: "1.4 GB" (powers of 1024). */
char *str_bytes(void *ctx, int64_t bytes);
/* Milliseconds as a person reads them: "850 ms", "12.4 s", "3m 12s". */
char *str_ms(void *ctx, double ms);
/* "90 s", "90 min", "30 h", "12 days" */
char *str_age(void *ctx, double seconds);
/* A count as a person reads it: "1,204,331". */
char *str_count(void *ctx, double n);
/* One word of a command, as a shell takes it; dbt's own names need no quotes. */
char *str_shell(void *ctx, const char *word);

/* --- map: text to a number (an index into an array of the caller) --- */

struct map;
#define MAP_NONE UINT32_MAX
struct map *map_new(void *ctx, size_t expected);
/* Keys are not copied: they must outlive the map. Replaces an older value. */
void map_set(struct map *m, const char *key, size_t len, uint32_t value);
uint32_t map_get(const struct map *m, const char *key, size_t len); /* MAP_NONE if absent */
uint32_t map_gets(const struct map *m, const char *key);
/* Fetches the memory that a look-up of the key will want, for when there is other work before it.
 */
void map_prefetch(const struct map *m, const char *key, size_t len);
size_t map_count(const struct map *m);

/* --- files; errors name the path --- */

struct stat;

/* For reading, never waiting for it: what is no regular file (a pipe, a device) is an error. -1, or
 * the descriptor, which the caller closes. */
int file_open(const char *path, struct stat *st, enum err_kind kind, struct err *err) BASE_CHECKED;
/* At most half a GB; the rest as file_open. */
int file_read(void *ctx, const char *path, char **data, size_t *len, enum err_kind kind,
              struct err *err) BASE_CHECKED; /* NUL-terminated beyond len */
/* Writes a temporary file and renames it, so that a reader sees the old content or the new. */
int file_write(const char *path, const void *data, size_t len, unsigned mode,
               struct err *err) BASE_CHECKED;
/* As file_write, for what can be made again: not synced to the disk, which takes its time in CI. */
int file_put(const char *path, const void *data, size_t len, unsigned mode,
             struct err *err) BASE_CHECKED;
/* Likewise not synced. */
int file_copy(const char *from, const char *to, struct err *err) BASE_CHECKED;
int file_mkdirs(const char *path, unsigned mode, struct err *err) BASE_CHECKED;
bool file_exists(const char *path);
bool file_is_dir(const char *path);
/* Removes a file or a folder with what is in it; not following links. Missing is fine. */
int file_remove(const char *path, struct err *err) BASE_CHECKED;
/* Joins with one slash; an absolute `name` is taken as it is. */
char *path_join(const void *ctx, const char *dir, const char *name);
const char *path_base(const char *path); /* last component */
char *path_dir(const void *ctx, const char *path);
/* `path` made absolute against the working directory; no links are resolved, `.` and `..` are. */
char *path_absolute(void *ctx, const char *path);

/* --- JSON (cJSON); lookups are case-sensitive, cJSON's default one is not --- */

const cJSON *json_get(const cJSON *object, const char *key);
const char *json_str(const cJSON *object, const char *key); /* NULL if absent or no string */
bool json_bool(const cJSON *object, const char *key);       /* false if absent or no boolean */
double json_num(const cJSON *object, const char *key, double fallback);
/* Parses whole text; the tree dies with ctx. `what` names the document in errors (kind ERR_INPUT).
 */
int json_parse(void *ctx, cJSON **out, const char *text, size_t len, const char *what,
               struct err *err) BASE_CHECKED;
int json_read(void *ctx, cJSON **out, const char *path, struct err *err) BASE_CHECKED;
cJSON *json_object(void *ctx); /* a new root object that dies with ctx */
cJSON *json_array(void *ctx);
/* Sets or adds; NULL text becomes JSON null. */
void json_put_str(cJSON *object, const char *key, const char *value);
void json_put_strlist(cJSON *object, const char *key, const struct strlist *list);
/* One text, or a list of them, as dbt's configs have it; copies belong to ctx. Anything else adds
 * nothing. */
void json_add_strings(void *ctx, struct strlist *out, const cJSON *value);
char *json_print(void *ctx, const cJSON *tree, bool pretty);

/* --- hashes --- */

#define HASH_SHA256_HEX 65
void hash_sha256(const void *data, size_t len, char hex[HASH_SHA256_HEX]);
uint64_t hash_fast(const void *data, size_t len, uint64_t seed); /* not for adversaries or disk */

/* --- clock and ids --- */

double clock_ms(void);                          /* monotonic milliseconds */
int64_t clock_seconds(void);                    /* since 1970, UTC */
char *clock_utc(void *ctx);                     /* now, RFC 3339, seconds */
char *clock_utc_after(void *ctx, int64_t secs); /* now + secs, RFC 3339 */
char *random_hex(void *ctx, size_t bytes);      /* from the kernel; for run ids and names */

/* --- log: stderr, text or JSON --- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };
#define LOG_VERSION 1 /* of a line of JSON: conf/events.schema.json, which names every event */
void log_setup(enum log_level least, enum log_format format);
enum log_format log_get_format(void);
bool log_shows(enum log_level level);
/* A value that must never be printed: every later line shows '***' in its place. One of fewer than
 * LOG_SECRET_SHORT characters may be any word: it is masked behind "password=" and the like alone;
 * one of letters and digits alone, up to LOG_SECRET_LONG, is not masked within a longer word. */
enum { LOG_SECRET_SHORT = 8, LOG_SECRET_LONG = 16 };
void log_secret(const char *value);
/* `text` with all secrets masked. */
char *log_redact(void *ctx, const char *text);
/* The same, and each byte that is no part of well-formed UTF-8 becomes U+FFFD: for documents. */
char *log_clean(void *ctx, const char *text);
/* `event` is a stable name ('clone.done'); the text is for people. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) BASE_PRINTF(3, 4);
bool log_color(FILE *f); /* a terminal that wants colour: NO_COLOR, TERM=dumb and pipes do not */

/* --- live: on a terminal, one line about the step that is running; elsewhere, one now and then ---
 */

/* How wide the terminal is, or `usual` where there is none. */
size_t terminal_columns(int fd, size_t usual);
/* After so long without a word where there is no terminal, "progress" is logged; 0: never. */
void live_setup(double heartbeat_seconds);
/* The step that is running from now on, for people; ends the one before. Steps do not nest. */
void live_begin(const char *what);
/* How far it is: "1.2 GB of 4.0 GB". From the thread that began the step. */
void live_detail(const char *fmt, ...) BASE_PRINTF(1, 2);
void live_end(void); /* takes the line away; also where no step is running */
/* What others print goes above the line: whole lines of ours, and what a child wrote, as it came.
 */
void live_print(FILE *out, const char *line);
void live_relay(FILE *out, const char *data, size_t n);

/* --- interrupt: signals become a byte in a pipe that the loops poll --- */

int interrupt_setup(struct err *err) BASE_CHECKED; /* SIGINT, SIGTERM, SIGHUP; ignores SIGPIPE */
int interrupt_fd(void);     /* readable once a signal came; -1 before setup */
int interrupt_signal(void); /* its number, or 0 */
/* ERR_SIGNAL if a signal came, else 0. */
int interrupt_check(struct err *err) BASE_CHECKED;
/* Forgets a signal that came: for what has to be found out after one. */
void interrupt_forget(void);
int interrupt_wait(double ms, struct err *err) BASE_CHECKED; /* waits, unless a signal comes */
/* For tests of crashes: CLONECI_FAULT=<step>[:kill|:int|:stop] sends that signal here (default:
 * SIGKILL). */
void fault_point(const char *step);

#endif
