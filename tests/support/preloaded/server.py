"""dbt, imported once: each command of the program beside this file (dbt.c) is a fork of this process, with that program's
words, environment, folder and descriptors. What a command does is all dbt's own; it is spared the import alone.

    server.py LISTENER FOLDER PROJECT

It serves the socket LISTENER, a descriptor, until its standard input ends; whatever still runs then is killed.
"""

import array
import ast
import atexit
import contextlib
import gc
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from multiprocessing import resource_tracker

import dbt.adapters.postgres
import dbt.cli.main
import dbt.deprecations
from dbt.clients import jinja_static
from dbt_common.events.functions import reset_metadata_vars

LENGTH = struct.Struct("=I")
STATUS = struct.Struct("=i")
N_FDS = 4
CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class Command(Exception):
    """Raised in the fork, out of the server's loop: what is to be run there."""

    def __init__(self, words, environment, umask, ignored, fds):
        super().__init__(words)
        self.words, self.environment, self.umask, self.ignored, self.fds = words, environment, umask, ignored, fds

    def become(self):
        """All that a process is given by whoever starts it."""
        os.setsid()
        for target, fd in enumerate(self.fds[:3]):
            os.dup2(fd, target)
        os.fchdir(self.fds[3])
        for fd in self.fds:
            os.close(fd)
        os.umask(self.umask)
        for number in CAUGHT:
            signal.signal(number, signal.SIG_IGN if self.ignored & 1 << number else signal.SIG_DFL)
        if not self.ignored & 1 << signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(self.environment)
        time.tzset()
        sys.argv = self.words
        for name, fd, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
            stream = open(fd, mode, buffering=1 if fd == 2 or os.isatty(fd) else -1, closefd=False, encoding="utf-8",  # noqa: SIM115
                          errors="backslashreplace" if fd == 2 else "surrogateescape")
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def receive(client):
    """What the program sends first, and its descriptors."""
    fds = array.array("i")
    head, extra, *_ = client.recvmsg(LENGTH.size, socket.CMSG_LEN(N_FDS * fds.itemsize))
    for _, _, raw in extra:
        fds.frombytes(raw[:len(raw) - len(raw) % fds.itemsize])
    left, parts = LENGTH.unpack(head)[0], []
    while left:
        part = client.recv(left)
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    numbers, *words = b"".join(parts).split(b"\0")[:-1]
    count, umask, ignored = map(int, numbers.split())
    words = [os.fsdecode(word) for word in words]
    return Command(words[:count], dict(word.split("=", 1) for word in words[count:] if "=" in word), umask, ignored, fds)


class Running:
    """A fork, and the program that waits for it."""

    def __init__(self, client, pid):
        self.client, self.pid = client, pid
        self.pidfd = os.pidfd_open(pid)
        self.alone = False  # the program is gone

    def pass_on(self):
        """Signals, one byte each. Where the program is gone, the command has to go with it."""
        numbers = self.client.recv(64)
        self.alone = not numbers
        for number in numbers or [signal.SIGKILL]:
            signal.pidfd_send_signal(self.pidfd, number)

    def end(self):
        _, status = os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            self.client.sendall(STATUS.pack(status))
        self.close()

    def close(self):
        os.close(self.pidfd)
        self.client.close()


class Server:
    def __init__(self, listener):
        self.listener = socket.socket(fileno=listener)
        self.running = []

    def begin(self):
        """In the fork it raises Command."""
        client, _ = self.listener.accept()
        try:
            command = receive(client)
        except (EOFError, OSError, struct.error):
            client.close()  # killed before it had sent all
            return
        pid = os.fork()
        if pid == 0:
            client.close()
            self.listener.close()
            for one in self.running:
                one.close()
            raise command
        for fd in command.fds:
            os.close(fd)
        self.running.append(Running(client, pid))

    def serve(self):
        """Until standard input ends."""
        while True:
            heard = [one.client for one in self.running if not one.alone]
            ready, _, _ = select.select([0, self.listener, *heard, *(one.pidfd for one in self.running)], [], [])
            if 0 in ready:
                break
            for one in [one for one in self.running if one.pidfd in ready]:
                self.running.remove(one)
                one.end()
            for one in self.running:
                if one.client in ready:
                    one.pass_on()
            if self.listener in ready:
                self.begin()
        for one in self.running:
            signal.pidfd_send_signal(one.pidfd, signal.SIGKILL)
            one.end()


def run(command):
    """As the program `dbt` does; ends the process without taking apart what was imported."""
    command.become()
    try:
        dbt.cli.main.cli()
        code = 0
    except SystemExit as end:
        if not (end.code is None or isinstance(end.code, int)):
            raise
        code = end.code or 0
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code & 0xFF)


def in_a_fork(extract):
    """dbt's parser in Rust has threads from its first call on, which no fork of this process would have."""
    def call(source):
        out, into = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(into, repr(extract(source)).encode())
            os._exit(0)
        os.close(into)
        with open(out) as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        return ast.literal_eval(answer)
    return call


def preload(project, folder):
    """A project is parsed twice, so that all is there that dbt makes when it first needs it."""
    words = ["--quiet", "parse", "--project-dir", project, "--profiles-dir", project, "--target-path", folder + "/target",
             "--log-path", folder + "/logs", "--no-static-parser", "--no-send-anonymous-usage-stats"]
    extract = jinja_static.py_extract_from_source
    jinja_static.py_extract_from_source = in_a_fork(extract)
    for _ in ("from its files", "from what was parsed"):
        done = dbt.cli.main.dbtRunner().invoke(words)
        assert done.success, done.exception
    jinja_static.py_extract_from_source = extract
    assert len(os.listdir("/proc/self/task")) == 1
    dbt.deprecations.reset_deprecations()
    reset_metadata_vars()
    gc.collect()
    gc.freeze()


def main(listener, folder, project):
    server = Server(int(listener))
    # dbt's locks make each process start one of these. Here it is the server's, and ends with it; what it would write then
    # of the locks of commands that were killed, nobody asks for.
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    resource_tracker.ensure_running()
    os.dup2(stderr, 2)
    os.close(stderr)
    os.close(nowhere)
    preload(project, folder)
    try:
        server.serve()
    except Command as it:
        command = it
    else:
        return
    run(command)


if __name__ == "__main__":
    main(*sys.argv[1:])
