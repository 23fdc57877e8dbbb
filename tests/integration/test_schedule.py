"""The examples for schedulers in conf/schedule/: systemd takes the units, and every command in them is one that cloneci takes."""

import shlex
import shutil
import subprocess

import pytest

import spoke

SCHEDULE = spoke.TOP / "conf" / "schedule"


def cron_lines():
    lines = [line for line in (SCHEDULE / "crontab").read_text().splitlines() if line and line[0] in "0123456789*"]
    return [shlex.split(line)[6:] for line in lines]


def unit_command():
    (line,) = [x for x in (SCHEDULE / "cloneci-promote.service").read_text().splitlines() if x.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart="))


@pytest.mark.parametrize("words", [*cron_lines(), unit_command()], ids=lambda w: " ".join(w[:2]))
def test_the_commands_are_cloneci_s(words):
    binary = spoke.program("san")
    assert words[0].endswith("cloneci")
    # --help is answered only after all the words before it were understood
    done = subprocess.run([binary, *words[1:], "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and words[1] in done.stdout, done.stderr
    wrong = subprocess.run([binary, *words[1:], "--no-such-flag", "--help"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2


def test_there_is_one_of_each():
    assert {words[1] for words in cron_lines()} == {"promote", "gc"} and unit_command()[1] == "promote"
    assert len({" ".join(w[1:]).replace(" --quiet", "").replace(" --project-dir /srv/dbt/warehouse", "")
                for w in (unit_command(), cron_lines()[0])}) == 1


def test_systemd_takes_the_units(tmp_path):
    """Where there is no systemd, what it would check of the form is checked here: known sections, `Key=value` lines."""
    for name in ("cloneci-promote.service", "cloneci-promote.timer"):
        text = (SCHEDULE / name).read_text().replace("/usr/local/bin/cloneci", str(spoke.program("san")))
        (tmp_path / name).write_text(text.replace("/srv/dbt/warehouse/.venv", str(tmp_path)).replace("/srv/dbt/warehouse", str(tmp_path)))
    units = sorted(tmp_path.glob("cloneci-*"))
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
        said = [line for line in done.stderr.splitlines() if "cloneci" in line]
        assert (done.returncode, said) == (0, []), done.stderr
        (tmp_path / "bad.service").write_text("[Service]\nExecStart=/bin/true\nWrongKey=1\n[Nonsense\n")
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "bad.service"], capture_output=True, text=True, check=False)
        assert done.returncode != 0 or "WrongKey" in done.stderr
        return
    for unit in units:
        sections = [line for line in unit.read_text().splitlines() if line.startswith("[")]
        assert sections == ["[Unit]", "[Timer]" if unit.suffix == ".timer" else "[Service]", "[Install]"]
        assert all(line.startswith(("#", "[")) or "=" in line for line in unit.read_text().splitlines() if line)
