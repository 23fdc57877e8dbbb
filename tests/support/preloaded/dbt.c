/*
 * dbt for the tests: hands its command to server.py, which has imported dbt already, and ends as
 * that command ends. It lies in <folder>/bin, the server's socket is <folder>/socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals that the command gets instead of us, if we are not told to ignore them. */
static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { N_PASSED_ON = sizeof passed_on / sizeof *passed_on, N_FDS = 4 };

static int server = -1;

static void
die(const char *what)
{
    fprintf(stderr, "dbt (preloaded): %s: %s\n", what, strerror(errno));
    exit(125);
}

static void
pass_on(int number)
{
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    if (write(server, &byte, 1) < 0) {
        /* the server is gone: read() says so */
    }
    errno = kept;
}

/* Our own file is <folder>/bin/dbt, by whatever link we were called. */
static void
connect_server(void)
{
    char path[PATH_MAX];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        die("/proc/self/exe");
    path[n] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(path, '/') = '\0';
    if (snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", path) >= (int)sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&at, sizeof at))
        die(at.sun_path);
}

static uint32_t
ignored_signals(void)
{
    uint32_t ignored = 0;
    struct sigaction now;
    for (int i = 0; i < N_PASSED_ON; i++)
        if (sigaction(passed_on[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            ignored |= UINT32_C(1) << passed_on[i];
    return ignored;
}

/* Numbers, then the words and the environment, each ended by a zero byte. */
static char *
make_request(int argc, char **argv, size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    mode_t mask = umask(0);
    umask(mask);
    if (!f)
        die("memory");
    fprintf(f, "%d %u %u", argc, (unsigned)mask, (unsigned)ignored_signals());
    fputc(0, f);
    for (int i = 0; i < argc; i++)
        fwrite(argv[i], 1, strlen(argv[i]) + 1, f);
    for (char **e = environ; *e; e++)
        fwrite(*e, 1, strlen(*e) + 1, f);
    fclose(f);
    return text;
}

/* The length and the descriptors go first, in one message. */
static void
send_request(const char *text, size_t len)
{
    uint32_t size = (uint32_t)len;
    int fds[N_FDS] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO,
                      open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    union {
        char bytes[CMSG_SPACE(sizeof fds)];
        struct cmsghdr align;
    } control = {0};
    struct iovec io = {.iov_base = &size, .iov_len = sizeof size};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fds)};
    memcpy(CMSG_DATA(c), fds, sizeof fds);
    if (fds[3] < 0)
        die("this folder");
    if (sendmsg(server, &message, MSG_NOSIGNAL) != sizeof size)
        die("send");
    close(fds[3]);
    for (size_t at = 0; at < len;) {
        ssize_t n = send(server, text + at, len - at, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        at += (size_t)n;
    }
}

/* From here on a signal is the command's; one that came before has ended us, and the command. */
static void
catch_signals(void)
{
    struct sigaction pass = {.sa_handler = pass_on, .sa_flags = SA_RESTART}, now;
    for (int i = 0; i < N_PASSED_ON; i++)
        if (sigaction(passed_on[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(passed_on[i], &pass, NULL);
}

static int
wait_status(void)
{
    int32_t status;
    ssize_t n = recv(server, &status, sizeof status, MSG_WAITALL);
    if (n != sizeof status) {
        errno = n < 0 ? errno : ECONNRESET;
        die("the server ended");
    }
    return status;
}

int
main(int argc, char **argv)
{
    size_t len;
    connect_server();
    char *text = make_request(argc, argv, &len);
    send_request(text, len);
    free(text);
    catch_signals();
    int status = wait_status();
    if (WIFSIGNALED(status)) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
        return 128 + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}
