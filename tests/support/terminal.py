"""A terminal: a program in a pseudo-terminal, and what a person sees of it. Only what cloneci and dbt send is understood:
carriage return, line feed, erasing, colours; anything else fails the test."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

SEQUENCE = re.compile(r"\033\[([0-9;]*)([A-Za-z])")


class Screen:
    """Lines without end; `row`, `column` is the cursor. Lines wrap at the width, as they do where they are read."""

    def __init__(self, columns):
        self.columns = columns
        self.lines = [""]
        self.row = self.column = 0
        self.colours = 0

    def _put(self, character):
        if self.column == self.columns:
            self._feed()
            self.column = 0
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
        self.column += 1

    def _feed(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def _erase(self, how, letter):
        assert how in ("", "0") and letter in "JK", f"unknown sequence {how}{letter}"
        self.lines[self.row] = self.lines[self.row][:self.column]
        if letter == "J":
            del self.lines[self.row + 1:]

    def feed(self, text):
        """Takes text; returns the end of it that is half a sequence."""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\033":
                found = SEQUENCE.match(text, at)
                if not found:
                    assert len(text) - at < 12, f"unknown sequence {text[at:at + 12]!r}"
                    return text[at:]
                at = found.end()
                if found.group(2) == "m":
                    self.colours += 1
                else:
                    self._erase(*found.groups())
                continue
            at += 1
            if c == "\r":
                self.column = 0
            elif c == "\n":
                self._feed()
            else:
                assert c >= " ", f"unknown character {c!r}"
                self._put(c)
        return ""

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines)

    def last(self):
        """The last line that is not empty."""
        return next((line.rstrip() for line in reversed(self.lines) if line.strip()), "")


class Terminal:
    """`argv` with this terminal as its own; `stdout` may be a file instead."""

    def __init__(self, argv, columns=100, stdout=None, **options):
        self.master, slave = pty.openpty()
        self.screen = Screen(columns)
        self._size(columns)
        self.process = subprocess.Popen([str(a) for a in argv], stdin=slave, stdout=stdout or slave, stderr=slave,
                                        start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
        os.close(slave)
        self.sent = ""
        self._bytes, self._rest = b"", ""

    def _size(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

    def resize(self, columns):
        """As a terminal that does not wrap anew: what stands, stays."""
        self._size(columns)
        self.screen.columns = columns

    def type(self, text):
        os.write(self.master, text.encode())

    def _read(self):
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the last one that had it open is gone
            return False
        self._bytes += data
        try:
            text, self._bytes = self._bytes.decode(), b""
        except UnicodeDecodeError:
            return bool(data)
        self.sent += text
        self._rest = self.screen.feed(self._rest + text)
        return bool(data)

    def until(self, seen):
        """Reads until seen(screen) is true; the program's end before that is a failure."""
        while not seen(self.screen):
            assert self._read(), f"the program ended before\n{self.screen.text()}"

    def finish(self):
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait()
