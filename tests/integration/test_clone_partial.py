"""Clones with a part of the rows: by window, by sample, by the model's own word, by size."""

import pytest

from conftest import told

EVENT_TIME = "      event_time: started_at\n"


@pytest.fixture
def rides(pull):
    """Pull request 2: rides is modified, three more come with it."""
    pull.build_command("true")
    pull.patch("2-rush-hours")
    return pull


def clones(plan):
    return {n["unique_id"].split(".")[-1]: n["clone"] for n in plan["nodes"] if n["clone"]}


def in_window(pull, days):
    return pull.value(f"SELECT count(*) FROM analytics.rides WHERE started_at >="
                      f" (SELECT max(started_at) FROM analytics.rides) - interval '{days} days'")


def wish(pull, text):
    """What the model's properties say to cloneci."""
    pull.change("models/rides/schema.yml", EVENT_TIME, EVENT_TIME + f"      meta: {{cloneci: {text}}}\n")


def test_window(rides):
    pull = rides
    planned = clones(pull.plan("--strategy", "window", "--window", "2d"))
    assert planned["rides"]["strategy"] == "window" and planned["rides"]["fidelity"] == "partial"
    assert any("started_at" in s and "172800 seconds" in s for s in planned["rides"]["sql"])
    # asked of all, what one cannot give is no error
    assert {n: planned[n]["strategy"] for n in ("station_hours", "bike_months", "revenue_days")} == {
        "station_hours": "copy", "bike_months": "window", "revenue_days": "copy"}
    text = pull.must("plan", "--strategy", "window", "--window", "2d").stdout
    assert "2d back by started_at" in text and "neither event_time nor meta.cloneci.column" in text
    pull.must("clone", "--strategy", "window", "--window", "2d")
    rows = pull.value("SELECT count(*) FROM pr_7.rides")
    assert rows == in_window(pull, 2) and 0 < rows < pull.value("SELECT count(*) FROM analytics.rides")
    assert pull.rows("SELECT * FROM pr_7.rides EXCEPT SELECT * FROM analytics.rides") == []
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
    # all of the structure: the unique index among it
    assert pull.value("SELECT count(*) FROM pg_indexes WHERE schemaname = 'pr_7' AND tablename = 'rides'") == pull.value(
        "SELECT count(*) FROM pg_indexes WHERE schemaname = 'analytics' AND tablename = 'rides'")


def test_sample(rides):
    pull = rides
    pull.must("clone", "--strategy", "sample", "--sample", "20")
    total, rows = (pull.value(f"SELECT count(*) FROM {s}.rides") for s in ("analytics", "pr_7"))
    assert 0.1 * total < rows < 0.3 * total
    assert pull.rows("SELECT * FROM pr_7.rides EXCEPT SELECT * FROM analytics.rides") == []
    newest = "SELECT max(started_at) FROM {}.rides"
    assert pull.value(newest.format("pr_7")) == pull.value(newest.format("analytics"))
    before = pull.content("pr_7.rides")
    pull.must("clone", "--strategy", "sample", "--sample", "20")
    assert pull.content("pr_7.rides") == before
    pull.must("clone", "--strategy", "sample", "--sample", "100")
    assert pull.content("pr_7.rides") == pull.content("analytics.rides")


def test_the_model_chooses_where_the_run_does_not(rides):
    pull = rides
    wish(pull, "{strategy: window, window: 1d}")
    pull.commit("a window")
    pull.must("clone")
    assert pull.value("SELECT count(*) FROM pr_7.rides") == in_window(pull, 1)
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
    assert {c["strategy"] for c in clones(pull.plan("--strategy", "shape")).values()} == {"shape"}


