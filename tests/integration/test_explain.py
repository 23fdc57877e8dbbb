"""`cloneci explain` says why a node is selected, or why not, and where each difference comes from."""

import json
import shutil

import pytest

from conftest import told

HOURS, MONTHS = "models/rides/station_hours.sql", "models/rides/bike_months.sql"


@pytest.fixture
def parsed(pull):
    """A pull request with one changed model and one changed macro; its manifest is given, so that no call parses."""
    pull.change(HOURS, "'3 hours'", "'6 hours'")
    pull.change("macros/minutes_between.sql", "/ 60)", "/ 60.0)")
    pull.commit("change")
    pull.must_dbt("parse", "--target", "ci")
    shutil.copy(pull.target / "manifest.json", pull.home / "head.json")
    return pull


def explain(pull, *args, code=0, **env):
    done = pull.ask("explain", *args, "--manifest", pull.home / "head.json", **env)
    assert done.returncode == code, told(done)
    return done.stdout if code == 0 else done.stderr


def facts(pull, *args):
    return json.loads(explain(pull, *args, "--output", "json"))


def test_why_it_is_selected(parsed):
    assert explain(parsed, "station_hours") == f"""model.spoke.station_hours is selected
station_hours differs from production in 1 way:
  - body changed
      file   {HOURS}
      from   this pull request
"""
    assert explain(parsed, "rides") == """model.spoke.rides is selected
rides differs from production in 1 way:
  - macro macro.spoke.minutes_between changed (model.spoke.rides -> macro.spoke.minutes_between)
      file   macros/minutes_between.sql
      from   this pull request
"""
    assert explain(parsed, "bike_months") == """model.spoke.bike_months is selected
  - it depends on model.spoke.rides:
      path   model.spoke.rides -> model.spoke.bike_months
bike_months does not differ from production
"""


def test_why_it_is_not(parsed):
    assert explain(parsed, "stations") == """seed.spoke.stations is NOT selected
  - state:modified+: no
stations does not differ from production
"""
    assert explain(parsed, "rides", "--exclude", "tag:hourly").startswith("""model.spoke.rides is NOT selected, although it is modified
  - state:modified+: yes
  - exclude tag:hourly: yes
rides differs from production in 1 way:
""")


def test_json(parsed):
    assert facts(parsed, "model.spoke.station_hours") == {
        "version": 1, "unique_id": "model.spoke.station_hours", "selected": True,
        "via": None, "criteria": [],
        "reasons": [{"kind": "body", "text": "body changed", "origin": "pr", "file": HOURS}], "unchanged_although": None}
    assert facts(parsed, "bike_months")["via"] == "model.spoke.rides -> model.spoke.bike_months"
    found = facts(parsed, "rides", "--exclude", "tag:hourly")
    assert not found["selected"] and found["criteria"] == ["state:modified+: yes", "exclude tag:hourly: yes"]
    assert [r["kind"] for r in found["reasons"]] == ["macro"]


def test_production_holds_the_change_already(parsed):
    """The branch was merged and built, or rebased onto what holds it: its diff is no difference any more."""
    merged = json.loads((parsed.home / "head.json").read_text())
    state = json.loads((parsed.state / "manifest.json").read_text())
    hours = "model.spoke.station_hours"
    for key in ("raw_code", "checksum"):
        state["nodes"][hours][key] = merged["nodes"][hours][key]
    (parsed.state / "manifest.json").write_text(json.dumps(state))
    assert explain(parsed, "station_hours", "--select", "state:modified") == f"""{hours} is NOT selected
  - state:modified: no
station_hours does not differ from production, although the diff changes {HOURS}:
  production already has the change, or dbt does not compare this part of the node
"""
    assert facts(parsed, "station_hours")["unchanged_although"] == HOURS


def test_production_is_ahead(parsed):
    """What another branch brought to production is no change of this one."""
    state = json.loads((parsed.state / "manifest.json").read_text())
    state["nodes"]["model.spoke.bike_months"]["raw_code"] += " -- as merged yesterday"
    state["nodes"]["model.spoke.bike_months"]["checksum"]["checksum"] = "0" * 64
    (parsed.state / "manifest.json").write_text(json.dumps(state))
    said = explain(parsed, "bike_months", "--select", "state:modified")
    assert said.startswith("model.spoke.bike_months is selected\n")
    assert "  - body changed\n      from   upstream merge: production is ahead of, or behind, this branch\n" in said
    said = explain(parsed, "bike_months", "--select", "state:modified", "--scope", "pr")
    assert said.startswith("model.spoke.bike_months is NOT selected, although it is modified\n  - state:modified: no\n")


def test_how_a_node_is_named(parsed):
    for name, unique_id in {
            "rides": "model.spoke.rides", "model.spoke.rides": "model.spoke.rides", "stations": "seed.spoke.stations",
            "raw.ride_messages": "source.spoke.raw.ride_messages", "ride_messages": "source.spoke.raw.ride_messages",
            "no_ride_ends_before_it_begins": "test.spoke.no_ride_ends_before_it_begins",
            "monday_report": "exposure.spoke.monday_report", "bikes_history": "snapshot.spoke.bikes_history"}.items():
        assert facts(parsed, name)["unique_id"] == unique_id


def test_names_that_name_none_or_several(parsed):
    manifest = json.loads((parsed.home / "head.json").read_text())
    other = json.loads(json.dumps(manifest["nodes"]["model.spoke.rides"]).replace("model.spoke.rides", "model.other.rides"))
    manifest["nodes"]["model.other.rides"] = {**other, "package_name": "other"}
    asleep = manifest["nodes"]["model.spoke.bike_months"] | {"unique_id": "model.spoke.asleep", "name": "asleep"}
    manifest["disabled"]["model.spoke.asleep"] = [asleep | {"config": asleep["config"] | {"enabled": False}}]
    (parsed.home / "head.json").write_text(json.dumps(manifest))
    said = explain(parsed, "rides", code=2)
    assert "'rides' is the name of 2 nodes" in said and "model.other.rides" in said and "model.spoke.rides" in said
    assert "model.spoke.asleep is disabled" in explain(parsed, "asleep", code=2)
    assert "Did you mean 'station_hours'?" in explain(parsed, "station_hour", code=2)
    assert "'cloneci ls' lists them" in explain(parsed, "nothing_like_any", code=2)
