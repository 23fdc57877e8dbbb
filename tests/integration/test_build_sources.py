"""What is not built is read from the first of several places that has it, or from where it was built last."""

import json
import shutil

import pytest
from conftest import moved_artifact, told
from test_bad_input import INPUT, REFUSED, USAGE, WAREHOUSE, refused

MOVED = ("station_hours", "stations")


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    """The head's manifest, parsed once for all."""
    return tmp_path_factory.mktemp("head") / "manifest.json"


@pytest.fixture
def league(pull, parsed):
    """A model that reads a seed and an incremental; both stand in a staging of the same database as well."""
    pull.change("models/finance/district_league.sql", "as place", "as rank")
    pull.commit("league")
    pull.in_production("CREATE SCHEMA staging; GRANT USAGE ON SCHEMA staging TO ci;" + "".join(
        f"CREATE TABLE staging.{t} AS TABLE analytics.{t}; GRANT SELECT ON staging.{t} TO ci;" for t in MOVED))
    folder = pull.project / "staging-artifacts"
    folder.mkdir()
    exclude = pull.path / ".git" / "info" / "exclude"
    exclude.write_text(exclude.read_text() + "staging-artifacts\n")
    document = json.loads((pull.state / "manifest.json").read_text())
    for node in document["nodes"].values():
        if node["schema"] == "analytics":
            node["schema"] = "staging"
            node["relation_name"] = node["relation_name"] and node["relation_name"].replace('"analytics"', '"staging"')
    (folder / "manifest.json").write_text(json.dumps(document))
    head = pull.home / "head.json"
    if not parsed.exists():
        pull.must("plan")
        shutil.copy(pull.target / "cloneci" / "head.json", parsed)
    moved_artifact(parsed, head, pull.database)
    pull.head = ("--manifest", head)
    return pull


def origins(pull, *args):
    plan = pull.plan(*pull.head, *args)
    assert all(f'"{"staging" if d["origin"] == "staging" else "analytics"}"' in d["relation"] for d in plan["deferral"].values()), plan
    return {i.split(".")[-1]: d["origin"] for i, d in plan["deferral"].items()}, [w["code"] for w in plan["warnings"]]


def built(path, when):
    (path / "run_results.json").write_text(json.dumps({"results": [
        {"unique_id": i, "status": "success", "timing": [{"name": "execute", "completed_at": when}]}
        for i in ("model.spoke.station_hours", "seed.spoke.stations")]}))


def test_order_selection_freshness(league):
    staging = ("--defer-from", "staging=staging-artifacts", "prod")
    assert origins(league) == (dict.fromkeys(MOVED, "prod"), [])
    assert origins(league, *staging) == (dict.fromkeys(MOVED, "staging"), [])
    assert origins(league, "--defer-from", "prod", "staging=staging-artifacts") == (dict.fromkeys(MOVED, "prod"), [])
    assert origins(league, *staging, "--defer-only", "staging=resource_type:seed") == (
        {"stations": "staging", "station_hours": "prod"}, [])
    built(league.project / "staging-artifacts", "2026-01-01T00:00:00Z")
    built(league.state, "2026-01-02T00:00:00Z")
    assert origins(league, *staging, "--defer-by", "newest") == (dict.fromkeys(MOVED, "prod"), [])
    built(league.project / "staging-artifacts", "2026-01-03T00:00:00.5Z")
    assert origins(league, *staging, "--defer-by", "newest") == (dict.fromkeys(MOVED, "staging"), [])
    league.in_production("DROP TABLE staging.stations")
    assert origins(league, *staging) == ({"stations": "prod", "station_hours": "staging"}, ["deferral_fallback"])
    league.in_production("REVOKE SELECT ON analytics.stations FROM ci")
    refused(league.ask("plan", *league.head, *staging), WAREHOUSE, "model.spoke.district_league", '"staging"."stations" does not exist')


def test_the_build_reads_there_and_writes_nowhere_else(league):
    league.settings("defer: {sources: ['staging=staging-artifacts', prod]}\n")
    done = league.must("run")
    report = league.report()
    assert {d["unique_id"].split(".")[-1]: d["origin"] for d in report["deferral"]} == dict.fromkeys(MOVED, "staging"), told(done)
    compiled = {r["unique_id"]: r["compiled_code"] for r in json.loads((league.target / "run_results.json").read_text())["results"]}
    assert '"staging"."stations"' in compiled["model.spoke.district_league"] and "analytics" not in compiled["model.spoke.district_league"]
    # its relations are in the receipt, its schema is not written
    assert report["receipt"]["production_untouched"] is True
    document = json.loads((league.home / "head.json").read_text())
    document["nodes"]["model.spoke.district_league"]["schema"] = "staging"
    (league.home / "other.json").write_text(json.dumps(document))
    refused(league.ask("plan", "--manifest", league.home / "other.json"), REFUSED, '"staging"."district_league"', "of staging")


def test_the_map_may_come_from_another_folder(league):
    plan = league.plan(*league.head, "--defer-state", "staging-artifacts")
    assert {d["relation"].split(".")[1] for d in plan["deferral"].values()} == {'"staging"'}


@pytest.mark.parametrize("words, code, says", [
    (["staging"], USAGE, "does not name a folder"),
    (["clone=staging-artifacts"], USAGE, "does not have a valid name"),
    (["prod", "prod"], USAGE, "uses a name twice"),
    (["staging=nowhere", "prod"], INPUT, "there is no manifest.json"),
])
def test_what_is_no_source(league, words, code, says):
    refused(league.ask("plan", *league.head, "--defer-from", *words), code, says)


def test_another_projects_artifacts_are_refused(league):
    path = league.project / "staging-artifacts" / "manifest.json"
    document = json.loads(path.read_text())
    document["metadata"].update(project_name="jolly", project_id="0")
    path.write_text(json.dumps(document))
    refused(league.ask("plan", *league.head, "--defer-from", "staging=staging-artifacts", "prod"), REFUSED, "jolly", "spoke")


def test_many_nodes_are_handed_over_by_a_file(pull):
    """dbt builds just what was planned, though it is told no name."""
    for i in range(120):
        pull.write(f"models/many/many_{i}.sql", "{{ config(materialized='view') }} select 1 as id")
    pull.write("models/many/tests.yml", "models: [{name: many_1, columns: [{name: id, data_tests: [not_null]}]}]\n")
    pull.commit("many")
    done = pull.ask("run", "--exclude", "many_9")
    assert "--select result:success" in done.stderr and "fqn:" not in done.stderr, told(done)
    report = pull.report()
    built = {r["unique_id"] for r in json.loads((pull.target / "run_results.json").read_text())["results"]}
    assert built == {n["unique_id"] for n in report["nodes"]} and len(built) == 120
    assert "model.spoke.many_9" not in built and done.returncode == 0
