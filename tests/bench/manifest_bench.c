/*
 * Times of reading a manifest, each against a chunked read() of the same file in the same run:
 * manifest_bench FILE [ROUNDS]. Prints the least and the median ratio over the rounds (ABBA order).
 *
 *   read    read() in chunks of 256 KiB, nothing else
 *   scan    and the marks of quotation marks and brackets
 *   full    manifest_read: the graph, fingerprints
 *   state   manifest_read twice and state:modified of the file against itself
 *   cjson   the whole file by cJSON
 */
#include "manifest/manifest.h"
#include "manifest/scan.h"
#include "state/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHUNK (256u << 10)

enum row { ROW_READ, ROW_SCAN, ROW_FULL, ROW_STATE, ROW_CJSON, ROWS };
static const char *const row_names[ROWS] = {"read", "scan", "full", "state", "cjson"};

static char chunk[CHUNK];
static uint64_t words[3][CHUNK / SCAN_BLOCK];

static int
read_chunks(const char *path, scan_fn *scan)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct scan_marks marks = {words[0], words[1], words[2]};
    struct scan_carry carry = {0};
    ssize_t n;
    while (fd >= 0 && (n = read(fd, chunk, CHUNK)) > 0)
        if (scan)
            scan(chunk, (size_t)n / SCAN_BLOCK, &marks, &carry);
    return fd < 0 ? -1 : close(fd);
}

static int
read_cjson(const char *path, struct err *err)
{
    void *ctx = mem_new(NULL, char);
    char *text;
    size_t n;
    int rc = file_read(ctx, path, &text, &n, ERR_INPUT, err);
    cJSON *tree = rc ? NULL : cJSON_ParseWithLength(text, n);
    rc = tree ? 0 : -1;
    cJSON_Delete(tree);
    talloc_free(ctx);
    return rc;
}

static int
read_state(void *ctx, const struct manifest *m, const char *path, struct err *err)
{
    struct manifest *old;
    struct state_flags flags = {0};
    const uint8_t *modified;
    if (manifest_read(ctx, &old, path, err))
        return -1;
    return state_ask(state_new(ctx, m, old, &flags, NULL), STATE_MODIFIED, &modified, err);
}

static int
run_row(enum row row, const char *path, double *ms, struct err *err)
{
    void *ctx = mem_new(NULL, char);
    struct manifest *m;
    double start = clock_ms();
    int rc = row == ROW_READ    ? read_chunks(path, NULL)
             : row == ROW_SCAN  ? read_chunks(path, scan_choose())
             : row == ROW_CJSON ? read_cjson(path, err)
                                : manifest_read(ctx, &m, path, err);
    if (rc == 0 && row == ROW_STATE)
        rc = read_state(ctx, m, path, err);
    *ms = clock_ms() - start;
    talloc_free(ctx);
    return rc;
}

static int
by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static long
peak_kb(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss;
}

/* The reads before and after each row are its measure: other work on the machine hits both. */
static int
measure(enum row row, const char *path, int rounds, struct err *err)
{
    double *ratio = calloc((size_t)rounds, sizeof *ratio), least = 0;
    for (int i = 0; i < rounds; i++) {
        double a, b, ms;
        if (run_row(ROW_READ, path, &a, err) || run_row(row, path, &ms, err) ||
            run_row(ROW_READ, path, &b, err)) {
            free(ratio);
            return -1;
        }
        ratio[i] = ms / ((a + b) / 2);
        least = i == 0 || ms < least ? ms : least;
    }
    qsort(ratio, (size_t)rounds, sizeof *ratio, by_size);
    printf("%-6s %9.2f ms least   %6.2fx read least   %6.2fx median   peak RSS %ld KiB\n",
           row_names[row], least, ratio[0], ratio[rounds / 2], peak_kb());
    free(ratio);
    return 0;
}

int
main(int argc, char **argv)
{
    struct err err = {0};
    int rounds = argc > 2 ? atoi(argv[2]) : 7;
    if (argc < 2 || rounds < 1) {
        fprintf(stderr, "usage: manifest_bench FILE [ROUNDS]\n");
        return 2;
    }
    for (int row = ROW_READ; row < ROWS; row++) {
        if (measure((enum row)row, argv[1], rounds, &err)) {
            fprintf(stderr, "manifest_bench: %s\n", err.msg);
            return 1;
        }
    }
    return 0;
}
