"""What a person sees while a run goes on: a live line on a terminal, plain lines everywhere else."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

import terminal
from conftest import told

pytestmark = pytest.mark.alone

# A build step that writes as dbt does, and goes on when it is told to: 'go N' comes as a file of that name.
STEP = """
import os, sys, time

def wait(name):
    while not os.path.exists(name):
        time.sleep(0.01)

def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()

say("10:00:00  Batch 1 of 2 START batch 2026-10 of pr_7.rides ...... [RUN]\\n")
say("10:00:00  Batch 1 of 2 OK created batch 2026-10 of pr_7.rides . [MERGE 4]\\n")
say("10:00:00  1 of 3 START sql incremental model pr_7.rides ....... [RUN]\\n")
wait("go1")
say("10:00:01  1 of 3 \\033[32mOK\\033[0m created sql incremental model pr_7.rides ... [\\033[32mINSERT\\033[0m]\\n")
say("10:00:01  2 of 3 START test unique_rides_ride_id .............. [RUN]\\n")
say("half of ")
wait("go2")
say("a line\\n10:00:02  2 of 3 FAIL 7 unique_rides_ride_id ......... [FAIL 7]\\n")
wait("go3")
"""
LIVE = re.compile(r"(building|dbt parse|cloning|checking|selecting)\b.*  \d+ s$")


class Run:
    def __init__(self, pull, *args, **more):
        self.pull = pull
        pull.patch("1-late-corrections")
        step = pull.home / "step.py"
        step.write_text(STEP)
        pull.build_command(sys.executable, step)
        self.argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--schema", pull.schema, *args]
        self.env = {**pull.env, "TERM": "xterm", **more}

    def go(self, number):
        (self.pull.project / f"go{number}").touch()

    def on_terminal(self, **options):
        return terminal.Terminal(self.argv, cwd=self.pull.project, env=self.env, **options)


@pytest.fixture
def start(pull):
    return lambda *args, **more: Run(pull, *args, **more)


def test_the_live_line(start):
    run = start()
    screen = (t := run.on_terminal()).screen
    t.until(lambda s: re.match(r"building: 0 of 3 done; running rides  \d+ s$", s.last()))
    assert "1 of 3 START sql incremental model pr_7.rides ....... [RUN]" in screen.lines[-2], "what dbt says is above it"
    assert screen.column == 0 and screen.colours
    # it takes the room that there is
    t.resize(36)
    t.until(lambda s: re.match(r"building: 0 of 3 done; runn\S*…  \d+ s$", s.last()))
    assert len(screen.last()) < 36
    t.resize(100)
    t.until(lambda s: "running rides  " in s.last())
    # it does not get into a line that is not at its end
    run.go(1)
    t.until(lambda s: s.last() == "half of ".strip())
    run.go(2)
    t.until(lambda s: re.match(r"building: 2 of 3 done, 1 failed  \d+ s$", s.last()))
    assert screen.lines[-3] == "half of a line"
    run.go(3)
    code = t.finish()
    text = screen.text()
    assert code == 0, text
    assert not [line for line in text.splitlines() if LIVE.match(line)], "it is taken away"
    assert "May I merge?" in text and "cloned station_hours" in text
    assert re.search(r"dbt parse  \d+ s", t.sent)
    # nothing is drawn that stands there already
    drawn = re.findall(r"(?<=\r)[^\r\n]+?(?=\033\[K\r)", t.sent)
    assert drawn and all(a != b for a, b in zip(drawn, drawn[1:]) if "\n" not in t.sent.split(a, 1)[1].split(b, 1)[0])


def test_no_colour_and_an_interrupt(start):
    run = start(NO_COLOR="1")
    t = run.on_terminal()
    t.until(lambda s: re.match(r"building: 0 of 3 done", s.last()))
    assert t.screen.colours == 0
    t.type("\x03")
    code = t.finish()
    assert code == -signal.SIGINT, t.screen.text()
    lines = t.screen.text().splitlines()
    assert "error: stopped by signal 2 (Interrupt)" in lines, t.screen.text()
    assert not [line for line in lines if LIVE.match(line)]
    assert t.screen.colours == 0


@pytest.mark.parametrize("args, env", [(["--quiet"], {}), ([], {"CI": "true"})], ids=["quiet", "ci"])
def test_terminals_that_want_none(pull, args, env):
    """The parse alone: a long step, and the warehouse is not needed for more."""
    pull.patch("1-late-corrections")
    argv = [pull.stage.binary, "plan", "--base", "main", "--state", pull.state, "--schema", pull.schema, *args]
    t = terminal.Terminal(argv, cwd=pull.project, env={**pull.env, "TERM": "xterm", **env})
    assert t.finish() == 0, t.screen.text()
    assert "\033[K" not in t.sent and "\033[J" not in t.sent and "\r" not in t.sent.replace("\r\n", "")


def test_where_there_is_no_terminal(start):
    """Plain lines, and now and then one that says what is going on."""
    run = start("--heartbeat", "1", "--log-format", "json")
    process = subprocess.Popen([str(a) for a in run.argv], cwd=run.pull.project, env=run.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = []
    for line in process.stderr:
        seen.append(json.loads(line))
        if seen[-1]["event"] == "progress" and seen[-1]["msg"].startswith("building"):
            break
    assert re.fullmatch(r"building, \d+ s so far: 0 of 3 done; running rides", seen[-1]["msg"]), seen[-1]
    for number in (1, 2, 3):
        run.go(number)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert "\033[K" not in stdout + stderr and "\r" not in stdout + stderr


def test_standard_output_elsewhere(start, tmp_path):
    """What the build says goes to a file; the line about it stays on the terminal."""
    run = start()
    with (tmp_path / "out").open("w") as out:
        t = run.on_terminal(stdout=out)
        t.until(lambda s: re.match(r"building: 0 of 3 done; running rides  \d+ s$", s.last()))
        for number in (1, 2, 3):
            run.go(number)
        assert t.finish() == 0, t.screen.text()
    text = (tmp_path / "out").read_text()
    assert "half of a line\n" in text and "\033[K" not in text and "building:" not in text
