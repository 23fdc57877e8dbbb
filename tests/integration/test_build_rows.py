"""An incremental run that touches nothing has tested nothing: it is said, with what would have tested it."""

from conftest import told


def test_no_new_rows_is_a_warning_with_the_watermark(pull):
    pull.change("models/rides/dock_events.sql", "    dock,", "    dock + 0 as dock,")
    pull.change("models/staging/stg_bikes.sql", "    electric,", "    electric and true as electric,")
    # and one whose table a hook empties: the same table, another file
    months = "models/rides/bike_months.sql"
    pull.write(months, "{{ config(pre_hook='truncate {{ this }}') }}\n" + (pull.project / months).read_text())
    pull.commit("the same rows")
    # production is built with what had come, then nothing comes
    pull.in_production("DELETE FROM raw.dock_events WHERE loaded_at > (SELECT max(loaded_at) FROM analytics.dock_events);"
                       "UPDATE raw.bikes SET updated_at = updated_at - interval '10 years'")
    done = pull.must("run")
    end = pull.value("SET timezone = 'UTC'; SELECT to_char(max(loaded_at), 'YYYY-MM-DD HH24') FROM analytics.dock_events")
    report = pull.report()
    warned = {w["text"].split(":")[0]: w["text"] for w in report["warnings"] if w["code"] == "rows_none"}
    assert set(warned) == {"dock_events", "bikes_history"}, told(done)
    assert "touched 0 rows" in warned["dock_events"] and f"Its loaded_at ends at {end[:10]}" in warned["dock_events"]
    assert "snapshot recorded 0 rows" in warned["bikes_history"]
    assert [w["text"].split(":")[0] for w in report["warnings"] if w["code"] == "clone_rewritten"] == ["bike_months"]
    assert report["advice"]["merge"] == "partly"
    assert {n["name"] for n in report["advice"]["not_tested"]} >= {"dock_events", "bikes_history"}
    assert "touched 0 rows" in done.stdout
