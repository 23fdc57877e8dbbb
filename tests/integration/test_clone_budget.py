"""What `auto` keeps to, time, size and disk, and the rules of cloneci.yml that force a strategy."""

import json
import re

import pytest
import spoke

from conftest import partitioned, told
from test_clone_partial import clones, in_window


@pytest.fixture
def rides(rush_hours):
    """Told by a ready manifest: nothing is parsed."""
    pull = rush_hours
    pull.env["CLONECI_MANIFEST"] = str(pull.head)
    return pull


def sizes(pull):
    """Bytes of the tables, as they are copied: with their indexes."""
    return dict(pull.rows("SELECT relname, pg_table_size(oid) + pg_indexes_size(oid) FROM pg_class"
                          " WHERE relnamespace IN ('analytics'::regnamespace, 'finance'::regnamespace) AND relkind = 'r'"))


def in_manifest(pull, wish):
    """As the model's properties would say it."""
    manifest = json.loads(pull.head.read_text())
    manifest["nodes"]["model.spoke.rides"]["config"]["meta"] = {"cloneci": wish}
    pull.head.write_text(json.dumps(manifest))


def rules(pull, text):
    pull.settings(f"build:\n  command: ['true']\nclone:\n  rules:\n{text}")


def test_rules_force_a_strategy_on_what_they_select(rides):
    pull = rides
    in_manifest(pull, {"strategy": "sample", "sample": 50})
    rules(pull, "    - {select: 'path:models/rides', exclude: bike_months, strategy: window, window: 1d}\n"
                "    - {select: ['config.materialized:incremental'], strategy: shape}\n"
                "    - {select: '*', strategy: view}\n")
    plan = clones(pull.plan())
    # the first rule that has a node counts, and more than the model's own word
    assert {n: plan[n]["strategy"] for n in plan} == {
        "rides": "window", "station_hours": "copy", "bike_months": "shape", "revenue_days": "shape"}
    assert plan["rides"]["why"] == "clone.rules[0]: path:models/rides"
    assert "not a window" in plan["station_hours"]["why"]
    pull.must("clone")
    assert pull.value("SELECT count(*) FROM pr_7.rides") == in_window(pull, 1)
    assert pull.value("SELECT count(*) FROM pr_7.bike_months") == 0
    # what the run is told counts more than a rule
    assert {c["strategy"] for c in clones(pull.plan("--strategy", "copy")).values()} == {"copy"}
    # a rule need not say how: then only what it says of a part counts
    rules(pull, "    - {select: rides, sample: 20}\n")
    assert clones(pull.plan())["rides"]["why"] == "the model's own meta.cloneci"
    assert "about 20 %" in clones(pull.plan())["rides"]["note"]


@pytest.mark.parametrize("text, says", [
    ("    - {select: rides, strategy: nonsense}\n", "clone.rules[0]: 'strategy' must be one of auto, copy"),
    ("    - {select: rides}\n    - {strategy: copy}\n", "clone.rules[1]: 'select' must be"),
    ("    - {select: rides, strategie: copy}\n", "clone.rules[0]: there is no key 'strategie'"),
    ("    - {select: 'state:nonsense', strategy: copy}\n", "clone.rules[0]"),
    ("    - {select: rides, sample: 0}\n", "clone.rules[0]: 'sample' must be a percentage"),
    ("    - {select: rides, strategy: window, window: often}\n", "'often' is not a time"),
    ("    rides: copy\n", "clone.rules: must be a list of mappings"),
])
def test_rules_that_cannot_be_understood(rides, text, says):
    rules(rides, text)
    done = rides.ask("plan")
    assert done.returncode == 2, told(done)
    assert says in done.stderr


def test_auto_keeps_to_a_time(rides):
    pull = rides
    size = sizes(pull)
    rate = size["rides"]  # so that rides takes about a second, the others less
    planned = pull.plan("--copy-rate", f"{rate}B", "--copy-longest", "500ms")
    assert {n: c["strategy"] for n, c in clones(planned).items()} == {
        "rides": "window", "station_hours": "copy", "bike_months": "copy", "revenue_days": "copy"}
    assert planned["copy_rate"] == {"bytes_per_second": rate, "from": "--copy-rate"}
    table = clones(planned)["station_hours"]
    assert table["estimated_ms"] == table["bytes"] * 1000 // rate
    assert "--copy-longest 500 ms allows" in clones(planned)["rides"]["why"]
    assert {c["strategy"] for c in clones(pull.plan("--copy-longest", "1h")).values()} == {"copy"}
    # what the last run in this checkout measured is believed
    assert pull.plan()["copy_rate"]["from"] == "a guess"
    pull.must("clone")
    assert pull.plan()["copy_rate"]["from"] == "as the last run"
    said = pull.must("plan").stdout
    assert "at " in said.splitlines()[0] and "as the last run" in said
    # the exposure is selected, and nothing is built for it
    assert re.match(r"Plan: 5 relations and \d+ tests to build, 4 to clone", said) and "also selected: 1 node without a relation" in said, said


