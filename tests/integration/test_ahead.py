"""Clones are made while dbt parses, by what the diff says already; and only if they are what its manifest then asks for."""

import json
import signal
import subprocess

import pytest

import spoke
from conftest import told
from test_leases import PATIENCE, another, waited_for

CLONES = {"pr_7.rides": "analytics.rides", "pr_7.station_hours": "analytics.station_hours",
          "pr_7.bike_months": "analytics.bike_months", "pr_7_finance.revenue_days": "finance.revenue_days"}
YAML = "models/rides/schema.yml"
SCHEMAS = ["pr_7", "pr_7_finance"]


@pytest.fixture
def both(pull):
    """A model and its description: the second is what only dbt can judge."""
    pull.build_command("true")
    pull.patch("2-rush-hours")
    pull.change(YAML, "Rides that begin at a station, by the hour.", "Rides that begin at a station, by its hour.")
    pull.commit("described")
    return pull


def slow_dbt(pull):
    """dbt, which parses only once the file exists that comes back."""
    gate = pull.home / "parse-now"
    program = pull.home / "slow-dbt"
    program.write_text("#!/bin/sh\ncase \" $* \" in *' parse '*) while [ ! -e " f"'{gate}' ]; do sleep 0.05; done;; esac\n"
                       f"exec '{spoke.dbt}' \"$@\"\n")
    program.chmod(0o755)
    return gate, {"CLONECI_DBT": str(program)}


def launch(pull, *args, **env):
    argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--schema", "pr_7", *args]
    log = open(pull.path / "run.log", "w")  # noqa: SIM115 - the run's own
    run = subprocess.Popen([str(a) for a in argv], cwd=pull.project, env=dict(pull.env, **env), text=True, stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL)
    run.said = lambda: (pull.path / "run.log").read_text()
    return run


def aside(pull):
    return pull.relations("cloneci\\_new%")


def assert_clones(pull):
    assert pull.relations() == dict.fromkeys(CLONES, "r")
    for clone, source in CLONES.items():
        assert pull.content(clone) == pull.content(source)
    assert pull.schemas() == SCHEMAS


def test_clones_stand_before_dbt_has_parsed(both):
    gate, env = slow_dbt(both)
    run = launch(both, **env)
    # whole, indexes and all, though dbt has not begun; what stood is replaced at the end only
    waited_for(lambda: run.poll() is not None or run.said().count("cloned ") == len(CLONES))
    assert run.poll() is None, run.said()
    assert len(aside(both)) == len(CLONES)
    assert both.relations() == {}
    gate.touch()
    assert run.wait(PATIENCE) == 0, run.said()
    assert_clones(both)
    assert run.said().count("cloned ") == len(CLONES), run.said()
    report = both.report()
    assert report["run"]["exit_code"] == 0
    assert {n["unique_id"]: n["clone"]["strategy"] for n in report["nodes"] if n["clone"]} == {
        f"model.spoke.{name.split('.')[1]}": "copy" for name in CLONES}
    steps = {s["step"]: s for s in report["timings"]}
    parse, clone = steps["parse"], steps["clone"]
    assert parse["start_ms"] <= clone["start_ms"] and clone["start_ms"] + clone["ms"] <= parse["start_ms"] + parse["ms"]
    # all statements that the plan shows were sent, once
    sent = both.statements()
    for node in json.loads((both.target / "cloneci" / "plan.json").read_text())["nodes"]:
        for sql in node["clone"]["sql"] if node["clone"] else []:
            if sql.startswith("CREATE"):
                assert sum(s.rstrip(";") == sql.rstrip(";") for s in sent) == 1, sql


def test_the_build_begins_with_one_connection_of_ours(both):
    """Those that copied are closed, of the clones that did not fit as well; a server takes a moment to notice."""
    script = both.home / "count.sh"
    script.write_text("#!/bin/sh\nfor i in $(seq 300); do\n"
                      f"  [ \"$(psql -X -A -t -h '{both.cluster.socket}' -U ci -d {both.database} -c \"SELECT count(*) FROM pg_stat_activity"
                      " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()\")\" = 1 ] && exit 0\n"
                      "  sleep 0.1\ndone\nexit 1\n")
    script.chmod(0o755)
    both.build_command(script)
    both.must("run")


def test_what_does_not_fit_is_cloned_anew(both):
    """The model's configuration, of which the diff's SQL says nothing, now asks for another kind of clone."""
    both.change(YAML, "  - name: bike_months\n",
                "  - name: bike_months\n    config:\n      meta: {cloneci: {strategy: shape}}\n")
    both.commit("shape")
    done = both.must("run")
    assert "the plan wants bike_months by shape, not copy" in done.stderr
    assert both.value("SELECT count(*) FROM pr_7.bike_months") == 0
    assert both.content("pr_7.rides") == both.content("analytics.rides")
    assert both.schemas() == SCHEMAS


@pytest.mark.parametrize("why", ["macro", "project", "selected"])
def test_not_where_the_diff_does_not_tell(both, why):
    args = []
    if why == "macro":
        both.change("macros/minutes_between.sql", "60)::numeric", "60.0)::numeric")
    elif why == "project":
        both.write("dbt_project.yml", (both.project / "dbt_project.yml").read_text() + "\n# one more line\n")
    else:
        args = ["--select", "state:modified+"]
        both.write("why.txt", why)
    both.commit(why)
    done = both.must("run", *args)
    steps = [s["step"] for s in both.report()["timings"]]
    assert steps.index("clone") > steps.index("select"), told(done)
    assert "swap" not in steps


def test_a_project_that_does_not_parse_leaves_nothing(both):
    both.write(YAML, "models: [\n")
    both.commit("broken")
    done = both.ask("run")
    assert done.returncode == 3 and "dbt parse failed" in done.stderr, told(done)
    assert done.stderr.count("cloned ") == len(CLONES)
    assert both.schemas() == []


@pytest.mark.real_dbt
def test_superseded_while_dbt_parses(both):
    """The lease is held by then, and whoever takes it over need not wait for dbt."""
    _, env = slow_dbt(both)
    newer = another(both, "newer", "one more commit")
    older = launch(both, **env)
    waited_for(lambda: older.poll() is not None or older.said().count("cloned ") == len(CLONES))
    assert older.poll() is None, older.said()
    taking = launch(newer)
    assert older.wait(PATIENCE) == 6, older.said()
    assert "superseded by run" in older.said()
    assert taking.wait(PATIENCE) == 0, taking.said()
    assert_clones(both)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
@pytest.mark.parametrize("step", ["lock", "load", "after", pytest.param("parse", marks=pytest.mark.real_dbt), "swap", "swapped"])
def test_ended_at(both, step, number):
    ended = both.ask("run", CLONECI_FAULT=f"{step}:{'kill' if number == signal.SIGKILL else 'int'}")
    assert ended.returncode == -number, told(ended)
    both.assert_untouched()
    assert both.relations() in ({}, dict.fromkeys(CLONES, "r"))
    both.must("run")
    assert_clones(both)
