"""The dbt that most tests are given (tests/support/preloaded) is dbt: the same words, files, exit codes and ends as its own program."""

import json
import re
import shutil
import signal
import subprocess

import pytest

import spoke


def settled(text):
    """Without what is of one run only: times, and how long it took."""
    return re.sub(r"\x1b\[\d*m|\d\d:\d\d:\d\d|\d+\.\d+ ?s(econds)?\b", "", text)


def without_times(document):
    if isinstance(document, dict):
        return {k: without_times(v) for k, v in document.items()
                if k not in ("created_at", "generated_at", "invocation_id", "invocation_started_at", "run_started_at", "user_id")}
    return [without_times(v) for v in document] if isinstance(document, list) else document


def both(pull, *words, **env):
    """What dbt's own program does, and what the preloaded one does."""
    said = []
    for program in (spoke.DBT, spoke.dbt):
        shutil.rmtree(pull.target, ignore_errors=True)
        done = pull.run([program, *words], **env)
        said.append((done.returncode, sorted(settled(done.stdout).splitlines()), settled(done.stderr).replace(str(program), "dbt")))
    return said


def test_the_same_manifest(pull):
    pull.patch("2-rush-hours")
    made = []
    for program in (spoke.DBT, spoke.dbt):
        assert pull.run([program, "parse", "--no-partial-parse"], DBT_ENV_CUSTOM_ENV_HERE="there").returncode == 0
        made.append(json.loads((pull.target / "manifest.json").read_text()))
    own, preloaded = made
    assert own["metadata"]["invocation_id"] != preloaded["metadata"]["invocation_id"]
    assert without_times(own) == without_times(preloaded)
    assert own["metadata"]["env"] == {"HERE": "there"}


@pytest.mark.parametrize("words, code", [
    (("--version",), 0), (("ls", "--resource-type", "model"), 0), (("no-such-command",), 2), (("parse", "--no-such-option"), 2),
    (("parse", "--target", "no_such_target"), 2), (("compile", "--select", "rides", "--target", "prod"), 0),
    (("build", "--select", "rides", "--target", "ci", "--threads", "1", "--vars", "{a: b}"), 1)], ids=lambda v: v[0] if isinstance(v, tuple) else "")
def test_the_same_words_and_exit_code(pull, words, code):
    own, preloaded = both(pull, *words)
    assert own == preloaded
    assert own[0] == code, own


def test_its_environment_folder_and_input_are_the_callers(pull):
    pull.write("models/where.sql", "select '{{ env_var('WHERE') }}' as it")
    own, preloaded = both(pull, "ls", "--select", "where", "--output", "json", WHERE="here")
    assert own == preloaded and own[0] == 0
    own, preloaded = both(pull, "ls", "--select", "where")
    assert own == preloaded and own[0] == 2
    assert any("WHERE" in line for line in own[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["int", "term", "kill"])
def test_a_signal_ends_the_command(pull, number):
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    pull.write("models/endless.sql", "{{ log('it is here', info=true) }}" + loops + "select 1 as n")
    ended = []
    for program in (spoke.DBT, spoke.dbt):
        with subprocess.Popen([program, "parse"], cwd=pull.project, env=pull.env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as run:
            assert any("it is here" in line for line in run.stdout)
            run.send_signal(number)
            # the end of what it writes is the end of all that could write
            run.stdout.read()
            ended.append(run.wait(60))
    assert ended[0] == ended[1] != 0