def test_all_clones_keep_to_a_size(rides):
    pull = rides
    size = {n: sizes(pull)[n] for n in ("rides", "station_hours", "bike_months", "revenue_days")}
    most = sum(size.values()) - size["rides"] // 2
    planned = clones(pull.plan("--clones-most", f"{most}B"))
    assert {n: c["strategy"] for n, c in planned.items()} == {
        "rides": "sample", "station_hours": "copy", "bike_months": "copy", "revenue_days": "copy"}
    assert "about 50 % of the rows" in planned["rides"]["note"] and "--clones-most is" in planned["rides"]["why"]
    pull.must("clone", "--clones-most", f"{most}B")
    part = pull.value("SELECT count(*) FROM pr_7.rides") / pull.value("SELECT count(*) FROM analytics.rides")
    assert 0.4 < part < 0.6
    # what was forced stays as it is, and does not fit then: an error before anything is done
    before = pull.content("pr_7.rides")
    done = pull.ask("clone", "--strategy", "copy", "--clones-most", f"{most}B")
    assert done.returncode == 5, told(done)
    assert "with their indexes, and --clones-most is" in done.stderr and "rides (" in done.stderr
    assert pull.content("pr_7.rides") == before and pull.schemas() == ["pr_7", "pr_7_finance"]
    done = pull.ask("plan", "--clones-most", "1kB")
    assert done.returncode == 5, told(done)


def test_a_disk_that_is_too_full_is_foreseen(rides):
    """Where the role may know where the server keeps its data, and that is here."""
    pull = rides
    library = pull.home / "small_disk.so"
    spoke.must(["gcc", "-shared", "-fPIC", "-o", library, spoke.TOP / "tests" / "support" / "small_disk.c"])
    need = sum(sizes(pull)[n] for n in ("rides", "station_hours", "bike_months", "revenue_days"))

    def plan(*args):
        # not the program with sanitizers: their runtime wants to be loaded first
        return pull.run(["env", f"LD_PRELOAD={library}", f"DISK_FREE={need}", spoke.program(), "plan", "--base", "main", "--state",
                         pull.state, "--schema", "pr_7", *args])
    assert "the server's disk has" not in plan().stdout
    pull.rows("GRANT pg_read_all_settings TO ci")
    try:
        forced, chosen = plan("--strategy", "copy"), plan()
        assert forced.returncode == 4, told(forced)
        assert "the server's disk has" in forced.stderr
        assert chosen.returncode == 0, told(chosen)
        assert "auto: complete clones would need" in chosen.stdout and "% of the rows" in chosen.stdout
    finally:
        pull.rows("REVOKE pg_read_all_settings FROM ci")


def test_partitions_are_kept_or_flattened(rides):
    pull = rides
    pull.in_production(
        partitioned("analytics.station_hours", "station_id", "analytics", "finance") +
        "GRANT SELECT ON analytics.station_hours, analytics.station_hours_0, finance.station_hours_1 TO ci")
    kinds = {"pr_7.station_hours": "p", "pr_7.station_hours_0": "r", "pr_7.station_hours_1": "r"}
    plan = clones(pull.plan())["station_hours"]
    assert any("PARTITION BY HASH (station_id)" in s for s in plan["sql"]) and sum("INSERT INTO" in s for s in plan["sql"]) == 2
    pull.must("clone")
    assert {n: k for n, k in pull.relations().items() if "station_hours" in n} == kinds
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
    assert pull.content("pr_7.station_hours_1") == pull.content("finance.station_hours_1")
    done = pull.must("clone", "--partitions", "flatten")
    assert {n: k for n, k in pull.relations().items() if "station_hours" in n} == {"pr_7.station_hours": "r"}
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
    assert "one plain table" in str(pull.report()["warnings"]), told(done)


def test_others_may_use_the_clones(rides):
    pull = rides
    role = "it's a 'reporter'"
    pull.rows(f'CREATE ROLE "{role}" LOGIN')
    granted = ("SELECT bool_and(has_table_privilege(%s, c.oid, 'SELECT') AND has_table_privilege(%s, c.oid, 'INSERT')"
               " AND NOT has_table_privilege(%s, c.oid, 'DELETE')) FROM pg_class c WHERE relkind = 'r'"
               " AND relnamespace IN ('pr_7'::regnamespace, 'pr_7_finance'::regnamespace)")
    build = "build:\n  command: ['true']\nclone:\n  grants: "
    try:
        pull.settings(build + "{SELECT: [\"it's a 'reporter'\"], insert: public}\n")
        pull.must("clone")
        assert pull.value(granted, values=[role] * 3) is True
        # and what the build makes beside them
        pull.rows("CREATE TABLE pr_7.built (id integer)", "ci")
        assert pull.value(granted, values=[role] * 3) is True
        assert pull.value("SELECT count(*) FROM pr_7.rides", role) > 0
        pull.settings(build + "{select: [nobody]}\n")
        done = pull.ask("clone")
        assert done.returncode == 4 and 'clone.grants: there is no role "nobody"' in done.stderr, told(done)
        pull.settings(build + "{drop: [nobody]}\n")
        done = pull.ask("clone")
        assert done.returncode == 2 and "clone.grants.drop: is not a privilege on tables" in done.stderr, told(done)
    finally:
        pull.rows(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def test_one_snapshot_or_one_each(rides):
    pull = rides
    assert pull.plan()["snapshot"] == "one"
    assert pull.plan("--snapshot-longest", "1ms")["snapshot"] == "each"

    def snapshots(*args):
        seen = len(pull.statements())
        pull.must("clone", *args)
        return sum("pg_export_snapshot" in s for s in pull.statements()[seen:])
    assert snapshots() == 1
    assert "snapshot_each" not in [w["code"] for w in pull.report()["warnings"]]
    assert snapshots("--snapshot-longest", "1ms") == 4
    assert "rows of one may have no counterpart in another" in str(pull.report()["warnings"])
    assert pull.content("pr_7.rides") == pull.content("analytics.rides")
    assert pull.content("pr_7_finance.revenue_days") == pull.content("finance.revenue_days")
