"""on_schema_change: fail is a decision to take; where it was taken, the rest is tested on it and the report says who took it."""

import json

from conftest import told
from test_bad_input import USAGE, refused


def the_decision(pull, done):
    assert done.returncode == 0, told(done)
    report = pull.report()
    nodes = {n["name"]: n for n in report["nodes"]}
    assert nodes["rides"]["verdict"] == "accepted" and nodes["rides"]["build"]["status"] == "success"
    # what dbt had skipped was built after it, on its clones
    for name in ("station_hours", "bike_months", "revenue_days"):
        assert nodes[name]["verdict"] == "ok" and nodes[name]["build"]["incremental"] is True, nodes[name]
    assert {n["build"]["status"] for n in report["nodes"]} == {"success", "pass"}
    # dbt gives no number of rows for the microbatch model
    assert report["advice"]["merge"] == "partly"
    assert [(n["name"], n["aspect"]) for n in report["advice"]["not_tested"]] == [("bike_months", "rows")]
    [step] = [s for s in report["advice"]["after_merge"] if s["aspect"] == "columns"]
    assert step["command"] == "dbt build --full-refresh --select spoke.rides.rides" and step["command"] in done.stdout
    assert pull.value("SELECT count(*) FROM pr_7.rides WHERE is_rush_hour IS NULL") == 0
    assert nodes["rides"]["decision"]["what"] == "schema_change"
    return nodes["rides"]["decision"]["by"]


def test_accepted_by_configuration(pull):
    pull.patch("2-rush-hours")
    pull.settings("allow: [\"schema_change:rides\"]\nboth: modified\n")
    assert the_decision(pull, pull.ask("run")) == "allow: schema_change:rides"


def test_accepted_by_a_label_of_the_pull_request(pull, tmp_path):
    pull.patch("2-rush-hours")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {
        "number": 7, "base": {"ref": "main"}, "head": {"sha": pull.git("rev-parse", "HEAD")},
        "labels": [{"name": "good first issue"}, {"name": "cloneci-allow:schema_change"}]}}))
    done = pull.ask("run", "--select", "rides", GITHUB_EVENT_PATH=str(event))
    [rides] = [n for n in pull.report()["nodes"] if n["name"] == "rides"]
    assert done.returncode == 0 and rides["verdict"] == "accepted", told(done)
    comment = (pull.target / "cloneci" / "report.md").read_text()
    assert rides["decision"] == {"what": "schema_change", "by": "the label cloneci-allow:schema_change"}
    assert "the label cloneci-allow:schema\\_change" in comment or "the label cloneci-allow:schema_change" in comment


def test_a_decision_for_another_model_is_none(pull):
    pull.patch("2-rush-hours")
    done = pull.ask("run", "--allow", "schema_change:station_hours", CLONECI_LABELS="cloneci-allow:schema_change:bike_months")
    report = pull.report()
    assert done.returncode == 1 and report["advice"]["merge"] == "no", told(done)
    assert [n["decision"] for n in report["nodes"] if n["name"] == "rides"] == [None]
    assert "cloneci-allow:schema_change" in done.stdout


def test_what_is_no_decision_is_said(pull):
    pull.patch("2-rush-hours")
    refused(pull.ask("run", "--allow", "everything"), USAGE, "everything", "schema_change:NAME")