def test_by_size(rides):
    pull = rides
    for table in ("rides", "station_hours", "bike_months"):
        pull.in_production(f"ANALYZE analytics.{table}")
    # rides is the largest of them; station_hours, without an event_time, comes next
    size = dict(pull.rows("SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relnamespace = 'analytics'::regnamespace"))
    assert size["rides"] > size["station_hours"] > size["bike_months"]
    most = f"{(size['station_hours'] + size['bike_months']) // 2}B"
    planned = clones(pull.plan("--copy-most", most))
    assert {n: planned[n]["strategy"] for n in ("rides", "station_hours", "bike_months")} == {
        "rides": "window", "station_hours": "sample", "bike_months": "copy"}
    assert f"more than --copy-most {most}" in pull.must("plan", "--copy-most", most).stdout
    assert {c["strategy"] for c in clones(pull.plan("--copy-most", "1TB")).values()} == {"copy"}
    pull.must("clone", "--copy-most", most)
    part = pull.value("SELECT count(*) FROM pr_7.station_hours") / pull.value("SELECT count(*) FROM analytics.station_hours")
    assert 0 < part < 1


def test_a_run_on_a_part_is_told_as_such(pull):
    """With real dbt: the incremental path is taken, and the verdict says on how much it stands."""
    pull.change("models/rides/rides.sql", "where loaded_at >", "where true and loaded_at >")
    pull.commit("the same in other words")
    pull.must("run", "--select", "path:models/rides/rides.sql", "--strategy", "window", "--window", "3d", "--both")
    report = pull.report()
    (node,) = [n for n in report["nodes"] if n["unique_id"] == "model.spoke.rides"]
    assert node["build"]["incremental"] is True and node["clone"]["fidelity"] == "partial"
    assert node["clone"]["rows"] is None
    assert report["advice"]["merge"] == "partly"
    # of the clone; that the selection leaves out what reads the model is another matter
    of_nodes = [n for n in report["advice"]["not_tested"] if n["aspect"] != "selection"]
    assert [(n["name"], "cloned partially" in n["text"]) for n in of_nodes] == [("rides", True)]
    assert node["both"] is None and "both_partial" in [w["code"] for w in report["warnings"]]
    assert "some rows" in pull.cloneci("report").stdout
    assert pull.value("SELECT count(*) FROM pr_7.rides") >= in_window(pull, 3)


@pytest.mark.parametrize("text, says", [
    ("{strategy: nonsense}", "meta.cloneci.strategy is not one of auto, copy, lazy, window"),
    ("{strategy: window, window: often}", "'often' is not a time"),
    ("{strategy: sample, sample: 0}", "meta.cloneci.sample is not a percentage"),
    ("{strategy: window, column: 7}", "meta.cloneci.column is not the name of a column"),
])
def test_what_the_model_says_wrongly(pull, text, says):
    wish(pull, text)
    pull.commit("a wish")
    done = pull.ask("plan", "--select", "path:models/rides/rides.sql")
    assert done.returncode in (2, 3), told(done)
    assert says in done.stderr and "rides" in done.stderr


def test_a_window_that_cannot_be(pull):
    wish(pull, "{strategy: window, column: no_such_column}")
    pull.commit("a wish")
    plan = pull.plan("--select", "path:models/rides/rides.sql")
    (node,) = [n for n in plan["nodes"] if n["unique_id"] == "model.spoke.rides"]
    assert node["clone"] is None and "no column no_such_column of a date or a time" in node["skipped_because"]
    pull.change("models/rides/schema.yml", "column: no_such_column", "column: minutes")
    pull.commit("a number")
    plan = pull.plan("--select", "path:models/rides/rides.sql")
    (node,) = [n for n in plan["nodes"] if n["unique_id"] == "model.spoke.rides"]
    assert "no column minutes of a date or a time" in node["skipped_because"]


@pytest.mark.parametrize("args, says", [(["--sample", "0"], "from 1 to 100"), (["--copy-most", "much"], "'much' is not a size"),
                                        (["--strategy", "copy", "--window", "soon"], "'soon' is not a time")])
def test_bad_options(rides, args, says):
    done = rides.ask("plan", *args)
    assert done.returncode == 2, told(done)
    assert says in done.stderr
