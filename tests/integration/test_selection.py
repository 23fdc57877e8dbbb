"""What a run leaves out is no part of its answer; what it may not do is not advised, and what it did not see not claimed."""

from conftest import told


def facts(report, aspect):
    return {f["subject"]: (f["status"], f["text"]) for f in report["facts"] if f["aspect"] == aspect}


def test_what_is_left_out_and_what_cannot_be_known(pull):
    # two modified incremental models, of which one must never be refreshed, an ephemeral one, and a role that may write
    pull.change("models/rides/station_hours.sql", "'3 hours'", "'6 hours'")
    pull.change("models/rides/station_hours.sql", "config(", "config(full_refresh=false, ")
    pull.change("models/rides/bike_months.sql", "select", "select  ")
    pull.write("models/rides/some.sql", "{{ config(materialized='ephemeral') }} select 1 as a\n")
    pull.write("models/rides/reads_some.sql", "{{ config(materialized='view') }} select * from {{ ref('some') }}\n")
    pull.commit("change")
    pull.in_production("GRANT INSERT ON analytics.stations TO ci")
    done = pull.ask("run", "--both", "--select", "station_hours", "some", "reads_some", "statoins")
    report = pull.report()
    assert done.returncode == 0 and report["advice"]["merge"] == "partly", told(done)
    rows = facts(report, "existing_rows")["model.spoke.station_hours"]
    assert rows[0] == "not_asked" and "full_refresh: false forbids" in rows[1]
    assert facts(report, "built")["model.spoke.some"] == ("holds", "ephemeral: built as a part of what reads it")
    left = facts(report, "selection")
    assert "the selection leaves it out" in left["model.spoke.bike_months"][1]
    texts = [line["text"] for line in report["advice"]["not_tested"] if line["name"] is None]
    assert "no node of the project matches statoins; did you mean stations" in texts
    assert any("what reads what changed: " in text and "district_league" in text for text in texts), texts
    assert report["receipt"]["production_untouched"] is None and report["receipt"]["writable"] == ["analytics.stations"]
    assert "not proven" in done.stdout and "production is untouched\n" not in done.stdout
    required = pull.ask("build", "--require", "selection", "--select", "some", "reads_some")
    assert required.returncode == 5 and "not proven, and required (selection)" in required.stderr, told(required)
    # all that is modified is left out
    nothing = pull.ask("run", "--select", "state:modified", "--exclude", "station_hours", "bike_months", "some", "reads_some")
    report = pull.report()
    assert nothing.returncode == 0 and report["advice"]["merge"] == "partly", told(nothing)
    assert {line["name"] for line in report["advice"]["not_tested"]} >= {"station_hours", "bike_months"}
