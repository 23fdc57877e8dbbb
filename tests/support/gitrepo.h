/*
 * Real git repositories for tests: made by the git program, in a folder that is removed at the end.
 */
#ifndef TESTS_GITREPO_H
#define TESTS_GITREPO_H

#include "base.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * libgit2 1.5 leaks in its own use of regular expressions (submodules, expressions such as HEAD~1).
 */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
    return "leak:libpcre2";
}

/*
 * Nothing of the machine's configuration, and none of its CI's variables, reaches git or libgit2.
 */
static void
gitrepo_clean_env(const char *home)
{
    static const char *const drop[] = {"GIT_DIR",
                                       "GIT_WORK_TREE",
                                       "GIT_INDEX_FILE",
                                       "XDG_CONFIG_HOME",
                                       "GITHUB_EVENT_PATH",
                                       "GITHUB_BASE_REF",
                                       "GITHUB_REF",
                                       "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
                                       "BITBUCKET_PR_DESTINATION_BRANCH",
                                       "SYSTEM_PULLREQUEST_TARGETBRANCH",
                                       "CHANGE_TARGET",
                                       "CI",
                                       "TF_BUILD",
                                       "JENKINS_URL"};
    for (size_t i = 0; i < BASE_COUNT(drop); i++)
        unsetenv(drop[i]);
    setenv("HOME", home, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_AUTHOR_NAME", "A", 1);
    setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
    setenv("GIT_COMMITTER_NAME", "C", 1);
    setenv("GIT_COMMITTER_EMAIL", "c@example.org", 1);
}

/*
 * Runs git in a folder; ends the test if it fails. Returns its output without the last line's end.
 */
static char *
git(void *ctx, const char *dir, ...)
{
    const char *argv[32] = {
        "git", "-C", dir, "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"};
    size_t n = 7;
    va_list ap;
    va_start(ap, dir);
    for (const char *a; n + 1 < BASE_COUNT(argv) && (a = va_arg(ap, const char *));)
        argv[n++] = a;
    va_end(ap);
    int out[2], status = -1;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    char *const *args = mem_memdup(ctx, argv, sizeof argv);
    assert_int_equal(posix_spawnp(&pid, "git", &actions, NULL, args, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    struct buf text;
    char part[4096];
    buf_init(&text, ctx);
    for (ssize_t k; (k = read(out[0], part, sizeof part)) > 0;)
        buf_add(&text, part, (size_t)k);
    close(out[0]);
    waitpid(pid, &status, 0);
    if (status)
        fail_msg("git %s %s: status %d", argv[7], argv[8] ? argv[8] : "", status);
    while (text.len && text.s[text.len - 1] == '\n')
        text.s[--text.len] = '\0';
    return text.cap ? text.s : mem_strdup(ctx, "");
}

static void
put_file(void *ctx, const char *dir, const char *name, const char *text)
{
    struct err err = {0};
    char *path = path_join(ctx, dir, name);
    assert_int_equal(file_mkdirs(path_dir(ctx, path), 0755, &err), 0);
    assert_int_equal(file_write(path, text, strlen(text), 0644, &err), 0);
}

/* Stages all and commits; returns the commit. */
static char *
commit(void *ctx, const char *dir, const char *message)
{
    git(ctx, dir, "add", "-A", NULL);
    git(ctx, dir, "commit", "-q", "--allow-empty", "-m", message, NULL);
    return git(ctx, dir, "rev-parse", "HEAD", NULL);
}

#endif
