"""What production may be that is not a plain table of which all may be read, and names that are hard to write."""

import json

import pytest

from conftest import told
from test_clone_partial import clones


@pytest.fixture
def rides(rush_hours):
    """Told by a ready manifest: nothing is parsed."""
    pull = rush_hours
    pull.env["CLONECI_MANIFEST"] = str(pull.head)
    return pull


OLD = "ALTER TABLE analytics.bike_months RENAME TO bike_months_old; GRANT SELECT ON analytics.bike_months_old TO ci; "
KINDS = {
    "view": OLD + "CREATE VIEW analytics.bike_months AS SELECT * FROM analytics.bike_months_old",
    "materialized view": OLD + "CREATE MATERIALIZED VIEW analytics.bike_months AS SELECT * FROM analytics.bike_months_old",
    "foreign table": OLD + "CREATE FOREIGN TABLE analytics.bike_months (bike_id integer) SERVER nowhere",
}


def test_sources_that_are_no_tables(rides):
    """Named in the plan, with what follows; dbt will make them from scratch."""
    pull = rides
    pull.rows("CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;"
              " GRANT USAGE ON FOREIGN SERVER nowhere TO prod_owner")
    for kind, sql in KINDS.items():
        pull.in_production(sql + "; GRANT SELECT ON analytics.bike_months TO ci")
        (node,) = [n for n in pull.plan()["nodes"] if n["unique_id"] == "model.spoke.bike_months"]
        assert node["clone"] is None
        assert node["skipped_because"] == f'production\'s "analytics"."bike_months" is a {kind}, not a table: will run as a full refresh'
        # nor is it taken where a rule asks for it
        assert "bike_months" not in clones(pull.plan("--strategy", "shape"))
        pull.in_production(f"DROP {kind} analytics.bike_months; ALTER TABLE analytics.bike_months_old RENAME TO bike_months")


def test_sources_that_may_not_be_read_whole(rides):
    """Refused by name, before anything is made, with what to do."""
    pull = rides
    pull.must("clone")
    before = {name: pull.content(name) for name in pull.relations()}
    pull.in_production("REVOKE SELECT ON analytics.rides FROM ci; GRANT SELECT (ride_id, started_at) ON analytics.rides TO ci")
    done = pull.ask("clone")
    assert done.returncode == 4, told(done)
    assert 'may not read production\'s "analytics"."rides"' in done.stderr and "GRANT SELECT" in done.stderr
    pull.in_production("GRANT SELECT ON analytics.rides TO ci; ALTER TABLE analytics.rides ENABLE ROW LEVEL SECURITY;"
                       " CREATE POLICY every_other ON analytics.rides FOR SELECT TO ci USING (ride_id % 2 = 0)")
    done = pull.ask("clone")
    assert done.returncode == 5, told(done)
    assert 'row-level security filters what the role reads of "analytics"."rides"' in done.stderr and "BYPASSRLS" in done.stderr
    # left out it goes; and nothing was touched by the runs that were refused
    assert {name: pull.content(name) for name in pull.relations()} == before
    assert "rides" not in clones(pull.plan("--exclude", "rides"))
    # one that sees all rows is no danger
    pull.rows("ALTER ROLE ci BYPASSRLS")
    try:
        pull.must("clone")
    finally:
        pull.rows("ALTER ROLE ci NOBYPASSRLS")
    assert pull.content("pr_7.rides") == pull.content("analytics.rides")


def aliased(pull, **names):
    manifest = json.loads(pull.head.read_text())
    for model, alias in names.items():
        node = manifest["nodes"][f"model.spoke.{model}"]
        node["alias"] = alias
        node["relation_name"] = None
    path = pull.home / "aliased.json"
    path.write_text(json.dumps(manifest))
    return {"CLONECI_MANIFEST": str(path)}


def aliased_in_production(pull, **names):
    """The same, where production has these names already: its tables are renamed, and its manifest says so."""
    path = pull.state / "manifest.json"
    manifest = json.loads(path.read_text())
    for model, alias in names.items():
        node = manifest["nodes"][f"model.spoke.{model}"]
        pull.in_production("ALTER TABLE analytics.%s RENAME TO %s" % tuple('"%s"' % name.replace('"', '""') for name in (node["alias"], alias)))
        node["alias"] = alias
        node["relation_name"] = f'"{pull.database}"."analytics"."{alias}"'
    path.write_text(json.dumps(manifest))
    return aliased(pull, **names)


def test_names(rides):
    pull = rides
    hostile = 'Ri"d\'es; -- $$ \\ :x %s ü 表'
    hostile += "x" * (63 - len(hostile.encode()))
    contents = {name: pull.content(f"analytics.{name}") for name in ("rides", "station_hours")}
    pull.must("clone", **aliased_in_production(pull, rides=hostile))
    quoted = hostile.replace('"', '""').replace("%", "%%")
    rows = pull.rows(f'SELECT count(*), sum(hashtextextended(t::text, 0)) FROM pr_7."{quoted}" AS t', values=[])
    assert rows == [contents["rides"]]
    before = pull.relations()
    for names, says in [({"rides": "r" * 64}, ["has 64 bytes, PostgreSQL allows 63", "model.spoke.rides"]),
                        ({"rides": "ü" * 32}, ["has 64 bytes"]),
                        ({"rides": "same", "station_hours": "same"},
                         ["model.spoke.rides and model.spoke.station_hours would both be \"pr_7\".\"same\""])]:
        done = pull.ask("clone", **aliased(pull, **names))
        assert done.returncode == 2, told(done)
        assert all(text in done.stderr for text in says), told(done)
        assert pull.relations() == before
    # capitals count
    pull.must("clone", **aliased_in_production(pull, rides="same", station_hours="Same"))
    assert {name: pull.content(f'pr_7."{name}"') for name in ("same", "Same")} == \
        {"same": contents["rides"], "Same": contents["station_hours"]}
