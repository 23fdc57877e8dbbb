"""`cloneci ls` answers as `dbt ls` does."""

import json

import spoke

SELECTIONS = [
    [],
    ["--select", "state:modified+"],
    ["--select", "state:modified+,config.materialized:incremental,state:old"],
    ["--select", "state:modified.body", "state:new"],
    ["--select", "state:unmodified", "--resource-type", "model"],
    ["--select", "+revenue_days"],
    ["--select", "2+district_league", "--exclude", "tag:hourly"],
    ["--select", "@stg_bikes"],
    ["--select", "source:raw.ride_messages+1"],
    ["--select", "path:models/finance", "package:spoke,resource_type:snapshot"],
    ["--select", "exposure:monday_report", "+exposure:monday_report,config.materialized:view"],
    ["--select", "config.incremental_strategy:delete+insert"],
    ["--select", "station*", "--indirect-selection", "cautious"],
    ["--select", "rides+", "--indirect-selection", "buildable", "--resource-type", "test"],
    ["--select", "test_type:singular", "test_name:unique"],
    ["--exclude", "resource_type:test", "fqn:spoke.staging.*"],
    ["--models", "rides+", "tag:hourly"],
    ["-m", "+revenue_days", "--exclude-resource-type", "model"],
]

# dbt in one process for all selections: starting it is what costs
ASK_DBT = """
import contextlib, io, json, sys
from dbt.cli.main import dbtRunner
answers = []
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        done = dbtRunner().invoke(["--quiet", "ls", "--output", "json", "--output-keys", "unique_id", *words])
    if not done.success and done.exception:
        raise done.exception
    answers.append(sorted(json.loads(line)["unique_id"] for line in done.result or []))
print(json.dumps(answers))
"""


def test_ls_answers_as_dbt_ls(pull):
    pull.patch("2-rush-hours")
    pull.write("models/rides/rider_days.sql",
               "select rider_id, started_at::date as day, count(*) as rides from {{ ref('rides') }} group by 1, 2\n")
    pull.must_dbt("parse")
    asked = [[*words, "--state", str(pull.state)] for words in SELECTIONS]
    done = spoke.must([spoke.DBT.parent / "python", "-c", ASK_DBT], cwd=pull.project, env=pull.env,
                      input=json.dumps(asked))
    expected = json.loads(done.splitlines()[-1])
    found = []
    for words in asked:
        answer = pull.cloneci("ls", *words, "--output", "unique_id")
        assert answer.returncode == 0, answer.stderr
        found.append(answer.stdout.split())
    assert dict(zip(map(str, SELECTIONS), found)) == dict(zip(map(str, SELECTIONS), expected))
    assert sum(map(len, expected)) > 100


def test_ls_needs_no_database_and_no_dbt(pull):
    pull.must_dbt("parse")
    done = pull.cloneci("ls", "--select", "tag:hourly", "--output", "name", SPOKE_HOST="/nowhere", PATH="/nowhere")
    assert done.returncode == 0, done.stderr
    assert {"rides", "dock_events", "station_hours"} <= set(done.stdout.split())
    assert f"answered from {pull.target / 'manifest.json'}, " in done.stderr
    # younger files: one was touched only, one is changed, one is new, one is gone
    hours = pull.project / "models/rides/station_hours.sql"
    text = hours.read_text()
    hours.touch()
    assert pull.cloneci("ls").returncode == 0
    stale = "models/rides/station_hours.sql was changed after it was made"
    hours.write_text(text + "-- more\n")
    done = pull.cloneci("ls")
    assert done.returncode == 3 and stale in done.stderr and "dbt parse" in done.stderr, done.stderr
    assert pull.cloneci("ls", "--manifest", pull.target / "manifest.json").returncode == 0
    hours.write_text(text)
    pull.write("models/new.sql", "select 1")
    assert "models/new.sql" in pull.cloneci("ls").stderr
    (pull.project / "models/new.sql").unlink()
    (pull.project / "models/finance/revenue_days.sql").unlink()
    assert "models/finance/revenue_days.sql is not there any more" in pull.cloneci("ls").stderr


def test_ls_takes_models_alone(pull):
    pull.must_dbt("parse")
    for more in (["--select", "rides"], ["--resource-type", "test"]):
        done = pull.cloneci("ls", "--models", "rides", *more)
        assert done.returncode == 2 and "'--models' cannot be combined" in done.stderr


def test_ls_refuses_what_dbt_refuses(pull):
    pull.must_dbt("parse")
    done = pull.cloneci("ls", "--select", "stat:modified")
    assert done.returncode == 2
    assert "stat" in done.stderr and "state" in done.stderr


KEYS = [["unique_id", "config.materialized"], ["name", "resource_type", "config.meta.none", "depends_on.nodes"], ["no_such_key"], []]


def test_output_keys_are_those_of_dbt_ls(pull):
    pull.must_dbt("parse")
    for keys in KEYS:
        args = ["--select", "rides+", "--output", "json", *(["--output-keys", *keys] if keys else [])]
        theirs = pull.must_dbt("--quiet", "ls", *args).stdout.splitlines()
        ours = pull.cloneci("ls", *args)
        assert ours.returncode == 0, ours.stderr
        assert sorted(ours.stdout.splitlines()) == sorted(theirs)
