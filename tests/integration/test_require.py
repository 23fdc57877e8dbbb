"""--require: what was not proven ends the run, and the answer stays as it is."""

from conftest import told


def test_what_is_required_and_not_proven_is_exit_5(pull):
    pull.change("models/rides/dock_events.sql", "    dock,", "    dock + 0 as dock,")
    pull.commit("the same rows")
    pull.in_production("DELETE FROM raw.dock_events WHERE loaded_at > (SELECT max(loaded_at) FROM analytics.dock_events)")
    done = pull.ask("run", "--require", "rows", "--select", "dock_events")
    report = pull.report()
    assert done.returncode == 5, told(done)
    assert "not proven, and required (rows): dock_events: its incremental run touched 0 rows" in done.stderr
    assert (report["run"]["verdict"], report["advice"]["merge"]) == ("unproven", "partly")
    assert [line["ground"] for line in report["advice"]["not_tested"]] == ["dbt's result"]
    again = pull.ask("build", "--require", "columns", "--select", "dock_events")
    assert again.returncode == 0, told(again)


def test_what_is_no_aspect_is_said_at_once(pull):
    done = pull.ask("run", "--require", "row")
    assert done.returncode == 2 and "there is no such aspect" in done.stderr and "existing_rows" in done.stderr
