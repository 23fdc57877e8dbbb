/*
 * With -DFUZZ_REPLAY a fuzz target is a plain program that runs the files, or folders of files, it
 * is given.
 */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef FUZZ_REPLAY
#include <dirent.h>
#include <stdlib.h>

static size_t
replay_file(const char *path)
{
    char *data;
    size_t len;
    struct err err;
    void *ctx = talloc_new(NULL);
    if (file_read(ctx, path, &data, &len, ERR_INPUT, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    /* Exactly as large as the input, so that a read beyond it is seen. */
    uint8_t *exact = len ? mem_memdup(ctx, data, len) : NULL;
    LLVMFuzzerTestOneInput(exact, len);
    talloc_free(ctx);
    return 1;
}

static size_t
replay_folder(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char *full = path_join(NULL, path, e->d_name);
        if (!file_is_dir(full))
            n += replay_file(full);
        talloc_free(full);
    }
    if (dir)
        closedir(dir);
    return n;
}

int
main(int argc, char **argv)
{
    size_t n = 0;
    for (int i = 1; i < argc; i++)
        n += file_is_dir(argv[i]) ? replay_folder(argv[i]) : replay_file(argv[i]);
    printf("%zu inputs replayed\n", n);
    return n ? 0 : 1;
}
#endif

#endif
